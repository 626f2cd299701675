"""`minimize` of noisy functions: how many steps, which ones, and what is returned of them."""

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import minimize, schedules
from nadamkit.loops.stepper import Stepper
from tests.ids import plain
from tests.noisy_problems import (
    ROWS,
    Counted,
    assert_same,
    data,
    noisy_bowl,
    slopes,
    squares,
    tilted_bowl,
)
from tests.problems import START, Spy, bowl

RATE = 0.05


def run(fun=noisy_bowl, x0=START, callback=None, bounds=None, **options):
    return minimize(fun, x0, jac=True, rng=1, callback=callback, bounds=bounds, options=options)


MODES = [{}, {"learning_rate": RATE}]


# How many ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("size", "epochs"), [(16, 1), (16, 3), (ROWS, 4), (ROWS - 1, 4), (1, 2)])
def test_epochs(size, epochs, mode):
    seen = []

    def fun(x, a, y):
        seen.append(y)
        return squares(x, a, y)

    arguments = {"batch_size": size, "epochs": epochs, "options": mode}
    result = minimize(fun, START, data(), jac=True, **arguments)
    steps = epochs * math.ceil(ROWS / size)
    assert result.nit == result.nfev == result.njev == len(seen) == steps
    assert_array_equal(np.sort(np.concatenate(seen)), np.sort(np.tile(data()[1], epochs)))


@pytest.mark.parametrize("mode", MODES)
def test_epochs_of_the_users_batches(mode):
    given = {"batches": slopes(7), "epochs": 5, "options": mode}
    result = minimize(tilted_bowl, START, jac=True, **given)
    assert (result.nit, result.nfev, result.njev) == (35, 35, 35)


@pytest.mark.parametrize(
    ("limits", "epochs", "steps"),
    [
        ({"maxiter": 20}, 3, 20),
        ({"maxiter": 100}, 3, 39),
        ({"maxfun": 20}, 3, 20),
        ({"maxiter": 30, "maxfun": 20}, None, 20),
        ({"maxiter": 1}, None, 1),
        ({"maxiter": 257}, None, 257),
        ({}, None, 2000),
        ({"maxiter": math.inf}, 3, 39),
    ],
    ids=repr,
)
@pytest.mark.parametrize("mode", MODES)
def test_the_shortest_limit_decides(limits, epochs, steps, mode):
    given = {"batch_size": 16, "epochs": epochs, "options": mode | limits}
    result = minimize(squares, START, data(), jac=True, **given)
    assert (result.nit, result.nfev, result.njev) == (steps, steps, steps)
    assert not result.success or result.status == 16


@pytest.mark.parametrize("mode", MODES)
def test_no_step_at_all(mode):
    result = run(maxiter=0, return_all=True, **mode)
    assert result.nit == 0
    assert_array_equal(result.x, START)
    assert_array_equal(result.allvecs, [START])


@pytest.mark.parametrize("mode", MODES)
def test_batches_without_a_limit_end_at_the_default(mode):
    callback = Counted(stop_at=5000)
    given = {"batches": slopes(50), "callback": callback, "options": mode}
    result = minimize(tilted_bowl, START, jac=True, **given)
    assert result.nit <= 2000


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("limit", [1, 41, 42, 43, 44])
def test_maxfun_and_differences(limit, mode):
    fun = Spy(lambda x, rng: noisy_bowl(x, rng)[0])
    result = minimize(fun, START, rng=1, options=mode | {"maxfun": limit})
    # Four calls an iteration, and at least one iteration's: the steps shrink over what fits.
    assert result.nfev == fun.calls == max(limit // 4, 1) * 4
    assert result.njev == result.nfev / 4


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("length", [1, 5, 300])
def test_batches_that_are_used_up(length, mode):
    result = minimize(tilted_bowl, START, jac=True, batches=iter(slopes(length)), options=mode)
    assert (result.status, result.success) == (17, False)
    assert result.message.startswith("Stopped: the batches are used up. Pass more of them")
    assert (result.nit, result.nfev, result.njev) == (length, length, length)
    assert bowl(result.x) <= bowl(START)


# Which ones --------------------------------------------------------------------------------------


def paths(method, x0=START, **options):
    """The points of a run, and those of the paper's algorithm with the same samples."""
    batches = []

    def fun(x, a, y):
        batches.append((a, y))
        return squares(x, a, y)

    given = {"maxiter": 40, "return_all": True, "learning_rate": RATE} | options
    a, y = (column.astype(x0.dtype) for column in data())
    arguments = {"method": method, "batch_size": 16, "rng": 3, "options": given}
    result = minimize(fun, x0, (a, y), jac=True, **arguments)
    x, points = x0.copy(), []
    hyper = {k: v for k, v in given.items() if k not in ("maxiter", "return_all", "average")}
    stepper = Stepper(method, x, **hyper)
    for a, y in batches:
        points.append(x.copy())
        stepper.step(squares(x, a, y)[1].astype(x.dtype))
    return result, [*points, x]


OPTIONS = [
    {},
    {"learning_rate": schedules.cosine(0.1, 40)},
    {"learning_rate": lambda t: 0.1 / t},
    {"learning_rate": np.array([0.1, 0.05, 0.2])},
    {"clip_norm": 0.5},
    {"clip_value": 0.1, "weight_decay": 0.1},
    {"weight_decay": 0.1, "wd_kind": "decoupled", "maxiter": 300},
]


def assert_paper(method, **arguments):
    result, points = paths(method, **arguments)
    assert result.nit == len(points) - 1
    assert_array_equal(result.allvecs[: result.nit], points[:-1])
    assert_array_equal(result.x, points[-1])
    assert result.x.dtype == points[0].dtype


def test_a_given_rate_is_the_papers_algorithm(method, dtype):
    assert_paper(method, x0=START.astype(dtype))


@pytest.mark.parametrize("options", OPTIONS, ids=plain)
@pytest.mark.parametrize("method", ["gd", "nadam"])
def test_whatever_else_is_given(method, options):
    assert_paper(method, **options)


def test_return_all_has_the_last_point_too():
    result, points = paths("nadam")
    assert_array_equal(result.allvecs, points)


def test_history_of_points_that_were_evaluated():
    fun = Spy(noisy_bowl)
    result = run(fun, maxiter=50, learning_rate=RATE, history=7)
    assert_array_equal(result.history.nit[:8], np.arange(0, 50, 7))
    assert_array_equal(result.history.x[:8], fun.points[::7])
    assert_array_equal(result.history.nfev[:8], np.arange(0, 50, 7) + 1)
    rng = np.random.default_rng(1)
    values = [noisy_bowl(x, rng) for x in fun.points]
    assert_array_equal(result.history.fun[:8], [f for f, _ in values[::7]])
    assert_array_equal(result.history.gnorm[:8], [np.max(np.abs(g)) for _, g in values[::7]])


# What stands around a rule -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_maximize_is_the_mirror_image(mode):
    def hill(x, rng):
        f, g = noisy_bowl(x, rng)
        return -f, -g

    up, down = run(hill, maxiter=200, maximize=True, **mode), run(maxiter=200, **mode)
    assert_same(up, down, "x", "nit", "nfev", "njev", "status", "fun_error")
    assert up.fun == -down.fun
    assert_array_equal(up.jac, -down.jac)


BOXES = {
    "around the solution": [(None, 2.0), (-3.0, 3.0), (-4.0, 4.0)],
    "with the solution on them": [(0.5, 1.5), (None, 3.0), (-4.0, 4.0)],
    "with a fixed variable": [(1.0, 1.0), (0.0, 3.0), (-4.0, 4.0)],
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("box", BOXES)
def test_bounds(box, mode):
    bounds = BOXES[box]
    low = np.array([-np.inf if b[0] is None else b[0] for b in bounds])
    high = np.array([np.inf if b[1] is None else b[1] for b in bounds])
    for jac in (True, "2-point", "3-point"):
        fun = Spy(noisy_bowl if jac is True else lambda x, rng: noisy_bowl(x, rng)[0])
        result = minimize(fun, START, jac=jac, rng=1, bounds=bounds, options=mode)
        points = np.array([*fun.points, result.x])
        assert ((low <= points) & (points <= high)).all()
        best = np.clip([0.0, 1.0, 2.0], low, high)
        assert bowl(result.x) - bowl(best) < 0.05 * (bowl(START) - bowl(best))


def test_a_start_outside_of_the_bounds():
    fun = Spy(noisy_bowl)
    run(fun, maxiter=20, bounds=[(2.0, 3.0)] * 3)
    assert_array_equal(fun.points[0], [2.0, 2.0, 2.0])
    assert ((np.array(fun.points) >= 2.0) & (np.array(fun.points) <= 3.0)).all()


def test_all_variables_fixed():
    result = run(bounds=[(v, v) for v in START])
    assert_array_equal(result.x, START)
    assert (result.status, result.nit, result.nfev) == (0, 0, 1)
