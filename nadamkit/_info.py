"""What nadamkit found on this machine: `show_config`, and ``python -m nadamkit info``."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Literal, overload

from nadamkit._runtime import cuda, numba
from nadamkit._version import __version__
from nadamkit.backends import PARALLEL_FROM
from nadamkit.errors import BackendUnavailable, OptionError, shown

Config = dict[str, dict[str, str]]

#: What each extra for users brings: the distribution looked for, and what it is for.
EXTRAS = {
    "cuda": ("numba-cuda", "backend='cuda' and arrays on NVIDIA GPUs"),
    "torch": ("torch", "nadamkit.torch and jac='torch'"),
    "plot": ("matplotlib", "nadamkit.plot and the plot of the demo"),
    "progress": ("tqdm", "bars of progress=True"),
    "dask": ("dask", "Dask, which nothing in this version uses yet"),
    "examples": ("scikit-learn", "the data of the demo, the examples and nadamkit.problems"),
}
#: Other packages that a run may depend on; CuPy's distribution is named for CUDA's version.
OTHERS = {
    "jax": ("jax",),
    "autograd": ("autograd",),
    "cupy": ("cupy-cuda13x", "cupy-cuda12x", "cupy"),
    "threadpoolctl": ("threadpoolctl",),
}
#: Environment variables, or how they begin, that change how fast or where something runs.
VARIABLES = (
    *("NADAMKIT_", "NUMBA_", "OMP_", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    "CUDA_VISIBLE_DEVICES",
)


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> Config: ...
def show_config(mode: str = "stdout") -> Config | None:
    """Show what a report of a bug needs, and what is missing and how to get it.

    That is versions, the system and its CPU, backends, GPUs, threads, environment variables and the
    folder of compiled code, which is the only path that is shown.

    Parameters
    ----------
    mode : {'stdout', 'dicts'}, optional
        Print, or return the same as dictionaries, as in `numpy.show_config`.

    Returns
    -------
    dict of dict or None
        Sections and their entries, all strings, if `mode` is ``'dicts'``.

    Raises
    ------
    OptionError
        For another mode.

    Notes
    -----
    Optional packages are looked up but not imported. The name of the threading layer is known only
    once it has started, so numba is imported and a parallel function is compiled.

    Examples
    --------
    >>> import nadamkit
    >>> nadamkit.show_config("dicts")["backends"]["numpy"]
    'available'
    """
    if mode not in ("stdout", "dicts"):
        raise OptionError(f"mode={shown(mode)} is not allowed: it must be 'stdout' or 'dicts'.")
    config = {
        "versions": _versions(),
        "system": _system(),
        "backends": _backends(),
        "GPUs": _gpus(),
        "threads": _threads(),
        "environment": _environment(),
        "cache": _cache(),
        "missing": _missing(),
    }
    if mode == "dicts":
        return config
    for section, entries in config.items():
        print(section[0].upper() + section[1:])
        for name, value in (entries or {"nothing": ""}).items():
            print(f"  {name:<20} {value}".rstrip())
    return None


def _installed(*distributions: str) -> str | None:
    """Version of the first of these that is installed."""
    for distribution in distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None


def _versions() -> dict[str, str]:
    needed = {name: (name,) for name in ("numpy", "scipy", "numba", "llvmlite")}
    optional = {name: (name,) for name, _ in EXTRAS.values()}
    found = {name: _installed(*known) for name, known in {**needed, **optional, **OTHERS}.items()}
    return {
        "nadamkit": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        **{name: version or "not installed" for name, version in found.items()},
    }


def _system() -> dict[str, str]:
    entries = {"platform": platform.platform(), "CPU": _processor()}
    if numba.available():
        entries["CPU for Numba"], features = numba.cpu()
        entries["CPU features"] = " ".join(features)
    return entries


def _processor() -> str:
    """The maker's name of the CPU, where the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(models), platform.processor() or platform.machine())


def _backends() -> dict[str, str]:
    compiled = "available"
    if not numba.available():
        compiled = "missing: install it with `python -m pip install numba`"
    kind, detail = cuda.status()
    found = {"gpu": "available", "simulator": "simulator", "missing": "missing"}[kind]
    return {
        "numpy": "available",
        "serial": compiled,
        "parallel": compiled,
        "cuda": f"{found}: {detail}" if detail else found,
    }


def _gpus() -> dict[str, str]:
    """What NVIDIA's driver says, which needs none of the packages."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return {"none": "nvidia-smi, which comes with NVIDIA's driver, was not found"}
    except (OSError, subprocess.SubprocessError) as error:
        return {"unknown": f"nvidia-smi did not run ({type(error).__name__})"}
    lines = (told.stdout or told.stderr).strip().splitlines()
    if told.returncode or not lines:
        return {"none": "nvidia-smi: " + (lines[0] if lines else "no device")}
    return {str(i): line for i, line in enumerate(lines)}


def _threads() -> dict[str, str]:
    affinity = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity else os.cpu_count()
    entries = {"CPUs": f"{os.cpu_count()}, {usable} of them for this process"}
    if numba.available():
        entries["numba threads"] = str(numba.threads())
        entries["threading layer"] = _threading_layer()
        entries["parallel from"] = f"{PARALLEL_FROM:,} parameters"
    entries["BLAS threads"] = _blas()
    return entries


def _blas() -> str:
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown, for threadpoolctl is not installed"
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    told = (f"{p['num_threads']} ({p['internal_api']} {p['version']})" for p in pools)
    return ", ".join(told) or "unknown to threadpoolctl"


def _threading_layer() -> str:
    try:
        return numba.threading_layer()
    except (ValueError, BackendUnavailable) as error:
        return f"none: {error}"


def _environment() -> dict[str, str]:
    """Variables that are set, without paths."""
    return {
        name: value if os.sep not in value else "(a path)"
        for name, value in sorted(os.environ.items())
        if name.startswith(VARIABLES)
    }


def _cache() -> dict[str, str]:
    if not numba.available():
        return {"folder": "none, for numba is missing"}
    chosen, folder = os.environ.get("NUMBA_CACHE_DIR"), numba.cache_directory()
    if not folder:
        advice = "not writable: every process compiles anew; set NUMBA_CACHE_DIR to a folder"
        return {"folder": advice}
    files = [path.stat().st_size for path in Path(folder).rglob("*.nb[ci]")]
    entries = {
        "folder": folder,
        "writable": "yes",
        "compiled code": f"{sum(files) / 1e6:.1f} MB in {len(files)} files",
    }
    if chosen and chosen != folder:
        entries["NUMBA_CACHE_DIR"] = "not used, because it is not writable"
    return entries


def _missing() -> dict[str, str]:
    return {
        extra: f'for {purpose}: python -m pip install "nadamkit[{extra}]"'
        for extra, (distribution, purpose) in EXTRAS.items()
        if _installed(distribution) is None
    }
