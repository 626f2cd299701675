"""Finite differences against SciPy's own, and against exact derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der
from scipy.optimize._numdiff import approx_derivative

from nadamkit.errors import ObjectiveError, OptionError
from nadamkit.objectives.bounds import standardise
from nadamkit.objectives.finite_differences import METHODS, FiniteDifference

SIZES = [0, 1, 2, 31, 32, 33, 255, 256, 257]


def smooth(x):
    return (np.sin(x) * np.exp(0.1 * x)).sum() + (x[1:] * x[:-1] ** 2).sum()


def gradient(fun, method, x, box=None, f0=None, **kwargs):
    out = np.full(x.shape, np.nan, x.dtype)
    differences = FiniteDifference(fun, method, box, **kwargs)
    differences(x, fun(x) if f0 is None else f0, out)
    return out, differences.nfev


def scipys(fun, method, x, box=None, rel_step=None):
    """SciPy's gradient; its fixed variables are taken out first, as its minimize does."""
    if box is None:
        return approx_derivative(fun, x, method=method, rel_step=rel_step, f0=fun(x))
    free = ~box.fixed

    def reduced(z):
        full = x.astype(z.dtype)
        full[free] = z
        return fun(full)

    slopes = np.zeros_like(x)
    slopes[free] = approx_derivative(
        reduced,
        x[free],
        method=method,
        rel_step=rel_step,
        f0=fun(x),
        bounds=(box.lower[free], box.upper[free]),
    )
    return slopes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [n for n in SIZES if n])
@pytest.mark.parametrize("rel_step", [None, 1e-6, -1e-5])
def test_the_bits_of_scipy(method, n, rel_step):
    if method == "cs" and rel_step is not None and rel_step < 0:
        rel_step = 1e-20
    x = np.random.default_rng(n).standard_normal(n) * 10
    x[0] = 0.0
    found, nfev = gradient(smooth, method, x, rel_step=rel_step)
    np.testing.assert_array_equal(found, scipys(smooth, method, x, rel_step=rel_step))
    assert nfev == n * (2 if method == "3-point" else 1)


def test_rel_step_for_each_variable():
    x = np.array([1.0, -2.0, 0.0, 1e-300])
    steps = np.array([1e-7, 1e-3, 1e-2, 0.0])
    for method in METHODS:
        found, _ = gradient(smooth, method, x, rel_step=steps)
        np.testing.assert_array_equal(found, scipys(smooth, method, x, rel_step=steps))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("width", [1e-11, 1e-9, 1.6e-8, 1e-6, 1e-5, 1.0])
@pytest.mark.parametrize("rel_step", [None, 1e-6])
def test_the_bits_of_scipy_within_bounds(method, width, rel_step):
    """Boxes narrower and wider than a step, with x on, near and far from each wall."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(60) * 3
    place = np.tile([0.0, 1e-4, 0.1, 0.3, 0.45, 0.5, 0.55, 0.7, 0.9, 1.0], 6)
    lower, upper = x - place * width, x + (1 - place) * width
    lower[50:55], upper[55:] = -np.inf, np.inf
    lower[7] = upper[7] = x[7]
    box = standardise(np.stack((lower, upper), axis=1), 60, np.float64)
    found, nfev = gradient(smooth, method, x, box, rel_step=rel_step)
    np.testing.assert_allclose(found, scipys(smooth, method, x, box, rel_step), rtol=1e-12, atol=0)
    assert found[7] == 0
    assert nfev == 59 * (2 if method == "3-point" else 1)


@pytest.mark.parametrize("method", ["2-point", "3-point"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1e-7, 1e-5, 1e-2, 1.0])
def test_no_evaluation_outside_the_box(method, dtype, width):
    rng = np.random.default_rng(4)
    lower = rng.standard_normal(200)
    box = standardise(np.stack((lower, lower + width), axis=1), 200, dtype)
    x = box.lower + (box.upper - box.lower) * rng.choice([0, 1e-3, 0.5, 1], 200).astype(dtype)
    box.project(x)

    def guarded(z):
        assert (box.lower <= z).all()
        assert (z <= box.upper).all()
        return math.fsum(z.tolist())

    found, _ = gradient(guarded, method, x, box)
    np.testing.assert_array_equal(found[box.fixed], 0)
    # float32 has no exact midpoint in a box that is a few units in the last place wide.
    tolerance = 1e-5 if dtype is np.float64 else {1e-7: 0.7, 1e-5: 0.1}.get(width, 1e-3)
    np.testing.assert_allclose(found[~box.fixed], 1, rtol=tolerance)


@pytest.mark.parametrize("method", ["2-point", "3-point"])
@pytest.mark.parametrize("at", ["lower", "upper"])
def test_a_box_of_one_unit_in_the_last_place(method, at):
    one, above = np.array([1.0, 2.0]), np.nextafter([1.0, 2.0], 9)
    box = standardise(np.stack((one, above), axis=1), 2, np.float64)
    x = getattr(box, at).copy()
    eps = np.finfo(float).eps
    found, _ = gradient(lambda z: ((z - one) / eps).sum(), method, x, box)
    np.testing.assert_allclose(found * eps, [1, 1], rtol=1e-12)


def test_all_fixed_evaluates_nothing():
    box = standardise([(1, 1)], 3, np.float64)
    for method in METHODS:
        found, nfev = gradient(smooth, method, np.ones(3), box)
        np.testing.assert_array_equal(found, 0)
        assert nfev == 0


def test_no_variables():
    for method in METHODS:
        _, nfev = gradient(lambda x: 1.0, method, np.empty(0))
        assert nfev == 0


@pytest.mark.parametrize("n", [2, 33, 257])
@pytest.mark.parametrize(
    ("method", "tolerance"), [("2-point", 4e-3), ("3-point", 4e-4), ("cs", 1e-5)]
)
def test_float32(method, tolerance, n):
    """A float32 function at float32 points, which float64's step would not even move."""
    x = np.random.default_rng(n).uniform(0.5, 2, n).astype(np.float32)
    seen = set()

    def fun(z):
        seen.add(z.dtype)
        total = (z**3).sum() / z.dtype.type(n)
        assert total.dtype == z.dtype
        return total

    found, _ = gradient(fun, method, x, f0=fun(x))
    exact = 3 * x.astype(float) ** 2 / n
    assert found.dtype == np.float32
    scale = 1 if method == "cs" else n
    np.testing.assert_allclose(found, exact, rtol=tolerance * scale)
    assert seen == {x.dtype, np.dtype(np.complex64)} if method == "cs" else seen == {x.dtype}


@pytest.mark.parametrize("method", ["2-point", "3-point"])
def test_a_float32_function_of_float64_variables(method):
    x = np.array([0.7, -1.3])
    found, _ = gradient(lambda z: np.float32((z**2).sum()), method, x)
    np.testing.assert_allclose(found, 2 * x, rtol=2e-3)
    reference = scipys(lambda z: np.float32((z**2).sum()), method, x)
    np.testing.assert_allclose(found, reference, rtol=1e-3)


def test_accuracy():
    x = np.linspace(-1, 1.5, 6)
    for method, tolerance in [("2-point", 1e-4), ("3-point", 1e-7), ("cs", 1e-13)]:
        found, _ = gradient(rosen, method, x)
        np.testing.assert_allclose(found, rosen_der(x), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_every_evaluation_has_its_own_copy(method):
    x = np.array([1.0, 2.0, 3.0])
    before = x.copy()
    kept = []

    def hostile(z):
        f = (z**2).sum()
        kept.append(z)
        z[:] = np.nan
        return f

    found, _ = gradient(hostile, method, x, f0=14.0)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(found, 2 * before, rtol=1e-6)
    assert len({id(z) for z in kept}) == len(kept)
    assert not any(np.shares_memory(z, x) for z in kept)


def test_read_only_and_strided_arrays():
    x = np.arange(1.0, 7.0)[::2]
    x.flags.writeable = False
    out = np.full(6, 9.0)
    FiniteDifference(smooth, "3-point", None)(x, smooth(x), out[::2])
    np.testing.assert_array_equal(out[::2], scipys(smooth, "3-point", x.copy()))
    np.testing.assert_array_equal(out[1::2], 9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_passes_without_a_warning(bad):
    for method in ("2-point", "3-point"):
        found, _ = gradient(lambda z, b=bad: b if z[0] != 1 else 1.0, method, np.ones(1), f0=1.0)
        assert not np.isfinite(found[0])
        found, _ = gradient(lambda z: 1.0, method, np.array([bad, 1.0]), f0=1.0)
        assert found[1] == 0


def test_warnings_of_the_function_are_not_hidden():
    with pytest.raises(RuntimeWarning, match="divide by zero"):
        gradient(lambda z: 1 / (z - z)[0], "2-point", np.ones(1), f0=0.0)


@pytest.mark.parametrize("error", [KeyError("mine"), StopIteration("mine")])
def test_exceptions_propagate(error):
    def fails(z):
        raise error

    for method in METHODS:
        with pytest.raises(type(error)) as caught:
            gradient(fails, method, np.ones(2), f0=0.0)
        assert caught.value is error


def test_complex_step_refuses_a_function_that_is_not_analytic():
    message = "^jac='cs' calls the objective function at complex points, and there it returned the"
    with pytest.raises(ObjectiveError, match=message + r" real value 1.0.*'2-point' or '3-point'"):
        gradient(lambda z: np.abs(z[0]), "cs", np.ones(1))
    found, _ = gradient(lambda z: (z**2).reshape(1, 1), "cs", np.ones(1), f0=1.0)
    np.testing.assert_allclose(found, 2)


@pytest.mark.parametrize("method", ["2-point", "3-point"])
def test_checks_every_value(method):
    with pytest.raises(ObjectiveError, match=r"must return a scalar value\. It returned None"):
        gradient(lambda z: None, method, np.ones(2), f0=1.0)


@pytest.mark.parametrize(
    "rel_step", [np.nan, np.inf, "small", [1e-8, np.nan], [[1e-8, 1e-8]], [1e-8] * 3, 1j]
)
def test_refused_rel_step(rel_step):
    with pytest.raises(
        OptionError, match=r"^finite_diff_rel_step is .*; pass a finite number, one"
    ):
        FiniteDifference(rosen, "2-point", None, rel_step=rel_step, n=2)
