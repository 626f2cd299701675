"""The error of a computed trajectory over the bound of the exact one, for what is no stored case.

A value passes when |got - exact| <= u * bound, so a ratio of at most 1; where the bound is zero
the value has to be exact. This is the strict profile of the conformance suite.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from conformance.reference.arithmetic import PROFILES, assuming, mpf
from conformance.reference.setting import Trajectory

#: Of a step, by name ("theta" or a slot): the exact values and the errors allowed.
Step = dict[str, list[tuple[Any, Any]]]


class Worst(NamedTuple):
    """The largest ratio of error to bound, and where it was."""

    ratio: float
    step: int = 0
    name: str = ""
    element: int = 0


def expected(trajectory: Trajectory, dtype: str) -> list[Step]:
    """Values and allowed errors of a trajectory of the reference that has not begun yet."""
    arithmetic = PROFILES[dtype, "strict"]
    with assuming(arithmetic):
        return [
            {
                name: [(x.value, arithmetic.u * x.bound) for x in vector]
                for name, vector in {"theta": theta, **slots}.items()
            }
            for theta, slots in trajectory
        ]


def worst(run: Iterable[dict[str, Any]], reference: Iterable[Step]) -> Worst:
    """Compare a run, a mapping of names to arrays per step, with the reference."""
    found = Worst(0.0)
    for step, (got, wanted) in enumerate(zip(run, reference, strict=True), 1):
        assert got.keys() == wanted.keys()
        for name, values in wanted.items():
            for element, (x, (exact, allowed)) in enumerate(zip(got[name], values, strict=True)):
                ratio = _ratio(float(x), exact, allowed)
                if ratio > found.ratio:
                    found = Worst(ratio, step, name, element)
    return found


def _ratio(got: float, exact: Any, allowed: Any) -> float:
    if not math.isfinite(got):
        return math.inf
    error = abs(mpf(got) - exact)
    if not allowed:
        return 0.0 if error == 0 else math.inf
    return float(error / allowed)
