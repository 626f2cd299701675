"""Code in a new Python process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(code: str, **environment: str) -> str:
    """What `code` prints in a new process that finds this checkout; its last line."""
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"a process of the benchmark failed:\n{run.stderr}")
    return run.stdout.strip().rpartition("\n")[2]
