"""optax and Keras, in a process of their own: JAX warns at every fork from then on."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("library", ["optax", "keras"])
def test_library(library):
    if not (find_spec("jax") and find_spec("optax") and find_spec("keras")):
        pytest.skip("jax, optax or keras is not installed")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["tests/with_living_dialects.py", "-k", library]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
