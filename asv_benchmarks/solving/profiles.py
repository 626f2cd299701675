"""Data profiles and performance profiles, as pure functions of traces and costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asv_benchmarks.solving.trace import Array, Trace


def target(start: float, lowest: float, tau: float) -> float:
    """The value that solves a problem: ``lowest + tau (start - lowest)``.

    Parameters
    ----------
    start, lowest : float
        Value at the start, and the lowest that any solver found.
    tau : float
        Share of the possible progress that may be missing.

    Returns
    -------
    float

    References
    ----------
    Moré and Wild (2009), "Benchmarking derivative-free optimization algorithms", equation 2.1.
    """
    return lowest + tau * (start - lowest)


def cost(trace: Trace, value: float) -> float:
    """Calls until the best value is at most `value`; infinite if it never is."""
    below = np.asarray(trace.values) <= value
    return float(trace.calls[int(below.argmax())]) if below.any() else np.inf


def data_profile(costs: ArrayLike, calls: ArrayLike) -> Array:
    """The share of problems solved within so many calls.

    Parameters
    ----------
    costs : array_like of shape (problems,)
        Calls that a solver needed; infinite where it failed.
    calls : array_like of shape (k,)
        Budgets.

    Returns
    -------
    ndarray of shape (k,)

    References
    ----------
    Moré and Wild (2009), equation 2.3, in calls with gradient.
    """
    return (np.asarray(costs)[:, np.newaxis] <= np.asarray(calls)).mean(axis=0)


def performance_profile(costs: Mapping[str, ArrayLike], ratios: ArrayLike) -> dict[str, Array]:
    """The share of problems that each solver solves at so many times the least cost of all.

    Parameters
    ----------
    costs : mapping of str to array_like of shape (problems,)
        Cost of each solver; infinite where it failed.
    ratios : array_like of shape (k,)
        Multiples of the least cost.

    Returns
    -------
    dict of str to ndarray of shape (k,)
        A problem that nobody solves counts for nobody.

    References
    ----------
    Dolan and Moré (2002), "Benchmarking optimization software with performance profiles".
    """
    least = np.min([np.asarray(column, float) for column in costs.values()], axis=0)
    allowed: NDArray[np.float64] = np.asarray(ratios, float) * least[:, np.newaxis]
    solved = np.isfinite(least)[:, np.newaxis]
    return {
        name: (solved & (np.asarray(column, float)[:, np.newaxis] <= allowed)).mean(axis=0)
        for name, column in costs.items()
    }
