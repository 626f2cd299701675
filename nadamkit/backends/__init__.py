"""Backends: each turns a rule into a kernel, from the same step, with the same bits."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from nadamkit.backends.pieces import Pieces, Variant, pieces_of
from nadamkit.errors import BackendUnavailable, OptionError, shown
from nadamkit.hyperparameters import did_you_mean
from nadamkit.rule import Rule

#: Backend names and the modules that make their kernels.
BACKENDS = {name: f"nadamkit.backends.{name}" for name in ("numpy", "serial", "parallel", "cuda")}

#: From this many parameters on, ``backend="auto"`` runs on all threads. Measured with Nadam on 2
#: idle cores, the two are equal near 25,000 parameters in float32 and 8,000 in float64, and at this
#: size threads take two thirds of the time; while other programs use the cores, starting threads
#: costs 15 to 120 us instead of 2, which they win back from here on. Results are the same anyway.
PARALLEL_FROM = 65_536


def choose(backend: str, size: int) -> str:
    """The backend to use for arrays of `size` elements.

    Parameters
    ----------
    backend : {'auto', 'numpy', 'serial', 'parallel', 'cuda'}
        What the user asked for. ``'auto'`` is parallel from `PARALLEL_FROM` parameters on and
        serial below, or numpy where numba is not installed.
    size : int
        Number of parameters.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        For an unknown name.
    """
    if backend == "auto":
        from nadamkit._runtime import numba

        if not numba.available():
            return "numpy"
        return "parallel" if size >= PARALLEL_FROM and numba.max_threads() > 1 else "serial"
    if not isinstance(backend, str) or backend not in BACKENDS:
        raise OptionError(
            f"Unknown backend {shown(backend)}{did_you_mean(str(backend), BACKENDS)} "
            f"Choose one of: auto, {', '.join(BACKENDS)}."
        )
    return backend


def make_kernel(rule: Rule, names: tuple[str, ...], backend: str, variant: Variant) -> Any:
    """The kernel of a rule on a backend; see `nadamkit.backends.pieces` for how it is called.

    Parameters
    ----------
    rule : Rule
        The update rule.
    names : tuple of str
        Its coefficients.
    backend : str
        A name from `BACKENDS`.
    variant : Variant
        Optional parts.

    Returns
    -------
    callable

    Raises
    ------
    BackendUnavailable
        If what the backend needs is not installed.
    """
    return _kernel(pieces_of(rule, names, variant), backend)


@cache
def _kernel(pieces: Pieces, backend: str) -> Any:
    return importlib.import_module(BACKENDS[backend]).make_kernel(pieces)


__all__ = ["BACKENDS", "PARALLEL_FROM", "BackendUnavailable", "Variant", "choose", "make_kernel"]
