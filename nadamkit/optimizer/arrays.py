"""The arrays at the leaves: what may be one, and where its numbers are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime.addresses import address, writable
from nadamkit.errors import OptionError, described

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


class Leaf:
    """One array of parameters.

    Parameters
    ----------
    path : str
        Its keys from the root.
    a : object
        The array: NumPy's, or one that shares its memory with NumPy through DLPack.

    Attributes
    ----------
    given : object
        What the user passed.
    x : ndarray
        It as NumPy sees it.
    flat : ndarray
        Its numbers one after another: a view of x where there is one, else a copy.
    copied : bool
        Whether `flat` is a copy.
    bytes : int
        Memory of the numbers.

    Raises
    ------
    OptionError
        If it cannot be updated in place.
    """

    on_gpu = False

    def __init__(self, path: str, a: Any) -> None:
        self.path, self.given = path, a
        self.x: Any
        self.flat: Any
        self.x = x = _parameters(path, a)
        self.shape, self.dtype = x.shape, x.dtype
        flags = x.flags
        self._turned = flags.aligned and flags.f_contiguous and not flags.c_contiguous
        self._order: Any = "F" if self._turned else "C"
        turned = x.T if self._turned else x
        self.copied = not turned.flags.carray
        flat = turned.copy(order="C") if self.copied else turned
        self.flat = np.asarray(flat).reshape(-1)
        self.bytes = x.nbytes
        # Whether a gradient that is laid out in C's order is laid out like this.
        self._usual = bool(self.bytes) and not self._turned

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.x.size)

    def filled(self, value: float) -> NDArray[Any]:
        """A new array of one value in the shape of x, its numbers in the order of `flat`."""
        return np.full(self.shape, value, self.dtype, order=self._order)

    def laid_out(self, a: NDArray[Any]) -> NDArray[Any]:
        """An array of x's shape with its numbers in the order of `flat`; itself if they are."""
        fits = a.flags.f_contiguous if self._turned else a.flags.c_contiguous
        # Compiled code may take it that numbers are where the processor wants them.
        return a if fits and a.flags.aligned else a.copy(order=self._order)

    def located(self, g: Any) -> tuple[NDArray[Any], int]:
        """A gradient as `gradient` gives it, and the address of its numbers.

        Most are found out about in a third of a microsecond.
        """
        usual = type(g) is np.ndarray and self._usual and g.flags.carray
        if usual and g.shape == self.shape and g.dtype == self.dtype:
            return g, writable(g)
        a = self.gradient(g)
        return a, address(a)

    def gradient(self, g: Any) -> NDArray[Any]:
        """A gradient as an array of x's shape and dtype, laid out like it.

        Raises
        ------
        OptionError
            If its shape or dtype is another.
        """
        a = g
        if type(g) is not np.ndarray:  # NumPy makes what has no axes a number: 2 * x is one
            a = np.asarray(g) if isinstance(g, np.generic) else _shared(g)
        if a is None or a.shape != self.shape or a.dtype != self.dtype:
            raise self._refusal(g if a is None else a)
        return self.laid_out(a)

    def check_successor(self, other: Leaf) -> None:
        """Refuse an array of another shape or dtype in place of this one."""
        if other.shape != self.shape or other.dtype != self.dtype:
            raise OptionError(
                f"{named(self.path)} has shape {other.shape} and dtype {other.dtype} now, but had "
                f"shape {self.shape} and dtype {self.dtype}; call init to begin anew."
            )

    def span(self) -> tuple[int, int]:
        """Addresses between which the numbers are."""
        low, high = np.lib.array_utils.byte_bounds(self.x)
        return int(low), int(high)

    def shares(self, a: Any) -> bool:
        """Whether another array has numbers in the same memory."""
        return isinstance(a, np.ndarray) and np.shares_memory(self.x, a)

    @staticmethod
    def host(a: Any) -> NDArray[Any]:
        """State, or a gradient, as an array of NumPy; it may be a copy."""
        return a

    @staticmethod
    def copy(a: Any) -> Any:
        """A copy of state where it is."""
        return np.array(a)

    @staticmethod
    def assign(a: Any, value: Any) -> None:
        """Write state."""
        a[...] = value

    def moved(self) -> bool:
        """Whether another library has put the numbers elsewhere, as ``tensor.data = ...`` does."""
        x = _shared(self.given)
        return x is None or x.__array_interface__ != self.x.__array_interface__

    def read(self) -> None:
        """Bring the parameters to `flat`, where it is a copy."""
        self.flat.reshape(self.shape)[...] = self.x

    def write(self) -> None:
        """Bring them back."""
        self.x[...] = self.flat.reshape(self.shape)

    def _refusal(self, g: Any) -> OptionError:
        got = described(g)
        if isinstance(g, np.ndarray):
            got = f"an array of shape {g.shape} and dtype {g.dtype}"
        return OptionError(
            f"the gradient of {named(self.path)} is {got}, but must be an array of shape "
            f"{self.shape} and dtype {self.dtype}, like the parameters."
        )


def _parameters(path: str, a: Any) -> NDArray[Any]:
    x = a if isinstance(a, np.ndarray) else _shared(a)
    if x is None:
        raise OptionError(
            f"{named(path)} is {described(a)}, but parameters must be arrays, which a step can "
            "update in place; write numpy.array(...) around it."
        )
    if x.dtype not in DTYPES:
        raise OptionError(
            f"{named(path)} is an array of dtype {x.dtype}, but must be float32 or float64; "
            "convert it, for example with .astype(float)."
        )
    if not x.flags.writeable:
        raise OptionError(
            f"{named(path)} is read-only, and a step updates it in place; pass a copy, "
            "numpy.array(...)."
        )
    if x.size and any(stride == 0 and n > 1 for stride, n in zip(x.strides, x.shape, strict=True)):
        raise OptionError(
            f"{named(path)} has elements that share memory (a broadcast array), which a step would "
            "update more than once; pass a copy, numpy.array(...)."
        )
    return x


def _shared(a: Any) -> NDArray[Any] | None:
    """Another library's array on the CPU as NumPy's, without a copy, or None."""
    if isinstance(a, np.ndarray):
        return a
    if not hasattr(a, "__dlpack__"):
        return None
    try:
        return np.from_dlpack(a.detach() if hasattr(a, "detach") else a)
    except (BufferError, RuntimeError, TypeError, ValueError):
        return None


def named(path: str) -> str:
    """A parameter in a sentence."""
    return f"the parameter {path!r}" if path else "the parameter array"


class Occupied:
    """The memory of the parameters, so that nothing that overlaps is updated twice.

    Parameters
    ----------
    leaves : sequence of Leaf
        All of them.

    Raises
    ------
    OptionError
        If two parameters overlap.
    """

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        spans = sorted((*leaf.span(), i) for i, leaf in enumerate(leaves) if leaf.size)
        before: list[tuple[int, int]] = []
        for start, end, j in spans:
            before = [(stop, i) for stop, i in before if stop > start]
            for _, i in before:
                if leaves[i].shares(leaves[j].x):
                    raise OptionError(
                        f"{named(leaves[i].path)} and {named(leaves[j].path)} share memory, so a "
                        "step would update it twice; pass each array once, or copies."
                    )
            before.append((end, j))
        self._starts = [start for start, _, _ in spans]
        self._ends = np.maximum.accumulate([end for _, end, _ in spans] or [0]).tolist()
        self._leaves = leaves

    def check(self, leaf: Leaf, g: NDArray[Any], start: int) -> None:
        """Refuse a gradient that lies in memory which a step changes before it is read.

        Parameters
        ----------
        leaf : Leaf
            Its parameters.
        g : ndarray
            The gradient.
        start : int
            Its address.
        """
        end = start + leaf.bytes
        before = bisect_right(self._starts, end - 1)
        if not before or self._ends[before - 1] <= start or not leaf.bytes:
            return
        if start == address(leaf.flat):  # element by element, it is read before it is changed
            return
        for other in self._leaves:
            if other.shares(g):
                raise OptionError(
                    f"the gradient of {named(leaf.path)} shares memory with {named(other.path)}, "
                    "which a step changes while it reads the gradient; pass a copy."
                )
