"""Which dialect an implementation speaks, when it is not the one it was graded in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from conformance import dialects, golden
from conformance.adapter import Unsupported
from conformance.case import PAPER_SCHEDULE, Case
from conformance.grading import Output, graded
from conformance.reference.family import METHODS
from conformance.reference.methods import SCHEDULED
from conformance.runner import states

#: The family it is searched on: mixed scales, and the paper's schedule.
FAMILY = "paper-defaults"
STEPS = 32
FLIPS: dict[str, tuple[Any, ...]] = {
    "m_coef": ("mu", "mu_t"),
    "lookahead": (True, False),
    "m_bias": ("t+1", "t", "none", "dup", "frozen1"),
    "n_bias": ("std", "nu", "none"),
    "eps_kind": ("in", "out", "out_raw", "max"),
    "n0": (0.0, 0.1),
}
#: Where epsilon may stand, by norm.
EPSILONS: dict[str, tuple[str, ...]] = {
    "none": (),
    "sum": ("in", "out"),
    "mean": ("in", "out", "out_raw"),
    "max": ("out", "max"),
}
SCHEDULES: dict[str, Any] = {
    "the paper's schedule": PAPER_SCHEDULE,
    "the schedule 0.96^t": {**PAPER_SCHEDULE, "psi": "1"},
    "constant mu": "constant",
}


def best(adapter: Any, case: Case, dtype: str) -> list[tuple[str, float]]:
    """Order the dialects by their distance from what an implementation does.

    Parameters
    ----------
    adapter : Adapter
        The implementation.
    case : Case
        Of the family `FAMILY`, in the dialect that was graded.
    dtype : str
        'float32' or 'float64'.

    Returns
    -------
    list of (str, float)
        Dialects and the largest error in units of the bound, the nearest first. Up to 1 it is that
        dialect, in the standard profile.
    """
    short = replace(case, checkpoints=[t for t in case.checkpoints if t <= STEPS])
    try:
        given = list(states(adapter, short, dtype, len(case.theta0)))
    except Unsupported:
        return []
    found = [
        (name, _ratio(golden.complete(candidate, ("standard",)), dtype, given))
        for name, candidate in candidates(short)
    ]
    return sorted(found, key=lambda match: match[1])


def _ratio(case: Case, dtype: str, given: list[tuple[int, Output, Sequence[float]]]) -> float:
    return max(
        graded(case, dtype, "standard", t, output, before).ratio
        for t, output, before in given
        if t in case.expected
    )


def candidates(case: Case) -> Iterator[tuple[str, Case]]:
    """Named dialects, and what was graded with one thing changed."""
    paper = PAPER_SCHEDULE if case.method in SCHEDULED else "constant"
    yield dialects.PAPER, replace(case, knobs={}, mu_t=paper)
    for (name, method), d in dialects.table().items():
        if method == case.method:
            yield name, replace(case, knobs=d.knobs, mu_t=d.mu_t)
    for name, schedule in SCHEDULES.items():
        if case.method in SCHEDULED:
            yield f"{case.dialect} with {name}", replace(case, mu_t=schedule)
    now = golden.knobs(case)
    for knob, values in FLIPS.items():
        for value in values:
            if value != getattr(now, knob) and _fits(case.method, knob, value):
                changed = replace(case, knobs={**case.knobs, knob: value})
                yield f"{case.dialect} with {knob} = {value!r}", changed


def _fits(method: str, knob: str, value: Any) -> bool:
    """Tell whether a knob means something for a method."""
    base = METHODS[method]
    return {
        "m_coef": base.momentum != "none",
        "lookahead": base.momentum != "none",
        "m_bias": base.momentum == "mean",
        "n_bias": base.norm == "mean",
        "n0": base.norm == "sum",
        "eps_kind": value in EPSILONS[base.norm],
    }[knob]
