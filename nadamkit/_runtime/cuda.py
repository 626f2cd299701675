"""The one door to CUDA: the package behind it, what is missing, and how kernels are compiled.

A GPU is driven by NVIDIA's numba-cuda, which takes the place of ``numba.cuda``; the target that
numba itself ships is deprecated and is used for its simulator only. With
``NUMBA_ENABLE_CUDASIM=1`` in the environment kernels run as Python, which needs neither a GPU nor
numba-cuda.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module, util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import addresses, numba
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

#: LLVM's number of a GPU's main memory; of a pointer to who knows where each access asks anew.
GLOBAL = 1


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
        return "missing", f"numba cannot be imported. Install it and numba-cuda with `{INSTALL}`"
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
    return _quiet(kernel, min(-(-size // THREADS), BLOCKS_PER_PROCESSOR * _processors()), THREADS)


def sharer(kernel: Any, pieces: int, pointer: int | None) -> Any:
    """A compiled kernel whose blocks share out `pieces`, each for all threads of a block.

    It runs on the stream at `pointer`, see `stream`.
    """
    if simulated():
        return kernel[max(SIMULATED_BLOCKS, pieces // 2), SIMULATED_THREADS]
    blocks = min(pieces, BLOCKS_PER_PROCESSOR * _processors())
    return _quiet(kernel, blocks, THREADS, stream(pointer))


def lanes(kernel: Any, pieces: int, threads: int, pointer: int | None) -> Any:
    """A compiled kernel like `sharer`'s, with just so many threads in a block."""
    if simulated():
        return kernel[SIMULATED_BLOCKS, threads]
    # Small blocks, so that more of them fit a multiprocessor.
    blocks = min(pieces, THREADS // threads * BLOCKS_PER_PROCESSOR * _processors())
    return _quiet(kernel, blocks, threads, stream(pointer))


@cache
def _quiet(kernel: Any, *configuration: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a small array does not fill the GPU
        return kernel[configuration]


@cache
def _processors() -> int:
    return int(module().get_current_device().MULTIPROCESSOR_COUNT)


def using(device: int | None) -> contextlib.AbstractContextManager[Any]:
    """Inside the block, the GPU of this number is the current one."""
    if device is None or simulated():
        return contextlib.nullcontext()
    chosen: contextlib.AbstractContextManager[Any] = module().gpus[device]
    return chosen


@cache
def stream(pointer: int | None) -> Any:
    """The stream at a pointer, as torch and CuPy name theirs, or the default one."""
    if simulated():
        return module().stream()
    return module().external_stream(pointer) if pointer else module().default_stream()


def zeros(size: int, pointer: int | None = None) -> Any:
    """`size` bytes of zeros on the device, written on the stream at `pointer`."""
    a = module().device_array(size, np.uint8)
    if size:
        driver = import_module("numba.cuda.cudadrv.driver")
        driver.device_memset(a, 0, size, stream(pointer))
    return a


def send(a: NDArray[Any], device: Any, pointer: int | None = None) -> None:
    """Copy a C-contiguous host array to the device, on the stream at `pointer`.

    CUDA has read it when this returns, if its memory is pageable, as NumPy's is.
    """
    device.copy_to_device(a, stream=stream(pointer))


def fetch(device: Any, pointer: int | None = None) -> NDArray[Any]:
    """A copy of a device array on the host, when the stream at `pointer` has come to it."""
    there = stream(pointer)
    a: NDArray[Any] = device.copy_to_host(stream=there)
    there.synchronize()
    return a


class Mirror:
    """The copy of a host array on the device, sent again when a bit of the array has changed.

    Attributes
    ----------
    device : device array
        It stays where it is while the shape does.
    """

    def __init__(self) -> None:
        self._sent = b""
        self.device: Any = None

    def update(self, a: NDArray[Any], pointer: int | None = None) -> None:
        """Make the copy equal to an array, on the stream at `pointer`."""
        bits = a.tobytes()
        if self.device is None or self.device.shape != a.shape:
            self.device = module().device_array(a.shape, a.dtype)
        elif bits == self._sent:
            return
        send(np.frombuffer(bits, a.dtype).reshape(a.shape), self.device, pointer)
        self._sent = bits


@cache
def pointing(view: Callable[[int, int], Any]) -> Any:
    """What a function of `nadamkit._runtime.addresses` is on the device: it gives a pointer.

    Parameters
    ----------
    view : callable
        A value of `nadamkit._runtime.addresses.VIEWS`.

    Returns
    -------
    callable
        ``view(address, n)``. In the simulator, whose device is the host, the function itself.
    """
    if simulated():
        return view
    types = module().types
    number = getattr(types, np.dtype(addresses.DTYPES[view]).name)

    def pointer(typing_context: Any, address: Any, n: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            there = builder.inttoptr(values[0], context.get_data_type(number).as_pointer(GLOBAL))
            return builder.addrspacecast(there, context.get_value_type(signature.return_type))

        return types.CPointer(number)(types.int64, types.int64), code

    return import_module("numba.cuda.extending").intrinsic(pointer)
