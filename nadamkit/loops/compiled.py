"""The loops compiled, for ``@njit`` objectives: no Python inside.

The objective is an argument of a first-class function type, so that a loop is compiled once for a rule,
a dtype and the types of `args`, and found in the disk cache by the next process; a new objective
only compiles itself. Its exceptions propagate. The loop runs in chunks, between which Python sees
Ctrl-C and the clock.
"""

from __future__ import annotations

from typing import Any

from nadamkit._runtime import numba
from nadamkit.backends import reduce
from nadamkit.backends.pieces import Pieces
from nadamkit.backends.serial import plain_kernel
from nadamkit.loops import fixed, parts, search
from nadamkit.loops.stopping import NFEV, NJEV, RUNNING

_loops: dict[Any, Any] = {}


def make_loop(pieces: Pieces, auto: bool, objective_signature: Any, arguments: tuple[Any, ...]) -> Any:
    """A loop compiled for an objective's signature.

    Parameters
    ----------
    pieces : Pieces
        The rule.
    auto : bool
        The line search instead of a given learning rate.
    objective_signature : numba signature
        Of the objective.
    arguments : tuple
        The arguments the loop will be called with, after the objective.
    """
    nb = numba.numba()
    function_type = nb.types.FunctionType(objective_signature)
    types = (function_type, *(nb.typeof(a) for a in arguments))
    key = (pieces, auto, types)
    if key not in _loops:
        functions = {name: numba.inlinable(f) for name, f in parts.PLAIN.items()}
        helpers = [*map(numba.inlinable, (*reduce.PLAIN, *search.HELPERS))]
        loop = (search if auto else fixed).make_loop(
            parts.Parts(
                evaluate=numba.inlinable(call),
                count=numba.inlinable(count),
                kernel=numba.inlinable(plain_kernel(pieces)),
                hook=numba.inlinable(no_hook),
                token=numba.fingerprint(*functions.values(), *helpers),
                **functions,
            )
        )
        _loops[key] = numba.jit(loop, signature=nb.int64(*types))
    return _loops[key]


def call(fun, args, x, g):
    """Evaluate a compiled objective."""
    return fun(x, g, args)


def count(fun, counts):
    """Count one call for value and gradient."""
    counts[NFEV] += 1
    counts[NJEV] += 1


def no_hook(x, counts, values):
    """Nothing between two iterations."""
    return RUNNING
