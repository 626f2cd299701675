"""What a run is given and what it gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit.loops.stopping import BEST, FUN, Limits
from nadamkit.rule import Rule


@dataclass
class Estimate:
    """Objective and gradient as averaged at the end of a noisy run.

    Parameters
    ----------
    fun, error, first_error : float
        Mean of the last values, and its standard error; that of the mean of the first values.
    signal : float
        Norm of the mean gradient, in its standard errors.
    worse : bool
        Whether the values at the start were lower, beyond their noise.
    """

    fun: float
    error: float
    first_error: float
    signal: float
    worse: bool


@dataclass
class Problem:
    """What is to be run.

    Parameters
    ----------
    rule, hyper : Rule, dict
        The method and its validated hyperparameters.
    given : frozenset of str
        The hyperparameters that the user chose.
    x : ndarray of shape (n,)
        The start; the run works on it in place.
    box : Box or None
        Bounds.
    rate : float, callable or None
        Learning rate; None for "auto".
    rates : ndarray
        Its factor for each parameter, or empty.
    limits : Limits
        Stopping tests.
    maxtime : float
        Seconds.
    backend : str
        Where steps are computed.
    """

    rule: Rule
    hyper: dict[str, Any]
    given: frozenset[str]
    x: NDArray[Any]
    box: Any
    rate: Any
    rates: NDArray[Any]
    limits: Limits
    maxtime: float
    backend: str


class History(NamedTuple):
    """What ``options={"history": k}`` recorded, every k-th iteration.

    Parameters
    ----------
    nit, nfev : ndarray of int64, shape (records,)
        Iteration, and calls of the function so far.
    fun, gnorm : ndarray of float64, shape (records,)
        Function value and largest component of the projected gradient; NaN at the last point of a
        noisy run, which is not evaluated.
    x : ndarray, shape (records, n)
        The points.
    """

    nit: NDArray[np.int64]
    nfev: NDArray[np.int64]
    fun: NDArray[np.float64]
    gnorm: NDArray[np.float64]
    x: NDArray[Any]


@dataclass
class Outcome:
    """How a run ended; ``g`` is the gradient at the point ``x`` that is returned.

    ``noticed`` says that the function was found to be noisy.
    """

    status: int
    x: NDArray[Any]
    g: NDArray[Any]
    counts: NDArray[np.int64]
    values: NDArray[np.float64]
    estimate: Estimate | None = None
    validated: float = math.nan
    noticed: bool = False
    scalars: list[NDArray[np.float64]] = field(default_factory=list)
    xs: list[NDArray[Any]] = field(default_factory=list)

    @property
    def fun(self) -> float:
        """The value at x, or what the noise lets know of it."""
        if self.estimate is not None:
            return self.estimate.fun
        best = float(self.values[BEST])
        return best if math.isfinite(best) else float(self.values[FUN])

    def history(self) -> History:
        """The records of the whole run."""
        n = self.x.size
        rows = np.concatenate([np.empty((0, 4)), *self.scalars])
        xs = np.concatenate([np.empty((0, n), self.x.dtype), *self.xs])
        return History(
            rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2], rows[:, 3], xs
        )
