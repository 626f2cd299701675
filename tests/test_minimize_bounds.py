"""`minimize` on bounded and fixed variables."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import Bounds

from nadamkit import minimize, registry
from tests.problems import CENTRE, START, X0, Spy, bowl, bowl_both, bowl_jac, rosen, rosen_jac

#: The minimum is at two walls and free in between.
BOX = [(0.5, 4.0), (None, None), (-5.0, 1.5)]
INSIDE = np.array([0.5, 1.0, 1.5])
MODES = [{}, {"learning_rate": 0.05, "maxiter": 300}]


def inside(points, lower, upper):
    points = np.array([np.real(p) for p in points]).reshape(-1, len(lower))
    return bool((points >= lower).all() and (points <= upper).all())


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("jac", [bowl_jac, None])
def test_minimum_on_the_walls(name, jac):
    result = minimize(bowl, START, method=name, jac=jac, bounds=BOX)
    assert result.success, result
    assert_allclose(result.x, INSIDE, atol=1e-4)
    assert result.x[0] == 0.5
    assert result.x[2] == 1.5
    # The gradient is the function's own, which pushes against the walls.
    assert_allclose(result.jac, bowl_jac(INSIDE), atol=1e-3)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("jac", ["callable", "joint", "2-point", "3-point", "cs"])
def test_every_evaluation_is_inside(jac, dtype, mode):
    lower, upper = np.array([-1.3, 0.1]), np.array([0.7, 1.9])
    gradient = Spy(rosen_jac)
    fun = Spy((lambda x: (rosen(x), rosen_jac(x))) if jac == "joint" else rosen)
    given = {"callable": gradient, "joint": True}.get(jac, jac)
    result = minimize(
        fun,
        X0.astype(dtype),
        jac=given,
        bounds=Bounds(lower, upper),
        options=mode | {"history": 1, "maxiter": 60},
    )
    assert inside(fun.points, lower, upper)
    assert inside(gradient.points, lower, upper)
    assert inside(result.history.x, lower, upper)
    assert inside([result.x], lower, upper)
    assert result.x.dtype == dtype
    assert result.fun < rosen(X0)


def test_infeasible_start_is_clipped():
    fun, x0 = Spy(bowl), np.array([9.0, 1.0, -9.0])
    minimize(fun, x0, jac=bowl_jac, bounds=BOX, options={"maxiter": 0})
    assert_array_equal(fun.points, [[4.0, 1.0, -5.0]])
    assert_array_equal(x0, [9.0, 1.0, -9.0])


def test_one_pair_is_for_all():
    result = minimize(bowl, START, jac=bowl_jac, bounds=[(0.5, 1.5)])
    assert_allclose(result.x, [0.5, 1.0, 1.5], atol=1e-5)


def test_bounds_object_is_not_changed():
    bounds = Bounds([0.5, -np.inf, -5.0], 1.5)
    before = [np.array(bounds.lb), np.array(bounds.ub)]
    minimize(bowl, START, bounds=bounds)
    assert_array_equal(bounds.lb, before[0])
    assert_array_equal(bounds.ub, before[1])


@pytest.mark.parametrize("mode", MODES)
def test_gtol_and_history_use_the_projected_gradient(mode):
    lower, upper = np.array([0.5, -np.inf, -5.0]), np.array([4.0, np.inf, 1.5])
    result = minimize(
        bowl, START, jac=bowl_jac, bounds=BOX, options=mode | {"history": 1, "maxiter": 3000}
    )
    for x, gnorm in zip(result.history.x, result.history.gnorm, strict=True):
        step = np.clip(x - bowl_jac(x), lower, upper) - x
        assert_allclose(gnorm, np.max(np.abs(step)), rtol=1e-12, atol=1e-15)
    assert result.status == 0
    assert result.history.gnorm[-1] <= 1e-5 < result.history.gnorm[-2]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("jac", ["callable", "joint", None, "3-point", "cs"])
def test_fixed_variables(jac, mode):
    gradient = Spy(bowl_jac)
    fun = Spy((lambda x: bowl_both(x)) if jac == "joint" else lambda x: np.sum((x - CENTRE) ** 2))
    given = {"callable": gradient, "joint": True}.get(jac, jac)
    bounds = [(None, None), (-2.5, -2.5), (None, None)]
    result = minimize(fun, START, jac=given, bounds=bounds, options=mode)
    assert_allclose(result.x, [CENTRE[0], -2.5, CENTRE[2]], atol=0.1 if mode else 1e-4)
    assert result.x[1] == -2.5
    assert {float(np.real(p[1])) for p in fun.points} == {-2.5}
    assert result.nfev == fun.calls
    if jac in (None, "cs"):  # two differences, none for the fixed one
        assert result.nfev == 3 * result.njev


@pytest.mark.parametrize("jac", [bowl_jac, None, "3-point", "cs"])
def test_all_fixed(jac):
    fun, callbacks = Spy(bowl), []
    bounds = [(v, v) for v in CENTRE + 1]
    result = minimize(
        fun,
        START,
        jac=jac,
        bounds=bounds,
        callback=callbacks.append,
        options={"return_all": True, "history": 1},
    )
    assert (result.success, result.status, result.nit, result.nfev) == (True, 0, 0, 1)
    assert result.message == "All independent variables were fixed by bounds."
    assert_array_equal(result.x, CENTRE + 1)
    assert result.fun == bowl(CENTRE + 1)
    assert fun.calls == 1
    assert not callbacks
    assert_array_equal(result.allvecs, [CENTRE + 1])
    assert_array_equal(result.history.fun, [bowl(CENTRE + 1)])


def test_all_fixed_at_nan_is_no_success():
    result = minimize(lambda x: np.nan, [1.0], bounds=[(2.0, 2.0)])
    assert (result.success, result.status) == (False, 3)


def test_all_fixed_result_can_be_written_to():
    result = minimize(bowl, START, bounds=[(1.0, 1.0)])
    result.x[:] = 0
    result.jac[:] = 0


@pytest.mark.parametrize("mode", MODES)
def test_maximize_within_bounds(mode):
    result = minimize(
        lambda x: float(np.sum(x)),
        START,
        jac=np.ones_like,
        bounds=[(-1.0, 2.0)],
        options=mode | {"maximize": True},
    )
    assert result.success
    assert_array_equal(result.x, [2.0, 2.0, 2.0])


def test_bound_that_float32_cannot_hold():
    fun = Spy(lambda x: float((x[0] - 1) ** 2))
    minimize(fun, np.float32([0.0]), bounds=[(None, 0.1)])
    assert max(float(p[0]) for p in fun.points) <= 0.1
