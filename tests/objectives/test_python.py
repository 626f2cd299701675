"""Every spelling of an objective."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der
from scipy.optimize._optimize import MemoizeJac

from nadamkit.objectives.bounds import standardise
from nadamkit.objectives.python import PythonObjective

X = np.array([-1.2, 1.0, 0.5])


def fused(x, *args):
    return rosen(x), rosen_der(x)


def filling(x, g, *args):
    g[:] = rosen_der(x)
    return rosen(x)


def built(fun=rosen, jac=rosen_der, args=(), n=3, dtype=np.float64, **kwargs):
    return PythonObjective(fun, jac, args, n, dtype, **kwargs)


def called(objective, x=X, dtype=np.float64):
    g = np.full(x.shape, np.nan, dtype)
    return objective(x.astype(dtype), g), g


SPELLINGS = {
    "jac": lambda **k: built(**k),
    "True": lambda **k: built(fused, True, **k),
    "numpy True": lambda **k: built(fused, np.True_, **k),
    "in place": lambda **k: built(filling, None, inplace=True, **k),
    "in place, True": lambda **k: built(filling, True, inplace=True, **k),
    "None": lambda **k: built(jac=None, **k),
    "False": lambda **k: built(jac=False, **k),
    "2-point": lambda **k: built(jac="2-point", **k),
    "3-point": lambda **k: built(jac="3-point", **k),
    "cs": lambda **k: built(jac="cs", **k),
}
COUNTS = {"None": 4, "False": 4, "2-point": 4, "3-point": 7, "cs": 4}
DIFFERENCES = tuple(COUNTS)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(spelling):
    objective = SPELLINGS[spelling]()
    assert (objective.nfev, objective.njev) == (0, 0)
    f, g = called(objective)
    assert type(f) is float
    assert f == rosen(X)
    if spelling in DIFFERENCES:
        np.testing.assert_allclose(g, rosen_der(X), rtol=1e-5)
    else:
        np.testing.assert_array_equal(g, rosen_der(X))
    evaluations = COUNTS.get(spelling, 1)
    assert (objective.nfev, objective.njev) == (evaluations, 1)
    called(objective)
    assert (objective.nfev, objective.njev) == (2 * evaluations, 2)
    objective.close()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_value_and_gradient_apart(spelling):
    objective = SPELLINGS[spelling]()
    joint = "True" in spelling or "place" in spelling
    f = objective.value(X)
    assert type(f) is float
    assert f == rosen(X)
    assert (objective.nfev, objective.njev) == (1, int(joint))
    g = np.full(3, np.nan)
    objective.gradient(X, f, g)
    np.testing.assert_array_equal(g, called(SPELLINGS[spelling]())[1])
    evaluations = 2 if joint else COUNTS.get(spelling, 1)
    assert (objective.nfev, objective.njev) == (evaluations, 1 + int(joint))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_fixed_variables(spelling):
    box = standardise([(None, None), (1, 1), (None, None)], 3, np.float64)
    free = SPELLINGS[spelling]()
    objective = SPELLINGS[spelling](box=box)
    _, expected = called(free)
    _, g = called(objective)
    assert expected[1] != 0
    expected[1] = 0
    np.testing.assert_array_equal(g, expected)
    if spelling in DIFFERENCES:
        assert objective.nfev == (5 if spelling == "3-point" else 3)


def test_fixed_variables_hide_nan():
    box = standardise([(0, 0), (None, None)], 2, np.float64)
    objective = built(lambda x: 0.0, lambda x: np.array([np.nan, 1.0]), n=2, box=box)
    np.testing.assert_array_equal(called(objective, np.zeros(2))[1], [0, 1])


@pytest.mark.parametrize("args", [(), (2,), 2, [1, 2], None, "ab", np.ones(2)], ids=repr)
def test_args(args):
    expected = args if isinstance(args, tuple) else (args,)
    seen = []

    def fun(x, *rest):
        seen.append(rest)
        return (x * x).sum()

    def jac(x, *rest):
        seen.append(rest)
        return 2 * x

    def fill(x, g, *rest):
        g[:] = jac(x, *rest)
        return fun(x, *rest)

    called(built(fun, jac, args))
    called(built(lambda x, *r: (fun(x, *r), jac(x, *r)), True, args))
    called(built(fill, None, args, inplace=True))
    called(built(fun, "3-point", args))
    assert len(seen) == 2 + 2 + 2 + 7
    for rest in seen:
        assert len(rest) == len(expected)
        assert all(a is b for a, b in zip(rest, expected, strict=True))


def test_memoized_gradient_of_scipy():
    calls = []

    def both(x):
        calls.append(x.copy())
        return fused(x)

    memo = MemoizeJac(both)
    objective = built(memo, memo.derivative)
    f, g = called(objective)
    assert f == rosen(X)
    np.testing.assert_array_equal(g, rosen_der(X))
    assert len(calls) == 1
    assert (objective.nfev, objective.njev) == (1, 1)


@pytest.mark.parametrize("spelling", ["jac", "True", "in place", "2-point", "3-point", "cs"])
def test_the_user_may_modify_and_keep_x(spelling):
    kept = []

    def wrecked(value, x):
        kept.append(x)
        x[:] = np.nan
        return value

    fun, jac, inplace = {
        "jac": (lambda x: wrecked(rosen(x), x), lambda x: wrecked(rosen_der(x), x), False),
        "True": (lambda x: wrecked(fused(x), x), True, False),
        "in place": (lambda x, g: wrecked(filling(x, g), x), None, True),
    }.get(spelling, (lambda x: wrecked(rosen(x), x), spelling, False))
    objective = built(fun, jac, inplace=inplace)
    x = X.copy()
    g = np.empty(3)
    f = objective(x, g)
    np.testing.assert_array_equal(x, X)
    assert f == rosen(X)
    np.testing.assert_allclose(g, rosen_der(X), rtol=1e-5)
    assert len({id(z) for z in kept}) == len(kept) >= 1
    assert not any(np.shares_memory(z, x) for z in kept)


def test_read_only_and_strided_arrays():
    x = np.repeat(X, 2)[::2]
    x.flags.writeable = False
    for spelling, make in SPELLINGS.items():
        out = np.full(6, 9.0)
        assert make()(x, out[::2]) == rosen(X)
        np.testing.assert_array_equal(out[::2], called(make())[1], err_msg=spelling)
        np.testing.assert_array_equal(out[1::2], 9)


def test_the_gradient_is_copied():
    buffer = np.ones(3)
    objective = built(lambda x: 1.0, lambda x: buffer)
    _, g = called(objective)
    buffer[:] = 5
    np.testing.assert_array_equal(g, 1)


def test_in_place_gradient_arrives_finite():
    seen = []

    def fun(x, g):
        seen.append(g.copy())
        assert g.shape == (3,)
        g += 2 * x
        return (x * x).sum()

    objective = built(fun, None, inplace=True)
    for _ in range(2):
        np.testing.assert_array_equal(called(objective)[1], 2 * X)
    objective.value(X)
    assert np.isfinite(seen).all()


# float32 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_float32(spelling):
    seen = set()

    def fun(x):
        seen.add(x.dtype)
        return (x * x).sum()

    def jac(x):
        seen.add(x.dtype)
        return 2 * x

    def fill(x, g):
        assert g.dtype == np.float32
        g[:] = jac(x)
        return fun(x)

    if "place" in spelling:
        objective = built(fill, None, dtype=np.float32, inplace=True)
    elif "True" in spelling:
        objective = built(lambda x: (fun(x), jac(x)), True, dtype=np.float32)
    elif spelling == "jac":
        objective = built(fun, jac, dtype=np.float32)
    else:
        objective = built(
            fun, {"None": None, "False": False}.get(spelling, spelling), dtype=np.float32
        )
    f, g = called(objective, dtype=np.float32)
    assert f == float((X.astype(np.float32) ** 2).sum())
    np.testing.assert_allclose(g, 2 * X, rtol=2e-3)
    assert seen <= {np.dtype(np.float32), np.dtype(np.complex64)}


def test_rel_step_and_box_reach_the_differences():
    seen = []

    def fun(x):
        seen.append(x[0])
        return x[0] ** 2

    box = standardise([(None, 2)], 1, np.float64)
    called(built(fun, None, n=1, box=box, rel_step=0.25), np.array([2.0]))
    assert seen == [2.0, 1.5]


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_workers():
    objective = built(pow_sum, "3-point", (3,), workers=2)
    try:
        f, g = called(objective)
    finally:
        objective.close()
    serial = built(pow_sum, "3-point", (3,))
    expected, gradient = called(serial)
    assert f == expected
    np.testing.assert_array_equal(g, gradient)
    assert objective.nfev == serial.nfev == 7


def pow_sum(x, power):
    return (x**power).sum()
