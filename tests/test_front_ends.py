"""Method objects behind SciPy's own front ends: minimize, basinhopping, dual_annealing, shgo.

The problems have many local minima and a known global one, so that a front end finds it only when
each local search does its part.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_allclose
from scipy import optimize

import nadamkit
from nadamkit import _scipy_method, registry
from nadamkit.loops.run import Runner

NAMES = registry.names()
# The argument was called seed before SciPy 1.15.
RNG = {"rng" if "rng" in inspect.signature(optimize.basinhopping).parameters else "seed": 7}

#: Global minima of the six-hump camel function: (x, y) and (-x, -y).
CAMEL_X = np.array([0.08984201310031806, -0.7126564030207396])
CAMEL_MIN = -1.0316284534898774
CAMEL_BOUNDS = [(-3.0, 3.0), (-2.0, 2.0)]
#: 128 points of a Sobol sequence, which lead shgo to the global minima and two others.
SAMPLING = {"n": 128, "sampling_method": "sobol"}


def camel(x):
    a, b = x[0] ** 2, x[1] ** 2
    return (4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (4 * b - 4) * b


def camel_gradient(x):
    a, b = x[0] ** 2, x[1] ** 2
    return np.array([(8 - 8.4 * a + 2 * a * a) * x[0] + x[1], x[0] + (16 * b - 8) * x[1]])


def camel_both(x):
    return camel(x), camel_gradient(x)


def waves(x, shift=0.0):
    """Rastrigin's function: a minimum near every integer point, the lowest at `shift`."""
    z = np.asarray(x) - shift
    return float(np.sum(z * z + 10 - 10 * np.cos(2 * np.pi * z)))


def waves_gradient(x, shift=0.0):
    z = np.asarray(x) - shift
    return 2 * z + 20 * np.pi * np.sin(2 * np.pi * z)


def assert_is_camel_minimum(result):
    assert result.success
    assert_allclose(result.fun, CAMEL_MIN, atol=1e-9)
    assert_allclose(np.abs(result.x), np.abs(CAMEL_X), atol=1e-5)
    assert result.x[0] * result.x[1] < 0


class TestMinimize:
    @pytest.mark.parametrize("name", NAMES)
    def test_solves(self, name):
        result = optimize.minimize(
            camel, [0.3, -0.5], jac=camel_gradient, method=nadamkit.scipy_method(name)
        )
        assert isinstance(result, optimize.OptimizeResult)
        assert_is_camel_minimum(result)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("bounds", [None, [(0.2, 1.0), (None, None)]])
    @pytest.mark.parametrize("jac", [None, True, camel_gradient])
    def test_equals_a_direct_call(self, name, bounds, jac):
        fun = camel_both if jac is True else camel
        through = optimize.minimize(
            fun, [0.3, -0.5], jac=jac, bounds=bounds, tol=1e-6, method=nadamkit.scipy_method(name)
        )
        direct = nadamkit.minimize(fun, [0.3, -0.5], jac=jac, bounds=bounds, tol=1e-6, method=name)
        np.testing.assert_array_equal(through.x, direct.x)
        for key in ("fun", "nit", "status", "message", "nfev", "njev"):
            assert through[key] == direct[key], key

    @pytest.mark.parametrize("jac", [None, waves_gradient])
    @pytest.mark.parametrize("args", [(0.25,), 0.25])
    def test_args(self, jac, args):
        result = optimize.minimize(
            waves, [0.3, 0.2], args=args, jac=jac, method=nadamkit.scipy_method("nadam")
        )
        assert_allclose(result.x, 0.25, atol=1e-6)

    def test_defaults_and_options(self):
        method = nadamkit.scipy_method("nadam", maxiter=3)
        arguments = {"fun": camel, "x0": [0.3, -0.5], "jac": camel_gradient, "method": method}
        assert optimize.minimize(**arguments).nit == 3
        assert optimize.minimize(**arguments, options={"maxiter": 5}).nit == 5

    def test_keywords_that_scipy_has_not(self):
        """A mean over rows, by minibatches: its minimum is their mean."""
        rows = np.random.default_rng(0).normal([1.0, -2.0], 1.0, (400, 2))
        batches = {"batch_size": 20, "epochs": 30, "rng": 0, "backend": "numpy"}

        def loss(x, rows):
            assert len(rows) == 20
            return 0.5 * np.mean((x - rows) ** 2) * 2, x - rows.mean(axis=0)

        method = nadamkit.scipy_method("nadam", **batches)
        result = optimize.minimize(loss, [0.0, 0.0], (rows,), method, True)
        assert result.stochastic
        assert result.nit == 600
        assert_allclose(result.x, rows.mean(axis=0), atol=0.05)  # a tenth of a batch's error

    def test_noise_is_noticed_through_scipy(self):
        """SciPy would remember the value at the last x, and the check there would see no noise."""
        rng = np.random.default_rng(0)

        def noisy(x):
            f, g = camel_both(x)
            return f + 0.1 * rng.standard_normal(), g + 0.1 * rng.standard_normal(2)

        method = nadamkit.scipy_method("nadam", maxiter=300)
        result = optimize.minimize(noisy, [0.3, -0.5], jac=True, method=method)
        assert result.stochastic
        assert abs(camel(result.x) - CAMEL_MIN) < 0.01

    def test_a_compiled_function_stays_compiled(self, monkeypatch):
        ran, compiled = [], Runner.compiled
        monkeypatch.setattr(Runner, "compiled", lambda *given: ran.append(1) or compiled(*given))

        @njit
        def pair(x):
            return np.sum((x - 1.0) ** 2), 2.0 * (x - 1.0)

        method = nadamkit.scipy_method("nadam")
        result = optimize.minimize(pair, np.zeros(3), jac=True, method=method)
        assert_allclose(result.x, 1.0, atol=1e-5)
        assert ran == [1]

    def test_keywords_cover_what_minimize_has(self):
        ours = set(inspect.signature(nadamkit.minimize).parameters)
        scipys = set(inspect.signature(optimize.minimize).parameters)
        assert ours - scipys == set(_scipy_method.KEYWORDS)

    def test_callback(self):
        seen = []
        result = optimize.minimize(
            camel,
            [0.3, -0.5],
            jac=camel_gradient,
            method=nadamkit.scipy_method("nadam"),
            callback=lambda intermediate_result: seen.append(intermediate_result.fun),
        )
        assert len(seen) == result.nit

    def test_unknown_name(self):
        with pytest.raises(ValueError, match=r"Unknown solver adm.*adam"):
            nadamkit.scipy_method("adm")

    @pytest.mark.parametrize("front", ["minimize", "basinhopping"])
    def test_warnings_are_of_the_users_line(self, front):
        local = {"method": nadamkit.scipy_method("nadam", maxitr=3), "jac": camel_gradient}
        through = local if front == "minimize" else {"minimizer_kwargs": local, "niter": 1, **RNG}
        with pytest.warns(optimize.OptimizeWarning, match="did you mean 'maxiter'") as caught:
            getattr(optimize, front)(camel, [0.3, -0.5], **through)
        assert {warning.filename for warning in caught} == {__file__}

    def test_has_a_name(self):
        # shgo calls method.lower(), as if every method were a string.
        method = nadamkit.scipy_method("nadam")
        assert method.__name__ == "nadam"
        assert method.lower() == "_custom"


class TestBasinhopping:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_method(self, name):
        result = optimize.basinhopping(
            camel,
            [2.0, 1.5],
            niter=15,
            stepsize=1.5,
            minimizer_kwargs={"method": nadamkit.scipy_method(name), "jac": camel_gradient},
            **RNG,
        )
        assert_is_camel_minimum(result)

    @pytest.mark.parametrize("bounds", [None, CAMEL_BOUNDS])
    @pytest.mark.parametrize(("fun", "jac"), [(camel, None), (camel_both, True)])
    def test_bounds_and_gradients(self, fun, jac, bounds):
        local = {"method": nadamkit.scipy_method("nadam"), "jac": jac, "bounds": bounds}
        result = optimize.basinhopping(
            fun, [2.0, 1.5], niter=15, stepsize=1.5, minimizer_kwargs=local, **RNG
        )
        assert_is_camel_minimum(result)
        assert result.minimization_failures == 0

    def test_bounds_hold(self):
        local = {"method": nadamkit.scipy_method("nadam"), "bounds": [(0.5, 3.0), (-2.0, 2.0)]}
        result = optimize.basinhopping(camel, [2.0, 1.5], niter=15, minimizer_kwargs=local, **RNG)
        lowest = result.lowest_optimization_result
        assert lowest.x[0] == 0.5
        assert_allclose(camel_gradient(lowest.x)[1], 0, atol=1e-5)

    def test_counts(self):
        calls = 0

        def counted(x):
            nonlocal calls
            calls += 1
            return camel(x)

        local = {"method": nadamkit.scipy_method("nadam"), "options": {"maxiter": 30}}
        result = optimize.basinhopping(counted, [2.0, 1.5], niter=3, minimizer_kwargs=local, **RNG)
        assert result.nfev == calls


class TestDualAnnealing:
    @pytest.mark.parametrize("jac", [None, waves_gradient])
    @pytest.mark.parametrize("bounds", [None, [(-5.0, 5.0)] * 2])
    def test_bounds_and_gradients(self, jac, bounds):
        local = {"method": nadamkit.scipy_method("nadam"), "jac": jac, "bounds": bounds}
        result = optimize.dual_annealing(
            waves, [(-5.0, 5.0)] * 2, args=(0.25,), maxiter=200, minimizer_kwargs=local, **RNG
        )
        assert_allclose(result.x, 0.25, atol=1e-6)
        assert_allclose(result.fun, 0, atol=1e-9)

    def test_minimum_on_a_bound(self):
        bounds = [(-5.0, -1.5), (0.8, 5.0)]
        local = {"method": nadamkit.scipy_method("nadam"), "bounds": bounds}
        result = optimize.dual_annealing(waves, bounds, maxiter=200, minimizer_kwargs=local, **RNG)
        assert_allclose(result.x, [-1.9899122337, 0.9949586], atol=1e-5)

    def test_every_local_search_counts(self):
        calls = {"fun": 0, "jac": 0}

        def fun(x):
            calls["fun"] += 1
            return waves(x)

        def jac(x):
            calls["jac"] += 1
            return waves_gradient(x)

        local = {"method": nadamkit.scipy_method("nadam"), "jac": jac}
        result = optimize.dual_annealing(
            fun, [(-5.0, 5.0)] * 2, maxiter=50, minimizer_kwargs=local, **RNG
        )
        assert (result.nfev, result.njev) == (calls["fun"], calls["jac"])


class TestShgo:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_method(self, name):
        local = {"method": nadamkit.scipy_method(name), "jac": camel_gradient}
        result = optimize.shgo(camel, CAMEL_BOUNDS, minimizer_kwargs=local, **SAMPLING)
        assert_is_camel_minimum(result)

    @pytest.mark.parametrize("jac", [None, camel_gradient])
    def test_finds_the_minima_that_l_bfgs_b_finds(self, jac):
        ours, theirs = (
            optimize.shgo(
                camel,
                CAMEL_BOUNDS,
                minimizer_kwargs={"method": method, "jac": jac},
                **SAMPLING,
            )
            for method in (nadamkit.scipy_method("nadam"), "L-BFGS-B")
        )
        assert_is_camel_minimum(ours)
        assert_allclose(ours.funl, theirs.funl, atol=1e-8)

    def test_gradient_in_the_options(self):
        local = {"method": nadamkit.scipy_method("nadam")}
        options = {"jac": camel_gradient}
        result = optimize.shgo(
            camel, CAMEL_BOUNDS, minimizer_kwargs=local, options=options, **SAMPLING
        )
        assert_is_camel_minimum(result)

    def test_bounds_hold(self):
        bounds = [(0.5, 3.0), (-2.0, 2.0)]
        local = {"method": nadamkit.scipy_method("nadam"), "jac": camel_gradient}
        result = optimize.shgo(camel, bounds, minimizer_kwargs=local, **SAMPLING)
        assert result.x[0] == 0.5
        assert_allclose(camel_gradient(result.x)[1], 0, atol=1e-5)
