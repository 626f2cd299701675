"""`minimize` of noisy functions: how a run ends, and what it says."""

import math
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import OptimizeWarning

from nadamkit import minimize
from tests.noisy_problems import Counted, assert_same, noisy_bowl, slopes, tilted_bowl
from tests.problems import START, Spy, bowl

MODES = [{}, {"learning_rate": 0.05}]
OPEN = {"maxiter": math.inf}


def run(fun=noisy_bowl, x0=START, seed=1, callback=None, **options):
    return minimize(fun, x0, jac=True, rng=seed, callback=callback, options=options)


def slope(x, rng):
    """Falls for ever, with a noise that is small beside it."""
    z = 0.01 * rng.standard_normal(x.size)
    return float(np.sum((z - 1) * x)), z - 1


# Noise floor and horizon -------------------------------------------------------------------------


@pytest.mark.parametrize("options", MODES)
def test_the_noise_floor_is_reached_at_the_solution(options):
    result = run(**options)
    assert (result.status, result.success, result.nit) == (16, True, 2000)
    assert "noise floor reached" in result.message
    assert abs(result.fun - bowl(result.x)) < 5 * result.fun_error


SHORT_RUNS = {
    "a slope": (slope, {"learning_rate": 1e-3}),
    "a slope, auto": (slope, {"maxiter": 300}),
    "a steep slope without noise": (lambda x, rng: (-x.sum(), -np.ones(3)), {"maxiter": 50}),
    "too few steps": (noisy_bowl, {"maxiter": 40, "learning_rate": 1e-3}),
    "too few steps, auto": (noisy_bowl, {"maxiter": 8}),
}


@pytest.mark.parametrize("case", SHORT_RUNS)
def test_a_run_that_still_falls_says_so(case):
    fun, options = SHORT_RUNS[case]
    result = run(fun, **options)
    assert (result.status, result.success) == (1, False)
    assert result.message.startswith("The horizon of the noisy run is used up")
    assert "times as long as noise alone makes it" in result.message


def test_a_solution_on_a_bound_is_a_solution():
    bounds = [(1.0, 4.0), (-3.0, 3.0), (-6.0, 6.0)]
    result = minimize(noisy_bowl, START, jac=True, rng=1, bounds=bounds)
    assert result.x[0] == 1.0
    assert (result.status, result.success) == (16, True)


def test_target():
    result = run(target=5.0)
    assert (result.status, result.success) == (12, True)
    assert result.fun <= 5.0
    assert 10 < result.nit < 2000
    assert run(target=-5.0).status == 16


def test_one_lucky_value_is_no_target_reached():
    rng = np.random.default_rng(2)
    result = run(lambda x, r: (10.0 + 5.0 * rng.standard_normal(), np.zeros(3)), target=0.0)
    assert result.status == 16


# NaN ---------------------------------------------------------------------------------------------

BAD = {
    "value": lambda f, g: (math.nan, g),
    "infinite value": lambda f, g: (-math.inf, g),
    "gradient": lambda f, g: (f, g * math.nan),
    "one component": lambda f, g: (f, np.where([False, True, False], math.inf, g)),
}


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("bad", BAD)
def test_calls_that_fail_leave_no_trace(bad, options):
    # As many samples, one of each kind of run; every twentieth call, the first too, goes wrong.
    good = slopes(300)
    marked = [(z, False) for z in good]
    for place in range(0, 315, 20):
        marked.insert(place, (np.zeros(3), True))

    def fun(x, z, failing):
        f, g = tilted_bowl(x, z)
        return BAD[bad](f, g) if failing else (f, g)

    options = options | {"maxiter": 300, "average": "tail"}
    whole = minimize(tilted_bowl, START, jac=True, batches=iter(good), options=options)
    holed = minimize(fun, START, jac=True, batches=iter(marked), options=options)
    assert whole.nit == whole.nfev == 300
    assert holed.nfev == 316
    assert_same(whole, holed, "x", "fun", "jac", "nit", "status", "fun_error", "message")


@pytest.mark.parametrize("options", [*MODES, {"learning_rate": "race"}])
@pytest.mark.parametrize("record", [{}, {"return_all": True}, {"history": 1}], ids=repr)
def test_a_run_goes_on_past_calls_that_fail(record, options):
    random = np.random.default_rng(5)

    def fun(x, rng):
        f, g = noisy_bowl(x, rng)
        return (math.nan, g) if random.random() < 0.05 else (f, g)

    result = run(fun, **options, **record)
    assert np.isfinite(result.x).all()
    assert bowl(result.x) < 0.05 * bowl(START)
    assert result.nit == 2000 or "learning_rate" in options
    assert result.nfev > result.nit
    if options != {"learning_rate": "race"} and "return_all" in record:
        assert len(result.allvecs) == result.nit + 1


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("bad", BAD)
def test_a_function_that_always_fails(bad, options):
    fun = Spy(lambda x, rng: BAD[bad](*noisy_bowl(x, rng)))
    result = run(fun, **options)
    # Fifty calls in a row may fail.
    assert result.nfev == fun.calls == 51
    assert (result.status, result.success, result.nit) == (3, False, 0)
    assert result.message.startswith("NaN result encountered")
    assert_array_equal(result.x, START)


def test_no_value_is_made_up_where_there_was_none():
    result = run(lambda x, rng: (math.nan, x))
    assert math.isnan(result.fun)


def test_fifty_failures_are_survived():
    calls = []

    def fun(x, rng):
        calls.append(1)
        f, g = noisy_bowl(x, rng)
        return (math.nan if 10 <= len(calls) < 60 else f), g

    result = run(fun, learning_rate=0.05)
    assert result.nfev == result.nit + 50 == 2050
    assert result.status == 16


@pytest.mark.parametrize("method", ["gd", "nadam"])
def test_a_run_into_a_hole_returns_a_point_outside_of_it(method):
    def fun(x, rng):
        return (-x[0] if x[0] < 0.55 else math.nan), -np.ones(1)

    result = minimize(fun, [0.0], method=method, jac=True, rng=1, options={"learning_rate": 0.1})
    assert result.status == 3
    assert result.x[0] < 0.55


# Divergence --------------------------------------------------------------------------------------


def downhill(x, rng):
    with np.errstate(all="ignore"):
        return noisy_bowl(x, rng)


def uphill(x, rng):
    f, g = downhill(x, rng)
    return f, -g


@pytest.mark.parametrize("maxiter", [100, 2000])
@pytest.mark.parametrize("method", ["gd", "nadam"])
def test_a_run_that_diverges_returns_its_start(method, maxiter):
    options = {"learning_rate": 0.2, "maxiter": maxiter}
    result = minimize(uphill, START, method=method, jac=True, rng=1, options=options)
    assert (result.status, result.success) == (18, False)
    assert result.message.startswith("The values at the end lie above those at the start")
    assert_array_equal(result.x, START)


@pytest.mark.parametrize("maxiter", [300, 2000])
def test_a_rate_that_is_far_too_large(maxiter):
    options = {"learning_rate": 1.5, "maxiter": maxiter}
    result = minimize(downhill, START, method="gd", jac=True, rng=1, options=options)
    assert (result.status, result.success) == (18, False)
    assert_array_equal(result.x, START)


def test_a_function_without_a_lower_bound():
    result = run(slope, maxiter=10_000)
    assert result.status in (1, 19)
    assert np.isfinite(result.x).all()


# Callbacks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", MODES)
def test_the_callback_sees_every_iterate(options):
    fun, callback = Spy(noisy_bowl), Counted()
    result = run(fun, callback=callback, maxiter=300, **options)
    assert_array_equal(callback.seen[:299], fun.points[1:])
    assert_same(result, run(maxiter=300, **options))


@pytest.mark.parametrize("options", MODES)
def test_the_callback_sees_the_last_iterate(options):
    callback = Counted()
    result = run(callback=callback, maxiter=20, **options)
    assert len(callback.seen) == result.nit == 20
    assert_array_equal(callback.seen[-1], result.x)


def test_a_callback_that_spoils_what_it_gets():
    def spoils(x):
        x[:] = np.nan

    assert_same(run(callback=spoils, maxiter=50), run(maxiter=50))


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("stop_at", [1, 5, 260])
def test_stop_iteration_ends_a_run(stop_at, options):
    callback = Counted(stop_at)
    result = run(callback=callback, return_all=True, **options)
    assert (result.status, result.success) == (99, False)
    assert result.nit == len(callback.seen) == stop_at
    assert_array_equal(result.x, callback.seen[-1])
    assert_array_equal(result.allvecs[1:], callback.seen)


def test_other_exceptions_propagate():
    def callback(x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run(callback=callback)


# Warnings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"gtol": 1e-3}, {"ftol": 1e-3}, {"xtol": 1e-3}, {"tol": 1e-3}])
@pytest.mark.parametrize("said", [{"stochastic": True}, {"rng": 1}])
def test_tests_of_single_values_warn(given, said):
    rng = np.random.default_rng(1)
    options = {k: v for k, v in given.items() if k != "tol"} | {"maxiter": 5}
    name = "gtol" if "tol" in given else next(iter(given))
    with pytest.warns(OptimizeWarning, match=rf"^{name}: not used in a noisy run") as caught:
        minimize(
            lambda x, *args: noisy_bowl(x, rng),
            *(START,),
            jac=True,
            tol=given.get("tol"),
            options=options,
            **said,
        )
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("given", [{"gtol": None}, {"ftol": None}, {"xtol": None}], ids=repr)
def test_turning_a_test_off_does_not_warn(given):
    assert run(maxiter=5, **given).nit == 5


def test_disp_prints_how_it_ended(capsys):
    result = run(disp=True)
    printed = capsys.readouterr().out
    assert printed.startswith(result.message)
    assert f"Current function value: {result.fun:f}" in printed


@pytest.fixture
def loaded():
    """Loads what is compiled before the time is taken."""
    run(maxiter=3)


def test_no_time_is_lost_where_it_is_limited(loaded):
    started = time.perf_counter()
    result = run(maxiter=10**9, maxtime=0.2)
    assert time.perf_counter() - started < 1.0
    assert result.status == 14
    assert np.isfinite(result.x).all()
    assert bowl(result.x) <= bowl(START)
