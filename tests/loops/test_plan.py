"""How far a noisy run goes, how its steps shrink, and what its means say."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize
from nadamkit.errors import ObjectiveError
from nadamkit.loops import plan as plans
from nadamkit.loops.plan import GIVEN, LEARNED, RACED, Noise, Plan
from nadamkit.loops.stopping import (
    CALLBACK,
    DIVERGED,
    EXHAUSTED,
    MAXFUN,
    MAXITER,
    MAXTIME,
    NOISE_FLOOR,
    NONFINITE,
    PATIENCE,
    RUNNING,
    TARGET,
)

X = np.zeros(2)
OPEN = Noise(horizon=math.inf)
ASKING = [NOISE_FLOOR, CALLBACK, MAXTIME]
FINAL = [TARGET, NONFINITE, MAXFUN, EXHAUSTED]


# Shares ------------------------------------------------------------------------------------------


def half_cosine(done):
    return 0.5 + 0.5 * np.cos(np.pi * done)


def test_the_steps_follow_the_shape():
    plan = Plan(Noise(horizon=6), LEARNED, half_cosine)
    root = math.sqrt(3) / 2
    by_hand = [1.0, (1 + root) / 2, 0.75, 0.5, 0.25, (1 - root) / 2]
    assert_allclose(plan.shares(1, 6), by_hand, rtol=1e-15)


def test_the_square_of_a_cosine():
    assert_allclose(plans.cosine_squared(np.array([0, 1 / 3, 0.5, 1])), [1, 9 / 16, 1 / 4, 0])


@pytest.mark.parametrize("horizon", [1, 2, 100, 1000])
def test_every_step_moves_and_the_first_is_whole(horizon):
    shares = Plan(Noise(horizon=horizon), LEARNED).shares(1, horizon)
    assert shares[0] == 1.0
    assert (shares > 0.0).all()
    assert (np.diff(shares) < 0.0).all()


@pytest.mark.parametrize("noise", [Noise(horizon=100), OPEN])
def test_pieces_of_the_course_fit_together(noise):
    plan = Plan(noise, LEARNED)
    pieces = [plan.shares(1, 7), plan.shares(8, 60), plan.shares(68, 33)]
    assert_array_equal(np.concatenate(pieces), plan.shares(1, 100))


def test_without_a_horizon_the_steps_last_until_it_is_asked_to_end():
    plan = Plan(OPEN, LEARNED)
    before = plan.shares(41, 1)[0]
    assert 100 * plan.shares(10**6, 1)[0] > plan.shares(10**8, 1)[0] > 0.0
    assert not plan.cooling
    assert plan.after(CALLBACK, 40, X) == RUNNING
    assert plan.cooling
    assert plan.rows(40, 256) == 10
    shares = plan.shares(41, 10)
    assert shares[0] == before
    assert (np.diff(shares) < 0.0).all()
    assert 0.0 < shares[-1] < 0.2 * before
    assert_array_equal(plan.shares(44, 3), shares[3:6])


# Rows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "asked", "rows"), [(0, 256, 256), (0, 5000, 1000), (900, 256, 100), (1000, 256, 0)]
)
def test_rows_up_to_the_end(done, asked, rows):
    assert Plan(Noise(horizon=1000), LEARNED).rows(done, asked) == rows


@pytest.mark.parametrize(
    ("done", "asked", "rows"), [(0, 256, 30), (29, 256, 1), (30, 256, 30), (35, 7, 7), (90, 99, 10)]
)
def test_rows_up_to_the_next_validation(done, asked, rows):
    noise = Noise(horizon=100, validation=lambda x: 0.0, every=30)
    assert Plan(noise, LEARNED).rows(done, asked) == rows


def test_rows_without_an_end():
    assert Plan(OPEN, LEARNED).rows(10**9, 256) == 256


# After some steps --------------------------------------------------------------------------------


def test_a_run_goes_on_until_its_horizon():
    plan = Plan(Noise(horizon=100), LEARNED)
    assert plan.after(RUNNING, 99, X) == RUNNING
    assert plan.after(RUNNING, 100, X) == MAXITER


@pytest.mark.parametrize("status", ASKING + FINAL)
@pytest.mark.parametrize("kind", [LEARNED, RACED, GIVEN])
def test_with_a_horizon_every_end_is_one(status, kind):
    plan = Plan(Noise(horizon=100), kind)
    assert plan.after(status, 40, X) == status
    assert not plan.cooling


@pytest.mark.parametrize("status", FINAL)
def test_without_a_horizon_some_ends_are_at_once(status):
    plan = Plan(OPEN, LEARNED)
    assert plan.after(status, 40, X) == status
    assert not plan.cooling


@pytest.mark.parametrize("status", ASKING)
def test_without_a_horizon_others_are_after_a_cooldown(status):
    plan = Plan(OPEN, LEARNED)
    assert plan.after(status, 40, X) == RUNNING
    assert plan.after(RUNNING, 49, X) == RUNNING
    assert plan.after(RUNNING, 50, X) == status


@pytest.mark.parametrize("first", ASKING)
def test_the_time_limit_ends_a_cooldown(first):
    plan = Plan(OPEN, LEARNED)
    plan.after(first, 40, X)
    assert plan.after(MAXTIME, 45, X) == MAXTIME


@pytest.mark.parametrize("status", ASKING)
def test_a_cooldown_right_at_the_start_ends_too(status):
    plan = Plan(OPEN, LEARNED)
    assert plan.after(status, 0, X) == RUNNING
    assert plan.after(RUNNING, 1, X) == status


@pytest.mark.parametrize("status", ASKING)
def test_with_a_given_rate_there_is_nothing_to_cool(status):
    plan = Plan(OPEN, GIVEN)
    assert plan.after(status, 40, X) == status


# Validation --------------------------------------------------------------------------------------


def validating(values, kind=GIVEN, **noise):
    left = iter(values)
    return Plan(Noise(validation=lambda x: next(left), every=10, **noise), kind)


def test_validation_keeps_the_lowest():
    plan = validating([3.0, 1.0, 2.0], horizon=30)
    for done in (10, 20, 30):
        plan.after(RUNNING, done, np.full(2, float(done)))
    assert plan.validated == 1.0
    assert_array_equal(plan.valid_x, [20.0, 20.0])


def test_validation_keeps_a_copy():
    plan, x = validating([3.0], horizon=30), np.ones(2)
    plan.after(RUNNING, 10, x)
    x[:] = 5.0
    assert_array_equal(plan.valid_x, [1.0, 1.0])


def test_patience_counts_validations():
    plan = validating([3.0, 3.0, 2.0, 2.0, 2.0], horizon=1000, patience=2)
    statuses = [plan.after(RUNNING, done, X) for done in (10, 20, 30, 40, 50)]
    assert statuses == [RUNNING] * 4 + [PATIENCE]


def test_learned_steps_shrink_once_patience_is_lost():
    plan = validating([3.0, 3.0, 2.0, 2.0, 2.0, 1.0, 1.0], LEARNED, horizon=1000, patience=2)
    statuses = [plan.after(RUNNING, done, X) for done in (10, 20, 30, 40, 50)]
    assert statuses == [RUNNING] * 5
    assert plan.cooling
    assert plan.after(RUNNING, 60, X) == RUNNING
    assert plan.after(RUNNING, plan.end, X) == PATIENCE
    assert plan.end == 63
    assert plan.validated == 1.0


def test_validation_is_not_asked_in_between():
    plan = validating([], horizon=1000)
    assert plan.after(RUNNING, 0, X) == RUNNING
    assert plan.after(RUNNING, 15, X) == RUNNING


def test_validation_that_is_no_number():
    with pytest.raises(ObjectiveError, match=r"^validation returned None; it must return a number"):
        validating([None]).after(RUNNING, 10, X)


# What the means say ------------------------------------------------------------------------------


@pytest.fixture
def estimates(monkeypatch):
    """A list with the estimate of each run."""
    seen, original = [], plans.estimate

    def spy(state, steps, box=None):
        seen.append(original(state, steps, box))
        return seen[-1]

    monkeypatch.setattr(plans, "estimate", spy)
    return seen


def samples(values, gradients):
    """Run a function that gives these values and gradients, and does not move."""

    def fun(x, f, g):
        return f, g

    given = {"batches": iter(zip(values, gradients, strict=True)), "jac": True}
    options = {"learning_rate": 0.0, "maxiter": len(values)}
    return minimize(fun, np.zeros(len(gradients[0])), options=options, **given)


def weights(count):
    """Of the values in the mean that takes in the t-th by 9/(8 + t) of its distance."""
    w = np.zeros(count)
    for t in range(1, count + 1):
        w[: t - 1] *= 1 - 9 / (8 + t)
        w[t - 1] = 9 / (8 + t)
    return w


@pytest.mark.parametrize("count", [30, 300, 2000])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_mean_and_error_of_the_values(count, scale, estimates):
    values = scale * (5.0 + np.random.default_rng(count).standard_normal(count))
    samples(values, np.zeros((count, 1)))
    w = weights(count)
    mean = w @ values
    # A weighted variance is low by the sum of the squared weights.
    error = np.sqrt(w @ (values - mean) ** 2 * np.sum(w**2))
    assert_allclose(estimates[0].fun, mean, rtol=1e-12)
    assert_allclose(estimates[0].error, error, rtol=0.2 if count < 100 else 0.03)


@pytest.mark.parametrize("n", [1, 2, 20])
def test_white_noise_is_one_standard_error_from_zero(n, estimates):
    rng = np.random.default_rng(n)
    scales = np.geomspace(0.1, 10.0, n)
    for _ in range(100):
        samples(np.zeros(300), scales * rng.standard_normal((300, n)))
    # Its mean square has a standard error of at most the root of 2/100.
    squares = [found.signal**2 for found in estimates]
    assert_allclose(np.mean(squares), 1.0, atol=4 * math.sqrt(2 / 100))
    assert np.mean([found.signal > 2 for found in estimates]) <= 0.1


@pytest.mark.parametrize("slope", [0.5, 2.0, 50.0])
def test_a_slope_is_many_standard_errors_from_zero(slope, estimates):
    gradients = slope + np.random.default_rng(0).standard_normal((500, 3))
    result = samples(np.zeros(500), gradients)
    assert_allclose(estimates[0].signal, slope / np.sqrt(np.sum(weights(500) ** 2)), rtol=0.3)
    assert result.status == MAXITER


def test_gradients_without_noise(estimates):
    assert samples(np.zeros(50), np.ones((50, 2))).status == MAXITER
    assert estimates[0].signal > 1e6
    assert samples(np.zeros(50), np.zeros((50, 2))).status == NOISE_FLOOR
    assert estimates[1].signal == 0.0


@pytest.mark.parametrize(("rise", "status"), [(0.0, NOISE_FLOOR), (2.0, DIVERGED), (-2.0, None)])
def test_an_end_above_the_start(rise, status, estimates):
    rng = np.random.default_rng(3)
    values = rise * np.linspace(0.0, 1.0, 400) + 0.1 * rng.standard_normal(400)
    result = samples(values, np.zeros((400, 1)))
    assert estimates[0].worse is (status == DIVERGED)
    assert result.status == (NOISE_FLOOR if status is None else status)
