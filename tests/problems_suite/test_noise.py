"""The noisy oracles: the same bits from a seed, and no bias."""

import numpy as np
import pytest

from nadamkit import minimize, problems
from nadamkit.problems._problem import frozen

STOCHASTIC = problems.names("stochastic")
BATCHES = [name for name in STOCHASTIC if problems.get(name).batch_size]
DRAWS = [name for name in STOCHASTIC if not problems.get(name).batch_size]
#: Samples for the mean; the heavy functions get fewer.
SAMPLES = {"nce_pydoc": 400, "vqe_tfim4": 2000}


def near(problem, seed=3):
    """A point where no derivative vanishes by symmetry."""
    return problem.x0 + 0.1 * np.random.default_rng(seed).standard_normal(problem.n)


def test_kinds():
    assert (len(BATCHES), len(DRAWS)) == (6, 5)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_seed_gives_the_same_bits(name):
    problem = problems.get(name)
    x = near(problem)
    first, second, other = (problem.sample(x, np.random.default_rng(s)) for s in (5, 5, 6))
    assert first[0] == second[0]
    assert first[1].tobytes() == second[1].tobytes()
    assert first[0] != other[0]


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_generator_goes_on(name):
    problem, rng = problems.get(name), np.random.default_rng(5)
    x = near(problem)
    assert problem.sample(x, rng)[0] != problem.sample(x, rng)[0]


@pytest.mark.parametrize("name", BATCHES)
def test_mean_over_the_batches_of_an_epoch_is_the_whole(name):
    problem = problems.get(name)
    x, order = near(problem), np.random.default_rng(0).permutation(len(problem.args[0]))
    f, g, one = 0.0, np.zeros(problem.n), np.empty(problem.n)
    for begin in range(0, order.size, problem.batch_size):
        rows = order[begin : begin + problem.batch_size]
        share = rows.size / order.size  # the last batch may be smaller
        f += share * problem.fun(x, one, *(frozen(a[rows]) for a in problem.args))
        g += share * one
    value, gradient = problem.value_and_gradient(x)
    assert f == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(g, gradient, rtol=1e-11, atol=1e-13 * abs(gradient).max())


@pytest.mark.parametrize("name", BATCHES)
def test_a_sample_is_one_batch(name):
    problem = problems.get(name)
    x, g = near(problem), np.empty(problem.n)
    rng = np.random.default_rng(11)
    rows = rng.choice(len(problem.args[0]), problem.batch_size, replace=False)
    f = problem.fun(x, g, *(frozen(a[rows]) for a in problem.args))
    sampled = problem.sample(x, np.random.default_rng(11))
    assert sampled[0] == f
    assert sampled[1].tobytes() == g.tobytes()


@pytest.mark.parametrize("name", DRAWS)
def test_mean_over_draws_is_the_exact_function(name):
    """The value and the derivatives, or some of them, within five standard errors."""
    problem, rng = problems.get(name), np.random.default_rng(2026)
    x = near(problem)
    directions = (
        np.eye(problem.n)
        if problem.n <= 100
        else np.random.default_rng(1).standard_normal((8, problem.n))
    )
    draws = [problem.sample(x, rng) for _ in range(SAMPLES.get(name, 4000))]
    seen = np.array([np.append(directions @ g, f) for f, g in draws])
    value, gradient = problem.value_and_gradient(x)
    errors = seen.mean(axis=0) - np.append(directions @ gradient, value)
    allowed = 5 * seen.std(axis=0) / np.sqrt(len(seen))
    assert (seen.std(axis=0) > 0).all()
    assert (abs(errors) <= allowed).all()


@pytest.mark.parametrize("name", [n for n in DRAWS if n != "vqe_tfim4"])
def test_a_draw_is_one_smooth_function(name):
    """Under the same noise the gradient is that of the value, by central differences."""
    problem = problems.get(name)
    x, d = near(problem), np.random.default_rng(4).standard_normal(problem.n)
    h = 1e-6 * d
    above, below = (problem.sample(x + s * h, np.random.default_rng(9))[0] for s in (1, -1))
    _, g = problem.sample(x, np.random.default_rng(9))
    assert (above - below) / 2e-6 == pytest.approx(g @ d, rel=1e-6)


def test_shot_noise_is_that_of_a_hundred_measurements():
    """The variance of a mean over 100 shots: that of one measurement of ZZ and of one of X."""
    from tests.problems_suite import models

    problem, rng = problems.get("vqe_tfim4"), np.random.default_rng(0)
    x = near(problem)
    state = models.circuit(x)
    bonds = -sum(models.on({q: models.PAULI_Z, q + 1: models.PAULI_Z}) for q in range(3))
    field = -sum(models.on({q: models.PAULI_X}) for q in range(4))
    variance = sum(
        state @ part @ part @ state - (state @ part @ state) ** 2 for part in (bonds, field)
    )
    seen = np.array([problem.sample(x, rng)[0] for _ in range(2000)])
    assert seen.var() == pytest.approx(variance / 100, rel=0.2)


@pytest.mark.parametrize("name", DRAWS)
def test_noise_is_drawn_inside_the_compiled_loop(name):
    problem = problems.get(name)
    rate = {"rosen20_noise": 1e-3}.get(name, 1e-2)
    options = {"learning_rate": rate, "maxiter": 30}
    runs = [
        minimize(problem.fun, problem.x0, args=(*problem.args, rng), options=options)
        for rng in map(np.random.default_rng, (1, 1, 2))
    ]
    assert runs[0].x.tobytes() == runs[1].x.tobytes() != runs[2].x.tobytes()
    assert problem.exact(runs[0].x) < problem.exact(problem.x0)
