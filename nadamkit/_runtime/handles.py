"""A tuple of arguments behind its address, so that compiled code can pass it on without its type.

A loop whose signature held the types of the user's arguments would be compiled anew for each
combination of them, which takes seconds. An address is always an integer; only the objective's own
small adapter, which is compiled for each objective anyway, knows what is stored there.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from nadamkit._runtime.numba import inlinable, numba


class Handle:
    """Keeps a tuple where compiled code finds it, until the handle is deleted.

    Parameters
    ----------
    args : tuple
        Arrays, numbers, generators: anything that Numba takes.

    Attributes
    ----------
    address : int
        Where it is; `loader` makes the function that reads it.
    """

    def __init__(self, args: tuple[Any, ...]) -> None:
        self.address = 0
        if not args:
            return
        functions = _functions(numba().typeof(args))
        self._room = np.zeros(max(1, -(-functions.size // 8)), np.int64)
        self.address = int(self._room.ctypes.data)
        functions.store(self.address, args)
        release = weakref.finalize(self, _release, functions, self.address, self._room, args)
        release.atexit = False  # compiled code may be gone by then


def loader(args_type: Any) -> Callable[[int], Any]:
    """``load(address) -> args`` for compiled code, given the Numba type of the tuple."""
    return inlinable(_nothing) if not args_type.count else _functions(args_type).load


def _nothing(address: int) -> tuple[()]:
    return ()


class _Functions:
    """The compiled functions for one type of tuple."""

    def __init__(self, args_type: Any) -> None:
        nb = numba()
        intrinsic = nb.extending.intrinsic

        @intrinsic
        def load(typing_context, address):
            def code(context, builder, signature, values):
                tuple_type = context.get_value_type(args_type)
                place = builder.inttoptr(values[0], tuple_type.as_pointer())
                value = builder.load(place)
                # The caller drops a reference when it is done with what it got.
                context.nrt.incref(builder, args_type, value)
                return value

            return args_type(nb.types.intp), code

        @intrinsic
        def keep(typing_context, address, args):
            def code(context, builder, signature, values):
                address, value = values
                tuple_type = context.get_value_type(args_type)
                place = builder.inttoptr(address, tuple_type.as_pointer())
                builder.store(value, place)
                context.nrt.incref(builder, args_type, value)
                return context.get_dummy_value()

            return nb.types.void(nb.types.intp, args_type), code

        @intrinsic
        def drop(typing_context, address):
            def code(context, builder, signature, values):
                tuple_type = context.get_value_type(args_type)
                place = builder.inttoptr(values[0], tuple_type.as_pointer())
                context.nrt.decref(builder, args_type, builder.load(place))
                return context.get_dummy_value()

            return nb.types.void(nb.types.intp), code

        def store(address, args):
            keep(address, args)

        def release(address):
            drop(address)

        self.load = load
        self.store = nb.njit(nb.void(nb.intp, args_type))(store)
        self.release = nb.njit(nb.void(nb.intp))(release)
        context = self.store.overloads[self.store.signatures[0]].target_context
        #: Bytes that the tuple takes.
        self.size = int(context.get_abi_sizeof(context.get_value_type(args_type)))


@lru_cache(maxsize=64)
def _functions(args_type: Any) -> _Functions:
    return _Functions(args_type)


def _release(functions: _Functions, address: int, *kept: Any) -> None:
    """Drop the references; what is `kept`, the room and the arguments, lives until then."""
    functions.release(address)
