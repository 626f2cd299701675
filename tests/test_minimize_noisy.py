"""`minimize` of noisy functions: what it finds, and that the same seed gives the same bits."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize, registry
from tests.noisy_problems import (
    NOISE,
    ROWS,
    assert_same,
    data,
    excess,
    noisy_bowl,
    slopes,
    squares,
    tilted_bowl,
)
from tests.problems import CENTRE, CURVATURE, START, Spy, bowl, bowl_jac


def run(seed=1, fun=noisy_bowl, x0=START, **arguments):
    return minimize(fun, x0, **{"jac": True, "rng": seed} | arguments)


SHORT = {"auto": {"maxiter": 60}, "fixed": {"maxiter": 60, "learning_rate": 0.1}}
RACE = {"maxiter": 60, "learning_rate": "race"}


@pytest.mark.parametrize("options", [*SHORT.values(), RACE], ids=[*SHORT, "race"])
def test_the_seed_decides_the_bits(options):
    first = run(options=options)
    assert first.stochastic is True
    assert_same(first, run(options=options))
    assert_same(first, run(np.random.default_rng(1), options=options))
    assert_same(first, run(np.random.SeedSequence(1), options=options))
    assert not np.array_equal(first.x, run(2, options=options).x)


@pytest.mark.parametrize("options", [*SHORT.values(), RACE], ids=[*SHORT, "race"])
def test_the_seed_decides_the_bits_with_batches(options):
    arguments = {"fun": squares, "args": data(), "batch_size": 16, "options": options}
    first = run(**arguments)
    assert_same(first, run(**arguments))
    assert not np.array_equal(first.x, run(2, **arguments).x)


@pytest.mark.parametrize("cut", [False, True])
def test_a_generator_is_advanced(cut):
    rng = np.random.default_rng(1)
    arguments = {"fun": squares, "args": data(), "batch_size": 16} if cut else {}
    runs = [run(rng, **arguments, options=SHORT["fixed"]) for _ in range(2)]
    assert rng.bit_generator.state != np.random.default_rng(1).bit_generator.state
    assert not np.array_equal(runs[0].x, runs[1].x)


def test_runs_without_a_seed_differ():
    arguments = {"fun": squares, "args": data(), "batch_size": 16, "options": SHORT["fixed"]}
    assert not np.array_equal(run(None, **arguments).x, run(None, **arguments).x)


def test_nothing_of_the_users_is_changed():
    x0, (a, y) = START.copy(), data()
    a, y, options = a.copy(), y.copy(), {"maxiter": 30}
    run(fun=squares, x0=x0, args=(a, y), batch_size=16, options=options)
    assert_array_equal(x0, START)
    assert_array_equal(a, data()[0])
    assert_array_equal(y, data()[1])
    assert options == {"maxiter": 30}


# What it finds. The noise leaves an excess of some NOISE^2 n / (2 k) after k steps, here far below
# one part in a hundred of the start's.


@pytest.mark.parametrize("seed", [1, 2])
def test_every_method_finds_the_bottom_of_a_noisy_bowl(method, dtype, seed):
    result = run(seed, x0=START.astype(dtype), method=method)
    assert result.x.dtype == result.jac.dtype == dtype
    assert bowl(result.x) < 0.05 * bowl(START)
    assert result.nit == result.nfev == result.njev == 2000


def test_every_method_fits_a_line_in_batches(method, dtype):
    a, y = (column.astype(dtype) for column in data())
    result = run(
        *(3, squares, START.astype(dtype)),
        args=(a, y),
        batch_size=16,
        epochs=100,
        method=method,
    )
    assert result.x.dtype == dtype
    assert excess(result.x) < 0.05 * excess(START)


@pytest.mark.parametrize("method", ["gd", "momentum", "nadam", "adagrad"])
def test_every_kind_of_method_wins_a_race(method):
    result = run(method=method, options={"learning_rate": "race", "maxiter": 2000})
    assert bowl(result.x) < 0.05 * bowl(START)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_function_plays_no_part(scale):
    def fun(x, rng):
        f, g = noisy_bowl(x, rng)
        return scale * f, scale * g

    assert bowl(run(fun=fun).x) < 0.05 * bowl(START)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_scale_of_the_variables_plays_no_part(scale):
    def fun(x, rng):
        f, g = noisy_bowl(x / scale, rng)
        return f, g / scale

    result = run(fun=fun, x0=np.zeros(3))
    assert bowl(result.x / scale) < 0.05 * bowl(np.zeros(3))


def test_the_result_is_near_the_solution_of_the_data():
    result = run(fun=squares, args=data(), batch_size=16, epochs=200)
    assert_allclose(result.x, np.linalg.lstsq(*data())[0], atol=0.05)
    assert_allclose(result.fun, squares(result.x, *data())[0], atol=5 * result.fun_error)


def test_a_noisy_function_is_found_out():
    rng = np.random.default_rng(4)
    fun = Spy(lambda x: noisy_bowl(x, rng))
    result = minimize(fun, START, jac=True)
    assert result.stochastic is True
    assert result.message.startswith("The function gave two values at one point, so the run went")
    assert result.nfev == fun.calls
    assert bowl(result.x) < 0.05 * bowl(START)


def test_a_function_that_is_said_to_be_exact_is_not_taken_to_be_noisy():
    rng = np.random.default_rng(4)
    result = minimize(lambda x: noisy_bowl(x, rng), START, jac=True, stochastic=False)
    assert "stochastic" not in result


def test_a_generator_among_the_arguments_means_noise():
    result = minimize(
        *(noisy_bowl, START, np.random.default_rng(1)), jac=True, options={"maxiter": 50}
    )
    assert result.stochastic is True
    assert result.nit == 50


def test_a_deterministic_function_is_not_taken_to_be_noisy():
    result = minimize(bowl, START, jac=bowl_jac)
    assert (result.status, "stochastic" in result, "fun_error" in result) == (0, False, False)


# Common random numbers ---------------------------------------------------------------------------


class Sampled:
    """Slopes drawn by the parts of a function, each with its own list of what it drew."""

    def __init__(self):
        self.of_fun, self.of_jac = [], []

    def fun(self, x, rng):
        z = rng.standard_normal(3)
        self.of_fun.append(z)
        return np.sum(CURVATURE * (x - CENTRE) ** 2) / 2 + np.sum(z * x)

    def jac(self, x, rng):
        z = rng.standard_normal(3)
        self.of_jac.append(z)
        return bowl_jac(x) + z


@pytest.mark.parametrize("options", SHORT.values(), ids=list(SHORT))
def test_value_and_gradient_see_the_same_sample(options):
    sampled = Sampled()
    result = run(fun=sampled.fun, jac=sampled.jac, options=options)
    assert result.nfev == result.njev == len(sampled.of_fun) == len(sampled.of_jac) == 60
    assert_array_equal(sampled.of_fun, sampled.of_jac)
    assert len({z.tobytes() for z in sampled.of_fun}) == 60


@pytest.mark.parametrize(("scheme", "calls"), [("2-point", 4), ("3-point", 7), ("cs", 4)])
@pytest.mark.parametrize("options", SHORT.values(), ids=list(SHORT))
def test_differences_are_of_one_sample(scheme, calls, options):
    sampled = Sampled()
    result = run(fun=sampled.fun, jac=scheme, options=options)
    assert result.nit == result.njev == 60
    assert result.nfev == len(sampled.of_fun) == 60 * calls
    samples = np.reshape(sampled.of_fun, (60, calls, 3))
    assert_array_equal(samples, samples[:, :1].repeat(calls, axis=1))
    assert len(np.unique(samples[:, 0], axis=0)) == 60


@pytest.mark.parametrize("scheme", ["2-point", "3-point", "cs"])
def test_the_gradient_is_that_of_the_sample(scheme):
    sampled = Sampled()
    result = run(fun=sampled.fun, jac=scheme, options={"maxiter": 1})
    assert_allclose(result.jac, bowl_jac(START) + sampled.of_fun[0], rtol=1e-6, atol=1e-6)


def test_a_gradient_that_draws_nothing_does_not_freeze_the_noise():
    values = []

    def fun(x, rng):
        values.append(rng.standard_normal())
        return bowl(x) + values[-1]

    result = run(fun=fun, jac=lambda x, rng: bowl_jac(x), options={"maxiter": 100})
    assert len(set(values)) == 100
    assert result.fun_error > 0.0


def test_batches_of_value_and_gradient_are_the_same():
    seen = {"fun": [], "jac": []}

    def fun(x, a, y):
        seen["fun"].append(y)
        return squares(x, a, y)[0]

    def jac(x, a, y):
        seen["jac"].append(y)
        return squares(x, a, y)[1]

    run(fun=fun, jac=jac, args=data(), batch_size=16, options=SHORT["auto"])
    assert len(seen["fun"]) == len(seen["jac"]) == 60
    for ours, theirs in zip(*seen.values(), strict=True):
        assert_array_equal(ours, theirs)


def test_one_sample_alone_makes_a_deterministic_function():
    values = {}

    def fun(x, rng):
        f, g = noisy_bowl(x, rng)
        assert values.setdefault(x.tobytes(), f) == f
        return f, g

    result = run(fun=fun, stochastic=False)
    z = NOISE * np.random.default_rng(1).standard_normal(3)
    assert (result.status, result.success, "stochastic" in result) == (0, True, False)
    assert_allclose(result.x, CENTRE - z / CURVATURE, atol=1e-5)
    assert_allclose(result.jac, 0.0, atol=1e-5)


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
def test_differences_of_one_sample_alone(jac):
    sampled = Sampled()
    result = run(fun=sampled.fun, jac=jac, stochastic=False)
    assert len(np.unique(sampled.of_fun, axis=0)) == 1
    assert_allclose(result.x, CENTRE - sampled.of_fun[0] / CURVATURE, atol=1e-4)


# What the user's function gets -------------------------------------------------------------------


def test_the_order_of_the_arguments():
    def fun(x, *args):
        seen.append(args)
        return bowl(x), bowl_jac(x)

    options, seen = {"maxiter": 3, "learning_rate": 0.1}, []
    minimize(fun, START, ("a", "b"), jac=True, rng=1, options=options)
    assert all(args[:2] == ("a", "b") for args in seen)
    assert all(isinstance(args[2], np.random.Generator) and len(args) == 3 for args in seen)
    seen.clear()
    minimize(fun, START, ("a",), jac=True, batches=[(1, 2), (3, 4)], options=options)
    assert seen == [(1, 2, "a"), (3, 4, "a"), (1, 2, "a")]
    seen.clear()
    minimize(fun, START, (data()[1], "a"), jac=True, batch_size=ROWS, rng=1, options=options)
    assert all(len(args) == 2 and args[1] == "a" for args in seen)


def test_batches_of_the_users_own():
    given = slopes(10)
    options = {"maxiter": 40, "learning_rate": 0.05}
    result = minimize(tilted_bowl, START, jac=True, batches=given, options=options)
    again = minimize(tilted_bowl, START, jac=True, batches=iter(given * 4), options=options)
    assert_same(result, again)
    assert result.nfev == 40


@pytest.mark.parametrize("name", registry.names())
def test_a_constant_function(name):
    result = run(fun=lambda x, rng: (5.0, np.zeros(3)), method=name, options={"maxiter": 100})
    assert_array_equal(result.x, START)
    assert (result.fun, result.fun_error, result.status) == (5.0, 0.0, 16)
    noise = run(fun=lambda x, rng: (rng.normal(), np.zeros(3)), method=name)
    assert_array_equal(noise.x, START)
    assert noise.status == 16
    assert math.isfinite(noise.fun)
