"""Lucky draws: noise is noticed all the same, and a good run is not given up."""

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from nadamkit import minimize
from nadamkit.errors import NadamkitWarning
from nadamkit.loops.stopping import DIVERGED, PRECISION


def bowl(x):
    return 0.5 * x @ x, x


def valley(x):
    return rosen(x), rosen_der(x)


@pytest.mark.parametrize("size", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize(("fun", "x0"), [(bowl, [3.0, -4.0, 1.0]), (valley, [-1.2, 1.0])])
def test_noise_is_noticed_whatever_it_draws(fun, x0, size):
    """Lucky values shrink the trials to nothing, which is no loss of precision."""
    for seed in range(20):
        rng = np.random.default_rng(seed)

        def noisy(x, rng=rng):
            f, g = fun(x)
            return f + size * rng.standard_normal(), g + size * rng.standard_normal(x.size)

        result = minimize(noisy, x0, jac=True, options={"maxiter": 200})
        assert result.status != PRECISION, seed
        assert result.get("stochastic"), seed


def squares(x, a, b):
    r = a @ x - b
    return 0.5 * np.mean(r**2), r @ a / len(b)


@pytest.mark.parametrize("seed", [90, 201, 221, 268, 347, 350, 376])
def test_close_values_at_the_start_do_not_end_a_good_run(seed):
    """The first four batches have values close together by luck, and later ones lie above them."""
    rng = np.random.default_rng(1000 + seed)
    a = rng.standard_normal((1000, 300))
    b = a @ rng.standard_normal(300) + 0.1 * rng.standard_normal(1000)
    data = {"args": (a, b), "jac": True, "batch_size": 5, "rng": seed}
    result = minimize(squares, np.zeros(300), epochs=10, **data)
    assert result.status != DIVERGED
    assert squares(result.x, a, b)[0] < 0.05 * squares(np.zeros(300), a, b)[0]


@pytest.mark.parametrize("method", ["nadam", "gd"])
def test_a_gradient_of_the_wrong_sign_is_no_success(method):
    """The run explodes, goes back, and says of the start what is true there."""
    rng = np.random.default_rng(0)

    def rises(x):
        return 0.5 * x @ x + 0.01 * rng.standard_normal(), -x

    options = {"maxiter": 400}
    result = minimize(rises, [1.0, 1.0], jac=True, method=method, stochastic=True, options=options)
    assert not result.success
    np.testing.assert_allclose(result.x, [1.0, 1.0], atol=1e-3)
    np.testing.assert_allclose(result.jac, [-1.0, -1.0], rtol=0.01)
    assert abs(result.fun - 1.0) < 5 * result.fun_error < 0.05


def test_differences_of_fresh_noise_are_warned_of():
    """Divided by a step of 1e-8, noise is all there is."""
    rng = np.random.default_rng(0)

    def measured(x):
        return bowl(x)[0] + 0.01 * rng.standard_normal()

    with pytest.warns(NadamkitWarning, match=r"differences of a tiny step.*Pass jac; or let fun"):
        result = minimize(measured, [3.0, -4.0], options={"maxiter": 50})
    assert result.stochastic
    # With a step that fits the noise, or the same noise for both values, there is nothing to say.
    step = {"finite_diff_rel_step": 0.3, "maxiter": 500}
    result = minimize(measured, [3.0, -4.0], jac="3-point", stochastic=True, options=step)
    np.testing.assert_allclose(result.x, 0.0, atol=0.1)
    result = minimize(lambda x, rng: bowl(x)[0] + 0.01 * rng.standard_normal(), [3.0, -4.0], rng=0)
    np.testing.assert_allclose(result.x, 0.0, atol=0.1)
