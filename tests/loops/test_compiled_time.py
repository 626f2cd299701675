"""How long the compiled loop takes: to compile, to notice Ctrl-C, and to notice the time limit."""

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

from nadamkit import minimize
from tests.loops.njit_problems import START, in_place

FIXED = {"learning_rate": 0.05, "maxiter": 300}
MODES = pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])
ROOT = Path(__file__).parents[2]


class Counter(event.Listener):
    """Counts what numba compiles."""

    def __init__(self):
        self.compiled = []

    def on_start(self, event):
        self.compiled.append(event.data["dispatcher"].py_func.__qualname__)

    def on_end(self, event):
        pass


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
        for i in range(20_000_000):  # some 200 ms
            total += np.sin(i * x[0])
        g[0] = 1.0
        return x[0] + total * 1e-300

    minimize(slow, [0.5], options=FIXED | {"maxiter": 0})
    start = time.perf_counter()
    slow(np.array([0.5]), np.empty(1))
    one = time.perf_counter() - start
    start = time.perf_counter()
    result = minimize(slow, [0.5], options=FIXED | {"maxiter": 100_000, "maxtime": one})
    assert result.status == 14
    # The start, a step, and the step that was under way when the time was up.
    assert time.perf_counter() - start < 5.0 * one
    assert result.nfev <= 3


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
    # A process started in the background of a shell ignores the signal, and so do its children.
    code = """
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
        process.communicate()
    assert errors.rstrip().endswith("KeyboardInterrupt"), errors
    assert process.returncode != 0


CACHED = """
    import json, numpy as np
    from numba.core import event
    from tests.loops.test_compiled_time import Counter
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


def test_parts_are_registered_alike_by_both_loops():
    """Numba keeps to what a function was first said to be: forced in, or a call of some 20 ns."""
    code = """
        import json
        from nadamkit.loops import plain, python
        python._compiled_functions()
        again = {name: f is plain.PARTS[name] for name, f in plain.inlinable().items()}
        info = plain.inlinable.cache_info()
        print(json.dumps([all(again.values()), info.misses]))
    """
    process = started(code)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert out.split() == ["[true,", "1]"]
