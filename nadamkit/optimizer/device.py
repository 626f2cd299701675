"""Arrays on a GPU at the leaves: CuPy's, PyTorch's, Numba's, used where they are."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import cuda as runtime
from nadamkit._runtime.addresses import address
from nadamkit.errors import OptionError, described
from nadamkit.optimizer.arrays import DTYPES, Leaf, named


class DeviceLeaf(Leaf):
    """One array of parameters on a GPU, C-contiguous; see `Leaf`.

    State, averages and learning rates are device arrays of Numba.
    """

    on_gpu = True

    def __init__(self, path: str, a: Any) -> None:
        self.path, self.given, self.copied = path, a, False
        self.x = a
        found = _interface(a)
        if type(a).__module__.partition(".")[0] in ("jax", "jaxlib"):
            raise OptionError(
                f"{named(path)} is an array of JAX, which cannot be updated in place; use arrays "
                "of CuPy, PyTorch or Numba, with gradients of any of them."
            )
        assert found is not None
        self.shape, self.dtype = tuple(found["shape"]), np.dtype(found["typestr"])
        if self.dtype not in DTYPES:
            raise OptionError(
                f"{named(path)} is an array of dtype {self.dtype}, but must be float32 or float64; "
                "convert it."
            )
        if found["data"][1]:
            raise OptionError(
                f"{named(path)} is read-only, and a step updates it in place; pass a copy."
            )
        _refuse_strides(f"{named(path)} is", found)
        self.flat = _Address(found["data"][0])
        self._data = found["data"][0]
        self.bytes = self.size * self.dtype.itemsize

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def filled(self, value: float) -> Any:
        """A new device array of one value."""
        return runtime.on_device(np.full(self.shape, value, self.dtype))

    def laid_out(self, a: Any) -> Any:
        """An array of this shape, on the device and C-contiguous."""
        return runtime.on_device(np.ascontiguousarray(a)) if isinstance(a, np.ndarray) else a

    def located(self, g: Any) -> tuple[Any, int]:
        """A gradient as `gradient` gives it, and its address."""
        a = self.gradient(g)
        return a, address(a)

    def gradient(self, g: Any) -> Any:
        """A gradient on the device, checked.

        Raises
        ------
        OptionError
            If it is elsewhere, or its shape, dtype or layout is another.
        """
        found = None if isinstance(g, np.ndarray) else _interface(g)
        if found is None:
            raise OptionError(
                f"the gradient of {named(self.path)} is {described(g)}, but must be an array on "
                "the GPU, like the parameters."
            )
        shape, dtype = tuple(found["shape"]), np.dtype(found["typestr"])
        if shape != self.shape or dtype != self.dtype:
            raise OptionError(
                f"the gradient of {named(self.path)} is an array of shape {shape} and dtype "
                f"{dtype}, but must be one of shape {self.shape} and dtype {self.dtype}, like the "
                "parameters."
            )
        _refuse_strides(f"the gradient of {named(self.path)} is", found)
        return g

    def moved(self) -> bool:
        """Whether the numbers are elsewhere now."""
        found = _interface(self.given)
        return found is None or found["data"][0] != self._data

    def span(self) -> tuple[int, int]:
        """Where the numbers are."""
        return self._data, self._data + self.bytes

    def shares(self, g: Any) -> bool:
        """Whether an array has numbers in the same memory; all of it may be the same one."""
        found = _interface(g)
        if found is None or not self.size:
            return False
        start = found["data"][0]
        low, high = self.span()
        size = math.prod(found["shape"]) * np.dtype(found["typestr"]).itemsize
        return low < start + size and start < high

    @staticmethod
    def host(a: Any) -> NDArray[Any]:
        """A copy on the host."""
        return runtime.fetch(runtime.on_device(a.detach() if hasattr(a, "detach") else a))

    @staticmethod
    def copy(a: Any) -> Any:
        """A copy where it is."""
        return runtime.on_device(DeviceLeaf.host(a))

    @staticmethod
    def assign(a: Any, value: Any) -> None:
        """Write state."""
        if a.size:
            runtime.send(np.ascontiguousarray(value, a.dtype).reshape(a.shape), a)


def leaf_of(path: str, a: Any) -> Leaf:
    """The leaf for an array, wherever it is."""
    return DeviceLeaf(path, a) if _is_on_gpu(a) else Leaf(path, a)


def _is_on_gpu(a: Any) -> bool:
    return not isinstance(a, np.ndarray) and _interface(a) is not None


class _Address:
    """Something at an address, for `nadamkit._runtime.addresses.address`."""

    def __init__(self, address: int) -> None:
        self.__cuda_array_interface__ = {"data": (address, False)}


def stream_of(g: Any) -> int | None:
    """Pointer to the stream on which the caller works, as far as the array's library says.

    PyTorch and CuPy have a current stream; others name in the CUDA array interface the one on which
    the array was written.
    """
    library = type(g).__module__.partition(".")[0]
    if library == "torch":
        return int(sys.modules["torch"].cuda.current_stream(g.device).cuda_stream)
    if library == "cupy":
        return int(sys.modules["cupy"].cuda.get_current_stream().ptr)
    found = _interface(g)
    return None if found is None else found.get("stream")


def _interface(a: Any) -> dict[str, Any] | None:
    """The CUDA array interface of an array, or None if it has none."""
    if hasattr(a, "detach"):  # PyTorch has it for tensors without gradient only
        if not getattr(a, "is_cuda", False):
            return None
        a = a.detach()
    try:
        found: dict[str, Any] | None = getattr(a, "__cuda_array_interface__", None)
    except (AttributeError, RuntimeError, TypeError):
        return None
    if found is None and hasattr(a, "__cuda_ndarray__"):  # the simulator's arrays
        return dict(a.__array_interface__)
    return found


def _refuse_strides(what: str, found: dict[str, Any]) -> None:
    """An interface without strides is C-contiguous."""
    strides, expected = found.get("strides"), np.dtype(found["typestr"]).itemsize
    for stride, n in zip(reversed(strides or ()), reversed(found["shape"]), strict=False):
        if n > 1 and stride != expected:
            raise OptionError(f"{what} not C-contiguous, which it must be on a GPU; pass a copy.")
        expected *= n
