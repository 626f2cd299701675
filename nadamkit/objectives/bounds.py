"""Bounds on the variables: every SciPy spelling as one `Box`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nadamkit.errors import OptionError, described, shown

__all__ = ["Box", "standardise"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Box:
    """The feasible set lower <= x <= upper, componentwise.

    Attributes
    ----------
    lower, upper : ndarray, shape (n,), float32 or float64, read-only
        The bounds; -inf and inf where there is none.
    """

    lower: Array
    upper: Array

    @cached_property
    def fixed(self) -> npt.NDArray[np.bool_]:
        """Mask, shape (n,): the variables whose two bounds coincide."""
        return _frozen(self.lower == self.upper)

    @cached_property
    def all_fixed(self) -> bool:
        """Whether the box is a single point."""
        return bool(self.fixed.all())

    def project(self, x: Array) -> None:
        """Clip `x`, shape (n,), to the box in place; NaN stays NaN."""
        np.maximum(x, self.lower, out=x)
        np.minimum(x, self.upper, out=x)


def standardise(bounds: Any, n: int, dtype: npt.DTypeLike) -> Box | None:
    """Bring any accepted form of bounds to a `Box`.

    Parameters
    ----------
    bounds : None, scipy.optimize.Bounds, or sequence of pairs (lower, upper)
        Anything with attributes ``lb`` and ``ub`` counts as a ``Bounds``; it is not modified. In a
        pair, None means that there is no bound. A single pair holds for all variables.
    n : int
        The number of variables.
    dtype : dtype
        float32 or float64. Bounds are rounded to it towards the inside of the box. Where no number
        of that dtype lies between two bounds, the variable is fixed at the one nearest to them.

    Returns
    -------
    Box or None
        None if nothing is bounded.

    Raises
    ------
    OptionError
        If there are neither 1 nor n bounds, or if one is crossed, NaN, not a real number, or such
        that no finite number satisfies it.

    Examples
    --------
    >>> box = standardise([(0, None)], 2, "float64")
    >>> box.lower, box.upper
    (array([0., 0.]), array([inf, inf]))
    """
    if bounds is None:
        return None
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        raw = bounds.lb, bounds.ub
    else:
        raw = _split_pairs(bounds)
    lower, upper = (_spread(side, n) for side in raw)
    _refuse_impossible(lower, upper)
    if np.isneginf(lower).all() and np.isposinf(upper).all():
        return None
    lower, upper = _round_inward(lower, upper, np.dtype(dtype))
    return Box(_frozen(lower), _frozen(upper))


def _split_pairs(bounds: Any) -> tuple[list[Any], list[Any]]:
    """Turn pairs into a list of lower and a list of upper bounds, None into -inf and inf."""
    if not isinstance(bounds, Iterable) or isinstance(bounds, (str, bytes, dict)):
        raise OptionError(
            f"bounds is {described(bounds)}; pass a scipy.optimize.Bounds or a sequence of "
            "(lower, upper) pairs, one for each variable."
        )
    pairs = list(bounds)
    if len(pairs) == 2 and all(end is None or np.ndim(end) == 0 for end in pairs):
        pairs = [pairs]
    for i, pair in enumerate(pairs):
        if not hasattr(pair, "__len__") or isinstance(pair, str) or len(pair) != 2:
            raise OptionError(
                f"bounds[{i}] is {shown(pair)}, not a (lower, upper) pair; write None for a side "
                "without a bound."
            )
    lower = [-np.inf if pair[0] is None else pair[0] for pair in pairs]
    upper = [np.inf if pair[1] is None else pair[1] for pair in pairs]
    return lower, upper


def _spread(side: Any, n: int) -> npt.NDArray[np.float64]:
    """Make a fresh float64 array of shape (n,) of the lower or of the upper bounds."""
    try:
        array = np.asarray(side)
        if array.dtype.kind not in "fiubO":
            raise TypeError(f"their dtype is {array.dtype}")
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"The bounds are not real numbers ({error}); pass a scipy.optimize.Bounds or a "
            "sequence of (lower, upper) pairs of numbers or None."
        ) from None
    if array.ndim > 1 or array.size not in (1, n):
        raise OptionError(
            "The number of bounds is not compatible with the length of `x0`. "
            f"There are {array.size} bounds for {n} variables; pass one for each variable, "
            "or a single one for all."
        )
    return np.array(np.broadcast_to(array.ravel(), (n,)))


def _refuse_impossible(
    lower: Array, upper: Array, written: tuple[Array, Array] | None = None
) -> None:
    """Raise if a bound is NaN or if no finite number lies between two of them.

    `written` is how the user wrote them, where they were rounded since.
    """
    nan = np.isnan(lower) | np.isnan(upper)
    if nan.any():
        raise OptionError(
            f"A bound of variable {int(nan.argmax())} is NaN; write None, or -inf and inf, for a "
            "side without a bound."
        )
    crossed = upper < lower
    if crossed.any():
        i = int(crossed.argmax())
        raise OptionError(
            "An upper bound is less than the corresponding lower bound. "
            f"Variable {i} has lower={lower[i]} and upper={upper[i]}; exchange or correct them."
        )
    beyond = np.isposinf(lower) | np.isneginf(upper)
    if beyond.any():
        i = int(beyond.argmax())
        low, high = written or (lower, upper)
        raise OptionError(
            f"No finite {lower.dtype} number satisfies the bounds lower={low[i]} and "
            f"upper={high[i]} of variable {i}; to leave it unbounded write -inf and inf, or None."
        )


def _round_inward(lower: Array, upper: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Round to `dtype` so that the rounded box lies within the box."""
    with np.errstate(over="ignore"):
        low, high = lower.astype(dtype), upper.astype(dtype)
        low = np.where(low < lower, np.nextafter(low, dtype.type(np.inf)), low)
        high = np.where(high > upper, np.nextafter(high, dtype.type(-np.inf)), high)
        empty = low > high
        middle = (0.5 * lower[empty] + 0.5 * upper[empty]).astype(dtype)
    low[empty] = high[empty] = middle
    # In a narrower dtype a finite bound can lie beyond the largest number.
    _refuse_impossible(low, high, (lower, upper))
    return low, high


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
