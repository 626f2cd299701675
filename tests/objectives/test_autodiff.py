"""Gradients by a library; JAX's tests run in a process of their own."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import rosen_der

from nadamkit import minimize
from nadamkit.objectives.autodiff import LIBRARIES, on_host
from nadamkit.objectives.foreign import Kind
from tests.problems import X0

ROOT = Path(__file__).parents[2]
#: Rows of a column for batches; what is computed from them here is exact or one rounding.
ROWS = np.array([0.5, -1.0, 2.0, 0.25, 1.5, -0.75, 3.0, 1.0])


@pytest.fixture(params=[name for name in LIBRARIES if name != "jax"])
def library(request):
    """The name of a library."""
    pytest.importorskip(request.param)
    return request.param


def valley(x):
    """Rosenbrock's function, in any library."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def bowl(x):
    return 0.5 * (x * x).sum()


def distance(x, rows):
    return 0.5 * ((x - rows) ** 2).sum() / len(rows)


def distance_both(x, rows):
    return distance(x, rows), (x - rows).sum(keepdims=True) / len(rows)


def in_library(library, array):
    """A constant of the library's own kind."""
    return array if library == "autograd" else import_module("torch").from_numpy(array)


def same_run(one, other):
    for name in ("x", "fun", "nit", "nfev", "njev", "status"):
        assert_array_equal(one[name], other[name])


@pytest.mark.skipif(not find_spec("jax"), reason="jax is not installed")
def test_jax():
    """In a process of its own: JAX warns at every fork from then on, which other tests do."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/objectives/with_jax.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_gradient(library, dtype):
    fun, jac, _ = on_host(valley, library, Kind())
    assert jac is True
    for point in np.random.default_rng(0).integers(-8, 9, (20, 4)) / 4:
        x = point.astype(dtype)
        # All of it is exact: the points have few bits.
        assert_array_equal(fun(x)[1], rosen_der(point))
        assert_array_equal(x, point)


def test_solution_and_counts(library, dtype):
    calls = []

    def fun(x):
        calls.append(1)
        return valley(x)

    start = X0.astype(dtype)
    result = minimize(fun, start, jac=library, options={"return_all": True})
    assert result.nfev == result.njev == len(calls)
    assert result.x.dtype == result.jac.dtype == dtype
    assert all(type(x) is np.ndarray for x in (result.x, result.jac, *result.allvecs))
    if dtype == "float64":
        assert result.success
        assert_allclose(result.x, 1, atol=1e-5)
    else:
        # Values near the minimum differ by less than float32 can tell.
        assert valley(result.x.astype(float)) < 1e-6
    assert_array_equal(start, X0)


def test_run_is_that_of_the_exact_gradient(library):
    ours = minimize(bowl, [3.0, -4.0], jac=library)
    same_run(ours, minimize(bowl, [3.0, -4.0], jac=lambda x: x))


def test_fun_gets_the_librarys_array(library, dtype):
    seen = []

    def fun(x, *args):
        seen.append((type(x).__name__, args))
        return bowl(x)

    args = (np.ones(3), "word", len, {"a": 1})
    minimize(fun, X0.astype(dtype), args, jac=library, options={"maxiter": 2})
    for name, got in seen:
        assert name == {"torch": "Tensor", "autograd": "ArrayBox"}[library]
        assert all(a is b for a, b in zip(got, args, strict=True))


def test_result_of_shape_one_is_a_scalar(library):
    result = minimize(lambda x: bowl(x).reshape(1), [3.0, -4.0], jac=library)
    same_run(result, minimize(bowl, [3.0, -4.0], jac=lambda x: x))


def test_bounds(library):
    bounds = [(1.5, None), (None, None), (0.25, 0.25)]
    result = minimize(valley, [2.0, 1.0, 0.25], jac=library, bounds=bounds)
    usual = minimize(valley, [2.0, 1.0, 0.25], jac=rosen_der, bounds=bounds)
    assert_array_equal(result.x[[0, 2]], [1.5, 0.25])
    assert_allclose(result.x, usual.x, rtol=1e-5)
    assert result.success
    assert result.jac[2] == 0


@pytest.mark.parametrize("method", ["nadam", "gd"])
@pytest.mark.parametrize("rate", ["auto", 0.1])
def test_batches(library, method, rate):
    given = dict(batch_size=2, epochs=10, rng=3, method=method, options={"learning_rate": rate})
    ours = minimize(distance, [0.0], (in_library(library, ROWS),), jac=library, **given)
    theirs = minimize(distance_both, [0.0], (ROWS,), jac=True, **given)
    same_run(ours, theirs)


def test_own_batches(library):
    batches = [ROWS[:2], ROWS[2:4]]
    given = {"options": {"maxiter": 12}}
    inside = [in_library(library, rows) for rows in batches]
    ours = minimize(distance, [0.0], jac=library, batches=inside, **given)
    same_run(ours, minimize(distance_both, [0.0], jac=True, batches=batches, **given))


@pytest.mark.parametrize("stochastic", [None, False])
def test_random_numbers(library, stochastic):
    def both(x, rng):
        noisy = x + rng.standard_normal(2)
        return bowl(noisy), noisy

    def fun(x, rng):
        return bowl(x + in_library(library, rng.standard_normal(2)))

    given = dict(rng=5, stochastic=stochastic, options={"maxiter": 50})
    ours = minimize(fun, [3.0, -4.0], jac=library, **given)
    theirs = minimize(both, [3.0, -4.0], jac=True, **given)
    same_run(ours, theirs)


def test_validation_gets_the_librarys_array(library):
    seen = []

    def validation(x):
        seen.append(type(x).__name__)
        return ((x - in_library(library, np.array([1.0]))) ** 2).sum()

    given = dict(batch_size=2, epochs=4, rng=3)
    rows = in_library(library, ROWS)
    result = minimize(distance, [0.0], (rows,), jac=library, validation=validation, **given)
    assert set(seen) == {{"torch": "Tensor", "autograd": "ndarray"}[library]}
    assert_allclose(result.validation, (result.x[0] - 1) ** 2, rtol=1e-15)


def test_callback_gets_numpy(library):
    seen = []
    result = minimize(bowl, X0, jac=library, callback=seen.append, options={"return_all": True})
    assert_array_equal(seen, result.allvecs[1:])
    assert all(type(x) is np.ndarray for x in seen)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(library, value):
    calls = []

    def fun(x):
        calls.append(1)
        return bowl(x) * (value if len(calls) > 3 else 1.0)

    options = {"learning_rate": 0.1}
    ours = minimize(fun, X0, jac=library, options=options)
    calls.clear()
    theirs = minimize(fun, X0, jac=lambda x: x * (value if len(calls) > 3 else 1), options=options)
    assert ours.status == 3
    same_run(ours, theirs)


def test_points_may_be_kept():
    torch = pytest.importorskip("torch")
    kept, then = [], []

    def fun(x):
        kept.append(x)
        then.append(x.tolist())
        return valley(x)

    minimize(fun, X0, jac="torch")
    assert [x.tolist() for x in kept] == then
    assert len({x.data_ptr() for x in kept}) == len(kept)
    for x in kept:
        assert x.grad is None
        assert x.dtype == torch.float64


@pytest.mark.parametrize("mode", ["no_grad", "inference_mode"])
def test_torchs_gradient_may_be_turned_off_around(mode):
    torch = pytest.importorskip("torch")
    usual = minimize(valley, X0, jac="torch")
    with getattr(torch, mode)():
        same_run(minimize(valley, X0, jac="torch"), usual)
        assert not torch.is_grad_enabled()


def test_other_tensors_keep_their_gradient():
    torch = pytest.importorskip("torch")
    weight = torch.ones(2, dtype=torch.float64, requires_grad=True)
    scaled = 2 * weight  # a graph of the user's own, which has to outlast the run
    minimize(lambda x: ((x - scaled) ** 2).sum(), X0, jac="torch")
    assert weight.grad is None
    scaled.sum().backward()
    assert_array_equal(weight.grad, [2, 2])
