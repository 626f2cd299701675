"""What a solver did, recorded where it calls the objective: the same ruler for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Objective: TypeAlias = Callable[[Array], tuple[float, Array]]


class RunOver(Exception):  # noqa: N818  no error
    """Raised from the objective to end a run: the budget is spent, or `gtol` reached."""


class OutsideBounds(AssertionError):  # noqa: N818  says what is wrong
    """A solver evaluated a point that the bounds forbid."""


class Bounds(NamedTuple):
    """Lower and upper bounds, arrays of shape (n,); infinite where there is none."""

    lower: Array
    upper: Array


class Problem(NamedTuple):
    """A problem as solvers see it.

    Parameters
    ----------
    name : str
        What it is called in tables.
    fun : callable
        ``fun(x) -> (f, g)``, which leaves x alone.
    x0 : ndarray of shape (n,)
        The start.
    best : float
        The lowest known value; infinite where none is known.
    bounds : Bounds, optional
        What evaluated points must obey.
    """

    name: str
    fun: Objective
    x0: Array
    best: float = np.inf
    bounds: Bounds | None = None


class Trace(NamedTuple):
    """A run: the best value so far, and after how many calls it was found.

    Parameters
    ----------
    calls : tuple of int
        Calls at which the best value improved, counted from 1.
    values : tuple of float
        The best value from that call on.
    total : int
        Calls made.
    reached : int or None
        The call at which `gtol` was reached, where the run asked for it.
    note : str
        Why the run ended early, if by an error.
    """

    calls: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    total: int = 0
    reached: int | None = None
    note: str = ""


class Recorder:
    """An objective that counts its calls and ends the run.

    Parameters
    ----------
    problem : Problem
        What is evaluated.
    budget : int
        Calls allowed; the next one raises `RunOver`.
    gtol : float, optional
        The run is over when the largest component of the projected gradient is at most this.

    Raises
    ------
    OutsideBounds
        When called at a point outside the problem's bounds.
    """

    def __init__(self, problem: Problem, budget: int, gtol: float | None = None) -> None:
        self._problem, self._budget, self._gtol = problem, budget, gtol
        self._calls: list[int] = []
        self._values: list[float] = []
        self._total = 0
        self._reached: int | None = None

    def __call__(self, x: Array) -> tuple[float, Array]:
        bounds = self._problem.bounds
        if bounds is not None and not ((x >= bounds.lower) & (x <= bounds.upper)).all():
            raise OutsideBounds(f"{self._problem.name} was evaluated outside its bounds, at {x}.")
        if self._total >= self._budget:
            raise RunOver
        f, g = self._problem.fun(x)
        self._total += 1
        if np.isfinite(f) and (not self._values or f < self._values[-1]):
            self._calls.append(self._total)
            self._values.append(float(f))
        if self._gtol is not None and slope(x, g, bounds) <= self._gtol:
            self._reached = self._total
            raise RunOver
        return f, g

    def trace(self, note: str = "") -> Trace:
        """What was recorded so far."""
        return Trace(tuple(self._calls), tuple(self._values), self._total, self._reached, note)


def slope(x: Array, g: Array, bounds: Bounds | None = None) -> float:
    """The largest component of the gradient, of what the bounds leave of it."""
    if bounds is not None:
        # Length and direction of a gradient step cut off at the bounds, as in L-BFGS-B.
        g = x - np.clip(x - g, bounds.lower, bounds.upper)
    return float(np.abs(g).max())
