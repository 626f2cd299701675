"""Compiled code on disk: found again, never stale, never mixed up, and not needed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "nadamkit"

STEP = """
import sys
import numpy as np
from nadamkit.loops.stepper import Stepper
for backend in sys.argv[1:]:
    x = np.array([1.0, -2.0])
    Stepper("gd", x, backend=backend, learning_rate=0.5).step(np.array([1.0, 1.0]))
    print("result", backend, *x)
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of the package, to be edited."""
    ignored = shutil.ignore_patterns("__pycache__", "*.nb?")
    shutil.copytree(PACKAGE, tmp_path / "nadamkit", ignore=ignored)
    return tmp_path


def run(checkout, *backends, **changes):
    """Results by backend, what the cache did, and stderr."""
    environment = dict(os.environ, NUMBA_DEBUG_CACHE="1", NUMBA_NUM_THREADS="2")
    environment |= {"NUMBA_CACHE_DIR": str(checkout / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {k: v for k, v in (environment | changes).items() if v is not None}
    command = [sys.executable, "-c", STEP, *backends]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    results = {w[1]: tuple(map(float, w[2:])) for w in map(str.split, lines) if w[0] == "result"}
    events = [line for line in lines if line.startswith("[cache]")]
    return results, events, done.stderr


def count(events, what, where):
    return sum(f"data {what}" in line and f"{where}." in line for line in events)


@pytest.mark.parametrize("backend", ["serial", "parallel"])
def test_second_process_compiles_nothing(checkout, backend):
    results, events, _ = run(checkout, backend)
    assert results == {backend: (0.5, -2.5)}
    assert (count(events, "saved", backend), count(events, "loaded", backend)) == (1, 0)
    results, events, _ = run(checkout, backend)
    assert results == {backend: (0.5, -2.5)}
    assert (count(events, "saved", backend), count(events, "loaded", backend)) == (0, 1)


@pytest.mark.parametrize("backend", ["serial", "parallel"])
def test_edited_rule_is_noticed(checkout, backend):
    assert run(checkout, backend)[0] == {backend: (0.5, -2.5)}
    rule = checkout / "nadamkit/rules/gd.py"
    text = rule.read_text()
    assert text.count("x - eta * g") == 1
    rule.write_text(text.replace("x - eta * g", "x + eta * g"))
    assert run(checkout, backend)[0] == {backend: (1.5, -1.5)}


def test_edited_part_around_the_rule_is_noticed(checkout):
    assert run(checkout, "serial")[0] == {"serial": (0.5, -2.5)}
    part = checkout / "nadamkit/backends/pieces.py"
    text = part.read_text()
    assert text.count("    return eta\n") == 1
    part.write_text(text.replace("    return eta\n", "    return eta + eta\n"))
    assert run(checkout, "serial")[0] == {"serial": (0.0, -3.0)}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("_version.py", "__version__ =", '__version__ = "0.0.0"  #'),
        ("_runtime/numba.py", '"error_model": "numpy"', '"error_model": "python"'),
    ],
)
def test_code_of_another_version_or_of_other_options_is_not_used(checkout, file, old, new):
    """Installers give files the same dates, so that Numba cannot see that they are others."""
    run(checkout, "serial")
    path = checkout / "nadamkit" / file
    text, state = path.read_text(), path.stat()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    _, events, _ = run(checkout, "serial")
    assert (count(events, "saved", "serial"), count(events, "loaded", "serial")) == (1, 0)


LOOP = """
import nadamkit
options = {"learning_rate": 0.1, "maxiter": 3}
bowl = lambda x: (x @ x, 2.0 * x)
print(nadamkit.minimize(bowl, [1.0, 2.0], jac=True, backend="serial", options=options).nit)
"""


def test_edited_part_of_the_loop_in_python_is_noticed(checkout):
    """A function that a compiled one calls, in another file: the gradient's largest component."""

    def iterations():
        environment = dict(os.environ, NUMBA_CACHE_DIR=str(checkout / "cache"))
        environment.pop("PYTHONPATH", None)
        command = [sys.executable, "-c", LOOP]
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    assert iterations() == 3
    part = checkout / "nadamkit/backends/reduce.py"
    text = part.read_text()
    assert text.count("    top = np.int64(0)\n    for i in range(a.size):") == 1
    part.write_text(
        text.replace(
            "    top = np.int64(0)\n    for i in range(a.size):",
            "    top = np.int64(0)\n    for i in range(0):",
        )
    )
    assert iterations() == 0


def test_serial_and_parallel_do_not_serve_each_other(checkout):
    run(checkout, "serial")
    results, events, _ = run(checkout, "parallel", "serial")
    assert results == {"parallel": (0.5, -2.5), "serial": (0.5, -2.5)}
    assert (count(events, "saved", "parallel"), count(events, "loaded", "parallel")) == (1, 0)
    assert (count(events, "saved", "serial"), count(events, "loaded", "serial")) == (0, 1)


def test_without_a_writable_folder_it_warns_once_and_works(checkout):
    """A file where the folders would be keeps even root from writing there."""
    nowhere = checkout / "file"
    for blocked in (nowhere, *(p / "__pycache__" for p in checkout.rglob("nadamkit/**/"))):
        blocked.write_text("")
    homes = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "IPYTHONDIR"), str(nowhere / "below"))
    results, events, stderr = run(checkout, "serial", "parallel", NUMBA_CACHE_DIR=None, **homes)
    assert results == {"parallel": (0.5, -2.5), "serial": (0.5, -2.5)}
    assert not count(events, "saved", "serial")
    assert stderr.count("NadamkitWarning: no folder for compiled code can be written") == 1
    assert "Set NUMBA_CACHE_DIR to a writable folder" in stderr


AT_ONCE = """
import sys
from nadamkit._runtime import numba

def kernel(sign):
    def scaled(x):
        return sign * x
    return numba.jit(scaled)

first, second = kernel(1.0), kernel(-1.0)
files = [dispatcher._cache._cache_file for dispatcher in (first, second)]
waiting, write = [], files[0]._save_data
files[0]._save_data = lambda *what: waiting.append(what)
for file in files:
    # What a process sees that read the index before the other wrote it.
    file._load_index = dict
print(first(2.0), second(2.0))
write(*waiting[0])
for sign in (1.0, -1.0):
    again = kernel(sign)
    print(again(2.0), again.stats.cache_hits.total())
"""


def test_processes_that_write_at_once_do_not_swap_code(tmp_path):
    """The index is the second's; the code of the first, written last, must not lie in its file."""
    script = tmp_path / "at_once.py"
    script.write_text(AT_ONCE)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    environment["PYTHONPATH"] = str(PACKAGE.parent)
    command = [sys.executable, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2.0 -2.0", "2.0 0", "-2.0 1"]
