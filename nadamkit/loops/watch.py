"""Looking at a run now and then, for progress bars."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from nadamkit.loops.stopping import FUN, GNORM, NFEV, NIT

#: Seconds between two looks; a compiled loop lets be looked at every twentieth of a second.
EVERY = 0.1


class State(NamedTuple):
    """How far a run is.

    Parameters
    ----------
    nit, nfev : int
        Iterations and calls of the function so far.
    fun, gnorm : float
        The value at the point now, and the largest component of the (projected) gradient there.
    seconds : float
        Time since the start, in seconds.
    horizon : int or None
        The iterations it is to make, where that is known.
    """

    nit: int
    nfev: int
    fun: float
    gnorm: float
    seconds: float
    horizon: int | None


class Watch:
    """Shows the state of a run at most every tenth of a second.

    Parameters
    ----------
    show : callable
        ``show(state)``; what it raises ends the run.
    sign : float
        -1 where the function is maximised.
    horizon : int or None
        For the state.
    """

    def __init__(self, show: Callable[[State], Any], sign: float, horizon: int | None) -> None:
        self._show, self._sign, self._horizon = show, sign, horizon
        self._started = time.perf_counter()
        self._next = self._started + EVERY

    def look(self, counts: Any, values: Any, before: int = 0) -> None:
        """Show where a run is, if it is time to; `before` are iterations of a run before it."""
        now = time.perf_counter()
        if now < self._next:
            return
        self._next = now + EVERY
        fun = self._sign * float(values[FUN])
        calls = int(counts[NIT]) + before, int(counts[NFEV])
        state = State(*calls, fun, float(values[GNORM]), now - self._started, self._horizon)
        self._show(state)
