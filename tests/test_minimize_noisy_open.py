"""`minimize` of noisy functions where nobody knows beforehand how long to run."""

import math
import time

import numpy as np
import pytest

from nadamkit import minimize
from tests.noisy_problems import Counted, noisy_bowl, slopes, tilted_bowl
from tests.problems import START, Spy, bowl


def run(fun=noisy_bowl, callback=None, **options):
    options = {"maxiter": math.inf} | options
    return minimize(fun, START, jac=True, rng=1, callback=callback, options=options)


def falling():
    """A function that gets lower at each call, wherever that is; its gradient is noise."""
    calls = []

    def fun(x, rng):
        calls.append(1)
        return 0.1 * rng.standard_normal() - 0.01 * len(calls), rng.standard_normal(3)

    return fun


def slow(fun, seconds):
    def sleeps(x, rng):
        time.sleep(seconds)
        return fun(x, rng)

    return sleeps


def test_it_ends_by_itself_at_the_noise_floor():
    result = run()
    assert (result.status, result.success) == (16, True)
    assert 100 < result.nit < 20_000
    assert bowl(result.x) < 0.01 * bowl(START)


def test_it_goes_on_where_the_function_falls():
    callback = Counted(stop_at=4000)
    result = run(falling(), callback=callback)
    assert result.status == 99
    assert result.nit >= 4000


@pytest.mark.parametrize("stop_at", [1, 4, 40, 300])
def test_stop_iteration_lets_the_steps_shrink(stop_at):
    callback = Counted(stop_at)
    result = run(callback=callback)
    assert (result.status, result.success) == (99, False)
    assert stop_at < result.nit <= stop_at + max(1, math.ceil(0.25 * stop_at))
    assert result.nit >= 1.2 * stop_at


def test_the_steps_of_the_cooldown_shrink_to_nothing():
    callback = Counted(stop_at=300)
    run(callback=callback)
    moved = np.linalg.norm(np.diff(callback.seen, axis=0), axis=1)
    assert len(moved) > 350
    assert moved[-3:].mean() < 0.2 * moved[200:295].mean()


def test_the_callback_that_keeps_raising_gets_a_cooldown_too():
    seen = []

    def callback(x):
        seen.append(x.copy())
        if len(seen) >= 200:
            raise StopIteration

    result = run(callback=callback)
    assert result.status == 99
    assert 240 <= result.nit <= 250


def test_no_point_is_met_twice():
    fun, callback = Spy(noisy_bowl), Counted(stop_at=220)
    result = run(fun, callback=callback, return_all=True)
    for points in (fun.points, callback.seen, result.allvecs):
        moved = [x.tobytes() for x in points if not np.array_equal(x, START)]
        assert len(set(moved)) == len(moved) >= 200


@pytest.fixture
def loaded():
    """Loads what is compiled before the time is taken."""
    run(maxiter=3)


@pytest.mark.parametrize("fun", [noisy_bowl, falling()])
def test_a_time_limit_leaves_time_to_come_to_rest(fun, loaded):
    started = time.perf_counter()
    result = run(slow(fun, 1e-3), maxtime=0.4)
    seconds = time.perf_counter() - started
    assert 0.2 < seconds < 0.6
    assert (result.status, result.success) == (14, False)


def test_a_time_limit_alone_leaves_the_horizon_open(loaded):
    fun = slow(falling(), 1e-4)
    result = minimize(fun, START, jac=True, rng=1, options={"maxtime": 1.0})
    assert result.status == 14
    assert result.nit > 2000


def test_validation_and_patience_end_it():
    validated = []

    def validation(x):
        validated.append(bowl(x))
        return validated[-1]

    result = minimize(
        *(noisy_bowl, START),
        jac=True,
        rng=1,
        validation=validation,
        options={"maxiter": math.inf, "patience": 3, "validation_every": 10},
    )
    assert result.status in (13, 16)
    assert result.validation == min(validated) == bowl(result.x)


def test_batches_from_a_generator_may_end_it():
    result = minimize(tilted_bowl, START, jac=True, batches=iter(slopes(80)))
    assert (result.status, result.nit) == (17, 80)


def test_maxfun_is_a_horizon():
    result = run(maxfun=70)
    assert result.nfev == 70
