"""Choosing a backend, and what is said where one cannot run."""

import os
import subprocess
import sys
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from nadamkit import backends, registry
from nadamkit._runtime import cuda, numba
from nadamkit.errors import BackendUnavailable, OptionError
from nadamkit.loops.stepper import Stepper

ROOT = Path(__file__).parents[2]

BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "numba_cuda", "llvmlite"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
"""


def run(code, **environment):
    """The output of a Python process."""
    inherited = {k: v for k, v in os.environ.items() if k != "NUMBA_ENABLE_CUDASIM"}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "serial"),
        (backends.PARALLEL_FROM - 1, "serial"),
        (backends.PARALLEL_FROM, "parallel"),
        (10**9, "parallel"),
    ],
)
def test_auto_goes_by_size(size, expected, monkeypatch):
    monkeypatch.setattr(numba, "max_threads", lambda: 2)
    assert backends.choose("auto", size) == expected


def test_auto_is_serial_with_one_thread(monkeypatch):
    monkeypatch.setattr(numba, "max_threads", lambda: 1)
    assert backends.choose("auto", 10**9) == "serial"


def test_auto_is_numpy_without_numba(monkeypatch):
    monkeypatch.setattr(numba, "available", lambda: False)
    assert backends.choose("auto", 10**9) == "numpy"


@pytest.mark.parametrize("name", backends.BACKENDS)
def test_a_name_is_taken_at_its_word(name):
    assert backends.choose(name, 3) == name


@pytest.mark.parametrize(
    ("name", "hint"), [("cude", "did you mean 'cuda'"), ("gpu", "Choose one of: auto, numpy")]
)
def test_unknown_backend(name, hint):
    with pytest.raises(OptionError, match=f"Unknown backend '{name}'.*{hint}"):
        backends.choose(name, 3)


def test_kernels_are_shared():
    rule = registry.get("gd")
    first = backends.make_kernel(rule, (), "numpy", backends.Variant())
    assert backends.make_kernel(rule, (), "numpy", backends.Variant()) is first
    assert backends.make_kernel(rule, (), "numpy", backends.Variant(rated=True)) is not first


def test_result_does_not_depend_on_the_threshold(monkeypatch):
    results = []
    for threshold in (1, 10**9):
        monkeypatch.setattr(backends, "PARALLEL_FROM", threshold)
        x = np.linspace(-1.0, 1.0, 1001)
        stepper = Stepper("nadam", x)
        for t in range(5):
            stepper.step(np.sin(x + t))
        results.append(x.tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("backend", ["serial", "parallel", "cuda"])
def test_compiled_backends_say_that_numba_is_missing(backend):
    code = f"""
import numpy as np
from nadamkit.errors import BackendUnavailable
from nadamkit.loops.stepper import Stepper
try:
    Stepper("nadam", np.ones(3), backend="{backend}")
except BackendUnavailable as error:
    print(error)
"""
    text = run(BLOCKED + code)
    assert "numba" in text
    assert "cannot be imported" in text
    assert "python -m pip install" in text


def test_everything_but_the_compiled_backends_works_without_numba():
    code = """
import numpy as np
from nadamkit import coefficients, registry, schedules
from nadamkit.loops.stepper import Stepper
for method in registry.names():
    for backend in ("numpy", "auto"):
        x = np.ones(3)
        stepper = Stepper(method, x, backend=backend, learning_rate=0.1)
        stepper.step(np.array([1.0, -2.0, 0.5]))
        assert (x != 1.0).all()
    rule = registry.get(method)
    coefficients.CoefficientTable(rule, rule.validated({}), np.dtype("f8"))
print(len(registry.names()), "numba" in sys.modules)
"""
    assert run(BLOCKED + code).split() == [str(len(registry.names())), "False"]


def test_numpy_backend_does_not_import_numba():
    code = """
import sys
import numpy as np
from nadamkit.loops.stepper import Stepper
Stepper("nadam", np.ones(3), backend="numpy").step(np.ones(3))
print("numba" in sys.modules)
"""
    assert run(code).strip() == "False"


@pytest.mark.skipif(cuda.status()[0] == "gpu", reason="there is a GPU")
def test_cuda_says_what_is_missing():
    code = """
from nadamkit._runtime import cuda
from nadamkit.errors import BackendUnavailable
kind, detail = cuda.status()
try:
    cuda.cuda()
except BackendUnavailable as error:
    print(kind, error, sep="|")
    assert detail in str(error)
"""
    kind, text = run(code).strip().split("|")
    assert kind == "missing"
    assert "NUMBA_ENABLE_CUDASIM=1" in text
    if util.find_spec("numba_cuda") is None:
        assert "numba-cuda is not installed" in text
        assert "deprecated" in text
        assert 'python -m pip install "nadamkit[cuda]"' in text
    else:
        assert "no NVIDIA GPU or driver was found" in text


def test_simulator_is_asked_for_by_the_environment():
    code = "from nadamkit._runtime import cuda; print(cuda.status()[0])"
    assert run(code, NUMBA_ENABLE_CUDASIM="1").strip() == "simulator"


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("module", "driver is broken. Reinstall with"),
        ("available", "numba cannot be imported"),
    ],
)
def test_status_never_raises(broken, text, monkeypatch):
    def fail():
        raise RuntimeError("driver is\nbroken.")

    monkeypatch.setattr(cuda, "simulated", lambda: False)
    monkeypatch.setattr(cuda.util, "find_spec", lambda name: object())
    monkeypatch.setattr(cuda, "module", fail)
    if broken == "available":
        monkeypatch.setattr(numba, "available", lambda: False)
    kind, detail = cuda.status()
    assert kind == "missing"
    assert text in detail
    with pytest.raises(BackendUnavailable, match="backend 'cuda' cannot run here"):
        cuda.cuda()
