"""The loops compiled, for ``@njit`` objectives: no Python inside.

The objective is an argument of a first-class function type, so that a loop is compiled once for a
rule, a dtype and the types of `args`, and found in the disk cache by the next process; a new
objective only compiles itself. Its exceptions propagate. The loop runs in chunks, between which
Python sees Ctrl-C and the clock.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from nadamkit._runtime import addresses, numba
from nadamkit.backends import reduce
from nadamkit.backends.pieces import Pieces, unmodified
from nadamkit.backends.serial import plain_kernel
from nadamkit.loops import fixed, model, noisy, noisy_state, parts, plain, search, stopping, trials
from nadamkit.loops.stopping import NFEV, NJEV, RUNNING

#: The loop of each mode, and what it calls beside its parts.
LOOPS: dict[str, Any] = {
    "fixed": fixed.make_loop,
    "search": lambda assembled: search.make_loop(assembled, numba.inlinable),
    "noisy": lambda assembled: noisy.make_loop(assembled, numba.inlinable),
}
HELPERS = {"fixed": (), "search": search.HELPERS, "noisy": noisy.HELPERS}
#: Whose constants the loops use.
MODULES = (fixed, model, noisy, noisy_state, reduce, search, stopping, trials)


class Compiled(NamedTuple):
    """A compiled loop and what it is called with after the usual arguments."""

    loop: Any
    tail: tuple[Any, ...]


def make_loop(
    pieces: Pieces, mode: str, objective_signature: Any, arguments: tuple[Any, ...]
) -> Compiled:
    """A loop compiled for an objective's signature.

    Parameters
    ----------
    pieces : Pieces
        The rule. Its kernel is part of the fixed loop, and an argument of the others, which are
        compiled once for all rules.
    mode : {'fixed', 'search', 'noisy'}
        Which loop.
    objective_signature : numba signature
        Of the objective.
    arguments : tuple
        The usual arguments of the loop, after the objective.
    """
    # The types follow from the mode and the dtype; to find them takes as long as 500 iterations.
    key = pieces, mode, arguments[1].x.dtype
    if key not in _made:
        _made[key] = _make_loop(pieces, mode, objective_signature, arguments)
    return _made[key]


_made: dict[Any, Compiled] = {}


def _make_loop(
    pieces: Pieces, mode: str, objective_signature: Any, arguments: tuple[Any, ...]
) -> Compiled:
    nb = numba.numba()
    types = [nb.types.FunctionType(objective_signature), *map(nb.typeof, arguments)]
    tail: tuple[Any, ...] = ()
    if mode != "fixed":
        _, w, table, *_ = arguments
        usual = (w.x, w.g, w.s, table, 0, w.rates, w.mods)
        signature = nb.void(*map(nb.typeof, usual))
        tail = (_compiled_kernel(pieces, signature),)
        types.append(nb.types.FunctionType(signature))
    return Compiled(_compiled_loop(mode, pieces if mode == "fixed" else None, tuple(types)), tail)


@cache
def _compiled_kernel(pieces: Pieces, signature: Any) -> Any:
    return numba.jit(plain_kernel(pieces), signature=signature)


@cache
def _compiled_loop(mode: str, pieces: Pieces | None, types: tuple[Any, ...]) -> Any:
    addresses.compilable()
    functions = dict(plain.inlinable())
    if pieces and pieces.modify is unmodified:
        functions["clip"] = numba.inlinable(no_clip)  # half a second less to compile
    helpers = [*map(numba.inlinable, (*reduce.PLAIN, *plain.INNER, *HELPERS[mode]))]
    assembled = parts.Parts(
        evaluate=numba.inlinable(call, force=True),
        count=numba.inlinable(count, force=True),
        kernel=numba.inlinable(plain_kernel(pieces), force=True) if pieces else None,
        hook=numba.inlinable(no_hook),
        borrow=addresses.borrowed,
        token=numba.fingerprint(*functions.values(), *helpers, modules=MODULES),
        **functions,
    )
    loop = LOOPS[mode](assembled)
    dispatcher = numba.jit(loop, signature=numba.numba().int64(*types))
    # The one compiled version, without the dispatcher's search for it.
    return dispatcher.overloads[types].entry_point


def call(fun, args, x, g):
    """Evaluate a compiled objective."""
    return fun(x, g, args)


def count(fun, counts):
    """Count one call for value and gradient."""
    counts[NFEV] += 1
    counts[NJEV] += 1


def no_clip(mods, g, limit):
    """Nothing to clip."""


def no_hook(x, counts, values):
    """Nothing between two iterations."""
    return RUNNING
