"""``learning_rate="race"``: which rate wins, and what the race costs."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize
from tests.noisy_problems import Counted, data, noisy_bowl, squares
from tests.problems import START, Spy, bowl

HORIZON = 400


def run(fun=noisy_bowl, x0=START, horizon=HORIZON, callback=None, **options):
    options = {"learning_rate": "race", "maxiter": horizon} | options
    return minimize(fun, x0, jac=True, rng=1, callback=callback, options=options)


class Drawn(Spy):
    """Remembers the random numbers as well as the points."""

    def __init__(self):
        super().__init__(None)
        self.slopes = []

    def __call__(self, x, rng):
        self.points.append(x.copy())
        self.slopes.append(0.3 * rng.standard_normal(3))
        return bowl(x) + float(self.slopes[-1] @ x), x * 0 + self.slopes[-1] + 1


def starts(points, x0):
    """Where the entrants begin."""
    return [i for i, x in enumerate(points) if np.array_equal(x, x0)]


def test_all_entrants_start_alike_and_have_as_many_steps():
    fun = Drawn()
    run(fun)
    begun = starts(fun.points, START)
    assert len(begun) >= 2
    assert len(set(np.diff(begun))) == 1
    assert begun[0] == 0
    # The first steps are as different as the rates are.
    first = [np.linalg.norm(fun.points[i + 1] - START) for i in begun]
    assert len(set(first)) == len(first)


def test_all_entrants_meet_the_same_noise():
    fun = Drawn()
    run(fun)
    begun = starts(fun.points, START)
    heat = begun[1]
    for i in begun:
        assert_array_equal(fun.slopes[i : i + heat], fun.slopes[:heat])
    rest = {z.tobytes() for z in fun.slopes[len(begun) * heat :]}
    assert len(rest) > HORIZON / 2
    assert not rest & {z.tobytes() for z in fun.slopes[:heat]}


def test_all_entrants_get_the_same_batches():
    points, batches = [], []

    def fun(x, a, y):
        points.append(x.copy())
        batches.append(y.copy())
        return squares(x, a, y)

    given = {"batch_size": 16, "rng": 1}
    options = {"learning_rate": "race", "maxiter": HORIZON}
    minimize(fun, START, data(), jac=True, options=options, **given)
    begun = starts(points, START)
    for i in begun:
        for k in range(begun[1]):
            assert_array_equal(batches[i + k], batches[k])


@pytest.mark.parametrize("distance", [0.1, 1.0, 10.0, 100.0])
def test_one_rate_fits_whatever_the_distance_is(distance):
    def fun(x, rng):
        z = 0.01 * rng.standard_normal(3)
        r = x / distance - 1
        return float(r @ r / 2 + z @ r), (r + z) / distance

    result = run(fun, x0=np.zeros(3), horizon=1000)
    assert_allclose(result.x, distance, rtol=0.1)


def test_the_best_goes_on_from_where_it_was():
    fun, callback = Spy(noisy_bowl), Counted()
    run(fun, callback=callback)
    begun = starts(fun.points, START)
    final = len(begun) * begun[1]
    assert bowl(fun.points[final]) < bowl(START)
    assert any(np.array_equal(fun.points[final], x) for x in callback.seen[: final + 1])


@pytest.mark.parametrize("horizon", [1, 3, 10, 19, 20, 21, 100, 999])
def test_the_whole_costs_the_horizon(horizon):
    fun = Spy(noisy_bowl)
    result = run(fun, horizon=horizon)
    assert fun.calls == result.nfev == result.njev == result.nit == horizon


def test_the_whole_costs_the_epochs():
    given = {"batch_size": 16, "rng": 1, "epochs": 10}
    result = minimize(squares, START, data(), jac=True, options={"learning_rate": "race"}, **given)
    assert result.nit == result.nfev == 130


def test_the_history_is_of_the_whole():
    result = run(history=1)
    assert len(result.history.nit) == len(result.history.x) >= HORIZON
    assert_array_equal(np.unique(result.history.nfev), np.arange(1, HORIZON + 1))


def test_it_finds_the_bottom():
    result = run(horizon=2000)
    assert result.status in (1, 16)
    assert bowl(result.x) < 0.01 * bowl(START)


def test_bounds_hold_for_all_entrants():
    fun = Spy(noisy_bowl)
    options = {"learning_rate": "race", "maxiter": HORIZON}
    bounds = [(-1.0, 1.5), (0.0, 3.0), (-4.0, 1.0)]
    minimize(fun, START, jac=True, rng=1, bounds=bounds, options=options)
    low, high = np.transpose(bounds)
    assert ((low <= fun.points) & (fun.points <= high)).all()


def test_the_start_is_not_touched():
    x0 = START.copy()
    run(x0=x0)
    assert_array_equal(x0, START)


@pytest.mark.parametrize("stop_at", [5, 100, 390])
def test_stop_iteration_ends_the_whole_race(stop_at):
    callback = Counted(stop_at)
    result = run(callback=callback)
    assert result.status == 99
    assert len(callback.seen) == stop_at


@pytest.fixture
def loaded():
    """Loads what is compiled before the time is taken."""
    run(horizon=30)


def test_the_time_limit_is_of_the_whole_race(loaded):
    def slow(x, rng):
        time.sleep(1e-3)
        return noisy_bowl(x, rng)

    started = time.perf_counter()
    result = run(slow, horizon=5000, maxtime=0.3)
    assert time.perf_counter() - started < 0.6
    assert result.status == 14


def test_who_falls_into_a_hole_does_not_win():
    # A rate of 0.1 is in the hole after six steps, a smaller one stays around 0.5.
    def fun(x, rng):
        f = abs(x[0] - 0.5) + 0.01 * rng.standard_normal()
        return (f if x[0] < 0.55 else np.nan), np.sign(x - 0.5)

    options = {"learning_rate": "race", "maxiter": HORIZON}
    result = minimize(fun, np.zeros(1), method="gd", jac=True, rng=1, options=options)
    assert result.status in (1, 16)
    assert_allclose(result.x, 0.5, atol=0.05)


def test_who_never_gets_a_value_does_not_win():
    def fun(x, rng):
        z = 0.01 * rng.standard_normal()
        return (10.0 + x[0] ** 2 / 2 + z if abs(x[0]) < 1.5 else np.nan), x + z

    result = run(fun, x0=np.ones(1), horizon=2000)
    assert_allclose(result.fun, 10.0, atol=0.05)
    assert_allclose(result.x, 0.0, atol=0.05)
