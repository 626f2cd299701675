"""Arrays at an address, for kernels that sweep many arrays in one call.

A compiled function takes a fixed number of arrays, and each costs time to pass. A table of
addresses is one array, however many it speaks of. Whoever writes an address there keeps the memory
alive and answers for its size.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import numba


def _view(address: int, n: int, dtype: Any) -> NDArray[Any]:
    """The n numbers at an address as an array, without a copy."""
    if n == 0:
        return np.empty(0, dtype)
    memory = (ctypes.c_char * (n * np.dtype(dtype).itemsize)).from_address(int(address))
    return np.frombuffer(memory, dtype)


def float32s(address: int, n: int) -> NDArray[np.float32]:
    """The n float32 numbers at an address."""
    return _view(address, n, np.float32)


def float64s(address: int, n: int) -> NDArray[np.float64]:
    """The n float64 numbers at an address."""
    return _view(address, n, np.float64)


def halves(address: int, n: int) -> NDArray[np.uint16]:
    """The n numbers of 16 bits at an address, as their bits."""
    return _view(address, n, np.uint16)


#: The functions above by the kind of number; plain ones that interpreted code may call, and that
#: compiled code may call after `compilable`.
VIEWS: dict[str, Callable[[int, int], Any]] = {
    "float32": float32s,
    "float64": float64s,
    "bfloat16": halves,
    "float16": halves,
}
#: What each of them finds there.
DTYPES: dict[Callable[[int, int], Any], Any] = {
    float32s: np.float32,
    float64s: np.float64,
    halves: np.uint16,
}


@cache
def compilable() -> None:
    """Let compiled code call the functions above.

    They stay plain functions, which Numba's disk cache finds again by their name; an intrinsic has
    another identity in each process.
    """
    nb = numba.numba()

    @nb.extending.intrinsic
    def pointer(typing_context: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

        return nb.types.voidptr(nb.types.intp), code

    def compiled(dtype: Any) -> Any:
        def typed(address: Any, n: Any) -> Any:
            def view(address: Any, n: Any) -> Any:
                return nb.carray(pointer(address), (n,), dtype)

            return view

        return typed

    for function, dtype in DTYPES.items():
        nb.extending.overload(function)(compiled(dtype))


def address(a: Any) -> int:
    """Where the first element of an array is, on the host or on a GPU."""
    interface = getattr(a, "__array_interface__", None) or a.__cuda_array_interface__
    return int(interface["data"][0])
