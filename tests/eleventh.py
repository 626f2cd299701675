"""A copy of the package with one file more, and Python in it: what adding a method comes to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def copied(folder: Path, *more: str) -> Path:
    """Copy the package, its tests and `more` folders to a new folder."""
    leave = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    for name in ("nadamkit", "tests", *more):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(folder: Path, *command: str) -> str:
    """What Python prints in the copy."""
    environment = dict(
        os.environ,
        NUMBA_ENABLE_CUDASIM="1",
        NUMBA_CACHE_DIR=str(folder / ".numba_cache"),
        PYTHONPATH=str(folder),
        NUMBA_NUM_THREADS="2",
    )
    environment.pop("NADAMKIT_TEST_GPU", None)
    process = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def said(folder: Path, code: str) -> Any:
    """What the last line that a program prints in the copy says in JSON."""
    return json.loads(run(folder, "-W", "error", "-c", textwrap.dedent(code)).splitlines()[-1])
