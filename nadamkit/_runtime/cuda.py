"""The one door to CUDA: the package behind it, what is missing, and how kernels are compiled.

A GPU is driven by NVIDIA's numba-cuda, which takes the place of ``numba.cuda``; the target that
numba itself ships is deprecated and is used for its simulator only. With
``NUMBA_ENABLE_CUDASIM=1`` in the environment kernels run as Python, which needs neither a GPU nor
numba-cuda.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module, util
from typing import Any

import numpy as np

from nadamkit._runtime import numba
from nadamkit.errors import BackendUnavailable

INSTALL = 'python -m pip install "nadamkit[cuda]"'

#: Threads of a block, and blocks for each multiprocessor of the GPU: together its 2048 threads, so
#: that it is full and each thread takes several elements. Not measured: no GPU was at hand.
THREADS, BLOCKS_PER_PROCESSOR = 256, 8

#: In the simulator, which starts a Python thread for each thread (0.1 ms): few of them, but more
#: than one of both, so that the kernel's indices are put to the test; and at most 256 elements for
#: each, since a thread that runs longer than 5 ms shares the interpreter with one that waits for
#: it.
SIMULATED_THREADS, SIMULATED_BLOCKS, SIMULATED_ELEMENTS = 2, 2, 256


def simulated() -> bool:
    """Whether kernels run in the simulator."""
    return numba.available() and bool(numba.numba().config.ENABLE_CUDASIM)


def status() -> tuple[str, str]:
    """What there is to run CUDA kernels with. Never raises.

    Returns
    -------
    kind : {'gpu', 'simulator', 'missing'}
        What was found.
    detail : str
        The GPU's name, or what is missing and how to get it.

    Examples
    --------
    >>> kind, detail = status()
    >>> kind in ("gpu", "simulator", "missing")
    True
    """
    if not numba.available():
        return "missing", f"numba cannot be imported. Install both with `{INSTALL}`"
    if simulated():
        return "simulator", "NUMBA_ENABLE_CUDASIM is set, so kernels run as Python, slowly"
    if util.find_spec("numba_cuda") is None:
        return "missing", (
            "numba-cuda is not installed (the CUDA target inside numba is deprecated and not "
            f"used). Install it with `{INSTALL}`"
        )
    try:
        return _gpu()
    except Exception as error:  # a broken driver or package must not break `show_config`
        return "missing", f"{_one_line(error)}. Reinstall with `{INSTALL}`"


def _gpu() -> tuple[str, str]:
    package = module()
    if getattr(package, "implementation", "") != "NVIDIA":
        return "missing", (
            "numba.cuda is numba's own, deprecated target, although numba-cuda is installed; its "
            "redirector did not run. Start Python without -S and reinstall with "
            f"`{INSTALL}`"
        )
    if package.is_available():
        device = package.gpus[0]
        name = device.name.decode() if isinstance(device.name, bytes) else device.name
        major, minor = device.compute_capability[:2]
        return "gpu", f"{name}, compute capability {major}.{minor}"
    error = package.cuda_error()
    if error is None:
        return "missing", f"the CUDA compiler (NVVM) was not found. Install it with `{INSTALL}`"
    return "missing", f"no NVIDIA GPU or driver was found ({_one_line(error)})"


def _one_line(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def cuda() -> Any:
    """The ``numba.cuda`` module.

    Raises
    ------
    BackendUnavailable
        If kernels can run neither on a GPU nor in the simulator.
    """
    kind, detail = status()
    if kind == "missing":
        raise BackendUnavailable(
            f"backend 'cuda' cannot run here: {detail}. Without a GPU, set NUMBA_ENABLE_CUDASIM=1 "
            "before Python starts to run it in the simulator, or use backend='auto'."
        )
    return module()


def module() -> Any:
    """The ``numba.cuda`` module, whether kernels can run or not: they compile without a GPU."""
    return import_module("numba.cuda")


@cache
def inlinable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let kernels call a plain function; returns it unchanged."""
    if simulated():
        return function
    extending = import_module("numba.cuda.extending")
    return extending.register_jitable(function)


def on_device(a: Any) -> Any:
    """An array on the device: a copy of a NumPy array, anything else as it is, without a copy."""
    if isinstance(a, np.ndarray):
        return module().to_device(a)
    return a if hasattr(a, "__cuda_ndarray__") else module().as_cuda_array(a)


def exact_product(dtype: Any) -> Any:
    """A product that is rounded by itself: libdevice's ``fmul_rn`` or ``dmul_rn``.

    The compiler turns ``a*b + c`` into a fused multiply-add, rounded once, which no CPU backend
    does; there is no public switch against it.
    """
    libdevice = import_module("numba.cuda.libdevice")
    return {"float32": libdevice.fmul_rn, "float64": libdevice.dmul_rn}[dtype.name]


def launcher(kernel: Any, size: int) -> Any:
    """A compiled kernel with as many blocks and threads as a loop over `size` elements needs."""
    if simulated():
        blocks = -(-size // (SIMULATED_ELEMENTS * SIMULATED_THREADS))
        return kernel[max(SIMULATED_BLOCKS, blocks), SIMULATED_THREADS]
    return _quiet(kernel, min(-(-size // THREADS), BLOCKS_PER_PROCESSOR * _processors()))


@cache
def _quiet(kernel: Any, blocks: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a small array does not fill the GPU
        return kernel[blocks, THREADS]


@cache
def _processors() -> int:
    return int(module().get_current_device().MULTIPROCESSOR_COUNT)
