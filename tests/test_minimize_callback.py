"""`minimize`: callbacks, `return_all` and `history`."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import OptimizeResult

from nadamkit import minimize
from tests.problems import START, X0, Spy, bowl, bowl_jac, rosen, rosen_jac

MODES = [{}, {"learning_rate": 1e-3}]


def run(callback=None, **options):
    return minimize(rosen, X0, jac=rosen_jac, callback=callback, options=options)


@pytest.mark.parametrize("mode", MODES)
def test_plain_callback(mode):
    seen = []
    result = run(seen.append, **mode, maxiter=12, return_all=True)
    assert len(seen) == result.nit == 12
    assert_array_equal(seen, result.allvecs[1:])


@pytest.mark.parametrize("mode", MODES)
def test_callback_with_result(mode):
    seen = []

    def callback(intermediate_result):
        assert type(intermediate_result) is OptimizeResult
        seen.append(intermediate_result)

    result = run(callback, **mode, maxiter=12, return_all=True)
    assert len(seen) == result.nit
    assert_array_equal([r.x for r in seen], result.allvecs[1:])
    assert [r.fun for r in seen] == [rosen(r.x) for r in seen]


def test_callback_with_annotated_and_bound_signature():
    class Watcher:
        def __init__(self):
            self.seen = []

        def plain(self, x):
            self.seen.append(type(x))

        def full(self, intermediate_result: OptimizeResult) -> None:
            self.seen.append(type(intermediate_result))

    watcher = Watcher()
    run(watcher.plain, maxiter=2)
    run(watcher.full, maxiter=2)
    assert watcher.seen == [np.ndarray] * 2 + [OptimizeResult] * 2


def test_callback_of_a_maximisation_sees_the_users_values():
    seen = []

    def callback(intermediate_result):
        seen.append((intermediate_result.fun, -rosen(intermediate_result.x)))

    minimize(
        lambda x: -rosen(x),
        X0,
        jac=lambda x: -rosen_jac(x),
        callback=callback,
        options={"maximize": True, "maxiter": 5},
    )
    assert len(seen) == 5
    assert all(a == b for a, b in seen)


@pytest.mark.parametrize("mode", MODES)
def test_callback_gets_copies(mode):
    seen = []

    def spoils(x):
        assert x.flags.owndata
        seen.append(x)
        x[:] = np.nan

    def spoils_result(intermediate_result):
        spoils(intermediate_result.x)

    usual = run(**mode, maxiter=12)
    for callback in (spoils, spoils_result):
        result = run(callback, **mode, maxiter=12)
        assert_array_equal(result.x, usual.x)
        assert result.nfev == usual.nfev
    assert not any(np.shares_memory(a, b) for a, b in pairwise(seen))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stop_at", [1, 5])
def test_stop_iteration_is_the_run_with_that_maxiter(mode, stop_at):
    fun, count = Spy(rosen), []

    def callback(x):
        count.append(1)
        if len(count) == stop_at:
            raise StopIteration

    options = mode | {"return_all": True, "history": 1}
    result = minimize(fun, X0, jac=rosen_jac, callback=callback, options=options)
    short = run(**options, maxiter=stop_at)
    assert (result.status, result.success) == (99, False)
    assert result.message == "`callback` raised `StopIteration`."
    assert result.nfev == fun.calls
    for name in ("fun", "nit", "nfev", "njev"):
        assert result[name] == short[name]
    for name in ("x", "jac", "allvecs"):
        assert_array_equal(result[name], short[name])
    for ours, theirs in zip(result.history, short.history, strict=True):
        assert_array_equal(ours, theirs)


def test_other_exceptions_of_the_callback_propagate():
    class OwnError(Exception):
        pass

    def callback(x):
        raise OwnError("mine")

    with pytest.raises(OwnError, match="mine"):
        run(callback)


def test_what_the_callback_returns_is_ignored():
    assert run(lambda x: True, maxiter=5).nit == 5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("maxiter", [0, 9])
def test_allvecs(mode, maxiter):
    result = run(**mode, maxiter=maxiter, return_all=True)
    assert type(result.allvecs) is list
    assert len(result.allvecs) == result.nit + 1 == maxiter + 1
    assert_array_equal(result.allvecs[0], X0)
    assert "history" not in result
    assert "allvecs" not in run(**mode, maxiter=maxiter)


def assert_is_consistent(result, every, fun, jac):
    history = result.history
    assert history._fields == ("nit", "nfev", "fun", "gnorm", "x")
    assert_array_equal(history.nit, np.arange(0, result.nit + 1, every))
    assert_array_equal(history.fun, [fun(x) for x in history.x])
    assert_array_equal(history.gnorm, [np.max(np.abs(jac(x))) for x in history.x])
    assert (np.diff(history.nfev) >= every).all()
    assert history.nfev[0] == 1
    assert history.nfev[-1] <= result.nfev
    assert history.x.shape == (len(history.nit), result.x.size)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("every", [1, 2, 7, 100])
def test_history(mode, every):
    result = run(**mode, maxiter=20, history=every)
    assert_is_consistent(result, every, rosen, rosen_jac)
    assert "allvecs" not in result


def test_history_across_many_chunks():
    result = run(learning_rate=1e-4, maxiter=1500, history=3)
    assert_is_consistent(result, 3, rosen, rosen_jac)
    assert len(result.history.nit) == 501


def test_history_and_allvecs_together():
    result = run(maxiter=20, history=5, return_all=True)
    assert_is_consistent(result, 5, rosen, rosen_jac)
    assert len(result.allvecs) == 21
    assert_array_equal(result.history.x, result.allvecs[::5])


def test_history_counts_the_calls_so_far():
    fun = Spy(rosen)
    result = minimize(fun, X0, options={"maxiter": 20, "history": 1})
    starts = [
        int(np.flatnonzero([np.array_equal(p, x) for p in fun.points])[0]) + 1
        for x in result.history.x
    ]
    # The value at a point, and two differences.
    assert_array_equal(result.history.nfev, np.array(starts) + 2)


def test_float32_history():
    result = minimize(
        bowl, np.float32(START), jac=bowl_jac, options={"history": 1, "return_all": True}
    )
    assert result.history.x.dtype == np.float32
    assert result.history.fun.dtype == np.float64
    assert {x.dtype for x in result.allvecs} == {np.dtype(np.float32)}
