"""The loops in Python, for any callable: same code as the compiled loops, interpreted."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from nadamkit._runtime import addresses, numba
from nadamkit.backends import reduce
from nadamkit.loops import arrays, fixed, noisy, parts, plain, search
from nadamkit.loops.clock import Clock
from nadamkit.loops.stopping import FUN, MAXTIME, NFEV, NIT, NJEV, RUNNING
from nadamkit.loops.watch import Watch


class Stopped(Exception):  # noqa: N818  it is no error
    """The user's callback raised StopIteration."""


#: Which argument of a loop has its counters.
COUNTS_AT = 6
#: The loop of each mode.
LOOPS = {"fixed": fixed, "search": search, "noisy": noisy}


def make_loop(kernel: Any, mode: str, compiled: bool, hook: Callable[..., int]) -> Any:
    """A loop for Python objectives.

    Parameters
    ----------
    kernel : callable
        The rule's kernel.
    mode : {'fixed', 'search', 'noisy'}
        Which loop.
    compiled : bool
        Use compiled functions for norms and tests; they give the same bits.
    hook : callable
        What happens between two iterations; see `make_hook`.
    """
    # The loop ignores Inf and NaN; the user's functions keep their own way with them, but for the
    # trials of a search, which may lie anywhere and are taken back where the function overflows.
    users = np.geterr() | ({"over": "ignore", "invalid": "ignore"} if mode == "search" else {})

    def evaluate(fun: Any, args: Any, x: Any, g: Any) -> float:
        with np.errstate(**users):
            return fun(x, g)

    functions = _compiled_functions() if compiled else arrays.PARTS
    assembled = parts.Parts(
        evaluate=evaluate,
        count=count,
        kernel=kernel,
        hook=hook,
        borrow=addresses.borrowed,
        **functions,
    )
    loop = LOOPS[mode].make_loop(assembled)

    def listed(*arguments: Any) -> int:
        """The loop with its counters in a list, which Python reads and writes in half the time."""
        before, (counts, *after) = arguments[:COUNTS_AT], arguments[COUNTS_AT:]
        own = counts.tolist()
        try:
            return loop(*before, own, *after)
        finally:
            counts[:] = own

    return listed


@lru_cache(maxsize=1)
def _compiled_functions() -> dict[str, Any]:
    for function in (*reduce.PLAIN, *plain.INNER):
        numba.inlinable(function)
    plain.inlinable()
    called = (*reduce.PLAIN, *plain.INNER, *plain.PARTS.values())
    token = numba.fingerprint(*called, modules=(reduce, plain))
    parts = {name: numba.jit(numba.keyed(f, token)) for name, f in plain.PARTS.items()}
    return parts | {name: arrays.PARTS[name] for name in ("copy", "better", "verdict", "record")}


def count(fun: Any, counts: Any) -> None:
    """Note the calls a Python objective has counted itself."""
    counts[NFEV], counts[NJEV] = fun.nfev, fun.njev


def make_hook(
    callback: Callable[[Any, float], None] | None, clock: Clock, sign: float
) -> Callable[..., int]:
    """The callback and the time limit, called once for each point of the trajectory.

    Parameters
    ----------
    callback : callable, optional
        ``callback(x, f)``, called after each iteration.
    clock : Clock
        Says when the run ends.
    sign : float
        Sign of the function values.

    Raises
    ------
    Stopped
        By the hook, when the callback raises StopIteration.
    """
    users = np.geterr()

    def hook(x: Any, counts: Any, values: Any) -> int:
        if callback is not None and counts[NIT] > 0:
            try:
                with np.errstate(**users):
                    callback(x, sign * float(values[FUN]))
            except StopIteration:
                raise Stopped from None
        return MAXTIME if clock.over() else RUNNING

    return hook


def watching(hook: Callable[..., int], watch: Watch, before: int) -> Callable[..., int]:
    """The same, and a look at the run."""

    def both(x: Any, counts: Any, values: Any) -> int:
        watch.look(counts, values, before)
        return hook(x, counts, values)

    return both
