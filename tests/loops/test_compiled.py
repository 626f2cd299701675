"""The compiled loop: every spelling of an objective, and the bits of the loop in Python."""

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize, registry
from nadamkit.loops.run import Runner
from tests.loops.njit_problems import SHIFT, SHIFTED, SPELLINGS, START, in_place

FIXED = {"learning_rate": 0.05, "maxiter": 300}


@pytest.fixture
def compiled_runs(monkeypatch):
    """A list with an entry for each run of the compiled loop."""
    seen, original = [], Runner.compiled

    def spy(self, *arguments):
        seen.append(self.mode == "search")
        return original(self, *arguments)

    monkeypatch.setattr(Runner, "compiled", spy)
    return seen


def assert_identical(one, other, *, calls=True):
    names = ["status", "success", "message", "nit", "fun"] + (["nfev", "njev"] if calls else [])
    for name in names:
        assert one[name] == other[name], name
    assert_array_equal(one.x, other.x)
    assert_array_equal(one.jac, other.jac)
    assert one.x.dtype == other.x.dtype
    for ours, theirs in zip(one.get("history", ()), other.get("history", ()), strict=True):
        assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def assert_loops_agree(seen, given, **arguments):
    """Compare the compiled loop with the one in Python, on NumPy and on compiled kernels."""
    fun, jac = arguments.pop("objective", (in_place, None))
    options = {"history": 1} | given
    before = len(seen)
    fast = minimize(fun, START, jac=jac, options=options, **arguments)
    assert len(seen) == before + 1, "the compiled loop was not used"
    slow = minimize(fun, START, jac=jac, options=options, backend="numpy", **arguments)
    steps = []
    called = minimize(fun, START, jac=jac, options=options, callback=steps.append, **arguments)
    assert len(seen) == before + 1
    assert len(steps) == called.nit
    assert_identical(fast, slow)
    assert_identical(fast, called)
    return fast


@pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
@pytest.mark.parametrize("name", registry.names())
def test_every_method_has_the_bits_of_the_python_loop(name, options, compiled_runs):
    result = assert_loops_agree(compiled_runs, options, method=name)
    if not options:
        assert result.success
        assert_allclose(result.x, [0.0, 1.0, 2.0], atol=1e-5)


@pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(spelling, options, compiled_runs):
    result = assert_loops_agree(compiled_runs, options, objective=SPELLINGS[spelling])
    assert_identical(result, minimize(in_place, START, options={"history": 1} | options))


ARGS = {
    "arrays and scalars": (SHIFT, 2.0),
    "integers": (np.array([1, 2, 3]), 2),
    "read-only": (np.broadcast_to(0.5, 3), 2.0),
    "strided": (np.arange(6.0)[::2], 2.0),
    "list": ([0.5, 1.0, 1.5], 2.0),
    "float32": (np.float32(SHIFT), np.float32(2)),
}


@pytest.mark.parametrize("args", ["arrays and scalars", "integers", "read-only", "strided", "list"])
def test_arguments(args, compiled_runs):
    shift, scale = ARGS[args]
    fun, jac = SHIFTED["in place"]
    result = minimize(fun, START, (shift, scale), jac=jac, options=FIXED)
    assert len(compiled_runs) == 1
    slow = minimize(fun, START, (np.asarray(shift), scale), jac=jac, options=FIXED, backend="numpy")
    assert_identical(result, slow)


@pytest.mark.parametrize("spelling", ["pair", "separate"])
def test_arguments_of_other_spellings(spelling, compiled_runs):
    fun, jac = SHIFTED[spelling]
    for options in ({}, FIXED):
        result = minimize(fun, START, (SHIFT, 2.0), jac=jac, options=options)
        assert_identical(
            result, minimize(fun, START, (SHIFT, 2.0), jac=jac, options=options, backend="numpy")
        )
    assert len(compiled_runs) == 2


def test_one_argument_without_a_tuple(compiled_runs):
    @njit
    def bowl(x, g, scale):
        g[:] = scale * x
        return 0.5 * scale * np.sum(x * x)

    result = minimize(bowl, START, 3.0)
    assert compiled_runs
    assert_allclose(result.x, 0.0, atol=1e-5)


@pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
@pytest.mark.parametrize("spelling", ["in place", "separate"])
def test_float32(spelling, options, compiled_runs):
    fun, jac = SPELLINGS[spelling]
    x0 = np.float32(START)
    given = {"history": 1, "gtol": 1e-3} | options
    fast = minimize(fun, x0, jac=jac, options=given)
    assert compiled_runs == [not options]
    slow = minimize(fun, x0, jac=jac, options=given, backend="numpy")
    assert fast.x.dtype == fast.jac.dtype == fast.history.x.dtype == np.float32
    # The value is a float64 that numba computes in wider steps than NumPy scalars do.
    assert_allclose(fast.x, slow.x, atol=1e-3)
    called = minimize(fun, x0, jac=jac, options=given, callback=lambda x: None)
    assert_identical(fast, called)


RATES = [0.05, 0.1, 0.025]
BOX = [(0.5, 4.0), (None, None), (-5.0, 1.5)]
AROUND = {
    "bounds": ({}, BOX),
    "a fixed variable": ({}, [(None, None), (-2.5, -2.5), (None, None)]),
    "clip_norm": ({"clip_norm": 0.5}, None),
    "clip_norm with a fixed variable": (
        {"clip_norm": 0.5},
        [(None, None), (9.0, 9.0), (None, None)],
    ),
    "clip_value": ({"clip_value": 0.5}, None),
    "l2": ({"weight_decay": 0.1}, None),
    "decoupled": ({"weight_decay": 0.1, "wd_kind": "decoupled"}, None),
    "rates": ({"learning_rate": RATES}, None),
    "rates, bounds and all": (
        {"learning_rate": RATES, "weight_decay": 0.1, "clip_norm": 5.0, "clip_value": 0.5},
        BOX,
    ),
    "schedule": ({"learning_rate": lambda t: 0.1 / t, "schedule": lambda t: 0.9 - 0.5 / t}, None),
    "long": ({"maxiter": 3000, "learning_rate": 1e-3, "history": 7}, None),
}


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_a_rule(around, compiled_runs):
    options, bounds = AROUND[around]
    assert_loops_agree(compiled_runs, FIXED | options, bounds=bounds)


@pytest.mark.parametrize("bounds", [BOX, AROUND["a fixed variable"][1]], ids=["box", "fixed"])
def test_line_search_within_bounds(bounds, compiled_runs):
    assert assert_loops_agree(compiled_runs, {}, bounds=bounds).success


STOPS = {
    "gtol": (FIXED | {"gtol": 1.0}, 0),
    "maxiter": (FIXED | {"maxiter": 7}, 1),
    "maxiter 0": (FIXED | {"maxiter": 0}, 1),
    "maxiter of a whole chunk": (FIXED | {"maxiter": 256}, 1),
    "maxfun": (FIXED | {"maxfun": 7}, 2),
    "ftol": (FIXED | {"ftol": 0.1, "ftol_window": 5}, 10),
    "xtol": (FIXED | {"xtol": 1e-2}, 11),
    "target": (FIXED | {"target": 1.0}, 12),
    "patience": (FIXED | {"learning_rate": 5.0, "patience": 3}, 13),
    "auto, maxiter": ({"maxiter": 3}, 1),
    "auto, maxfun": ({"maxfun": 3}, 2),
    "auto, ftol": ({"ftol": 0.1, "ftol_window": 2}, 10),
    "auto, xtol": ({"xtol": 1e-2}, 11),
    "auto, target": ({"target": 1.0}, 12),
    "auto, without gtol": ({"gtol": None}, 15),
}


@pytest.mark.parametrize("stop", STOPS)
def test_every_stopping_test(stop, compiled_runs):
    options, status = STOPS[stop]
    assert assert_loops_agree(compiled_runs, options).status == status


@pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
def test_maximize(options, compiled_runs):
    @njit
    def hill(x, g):
        f = in_place(x, g)
        for i in range(x.size):
            g[i] = -g[i]
        return -f

    given = options | {"maximize": True}
    up = assert_loops_agree(compiled_runs, given, objective=(hill, None))
    down = minimize(in_place, START, options=options)
    assert up.fun == -down.fun
    assert_array_equal(up.x, down.x)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
def test_bad_values(bad, options, compiled_runs):
    @njit
    def hole(x, g):
        f = in_place(x, g)
        return f if x[2] < -2.5 else bad

    result = assert_loops_agree(compiled_runs, options, objective=(hole, None))
    assert not result.success
    assert np.isfinite(result.fun)
    assert result.x[2] < -2.5
