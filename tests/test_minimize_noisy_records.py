"""History and points of runs that are made of several, and of runs that go back to their start."""

import itertools

import numpy as np
import pytest

from nadamkit import minimize
from nadamkit.loops.plan import LEARNED, Noise, Plan


def noisy_bowl(rng):
    def fun(x):
        e = rng.standard_normal(x.size)
        return 0.5 * x @ x + e @ x, x + e

    return fun


def records(result):
    return list(zip(result.history.nit.tolist(), map(tuple, result.history.x), strict=True))


def test_history_of_a_noticed_run_goes_on():
    options = {"history": 10, "maxiter": 300}
    result = minimize(noisy_bowl(np.random.default_rng(0)), [3.0, -4.0], jac=True, options=options)
    assert result.stochastic
    assert result.history.nit.size >= 25
    assert (np.diff(result.history.nit) > 0).all()


def test_every_point_of_a_noticed_run_once():
    options = {"return_all": True, "maxiter": 300}
    result = minimize(noisy_bowl(np.random.default_rng(0)), [3.0, -4.0], jac=True, options=options)
    assert result.stochastic
    assert len(result.allvecs) == result.nit + 1


def test_every_point_of_a_race_once():
    options = {"return_all": True, "maxiter": 600, "learning_rate": "race"}
    fun = noisy_bowl(np.random.default_rng(0))
    result = minimize(fun, [3.0, -4.0], jac=True, stochastic=True, options=options)
    assert result.nit == 600
    assert len(result.allvecs) == result.nit + 1


def test_callbacks_and_points_of_a_run_that_goes_back():
    """A narrow valley: the first step goes far beyond it, and the run begins again."""
    restarts, seen = [], []

    def fun(x):
        d = abs(x[0] - 1.0) - 1e-6
        restarts.append(x[0] == 1.0)
        return 1e6 * max(d, 0.0) ** 2 + x[0], np.array([2e6 * max(d, 0.0) * np.sign(x[0] - 1) + 1])

    options = {"return_all": True, "maxiter": 300}
    result = minimize(fun, [1.0], jac=True, stochastic=True, options=options, callback=seen.append)
    assert sum(restarts) > 4  # at the start again after having left it
    assert result.nit == 300
    assert len(seen) == 300
    assert len(result.allvecs) == 301


def test_the_point_at_the_end_has_no_value():
    fun = noisy_bowl(np.random.default_rng(0))
    options = {"history": 1, "maxiter": 20}
    result = minimize(fun, [3.0, -4.0], jac=True, stochastic=True, options=options)
    assert np.isfinite(result.history.fun[:-1]).all()
    assert np.isnan(result.history.fun[-1])


def test_an_infinite_slope_at_a_bound_is_no_step():
    rng = np.random.default_rng(0)

    def fun(x):
        with np.errstate(divide="ignore"):
            noise = 0.1 * rng.standard_normal(3)
            return np.sqrt(x).sum() + noise[0], 0.5 / np.sqrt(x) + noise[1:]

    result = minimize(
        fun, [0.0, 1.0], jac=True, bounds=[(0, 2)] * 2, stochastic=True, options={"maxiter": 200}
    )
    assert np.isfinite(result.x).all()
    assert not result.success


@pytest.mark.parametrize("average", ["tail", 0.9, 0.7])
@pytest.mark.parametrize("rate", ["auto", 1.0])
def test_averages_stay_inside(average, rate):
    rng = np.random.default_rng(0)
    for _ in range(20):
        upper = rng.uniform(0.1, 1.0, 5)
        fun, bounds = (lambda x: (-x.sum(), -np.ones(5))), [(None, u) for u in upper]
        options = {"average": average, "learning_rate": rate, "maxiter": 60}
        result = minimize(
            fun, np.zeros(5), jac=True, bounds=bounds, method="gd", stochastic=True, options=options
        )
        assert (result.x <= upper).all()


@pytest.mark.parametrize("stop", ["exhausted", "callback"])
def test_the_last_stretch_is_validated(stop):
    seen, calls = [], itertools.count()

    def validation(x):
        seen.append(x)
        return float(x @ x)

    def callback(x):
        if stop == "callback" and next(calls) == 59:
            raise StopIteration

    result = minimize(
        lambda x, b: (0.5 * (x - b) @ (x - b), x - b),
        [3.0, -4.0],
        jac=True,
        batches=iter([np.zeros(2)] * 60),
        validation=validation,
        callback=callback,
        options={"learning_rate": 0.1},
    )
    assert len(seen) == 1
    assert result.validation == pytest.approx(float(result.x @ result.x))


def test_one_value_says_nothing_of_its_noise():
    fun = noisy_bowl(np.random.default_rng(0))
    result = minimize(fun, [3.0, -4.0], jac=True, stochastic=True, options={"maxiter": 1})
    assert np.isnan(result.fun_error)
    assert "noise alone" not in result.message


def test_a_function_that_is_never_finite_has_no_gradient():
    result = minimize(lambda x: (np.nan, x * np.nan), [1.0, 2.0], jac=True, stochastic=True)
    assert result.status == 3
    assert np.isnan(result.fun)
    assert np.isnan(result.jac).all()


@pytest.mark.parametrize("horizon", [2.0, 2000.0, np.inf])
def test_a_plan_has_one_type_of_stretch(horizon):
    """Two types would be two compiled loops."""
    assert type(Plan(Noise(horizon=horizon), LEARNED).stretch) is float
