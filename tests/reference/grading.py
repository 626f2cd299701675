"""Grading: the error of a computed trajectory over the bound of the exact one.

A value passes when |got - exact| <= u * bound, so a ratio of at most 1; where the bound is zero
the value has to be exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.reference.bounded import Vector, mpf

#: Of a step, by name ("theta" or a slot): the exact values and the errors allowed.
Step = dict[str, list[tuple[Any, Any]]]


@dataclass(frozen=True)
class Format:
    """A floating-point type: half an ulp of 1, and a coefficient's error in units of it."""

    u: Any
    coefficient: float


FORMATS = {
    "float32": Format(mpf(2) ** -24, coefficient=1.0),
    "float64": Format(mpf(2) ** -53, coefficient=2.0),
}


class Worst(NamedTuple):
    """The largest ratio of error to bound, and where it was."""

    ratio: float
    step: int = 0
    name: str = ""
    element: int = 0


def expected(trajectory: Iterable[tuple[Vector, dict[str, Vector]]], dtype: str) -> Iterator[Step]:
    """Yield the values and allowed errors of a reference trajectory computed in `dtype`."""
    fmt = FORMATS[dtype]
    for theta, slots in trajectory:
        yield {
            name: [(x.value, fmt.u * x.bound(fmt.coefficient)) for x in vector]
            for name, vector in {"theta": theta, **slots}.items()
        }


def worst(
    run: Iterable[dict[str, Any]], reference: Iterable[Step], enough: float = math.inf
) -> Worst:
    """Compare a run, a mapping of names to arrays per step, with the reference.

    Parameters
    ----------
    run : iterable of dict
        One dict a step, with the keys of the reference.
    reference : iterable of dict
        From `expected`.
    enough : float
        Stop after a step with a larger ratio.
    """
    found = Worst(0.0)
    for step, (got, wanted) in enumerate(zip(run, reference, strict=True), 1):
        assert got.keys() == wanted.keys()
        for name, values in wanted.items():
            for element, (x, (exact, allowed)) in enumerate(zip(got[name], values, strict=True)):
                ratio = _ratio(float(x), exact, allowed)
                if ratio > found.ratio:
                    found = Worst(ratio, step, name, element)
        if found.ratio > enough:
            break
    return found


def _ratio(got: float, exact: Any, allowed: Any) -> float:
    if not math.isfinite(got):
        return math.inf
    error = abs(mpf(got) - exact)
    if not allowed:
        return 0.0 if error == 0 else math.inf
    return float(error / allowed)
