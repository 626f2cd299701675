"""Code in a new Python process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(code: str, **environment: str) -> str:
    """What `code` prints in a new process; its last line.

    nadamkit is the one that this process has; of this checkout only what is beside it is added.
    """
    beside = f"import sys; sys.path.append({str(ROOT)!r}); "
    run = subprocess.run(
        [sys.executable, "-c", beside + code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"a process of the benchmark failed:\n{run.stderr}")
    return run.stdout.strip().rpartition("\n")[2]
