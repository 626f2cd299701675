"""Evaluates a function at many points: here, in other processes, or by the user's own map."""

from __future__ import annotations

import operator
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from nadamkit.errors import ObjectiveError, OptionError, shown

if TYPE_CHECKING:
    from multiprocessing.pool import Pool

__all__ = ["Evaluator", "Workers"]

Workers = int | Callable[..., Iterable[Any]]


class Evaluator:
    """A function together with the means to evaluate it at many points.

    Parameters
    ----------
    fun : callable
        ``fun(x)``; with processes it must be picklable.
    workers : int or map-like, optional
        The number of processes, -1 for one per core, or a callable used as ``workers(fun, points)``
        that returns the results in order. None and 1 stay in this process. Processes are started at
        the first use and stopped by `close`.

    Attributes
    ----------
    nfev : int
        Evaluations so far.

    Raises
    ------
    OptionError
        If `workers` is not of the kind described.

    Examples
    --------
    >>> evaluator = Evaluator(abs)
    >>> evaluator(iter([-1, 2]), 2), evaluator.nfev
    ([1, 2], 2)
    """

    def __init__(self, fun: Callable[..., Any], workers: Workers | None = None) -> None:
        self._fun = fun
        self._workers = _checked(workers)
        self._pool: Pool | None = None
        self.nfev = 0

    def __call__(self, points: Iterator[npt.NDArray[Any]], count: int) -> list[Any]:
        """Return the `count` results at `points`, in order.

        Raises
        ------
        ObjectiveError
            If the function cannot be sent to another process.
        OptionError
            If the user's map does not return one result for each point.
        """
        results = []
        if self._workers == 1:
            # No generator or map, in which a StopIteration of the user's function would get lost.
            for point in points:
                self.nfev += 1
                results.append(self._fun(point))
            return results
        results = list(self._mapped(points))
        self.nfev += len(results)
        if len(results) != count:
            raise OptionError(
                f"workers returned {len(results)} values for {count} points; it must act as map "
                "does, and return one value for each point."
            )
        return results

    def close(self) -> None:
        """Stop the processes, if any were started; a later call starts new ones."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None

    def _mapped(self, points: Iterator[npt.NDArray[Any]]) -> Iterable[Any]:
        if callable(self._workers):
            return self._workers(self._fun, points)
        if self._pool is None:
            _refuse_unpicklable(self._fun, self._workers)
            # Only here, because multiprocessing takes long to import.
            from multiprocessing import Pool

            self._pool = Pool(self._workers)
        return self._pool.map(self._fun, points)


def _checked(workers: Workers | None) -> Workers:
    """Return the number of processes (1: none but this one), or the map-like itself."""
    if workers is None:
        return 1
    if callable(workers):
        return workers
    try:
        count = operator.index(workers)
    except TypeError:
        count = 0
    if count == -1:
        return os.cpu_count() or 1
    if count < 1:
        raise OptionError(
            f"workers is {shown(workers)}; pass a number of processes, -1 for one per core, or a "
            "map-like callable such as the map method of a multiprocessing.Pool."
        )
    return count


def _refuse_unpicklable(fun: Callable[..., Any], workers: int) -> None:
    from multiprocessing.reduction import ForkingPickler

    try:
        ForkingPickler.dumps(fun)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ObjectiveError(
            f"workers={workers} sends the objective function to other processes, but it cannot be "
            f"pickled ({error}). Define it at the top level of a module, or pass workers=1."
        ) from error
