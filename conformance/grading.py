"""Grading: the error of a value over its bound. At most 1 passes; there is nothing to tune."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from conformance.case import Case, Field

#: u, half an ulp of 1.
UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}
Output = Mapping[str, Sequence[float]]


class Worst(NamedTuple):
    """A ratio of error to bound, and where it was."""

    ratio: float
    t: int = 0
    field: str = ""
    index: int = 0  # type: ignore[assignment]  # tuples have a method of this name
    size: int = 0


@dataclass(frozen=True)
class Comparison:
    """One value beside the expected one.

    Parameters
    ----------
    got : float
        What the implementation gave.
    high, low : float
        The double nearest to the exact value, and what remains.
    error, bound : float
        Of the value, in units of u.
    """

    got: float
    high: float
    low: float
    error: float
    bound: float

    @property
    def ratio(self) -> float:
        """Error over bound; infinite for any error where none is allowed."""
        if math.isinf(self.bound):  # the case says nothing about this dtype
            return 0.0
        if math.isnan(self.error):
            return math.inf
        if not self.bound:
            return 0.0 if not self.error else math.inf
        return self.error / self.bound


def graded(
    case: Case, dtype: str, profile: str, t: int, output: Output, before: Sequence[float]
) -> Worst:
    """Compare the values after step t.

    Parameters
    ----------
    case : Case
        With expected values.
    dtype, profile : str
        Which bounds apply.
    t : int
        A checkpoint.
    output : mapping
        theta, and the slots that are seen. Longer than the case's columns, they repeat them.
    before : sequence of float
        theta before the step.

    Returns
    -------
    Worst
        The largest ratio.
    """
    worst = Worst(0.0, t)
    for name, field in case.expected[t].items():
        if name != "step" and name not in output:
            continue
        got = output["theta" if name == "step" else name]
        for i, x in _distinct(got, before if name == "step" else None, len(case.theta0)):
            ratio = compared(field, i % len(case.theta0), dtype, profile, *x).ratio
            if ratio > worst.ratio:
                worst = Worst(ratio, t, name, i, len(got))
    return worst


def _distinct(
    values: Sequence[float], before: Sequence[float] | None, columns: int
) -> list[tuple[int, tuple[float, ...]]]:
    """Values that differ within a repeated column, each once, with the place of the first."""
    pairs = zip(values) if before is None else zip(values, before, strict=True)
    found: dict[Any, int] = {}
    for i, x in enumerate(pairs):
        # The bits, because NaN is never equal and -0 is equal to 0.
        found.setdefault((i % columns, *map(float.hex, x)), i)
    return [(i, (values[i],) if before is None else (values[i], before[i])) for i in found.values()]


def compared(
    field: Field, column: int, dtype: str, profile: str, got: float, before: float = 0.0
) -> Comparison:
    """Compare one value, or the difference of two, with a column of the expected ones."""
    value, unit = field.values[column], UNIT[dtype]
    if isinstance(value, str):
        difference = got - before
        fits = {
            "nan": math.isnan(difference),
            "nonfinite": not math.isfinite(got),
            "any": True,
        }[value]
        return Comparison(difference, math.nan, 0.0, 0.0 if fits else math.inf, 0.0)
    high, low, shift = value
    bounds = field.bounds.get((dtype, profile))
    bound = bounds[column] if bounds else math.inf
    if not (math.isfinite(got) and math.isfinite(before)):
        return Comparison(got - before, math.ldexp(high, -shift), low, math.inf, bound)
    # In units of u, where the error of a subnormal number does not vanish itself.
    try:
        terms = (math.ldexp(got, shift), -math.ldexp(before, shift), -high, -low)
        error = math.ldexp(abs(math.fsum(terms)) / unit, -shift)
    except OverflowError:
        error = math.inf
    return Comparison(got - before, math.ldexp(high, -shift), low, error, bound)
