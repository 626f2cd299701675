"""`progress`: what is shown while a run lasts, and when nothing is."""

import io
import math
import subprocess
import sys
import time

import numba
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import rosen, rosen_der

import nadamkit
from nadamkit import _progress, minimize
from nadamkit.errors import OptionError
from nadamkit.loops import watch
from nadamkit.loops.watch import State


@numba.njit
def slow_valley(x, g):
    """So many additions that a run takes a while."""
    f = 0.0
    for _ in range(300):
        d, e = x[1] - x[0] * x[0], 1.0 - x[0]
        g[0], g[1] = -400.0 * x[0] * d - 2.0 * e, 200.0 * d
        f += (100.0 * d * d + e * e) / 300.0
    return f


def slow_bowl(x):
    time.sleep(1e-3)
    return float(x @ x), 2.0 * x


def fixed(iterations):
    return {"learning_rate": 1e-6, "maxiter": iterations, "gtol": 0.0, "patience": None}


PROBLEMS = {
    "compiled": (slow_valley, {"options": fixed(300_000)}),
    "Python": (slow_bowl, {"jac": True, "options": fixed(400)}),
}


@pytest.mark.parametrize(("fun", "given"), PROBLEMS.values(), ids=PROBLEMS)
def test_a_function_gets_the_state_now_and_then(fun, given):
    states = []
    started = time.perf_counter()
    result = minimize(fun, [-1.2, 1.0], progress=states.append, **given)
    seconds = time.perf_counter() - started
    assert 1 <= len(states) <= seconds / watch.EVERY + 1
    for before, state in zip([None, *states], states, strict=False):
        assert isinstance(state, State)
        assert 0 < state.nit <= result.nit
        assert state.nfev in (state.nit, state.nit + 1)
        assert math.isfinite(state.fun)
        assert state.gnorm > 0.0
        assert state.horizon == given["options"]["maxiter"]
        if before:
            assert state.nit > before.nit
            assert state.seconds - before.seconds > 0.9 * watch.EVERY


@pytest.mark.parametrize(("fun", "given"), PROBLEMS.values(), ids=PROBLEMS)
def test_the_result_is_the_same(fun, given):
    plain = minimize(fun, [-1.2, 1.0], **given)
    shown = minimize(fun, [-1.2, 1.0], progress=lambda state: None, **given)
    assert_array_equal(shown.x, plain.x)
    assert (shown.nit, shown.nfev, shown.status) == (plain.nit, plain.nfev, plain.status)


def test_a_maximised_value_has_its_own_sign():
    states = []
    options = fixed(300) | {"maximize": True}
    minimize(slow_bowl, [3.0, 4.0], jac=True, progress=states.append, options=options)
    assert all(state.fun == pytest.approx(25.0, abs=1.0) for state in states)


def test_what_it_raises_ends_the_run():
    def stop(state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimize(slow_bowl, [1.0, 1.0], jac=True, progress=stop, options=fixed(10**6))


def test_a_noisy_run_knows_its_horizon():
    def noisy(x, rng):
        time.sleep(1e-3)
        return float(x @ x) + 0.1 * rng.standard_normal(), 2.0 * x + 0.1 * rng.standard_normal(2)

    states = []
    given = {"stochastic": True, "rng": 0, "options": {"maxiter": 300}}
    minimize(noisy, [1.0, 1.0], jac=True, progress=states.append, **given)
    assert states
    assert {state.horizon for state in states} == {300}


def test_without_a_limit_there_is_no_horizon():
    states = []
    minimize(slow_bowl, np.ones(2), jac=True, progress=states.append, options={"gtol": 0.0})
    assert all(state.horizon is None for state in states)


@pytest.mark.parametrize("bad", [None, 1, 0, "bar", [print]])
def test_anything_else_is_refused(bad):
    with pytest.raises(OptionError, match=r"^progress=.* is not allowed: it must be True, False"):
        minimize(rosen, [1.0, 2.0], jac=rosen_der, progress=bad)


def test_nothing_is_written_where_nobody_looks():
    """Here the output is a pipe."""
    code = (
        "import time, nadamkit\n"
        "def bowl(x):\n"
        "    time.sleep(1e-3)\n"
        "    return float(x @ x), 2.0 * x\n"
        "options = {'learning_rate': 1e-6, 'maxiter': 300}\n"
        "nadamkit.minimize(bowl, [1.0], jac=True, progress=True, options=options)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Terminal(io.StringIO):
    """What takes itself for a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("missing", [True, False], ids=["text", "tqdm"])
def test_what_a_terminal_shows(missing, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    if missing:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    else:
        pytest.importorskip("tqdm")
    minimize(slow_bowl, [3.0, 4.0], jac=True, progress=True, options=fixed(400))
    text = screen.getvalue()
    assert "400" in text
    assert "f = 2" in text
    assert "|g| = 8" in text
    assert "/s" in text
    assert text.endswith("\r")


def test_a_line_says_how_far_it_is():
    lines = []
    line = _progress.Line(lines.append)
    line(State(500, 501, 1.25, 3e-4, 2.0, 2000))
    line(State(500, 501, 1.25, 3e-4, 2.0, None))
    line.close()
    end = _progress.CLEAR
    assert lines[0] == f"500 of 2000 iterations, 250/s, f = 1.25, |g| = 0.0003{end}"
    assert lines[1].startswith("500 iterations, ")
    assert lines[2] == end


def test_methods_as_objects_take_it():
    from scipy import optimize

    states = []
    method = nadamkit.scipy_method("nadam", progress=states.append, **fixed(300))
    optimize.minimize(slow_bowl, np.ones(2), jac=True, method=method)
    assert states
