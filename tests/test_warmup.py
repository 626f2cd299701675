"""What `warmup` has compiled is found by the next process, which compiles nothing."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = """
from numba.core import event
import nadamkit

compiled = []

class Listener(event.Listener):
    def on_start(self, begun):
        compiled.append(str(begun.data["dispatcher"].py_func.__qualname__))
    def on_end(self, ended):
        pass

def bowl(x):
    return 0.5 * x @ x, x.copy()

with event.install_listener("numba:compile", Listener()):
    for given in ({}, {"stochastic": True}, {"options": {"learning_rate": 0.1}}):
        options = {"maxiter": 5, **given.pop("options", {})}
        nadamkit.minimize(bowl, [1.0, 2.0], jac=True, backend="serial", options=options, **given)
print(len(compiled), *compiled)
"""


def run(tmp_path, *command):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_functions_in_python_find_all_that_they_need(tmp_path):
    ready = "nadamkit.warmup('nadam', 'float64', 'serial', loops=False, disp=False)"
    run(tmp_path, "-c", f"import nadamkit; {ready}")
    assert run(tmp_path, "-c", RUNS).split() == ["0"]


def test_without_it_they_are_compiled(tmp_path):
    """The listener sees what is compiled."""
    count, *names = run(tmp_path, "-c", RUNS).split()
    assert int(count) == len(names) > 5
