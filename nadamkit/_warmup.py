"""Compile ahead of time: `warmup`, and ``python -m nadamkit warmup``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nadamkit import minimize, registry
from nadamkit._runtime import numba
from nadamkit.errors import OptionError, shown
from nadamkit.hyperparameters import did_you_mean
from nadamkit.loops.stepper import Stepper

DTYPES = ("float32", "float64")
#: The numpy backend compiles nothing.
BACKENDS = ("serial", "parallel", "cuda")


class Warmup(NamedTuple):
    """What `warmup` did: the number of kernels and loops it prepared, and the time it took."""

    prepared: int
    seconds: float


def warmup(
    methods: str | Sequence[str] | None = None,
    dtypes: str | Sequence[str] = DTYPES,
    backends: str | Sequence[str] = ("serial", "parallel"),
    loops: bool = True,
    *,
    disp: bool = True,
) -> Warmup:
    """Compile kernels and loops now and leave them in the disk cache, for containers and CI.

    Parameters
    ----------
    methods : str or sequence of str, optional
        Names of methods; all by default.
    dtypes : {'float32', 'float64'} or sequence of them, optional
        Precisions.
    backends : {'serial', 'parallel', 'cuda'} or sequence of them, optional
        Backends whose kernels are compiled, with what the loop in Python calls beside them. Those
        for CUDA are compiled as a trial only: they are not kept on disk.
    loops : bool, optional
        Also prepare the loops in which `minimize` runs an ``@njit`` objective.
    disp : bool, optional
        Print a line for each kernel and loop, with the time it took.

    Returns
    -------
    prepared : int
        Number of kernels and loops that are ready.
    seconds : float
        Time taken, in seconds: little when all were in the cache already.

    Raises
    ------
    OptionError
        For an unknown name; nothing is compiled then.
    BackendUnavailable
        If a backend lacks its package or its device.

    Notes
    -----
    Kernels with a learning rate per parameter, weight decay or clipping are variants of these, and
    are compiled on first use. So are the steps of `Optimizer` and of `nadamkit.torch`.

    Examples
    --------
    >>> import nadamkit
    >>> nadamkit.warmup("nadam", "float64", "serial", loops=False, disp=False).prepared
    1
    """
    chosen = [registry.get(name).name for name in _listed(methods or registry.names())]
    precisions = _known("dtype", dtypes, DTYPES)
    targets = _known("backend", backends, BACKENDS)
    numba.numba()
    begin = time.perf_counter()
    prepared = 0
    for method, dtype in itertools.product(chosen, precisions):
        for target in (*targets, *(["loop"] if loops else [])):
            start = time.perf_counter()
            if target == "loop":
                _run_loop(method, dtype)
            else:
                _run_kernel(method, dtype, target)
            prepared += 1
            if disp:
                seconds = time.perf_counter() - start
                print(f"{method:<10}{dtype:<9}{target:<10}{seconds:6.2f} s", flush=True)
    return Warmup(prepared, time.perf_counter() - begin)


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _known(kind: str, names: str | Sequence[str], known: Sequence[str]) -> Sequence[str]:
    for name in _listed(names):
        if name not in known:
            raise OptionError(
                f"Unknown {kind} {shown(name)}{did_you_mean(str(name), known)} "
                f"Choose from: {', '.join(known)}."
            )
    return _listed(names)


def _run_kernel(method: str, dtype: str, backend: str) -> None:
    if backend == "cuda":
        Stepper(method, np.ones(2, dtype), backend=backend).step(np.ones(2, dtype))
    else:
        _run(lambda x: (0.5 * x @ x, x.copy()), method, dtype, backend=backend, jac=True)


def _run_loop(method: str, dtype: str) -> None:
    _run(numba.jit(_half_square), method, dtype)


def _run(fun: Any, method: str, dtype: str, **given: Any) -> None:
    """Run each kind of loop for two iterations."""
    for rate, stochastic in (("auto", False), ("auto", True), (1e-3, False)):
        given["options"] = {"learning_rate": rate, "maxiter": 2}
        minimize(fun, np.ones(2, dtype), method=method, stochastic=stochastic, **given)


def _half_square(x: Any, g: Any) -> Any:
    """Write the gradient of |x|^2 / 2 into `g` and return its value, in the in-place form."""
    total = 0.0
    for i in range(x.size):
        g[i] = x[i]
        total += 0.5 * x[i] * x[i]
    return total
