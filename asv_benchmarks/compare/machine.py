"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

#: Libraries whose versions are told.
LIBRARIES = ("nadamkit", "numba", "numpy", "scipy", "torch", "jax", "optax")


def header() -> dict[str, str]:
    """Machine, versions and threads, as they stand above a table."""
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "machine": f"{processor()}, {cores()} cores, load {load}",
        "python": f"{platform.python_version()} on {platform.system()}",
        "versions": ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
        "threads": "set for each row in numba and torch; 1 for BLAS and XLA",
    }


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> str:
    """Memory of the machine."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return "unknown"
    return f"{size / 2**30:.0f} GiB"


def processor() -> str:
    """The processor's model, as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.replace("\t", "").split(": ", 1) for line in lines if ": " in line)
    names = ("model name", "cpu family", "model")
    return ", ".join(f"{n} {fields[n]}" for n in names if n in fields) or platform.machine()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(this checkout)" if name == "nadamkit" else "absent"
