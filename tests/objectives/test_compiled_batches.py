"""Noisy objectives in compiled code: the bits of the loop in Python, whatever the noise is."""

import math
import time

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_array_equal

from nadamkit import minimize, registry
from nadamkit.errors import OptionError
from nadamkit.loops.run import Runner
from tests.loops.njit_problems import START
from tests.loops.njit_samples import (
    COUNTED,
    DEEP,
    DRAWN,
    ROWS,
    SPELLINGS,
    A,
    W,
    Y,
    drawn,
    drawn_holed,
    in_python,
    two,
)

FIXED = {"learning_rate": 0.05, "maxiter": 100}
AUTO = {"maxiter": 100}
MODES = pytest.mark.parametrize("options", [AUTO, FIXED], ids=["auto", "given"])


@pytest.fixture
def compiled_runs(monkeypatch):
    """A list with an entry for each run of the compiled loop."""
    seen, original = [], Runner.compiled

    def spy(self, *arguments):
        seen.append(self.mode)
        return original(self, *arguments)

    monkeypatch.setattr(Runner, "compiled", spy)
    return seen


def assert_identical(one, other):
    names = {"message", "status", "x", "fun", "jac", "nit", "nfev", "njev", "fun_error"}
    assert set(one) == set(other) >= names
    for name in set(one) - {"history"}:
        assert_array_equal(one[name], other[name], err_msg=name)
    assert one.x.dtype == other.x.dtype
    for ours, theirs in zip(one.get("history", ()), other.get("history", ()), strict=True):
        assert_array_equal(ours, theirs)


def assert_loops_agree(seen, fun, jac, args, options, x0=START, runs=1, **arguments):
    """Compare the compiled loop with the one in Python, for compiled and for plain functions."""
    arguments["options"] = {"history": 1} | options
    fast = minimize(fun, x0, args, jac=jac, **arguments)
    assert seen == ["noisy"] * runs, "the compiled loop was not used"
    plain, plain_jac = in_python(fun, jac)
    assert_identical(fast, minimize(plain, x0, args, jac=plain_jac, **arguments))
    arguments["callback"] = lambda x: None
    assert_identical(fast, minimize(fun, x0, args, jac=jac, **arguments))
    assert seen == ["noisy"] * runs
    return fast


# Batches -----------------------------------------------------------------------------------------


@MODES
@pytest.mark.parametrize("count", COUNTED)
def test_one_to_six_arguments(count, options, compiled_runs):
    fun, args = COUNTED[count]
    result = assert_loops_agree(compiled_runs, fun, None, args, options, batch_size=5, rng=3)
    assert result.nfev == 100


@MODES
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_batches(spelling, options, compiled_runs):
    fun, jac = SPELLINGS[spelling]
    given = {"batch_size": 5, "rng": 3}
    result = assert_loops_agree(compiled_runs, fun, jac, (A, Y), options, **given)
    options = {"history": 1} | options
    assert_identical(result, minimize(two, START, (A, Y), options=options, **given))


@pytest.mark.parametrize("size", [1, 2, 22, ROWS])
def test_sizes(size, compiled_runs):
    given = {"batch_size": size, "epochs": 3, "rng": 3}
    result = assert_loops_agree(compiled_runs, two, None, (A, Y), {}, **given)
    assert result.nit == result.nfev == 3 * math.ceil(ROWS / size)


ARRAYS = {
    "Fortran order": (np.asfortranarray(A), Y),
    "strided": (np.repeat(A, 2, axis=0)[::2], np.repeat(Y, 2)[::2]),
    "read-only": (np.broadcast_to(A[0], A.shape), Y),
    "integers": (np.int64(8 * A), Y),
    "float32": (np.float32(A), np.float32(Y)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(kind, compiled_runs):
    given = {"batch_size": 5, "rng": 3}
    assert_loops_agree(compiled_runs, two, None, ARRAYS[kind], FIXED, **given)


def test_lists(compiled_runs):
    given = {"batch_size": 5, "rng": 3, "options": AUTO}
    result = minimize(two, START, (A.tolist(), Y.tolist()), **given)
    assert compiled_runs == ["noisy"]
    assert_identical(result, minimize(two, START, (A, Y), **given))


def test_the_data_stay_as_they_are(compiled_runs):
    @njit
    def spoils(x, g, a, y):
        f = two(x, g, a, y)
        a[:] = np.nan
        y[:] = np.nan
        return f

    a, y = A.copy(), Y.copy()
    given = {"batch_size": 5, "rng": 3, "options": FIXED}
    result = minimize(spoils, START, (a, y), **given)
    assert compiled_runs == ["noisy"]
    assert_array_equal(a, A)
    assert_array_equal(y, Y)
    assert_identical(result, minimize(two, START, (A, Y), **given))


@pytest.mark.parametrize("name", registry.names())
def test_every_method(name, compiled_runs):
    given = {"method": name, "batch_size": 5, "rng": 3}
    assert_loops_agree(compiled_runs, two, None, (A, Y), AUTO, **given)


AROUND = {
    "bounds": ({}, {"bounds": [(0.5, 4.0), (None, None), (-5.0, 1.5)]}),
    "a fixed variable": (FIXED, {"bounds": [(None, None), (2.0, 2.0), (None, None)]}),
    "maximize": (FIXED | {"maximize": True, "learning_rate": 1e-3}, {}),
    "clipping": (FIXED | {"clip_norm": 0.5}, {}),
    "tail": ({"average": "tail"}, {}),
    "decay": ({"average": 0.9}, {}),
    "long": ({"maxiter": 3000, "history": 7}, {}),
    "maxfun": ({"maxfun": 77}, {}),
    "target": ({"target": 1.0, "maxiter": 2000}, {}),
    "open": ({"maxiter": math.inf}, {}),
    "validation": ({"validation_every": 9}, {"validation": lambda x: float(x[0] ** 2)}),
    "patience": (
        {"validation_every": 9, "patience": 2},
        {"validation": lambda x: float(x[0] ** 2)},
    ),
}


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_a_rule(around, compiled_runs):
    options, arguments = AROUND[around]
    given = {"batch_size": 5, "rng": 3} | arguments
    assert_loops_agree(compiled_runs, two, None, (A, Y), AUTO | options, **given)


def test_a_race(compiled_runs):
    options = {"learning_rate": "race", "maxiter": 200}
    plain, jac = in_python(two)
    given = {"batch_size": 5, "rng": 3, "options": options | {"history": 1}}
    fast = minimize(two, START, (A, Y), **given)
    assert len(compiled_runs) > 2
    assert_identical(fast, minimize(plain, START, (A, Y), jac=jac, **given))


def test_float32(compiled_runs):
    x0 = np.float32(START)
    fast = minimize(two, x0, (A, Y), batch_size=5, rng=3, options=FIXED)
    assert compiled_runs == ["noisy"]
    called = {"callback": lambda x: None, "options": FIXED}
    slow = minimize(two, x0, (A, Y), batch_size=5, rng=3, **called)
    assert_identical(fast, slow)
    assert fast.x.dtype == np.float32


@njit
def seven(x, g, a, b, c, d, e, f, h):
    if x.size:
        raise ValueError("called before the arguments were checked")
    return 0.0


def test_more_arguments_than_are_taken_apart():
    args = (Y, Y, Y, W, W, 1.0, 2)
    message = r"^batch_size takes at most 6 .* @njit function, not 7; put some into one array\."
    with pytest.raises(OptionError, match=message):
        minimize(seven, START, args, batch_size=2, rng=0)


def test_more_arguments_in_the_loop_in_python():
    def fun(x, *args):
        assert len(args) == 7
        assert args[0].size <= 2
        return 0.0, np.zeros(3)

    args = (Y, Y, Y, W, DEEP, 1.0, 2)
    assert minimize(fun, START, args, jac=True, batch_size=2, epochs=1, rng=0).nit == 12


# A generator -------------------------------------------------------------------------------------


@MODES
@pytest.mark.parametrize("spelling", ["in place", "pair"])
def test_spellings_that_draw(spelling, options, compiled_runs):
    fun, jac = DRAWN[spelling]
    result = assert_loops_agree(compiled_runs, fun, jac, (0.5,), options, rng=3)
    assert result.nfev == 100


@MODES
def test_value_and_gradient_apart_take_the_loop_in_python(options, compiled_runs):
    fun, jac = DRAWN["separate"]
    given = {"rng": 3, "options": {"history": 1} | options}
    result = minimize(fun, START, (0.5,), jac=jac, **given)
    assert compiled_runs == []
    plain, plain_jac = in_python(fun, jac)
    assert_identical(result, minimize(plain, START, (0.5,), jac=plain_jac, **given))
    assert_identical(result, minimize(drawn, START, (0.5,), **given))


@pytest.mark.parametrize("cut", [False, True])
def test_the_generator_is_advanced_alike(cut, compiled_runs):
    rngs = [np.random.default_rng(3) for _ in range(2)]
    fun, args = (two, (A, Y)) if cut else (drawn, (0.5,))
    given = {"batch_size": 5} if cut else {}
    minimize(fun, START, args, rng=rngs[0], options=AUTO, **given)
    assert compiled_runs == ["noisy"]
    plain, jac = in_python(fun)
    minimize(plain, START, args, jac=jac, rng=rngs[1], options=AUTO, **given)
    assert rngs[0].random() == rngs[1].random() != np.random.default_rng(3).random()


@pytest.mark.parametrize("history", [{}, {"history": 1}], ids=repr)
def test_calls_that_fail(history):
    plain, jac = in_python(drawn_holed)
    given = {"rng": 3, "options": {"maxiter": 1000} | history}
    # In Python first: it would tell where compiled code would write beyond an array.
    slow = minimize(plain, START, (0.5,), jac=jac, **given)
    assert slow.nfev > 1050
    assert_identical(minimize(drawn_holed, START, (0.5,), **given), slow)


@pytest.mark.parametrize("maxiter", [10**9, math.inf])
def test_a_time_limit(maxiter, compiled_runs):
    @njit
    def falls(x, g, level, rng):
        level[0] -= 1.0
        for i in range(x.size):
            g[i] = rng.standard_normal()
        return level[0] + rng.standard_normal()

    options = {"maxiter": maxiter, "learning_rate": "auto"}
    minimize(falls, START, (np.zeros(1),), rng=1, options=options | {"maxiter": 10})
    started = time.perf_counter()
    result = minimize(falls, START, (np.zeros(1),), rng=1, options=options | {"maxtime": 0.3})
    assert time.perf_counter() - started < 0.6
    assert result.status == 14
    assert compiled_runs == ["noisy"] * 2


def test_one_sample_alone(compiled_runs):
    result = minimize(drawn, START, (0.5,), rng=3, stochastic=False)
    assert compiled_runs == []
    assert result.success
    rng = np.random.default_rng(3)
    rng.random()
    z = 0.5 * rng.standard_normal(3)
    np.testing.assert_allclose(result.x, np.arange(3) - z, atol=1e-5)
