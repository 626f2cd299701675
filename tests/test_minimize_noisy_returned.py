"""`minimize` of noisy functions: which point is returned, with which value and error."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize
from tests.noisy_problems import noisy_bowl
from tests.problems import START, Spy, bowl

MODES = [{}, {"learning_rate": 0.05}]


def run(fun=noisy_bowl, **options):
    return minimize(fun, START, jac=True, rng=1, options=options)


def iterates(**options):
    """The points x_1, x_2, ... of a run, from the lists and the last of them."""
    result = run(return_all=True, average="last", **options)
    return [*result.allvecs[1 : result.nit], result.x]


@pytest.mark.parametrize("mode", MODES)
def test_the_last_iterate_is_returned_by_default(mode):
    assert_array_equal(run(maxiter=300, **mode).x, iterates(maxiter=300, **mode)[-1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("steps", [1, 2, 9, 300])
def test_the_tail_average(steps, mode):
    mean = np.zeros(3)
    for t, x in enumerate(iterates(maxiter=steps, **mode), 1):
        mean += 9 / (8 + t) * (x - mean)
    result = run(maxiter=steps, average="tail", **mode)
    assert_allclose(result.x, mean, rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("decay", [0.5, 0.9, 0.99])
def test_the_exponential_average(decay, mode):
    mean = np.zeros(3)
    for t, x in enumerate(iterates(maxiter=300, **mode), 1):
        mean += max(1 - decay, 1 / t) * (x - mean)
    assert_allclose(run(maxiter=300, average=decay, **mode).x, mean, rtol=1e-12)


@pytest.mark.parametrize("average", ["tail", 0.9])
def test_an_average_changes_no_step(average):
    assert_array_equal(
        run(maxiter=50, average=average, return_all=True).allvecs[:50],
        run(maxiter=50, return_all=True).allvecs[:50],
    )


def test_an_average_lies_nearer_to_the_solution():
    distances = {
        average: [
            bowl(run(lambda x, rng, s=s: noisy_bowl(x, s), learning_rate=0.05, average=average).x)
            for s in (np.random.default_rng(i) for i in range(5))
        ]
        for average in ("last", "tail")
    }
    assert np.mean(distances["tail"]) < 0.5 * np.mean(distances["last"])


@pytest.mark.parametrize("mode", MODES)
def test_value_and_gradient_are_means_of_the_last_ones(mode):
    fun = Spy(noisy_bowl)
    result = run(fun, maxiter=300, **mode)
    f, g, rng = 0.0, np.zeros(3), np.random.default_rng(1)
    for t, x in enumerate(fun.points, 1):
        value, gradient = noisy_bowl(x, rng)
        f += 9 / (8 + t) * (value - f)
        g += 9 / (8 + t) * (gradient - g)
    assert_allclose(result.fun, f, rtol=1e-12)
    assert_allclose(result.jac, g, rtol=1e-9, atol=1e-12)


STEPS, LEVEL, STD, SEEDS = 300, 3.0, 2.0, 300


@pytest.fixture(scope="module")
def flat_runs():
    """Runs of a function that is nothing but noise, one for each seed."""

    def fun(x, rng):
        return LEVEL + STD * rng.standard_normal(), np.zeros(1)

    options = {"maxiter": STEPS}
    return [minimize(fun, [0.0], jac=True, rng=1000 + i, options=options) for i in range(SEEDS)]


def test_the_error_of_the_value_is_its_scatter_over_seeds(flat_runs):
    kept = [result for result in flat_runs if result.status != 18]
    values, errors = np.transpose([(result.fun, result.fun_error) for result in kept])
    t = np.arange(1, STEPS + 1) / STEPS
    assert_allclose(np.mean(errors), STD * np.sqrt(np.sum(t**16)) / np.sum(t**8), rtol=0.1)
    assert_allclose(np.std(values), np.mean(errors), rtol=0.15)  # 3.7 of its standard errors
    assert_allclose(np.mean(values), LEVEL, atol=4 * np.mean(errors) / np.sqrt(len(kept)))


def test_noise_alone_is_hardly_ever_taken_for_a_fall_or_a_rise(flat_runs):
    statuses = [result.status for result in flat_runs]
    assert set(statuses) <= {16, 18}
    # Beyond three standard errors: 0.4 expected, more than 2 in one of 130 cases.
    assert statuses.count(18) <= 2
