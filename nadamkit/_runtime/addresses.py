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


def borrowed(values: Any) -> Any:
    """Arrays, or tuples of them, as they are; compiled code then no longer counts references.

    Numba counts with atomic instructions wherever an array is handed on, which takes longer than
    the work on short arrays. Whoever calls keeps the arrays alive while the compiled code runs.
    """
    return values


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
    _make_borrowed_compilable(nb)


def _make_borrowed_compilable(nb: Any) -> None:
    def without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
        """The same value, in which no array has an owner whose references could be counted."""
        if isinstance(kind, nb.types.Array):
            array = context.make_array(kind)(context, builder, value=value)
            array.meminfo = context.get_constant_null(nb.types.MemInfoPointer(kind.dtype))
            return array._getvalue()
        if isinstance(kind, nb.types.BaseTuple):
            for i, element in enumerate(kind.types):
                old = builder.extract_value(value, i)
                new = without_owner(context, builder, element, old)
                value = builder.insert_value(value, new, i)
        return value

    @nb.extending.intrinsic
    def disown(typing_context: Any, values: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return without_owner(context, builder, values, arguments[0])

        return values(values), code

    @nb.extending.overload(borrowed)
    def typed(values: Any) -> Any:
        def without_counting(values: Any) -> Any:
            return disown(values)

        return without_counting


def address(a: Any) -> int:
    """Where the first element of an array is, on the host or on a GPU."""
    interface = getattr(a, "__array_interface__", None) or a.__cuda_array_interface__
    return int(interface["data"][0])


def writable(a: Any) -> int:
    """The same for an array of NumPy with elements, C-contiguous and writable; takes a fifth."""
    return ctypes.addressof(ctypes.c_char.from_buffer(a))
