"""What nadamkit found on this machine: `show_config`, and ``python -m nadamkit info``."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Literal, overload

from nadamkit._runtime import cuda, numba
from nadamkit._version import __version__
from nadamkit.backends import PARALLEL_FROM
from nadamkit.errors import BackendUnavailable

Config = dict[str, dict[str, str]]

#: What each extra brings: the distribution looked for, and what it is for.
EXTRAS = {
    "cuda": ("numba-cuda", "NVIDIA GPUs"),
    "torch": ("torch", "PyTorch, which nothing in this version uses yet"),
    "plot": ("matplotlib", "plots"),
    "progress": ("tqdm", "progress bars"),
    "dask": ("dask", "Dask, which nothing in this version uses yet"),
    "examples": ("scikit-learn", "the digits of the demo and the examples"),
}


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> Config: ...
def show_config(mode: str = "stdout") -> Config | None:
    """Show versions, backends, threads, cache folder, and what is missing and how to get it.

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
    ValueError
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
        raise ValueError(f"mode must be 'stdout' or 'dicts', not {mode!r}")
    config = {
        "versions": _versions(),
        "backends": _backends(),
        "threads": _threads(),
        "cache": _cache(),
        "missing": _missing(),
    }
    if mode == "dicts":
        return config
    for section, entries in config.items():
        print(section.capitalize())
        for name, value in (entries or {"nothing": ""}).items():
            print(f"  {name:<20} {value}".rstrip())
    return None


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _versions() -> dict[str, str]:
    optional = (distribution for distribution, _ in EXTRAS.values())
    found = {name: _installed(name) for name in ("numpy", "scipy", "numba", "llvmlite", *optional)}
    return {
        "nadamkit": __version__,
        "python": f"{platform.python_version()} ({platform.system()} {platform.machine()})",
        **{name: version or "not installed" for name, version in found.items()},
    }


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


def _threads() -> dict[str, str]:
    affinity = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity else os.cpu_count()
    entries = {"CPUs": f"{os.cpu_count()}, {usable} of them for this process"}
    if numba.available():
        entries["numba threads"] = str(numba.threads())
        entries["threading layer"] = _threading_layer()
        entries["parallel from"] = f"{PARALLEL_FROM:,} parameters"
    return entries


def _threading_layer() -> str:
    try:
        return numba.threading_layer()
    except (ValueError, BackendUnavailable) as error:
        return f"none: {error}"


def _cache() -> dict[str, str]:
    folder = numba.cache_directory()
    if not folder:
        advice = "not writable: every process compiles anew; set NUMBA_CACHE_DIR to a folder"
        return {"folder": advice}
    return {"folder": folder, "writable": "yes"}


def _missing() -> dict[str, str]:
    return {
        extra: f'for {purpose}: python -m pip install "nadamkit[{extra}]"'
        for extra, (distribution, purpose) in EXTRAS.items()
        if _installed(distribution) is None
    }
