"""What the user passes: results of ours or of SciPy, and the histories in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit.errors import OptionError, described

HOW = (
    "pass options={'history': 1} to nadamkit.minimize, or options={'return_all': True} where a "
    "solver of SciPy has it"
)


class Trace(NamedTuple):
    """The course of a run.

    Parameters
    ----------
    nit, nfev : ndarray of shape (k,)
        Iterations, and calls of the function; NaN where they are not known.
    fun, gnorm : ndarray of shape (k,)
        Value and largest component of the gradient; NaN where they are not known.
    x : ndarray of shape (k, n)
        Points.
    """

    nit: NDArray[Any]
    nfev: NDArray[Any]
    fun: NDArray[Any]
    gnorm: NDArray[Any]
    x: NDArray[Any]


def named(results: Any) -> dict[str, Any]:
    """Results by name: a single one has an empty name, those of a list are numbered."""
    if is_result(results):
        return {"": results}
    if isinstance(results, Mapping):
        found = {str(name): result for name, result in results.items()}
    elif isinstance(results, Iterable):
        found = {str(i): result for i, result in enumerate(results, 1)}
    else:
        found = {"": results}
    for name, result in found.items():
        if not is_result(result):
            raise OptionError(
                f"{_called(name)} is {described(result)}, but must be a result of minimize, with x "
                "and fun; or pass a list or a dict of results."
            )
    if not found:
        raise OptionError("there are no results to plot; pass at least one.")
    return found


def trace(name: str, result: Any, fun: Callable[[Any], Any] | None = None) -> Trace:
    """The course of a run, as far as the result has it.

    Parameters
    ----------
    name : str
        Of the result, for messages.
    result : OptimizeResult
        With `history`, or with `allvecs`.
    fun : callable, optional
        Gives values at points of `allvecs`, which has none.
    """
    history = getattr(result, "history", None)
    if history is not None:
        return Trace(*(np.asarray(column) for column in history))
    points = getattr(result, "allvecs", None)
    if points is None:
        raise OptionError(f"{_called(name)} has no history; {HOW}.")
    x = np.array([np.atleast_1d(point) for point in points])
    unknown = np.full(len(x), np.nan)
    values = unknown if fun is None else np.array([value(fun, point) for point in x])
    return Trace(np.arange(len(x)), unknown, values, unknown, x)


def value(fun: Callable[[Any], Any], x: NDArray[Any]) -> float:
    """The function's value, also of one that returns its gradient with it."""
    found = fun(x)
    return float(found[0] if isinstance(found, tuple) else found)


def is_result(result: Any) -> bool:
    """Whether it is what a minimiser returns."""
    return hasattr(result, "x") and hasattr(result, "fun")


def _called(name: str) -> str:
    return f"the result {name!r}" if name else "the result"
