"""PyTorch, Keras and optax, in a process of their own: `third_party.py`.

JAX keeps threads and warns at every fork from then on, which other tests do.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "pytest", "-q", "tests/conformance/third_party.py")


def test_other_peoples_libraries():
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert "passed" in last
    if "skipped" in last:  # a library is missing
        pytest.skip(last)
