"""The compiled loop in company: exceptions, warnings, interrupts, time limits, and both caches."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from numba.core import event
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize
from nadamkit.errors import CompileWarning
from nadamkit.loops.run import Runner
from tests.loops.njit_problems import SPELLINGS, START, fun, in_place

FIXED = {"learning_rate": 0.05, "maxiter": 300}
MODES = pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
ROOT = Path(__file__).parents[2]


@pytest.fixture
def only_python(monkeypatch):
    """Fail if the compiled loop runs."""

    def never(self, objective):
        raise AssertionError("the compiled loop ran")

    monkeypatch.setattr(Runner, "compiled", never)


class Counter(event.Listener):
    """Counts what numba compiles."""

    def __init__(self):
        self.compiled = []

    def on_start(self, event):
        self.compiled.append(event.data["dispatcher"].py_func.__qualname__)

    def on_end(self, event):
        pass


@MODES
@pytest.mark.parametrize("spelling", ["in place", "pair", "separate"])
def test_exceptions_keep_type_and_message(spelling, options):
    @njit
    def fails(x, g):
        if x[2] > -2.9:
            raise ValueError("the tank is empty")
        return in_place(x, g)

    @njit
    def value(x):
        return fails(x, np.empty_like(x))

    @njit
    def gradient(x):
        g = np.empty_like(x)
        fails(x, g)
        return g

    @njit
    def both(x):
        g = np.empty_like(x)
        return fails(x, g), g

    spellings = {"in place": (fails, None), "pair": (both, True), "separate": (value, gradient)}
    given, jac = spellings[spelling]
    with pytest.raises(ValueError, match=r"^the tank is empty$") as caught:
        minimize(given, START, jac=jac, options=options)
    assert type(caught.value) is ValueError


class EmptyTankError(Exception):
    """Of the user's own making, which compiled code can raise as well."""


def test_own_exceptions_with_arguments():
    @njit
    def fails(x, g):
        if x[0] < 0.9:
            raise EmptyTankError("empty", 3)
        return in_place(x, g)

    with pytest.raises(EmptyTankError) as caught:
        minimize(fails, START, options=FIXED)
    assert caught.value.args == ("empty", 3)


def test_after_an_exception_the_next_run_is_right():
    @njit
    def fails(x, g):
        raise IndexError("once")

    before = minimize(in_place, START, options=FIXED)
    with pytest.raises(IndexError, match="once"):
        minimize(fails, START, options=FIXED)
    after = minimize(in_place, START, options=FIXED)
    assert_array_equal(after.x, before.x)


@MODES
@pytest.mark.parametrize("size", [2, 4])
def test_gradient_of_wrong_length(size, options):
    @njit
    def wrong(x):
        return 1.0, np.ones(size)

    @njit
    def wrong_jac(x):
        return np.ones(size)

    for given, jac in ((wrong, True), (fun, wrong_jac)):
        with pytest.raises(ValueError, match=r"gradient .* x"):
            minimize(given, START, jac=jac, options=options)


def test_the_callers_start_is_never_changed():
    @njit
    def spoils(x, g):
        f = in_place(x, g)
        x[:] = 0.0
        return f

    x0 = START.copy()
    minimize(spoils, x0, options=FIXED)
    assert_array_equal(x0, START)
    result = minimize(in_place, x0, options=FIXED)
    assert_array_equal(x0, START)
    assert not np.shares_memory(result.x, x0)


def squared(x, g):
    g[:] = 2 * x
    return sum(float(v) ** 2 for v in {i: v for i, v in enumerate(x)}.values()) + len(str(type(x))) * 0


@MODES
def test_objective_that_does_not_type_warns_and_goes_on(options, only_python):
    objective = njit(squared)
    with pytest.warns(CompileWarning) as caught:
        result = minimize(objective, START, options=options)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    lines = str(caught[0].message).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("the @njit objective 'squared' cannot be used in the compiled loop: ")
    assert lines[1].startswith("The run goes on in the Python loop")
    expected = minimize(lambda x: (np.sum(x**2), 2 * x), START, jac=True, options=options)
    assert_allclose(result.x, expected.x, rtol=1e-12)
    assert result.nit == expected.nit


@pytest.mark.parametrize("given", [{"backend": "numpy"}, {"callback": lambda x: None}], ids=repr)
def test_objective_that_does_not_type_goes_on_without_the_compiled_loop_too(given, only_python):
    with pytest.warns(CompileWarning):
        result = minimize(njit(squared), START, **given)
    assert_allclose(result.x, 0.0, atol=1e-5)


def test_objective_without_gradient_that_does_not_type(only_python):
    @njit
    def untyped(x):
        return float(np.sum(x**2)) + len(str(type(x))) * 0

    with pytest.warns(CompileWarning):
        result = minimize(untyped, START)
    assert_allclose(result.x, 0.0, atol=1e-4)


def test_arguments_that_do_not_type(only_python):
    @njit
    def scaled(x, g, settings):
        g[:] = 2 * x
        return np.sum(x * x)

    with pytest.warns(CompileWarning, match="cannot be used in the compiled loop"):
        result = minimize(scaled, START, ({"scale": object()},))
    assert_allclose(result.x, 0.0, atol=1e-5)


@MODES
def test_python_gradient_of_a_compiled_function(options, only_python):
    result = minimize(fun, START, jac=lambda x: SPELLINGS["separate"][1](x), options=options)
    given, jac = SPELLINGS["separate"]
    expected = minimize(given.py_func, START, jac=jac.py_func, options=options)
    assert_allclose(result.x, expected.x, rtol=1e-12)
    assert result.nit == expected.nit


@pytest.mark.parametrize("jac", [None, False, "2-point", "3-point"])
def test_compiled_function_without_gradient(jac, only_python):
    result = minimize(fun, START, jac=jac)
    assert result.success
    assert_allclose(result.x, [0.0, 1.0, 2.0], atol=1e-4)


def test_second_run_compiles_nothing():
    @njit
    def fresh(x, g):
        return in_place(x, g)

    for options in ({}, FIXED):
        minimize(fresh, START, options=options)
    counter = Counter()
    with event.install_listener("numba:compile", counter):
        for options in ({}, FIXED, FIXED | {"maxiter": 20, "learning_rate": 0.1}):
            minimize(fresh, START, options=options)
            minimize(fresh, np.ones(7), options=options)
    assert counter.compiled == []


def test_new_objective_compiles_only_itself():
    minimize(in_place, START, options=FIXED)

    @njit
    def newer(x, g):
        g[:] = x
        return 0.5 * np.sum(x * x)

    counter = Counter()
    with event.install_listener("numba:compile", counter):
        minimize(newer, START, options=FIXED)
    names = {name.rsplit(".", 1)[-1] for name in counter.compiled}
    assert "newer" in names
    assert not names & {"loop", "kernel"}


@MODES
def test_maxtime(options):
    @njit
    def endless(x, g):
        g[0] = 1.0
        return x[0]

    given = options | {"maxiter": np.inf, "maxtime": 0.3, "gtol": None}
    minimize(endless, [0.0], options=given | {"maxtime": 0.0})
    start = time.perf_counter()
    result = minimize(endless, [0.0], options=given)
    took = time.perf_counter() - start
    if result.status != 14:  # the line search falls for ever, until its numbers overflow
        assert not options
        return
    assert 0.25 < took < 1.5
    assert "time limit" in result.message
    assert np.isfinite(result.fun)


def test_maxtime_of_a_slow_objective():
    @njit
    def slow(x, g):
        total = 0.0
        for i in range(8_000_000):  # some 10 ms
            total += np.sin(i * x[0])
        g[0] = 1.0
        return x[0] + total * 1e-300

    minimize(slow, [0.5], options=FIXED | {"maxiter": 0})
    start = time.perf_counter()
    result = minimize(slow, [0.5], options=FIXED | {"maxiter": 100_000, "maxtime": 0.5})
    assert result.status == 14
    assert time.perf_counter() - start < 2.0


def started(code, **environment):
    """A process that runs `code` in this checkout."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env=dict(os.environ, **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT of POSIX")
@MODES
def test_interrupt(options):
    code = """
        import numpy as np
        from nadamkit import minimize
        from tests.loops.njit_problems import in_place
        options = {"maxiter": np.inf, "gtol": None, **%r}
        if "learning_rate" not in options:
            options["target"] = -1.0
        minimize(in_place, np.ones(3), options={**options, "maxiter": 1})
        print("ready", flush=True)
        while True:
            minimize(in_place, np.ones(3), options=options)
    """ % {k: v for k, v in options.items() if k != "maxiter"}
    process = started(code)
    try:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=2.0)
    finally:
        process.kill()
        process.wait()
    assert errors.rstrip().endswith("KeyboardInterrupt"), errors
    assert process.returncode != 0


CACHED = """
    import json, numpy as np
    from numba.core import event
    from tests.loops.test_compiled_manners import Counter
    from nadamkit import minimize
    from tests.loops.njit_problems import in_place
    counter = Counter()
    with event.install_listener("numba:compile", counter):
        for options in ({}, {"learning_rate": 0.01, "maxiter": 10}):
            result = minimize(in_place, np.ones(3), method="gd", options=options)
    print(json.dumps([counter.compiled, result.x.tolist()]))
"""


def test_second_process_finds_the_loops_on_disk(tmp_path):
    found = []
    for _ in range(2):
        process = started(CACHED, NUMBA_CACHE_DIR=str(tmp_path))
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        found.append(json.loads(out.splitlines()[-1]))
    (first, x), (second, again) = found
    kinds = [{name.rsplit(".", 1)[-1] for name in names} for names in (first, second)]
    assert {"loop", "kernel"} <= kinds[0]
    assert not kinds[1] & {"loop", "kernel"}
    assert x == again


