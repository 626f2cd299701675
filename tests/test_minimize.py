"""`minimize`: what it returns, how it counts, and what it calls with what."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import OptimizeResult, OptimizeWarning

from nadamkit import minimize, registry
from tests.problems import CENTRE, START, X0, Spy, bowl, bowl_both, bowl_jac, rosen, rosen_jac

PAPER = {"learning_rate": 0.01}
RATES = [{}, PAPER]


@pytest.mark.parametrize("name", registry.names())
def test_each_method_finds_the_valley(name):
    # Without the metric and without momentum the valley is long.
    result = minimize(rosen, X0, method=name, jac=rosen_jac, options={"maxiter": 50_000})
    assert result.success, result
    assert_allclose(result.x, [1.0, 1.0], atol=1e-4)


def test_result_has_scipys_fields_in_scipys_order():
    result = minimize(bowl, START, jac=bowl_jac)
    assert isinstance(result, OptimizeResult)
    fields = ["message", "success", "status", "fun", "x", "jac", "nit", "nfev", "njev"]
    assert list(result) == fields
    shown = [line.split(":")[0].strip() for line in repr(result).splitlines() if ":" in line]
    assert shown[:6] == ["message", "success", "status", "fun", "x", "nit"]
    assert type(result.message) is str
    assert type(result.success) is bool
    assert type(result.fun) is float
    assert {type(result[name]) for name in ("status", "nit", "nfev", "njev")} == {int}


@pytest.mark.parametrize("options", RATES)
@pytest.mark.parametrize("given", [np.float32, np.float64, int, bool, np.uint8, np.float16])
def test_dtype_of_x(given, options):
    x0 = np.array([1, 0, 1], given)
    seen = Spy(bowl)
    result = minimize(seen, x0, jac=bowl_jac, options=options)
    kept = np.float32 if given is np.float32 else np.float64
    assert {p.dtype for p in seen.points} == {np.dtype(kept)}
    assert result.x.dtype == result.jac.dtype == kept
    assert x0.dtype == np.dtype(given)
    if options is not PAPER:
        assert result.success
        assert_allclose(result.x, CENTRE, atol=1e-4)


@pytest.mark.parametrize("name", registry.names())
def test_float32_differences_work(name):
    x0 = np.float32([1.0, 2.0, -3.0])
    result = minimize(bowl, x0, method=name, options={"gtol": 1e-2})
    assert result.success, result
    assert result.x.dtype == np.float32
    assert_allclose(result.x, CENTRE, atol=2e-2)


def test_scalar_start():
    result = minimize(lambda x: (x - 3.0) ** 2, 17)
    assert result.x.shape == result.jac.shape == (1,)
    assert_allclose(result.x, 3.0, atol=1e-4)


def test_empty_start():
    result = minimize(lambda x: 5.0, [], jac=lambda x: x)
    assert (result.success, result.fun, result.x.shape, result.nfev) == (True, 5.0, (0,), 1)


@pytest.mark.parametrize("options", RATES)
def test_jac_and_fun_belong_to_x(options):
    result = minimize(rosen, X0, jac=rosen_jac, options=options | {"maxiter": 30})
    assert result.fun == rosen(result.x)
    assert_array_equal(result.jac, rosen_jac(result.x))


def test_gtol_is_the_largest_component():
    result = minimize(rosen, X0, jac=rosen_jac, options={"gtol": 1e-3})
    assert result.status == 0
    assert np.max(np.abs(rosen_jac(result.x))) <= 1e-3
    history = minimize(rosen, X0, jac=rosen_jac, options={"gtol": 1e-3, "history": 1}).history
    assert (history.gnorm[:-1] > 1e-3).all()


@pytest.mark.parametrize("options", RATES)
@pytest.mark.parametrize("jac", ["callable", "joint", None, "2-point", "3-point", "cs", False])
def test_counts_are_the_users_own_calls(jac, options):
    gradient = Spy(bowl_jac)
    if jac == "joint":
        fun, given = Spy(bowl_both), True
    else:
        fun = Spy(lambda x: np.sum((x - CENTRE) ** 2))
        given = gradient if jac == "callable" else jac
    result = minimize(fun, START, jac=given, options=options | {"maxiter": 7, "gtol": 0.0})
    assert result.nfev == fun.calls
    if jac == "callable":
        assert result.njev == gradient.calls
    elif jac == "joint":
        assert result.njev == fun.calls
    else:
        per_gradient = 6 if jac == "3-point" else 3
        assert result.nfev == (1 + per_gradient) * result.njev
    assert result.njev >= 7


@pytest.mark.parametrize("options", [{}, PAPER, {"maxfun": 30}, PAPER | {"maxfun": 30}])
def test_no_point_is_evaluated_twice(options):
    fun, jac = Spy(rosen), Spy(rosen_jac)
    minimize(fun, X0, jac=jac, options={"maxiter": 2000} | options)
    assert fun.distinct() == fun.calls
    assert jac.distinct() == jac.calls == fun.calls


def test_best_point_is_returned():
    # A rate this large oscillates, so that the last point is not the best.
    fun = Spy(bowl)
    result = minimize(
        fun, START, method="gd", jac=bowl_jac, options={"learning_rate": 0.667, "maxiter": 40}
    )
    values = [bowl(p) for p in fun.points]
    assert values[-1] > min(values)
    assert result.fun == min(values)
    assert_array_equal(result.x, fun.points[int(np.argmin(values))])
    assert_array_equal(result.jac, bowl_jac(result.x))


def test_wrong_gradient_never_makes_it_worse():
    result = minimize(rosen, X0, jac=lambda x: -rosen_jac(x), options={"maxiter": 20})
    assert result.fun <= rosen(X0)
    result = minimize(rosen, X0, jac=lambda x: -rosen_jac(x), options=PAPER | {"maxiter": 20})
    assert result.fun <= rosen(X0)


def test_tol_is_gtol_unless_there_is_one():
    by_tol = minimize(rosen, X0, jac=rosen_jac, tol=1e-2)
    by_option = minimize(rosen, X0, jac=rosen_jac, options={"gtol": 1e-2})
    both = minimize(rosen, X0, jac=rosen_jac, tol=1e-9, options={"gtol": 1e-2})
    default = minimize(rosen, X0, jac=rosen_jac)
    assert by_tol.nit == by_option.nit == both.nit < default.nit


def test_arguments_reach_both_functions():
    for args in ((0.5,), 0.5, np.full(3, 0.5)):
        result = minimize(bowl, START, args, jac=bowl_jac)
        assert_allclose(result.x, CENTRE + 0.5, atol=1e-4)
    result = minimize(bowl_both, START, (0.5,), jac=True)
    assert_allclose(result.x, CENTRE + 0.5, atol=1e-4)


def test_nothing_of_the_callers_is_changed():
    def spoils(x):
        value = bowl(x)
        x[:] = np.nan
        return value

    def spoils_jac(x):
        value = bowl_jac(x)
        x[:] = np.nan
        return value

    x0, options = START.copy(), {"maxiter": 9, "gtol": 0.0}
    result = minimize(spoils, x0, jac=spoils_jac, options=options)
    clean = minimize(bowl, START, jac=bowl_jac, options=options)
    assert_array_equal(x0, START)
    assert options == {"maxiter": 9, "gtol": 0.0}
    assert_array_equal(result.x, clean.x)
    assert not np.shares_memory(result.x, x0)
    frozen = START.copy()
    frozen.flags.writeable = False
    assert_array_equal(minimize(bowl, frozen, jac=bowl_jac, options=options).x, clean.x)


def test_success_is_printed(capsys):
    result = minimize(bowl, START, jac=bowl_jac, options={"disp": True})
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        result.message,
        f"         Current function value: {result.fun:f}",
        f"         Iterations: {result.nit}",
        f"         Function evaluations: {result.nfev}",
        f"         Gradient evaluations: {result.njev}",
    ]


def test_failure_warns_at_the_callers_line(capsys):
    with pytest.warns(OptimizeWarning, match="Maximum number of iterations") as caught:
        minimize(rosen, X0, jac=rosen_jac, options={"disp": True, "maxiter": 2})
    assert caught[0].filename == __file__
    out = capsys.readouterr().out
    assert "Iterations: 2" in out
    assert "Maximum" not in out


@pytest.mark.parametrize("options", [{}, {"disp": False}])
def test_silent_by_default(capsys, options):
    minimize(rosen, X0, jac=rosen_jac, options=options | {"maxiter": 2})
    assert capsys.readouterr().out == ""


def test_maximize_is_minimize_of_the_negative():
    def hill(x):
        return -bowl(x)

    def hill_jac(x):
        return -bowl_jac(x)

    for options in ({}, {"learning_rate": 0.1, "maxiter": 20}):
        up = minimize(hill, START, jac=hill_jac, options=options | {"maximize": True, "history": 1})
        down = minimize(bowl, START, jac=bowl_jac, options=options | {"history": 1})
        assert up.status == down.status
        assert up.fun == -down.fun
        assert_array_equal(up.x, down.x)
        assert_array_equal(up.jac, hill_jac(up.x))
        assert_array_equal(up.history.x, down.history.x)
        assert_array_equal(up.history.fun, -down.history.fun)
        assert_array_equal(up.history.gnorm, down.history.gnorm)


@pytest.mark.parametrize("backend", ["numpy", "serial", "parallel", "cuda"])
def test_backend_changes_nothing(backend):
    for options in ({"maxiter": 15}, PAPER | {"maxiter": 15}):
        auto = minimize(rosen, X0, jac=rosen_jac, options=options)
        other = minimize(rosen, X0, jac=rosen_jac, options=options, backend=backend)
        assert_array_equal(other.x, auto.x)
        assert_array_equal(other.jac, auto.jac)
        assert (other.fun, other.nit, other.nfev) == (auto.fun, auto.nit, auto.nfev)


def test_method_in_any_case():
    assert minimize(bowl, START, jac=bowl_jac, method="NAdam").success


def test_workers_change_nothing():
    calls = []

    def mapped(function, points):
        calls.append(1)
        return list(map(function, points))

    alone = minimize(bowl, START, options={"maxiter": 5})
    shared = minimize(bowl, START, options={"maxiter": 5, "workers": mapped})
    assert calls
    assert_array_equal(shared.x, alone.x)
    assert shared.nfev == alone.nfev


def test_difference_step_is_used():
    fun = Spy(bowl)
    minimize(fun, START, options={"maxiter": 0, "finite_diff_rel_step": 0.25})
    assert_array_equal(np.array(fun.points[1:]), START + np.diag(0.25 * START))
