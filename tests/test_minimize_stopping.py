"""Each stopping test of `minimize`: its status, its message, and that it was really met."""

import time
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import minimize
from tests.problems import START, X0, Spy, bowl, bowl_jac, rosen, rosen_jac

#: A given learning rate that goes downhill slowly and surely, and the line search.
SLOW = {"learning_rate": 1e-4, "method": "gd"}
MODES = [SLOW, {}]


def run(fun=rosen, x0=X0, jac=rosen_jac, **options):
    method = options.pop("method", "nadam")
    return minimize(fun, x0, jac=jac, method=method, options=options)


def test_gtol():
    result = run()
    assert (result.status, result.success) == (0, True)
    assert result.message.startswith("Optimization terminated successfully")


@pytest.mark.parametrize("gtol", [0.0, None])
def test_without_gtol_it_runs_on(gtol):
    usual, result = run(), run(gtol=gtol)
    assert result.nit > usual.nit
    assert np.max(np.abs(result.jac)) < 1e-5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("maxiter", [1, 7, 7.9, np.int64(7), 300])
def test_maxiter(mode, maxiter):
    result = run(**mode, maxiter=maxiter, gtol=0.0)
    if maxiter == 300 and not mode:
        return  # solved to the last digit before
    assert (result.status, result.success) == (1, False)
    assert result.message.startswith("Maximum number of iterations has been exceeded")
    assert result.nit == int(np.ceil(maxiter))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("maxiter", [0, -1, -7.5])
def test_no_iterations(mode, maxiter):
    result = run(**mode, maxiter=maxiter)
    assert (result.status, result.nit, result.nfev, result.njev) == (1, 0, 1, 1)
    assert result.fun == rosen(X0)
    assert_array_equal(result.x, X0)
    assert_array_equal(result.jac, rosen_jac(X0))


@pytest.mark.parametrize("mode", MODES)
def test_fractional_maxiter_of_scipys_suite(mode):
    assert run(**mode, maxiter=100.1, gtol=0.0).nit <= 101


def test_default_maxiter_grows_with_n():
    x0 = np.zeros(60)
    options = {"learning_rate": 0.0, "gtol": 0.0, "patience": None}
    result = run(lambda x: 1.0, x0, lambda x: np.ones(60), **options)
    assert (result.status, result.nit) == (1, 12_000)
    result = run(lambda x: 1.0, x0[:1], lambda x: np.ones(1), **options)
    assert (result.status, result.nit) == (1, 10_000)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.0, (13, 1000)), (lambda t: 0.0, (1, 10_000))],
    ids=["fixed rate", "schedule"],
)
def test_default_patience(rate, expected):
    options = {"learning_rate": rate, "gtol": 0.0}
    result = run(lambda x: 1.0, np.zeros(1), lambda x: np.ones(1), **options)
    assert (result.status, result.nit) == expected


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("maxfun", [1, 2, 9, 9.5])
def test_maxfun(mode, maxfun):
    fun, calls = Spy(rosen), []
    result = minimize(
        fun,
        X0,
        jac=rosen_jac,
        method=mode.get("method", "nadam"),
        callback=calls.append,
        options={"maxfun": maxfun, "learning_rate": mode.get("learning_rate", "auto")},
    )
    assert (result.status, result.success) == (2, False)
    assert result.message.startswith("Maximum number of function evaluations has been exceeded")
    assert result.nfev == fun.calls == int(np.ceil(maxfun))
    assert result.nit == len(calls)
    assert result.fun == min(rosen(p) for p in fun.points)


@pytest.mark.parametrize("mode", MODES)
def test_maxfun_below_one_still_evaluates_the_start(mode):
    result = run(**mode, maxfun=0)
    assert (result.status, result.nit, result.nfev) == (2, 0, 1)


@pytest.mark.parametrize("mode", MODES)
def test_maxtime(mode):
    def slow(x):
        time.sleep(0.02)
        return rosen(x)

    start = time.perf_counter()
    result = run(slow, **mode, maxtime=0.2, gtol=0.0)
    assert (result.status, result.success) == (14, False)
    assert "time limit" in result.message
    assert 0.15 < time.perf_counter() - start < 2.0
    assert 2 <= result.nfev <= 11


@pytest.mark.parametrize("mode", MODES)
def test_target(mode):
    fun = Spy(rosen)
    result = run(fun, **mode, target=2.0)
    assert (result.status, result.success) == (12, True)
    assert "target" in result.message
    assert result.fun <= 2.0
    assert min(rosen(p) for p in fun.points[:-1]) > 2.0


def test_target_when_maximising():
    result = run(lambda x: -rosen(x), X0, lambda x: -rosen_jac(x), maximize=True, target=-2.0)
    assert result.status == 12
    assert result.fun >= -2.0


def test_target_at_the_start_needs_one_evaluation():
    result = run(target=rosen(X0))
    assert (result.status, result.nit, result.nfev) == (12, 0, 1)


def best_so_far(values):
    return np.minimum.accumulate(np.asarray(values))


@pytest.mark.parametrize("window", [1, 5, None])
def test_ftol(window):
    fun = Spy(rosen)
    w = window or 50
    ftol = 1e-4 * w
    result = run(fun, **SLOW, ftol=ftol, **({} if window is None else {"ftol_window": window}))
    assert (result.status, result.success) == (10, True)
    assert "ftol" in result.message
    best = best_so_far([rosen(p) for p in fun.points])
    assert best[-1 - w] - best[-1] <= ftol * max(1.0, abs(best[-1]))
    # No window before the last one was as poor.
    for end in range(w, result.nit, w):
        assert best[end - w] - best[end] > ftol * max(1.0, abs(best[end]))


def test_ftol_is_off_by_default():
    assert run(**SLOW, maxiter=2000).status == 1


def test_xtol():
    fun = Spy(rosen)
    result = run(fun, **SLOW, xtol=1e-4)
    assert (result.status, result.success) == (11, True)
    assert "xtol" in result.message
    size = [np.max(np.abs(b - a)) for a, b in pairwise(fun.points)]
    scale = [max(1.0, np.max(np.abs(p))) for p in fun.points[1:]]
    relative = np.array(size) / scale
    assert relative[-1] <= 1e-4
    assert (relative[:-1] > 1e-4).all()


def test_xtol_of_the_line_search():
    result = run(xtol=1e-3)
    assert (result.status, result.success) == (11, True)


@pytest.mark.parametrize("patience", [1, 4])
def test_patience(patience):
    # It swings from side to side and a little higher each time.
    fun = Spy(lambda x: float(x[0] ** 2))
    options = {"learning_rate": 1.001, "patience": patience, "method": "gd"}
    result = run(fun, [1.0], lambda x: 2 * x, **options)
    assert (result.status, result.success) == (13, False)
    assert "not improved" in result.message
    assert result.nit == patience
    assert_array_equal(result.x, [1.0])


BAD = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bad", BAD)
def test_bad_start(mode, bad):
    fun = Spy(rosen)
    result = run(fun, np.array([1.0, bad]), **mode, return_all=True, history=1)
    assert (result.status, result.success, result.nit, result.nfev) == (3, False, 0, 0)
    assert fun.calls == 0
    assert result.message.startswith(f"NaN result encountered: x0[1] is {bad}, so fun was not")
    assert_array_equal(result.x, [1.0, bad])
    assert np.isnan(result.fun)
    assert len(result.allvecs) == len(result.history.nit) == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_first_value(mode, bad):
    result = run(lambda x: bad, **mode)
    # The search asks once more, in case the function is noisy.
    assert (result.status, result.success) == (3, False)
    assert result.nfev == (1 if "learning_rate" in mode else 2)
    assert_array_equal(result.x, X0)
    assert not np.isfinite(result.fun)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("where", ["value", "gradient"])
def test_bad_on_the_way_keeps_the_best(where, bad):
    fun, jac = Spy(rosen), Spy(rosen_jac)

    def value(x):
        f = fun(x)
        return bad if where == "value" and fun.calls == 6 else f

    def gradient(x):
        g = jac(x)
        return g * [1.0, bad] if where == "gradient" and jac.calls == 6 else g

    result = run(value, X0, gradient, **SLOW)
    status = 19 if where == "value" and bad == -np.inf else 3  # unbounded below, or no number
    assert (result.status, result.success, result.nfev) == (status, False, 6)
    assert result.fun == min(rosen(p) for p in fun.points[:5])
    assert result.fun == rosen(result.x)
    assert np.isfinite(result.jac).all()


def test_line_search_steps_back_from_a_hole():
    # The logarithm is NaN on the left, where the first long steps go.
    def fun(x):
        with np.errstate(invalid="ignore"):
            return float(x[0] - np.log(x[0]))

    result = run(fun, [30.0], lambda x: 1 - 1 / x)
    assert result.success
    assert abs(result.x[0] - 1.0) < 1e-4


def test_precision():
    # The gradient points uphill, so that no step helps.
    result = run(bowl, START, lambda x: -bowl_jac(x))
    assert (result.status, result.success) == (15, False)
    assert "precision loss" in result.message
    assert_array_equal(result.x, START)


def test_a_tie_of_tests_is_a_success():
    nit = run().nit
    assert run(maxiter=nit).status == 0
    assert run(maxfun=run().nfev).status == 0


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_without_a_floor_it_stops_and_says_so(backend):
    # It falls along x1 for ever, so that products of gradients overflow, or vanish along x0.
    def saddle(x):
        with np.errstate(all="ignore"):
            return x[0] ** 2 - x[1] ** 2, np.array([2 * x[0], -2 * x[1]])

    result = minimize(saddle, [1.0, 2.0], jac=True, backend=backend)
    assert result.status in (3, 15)
    assert result.fun < -1e10


def test_flat_function_without_gtol():
    result = run(lambda x: 1.0, X0, np.zeros_like, gtol=None)
    assert (result.status, result.nfev) == (15, 1)
    assert_array_equal(result.x, X0)
