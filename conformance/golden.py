"""Expected values of a case, computed with the reference."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite, isnan
from typing import Any

from conformance import numbers
from conformance.case import PROFILES as ALL
from conformance.case import Case, Field
from conformance.reference import around, paper, problems
from conformance.reference.arithmetic import PROFILES, Arithmetic, assuming
from conformance.reference.bounded import Bounded, Vector
from conformance.reference.family import METHODS, Knobs, family
from conformance.reference.setting import Setting, Source, Trajectory, dozat

#: A closed loop is graded while its first-order bound stays below this: what first order leaves
#: out is then about its square, a thousandth of it.
HORIZON = 2.0**-10
State = dict[str, list[Bounded]]


@dataclass
class Checkpoint:
    """Exact values at one step, and the bounds in each arithmetic."""

    values: dict[str, list[Any]]
    bounds: dict[tuple[str, str], dict[str, list[float]]]


def compute(case: Case, profiles: Container[str] = ALL) -> dict[int, Checkpoint]:
    """Run the reference on a case, once for each arithmetic."""
    found: dict[int, Checkpoint] = {}
    for (dtype, profile), arithmetic in PROFILES.items():
        if dtype not in case.dtypes or profile not in profiles:
            continue
        for t, state in states(case, arithmetic):
            values = {name: [x.value for x in row] for name, row in state.items()}
            point = found.setdefault(t, Checkpoint(values, {}))
            assert values == point.values, "the bounds belong to the same numbers"
            bounds = {name: [x.bound for x in row] for name, row in state.items()}
            if case.problem is None or _within(bounds, arithmetic):
                point.bounds[dtype, profile] = bounds
    return {t: point for t, point in found.items() if point.bounds}


def _within(bounds: Mapping[str, list[float]], arithmetic: Arithmetic) -> bool:
    return max(bounds["theta"]) * float(arithmetic.u) <= HORIZON


def complete(case: Case, profiles: Container[str] = ALL) -> Case:
    """Return the case with its expected values, as they are read from a file."""
    computed = compute(case, profiles)
    expected = {
        t: {name: _field(case, t, name, point) for name in point.values}
        for t, point in computed.items()
    }
    return replace(case, expected=expected, checkpoints=list(expected))


def _field(case: Case, t: int, name: str, point: Checkpoint) -> Field:
    values = [
        kind or numbers.split(numbers.long(value))
        for kind, value in zip(kinds(case, t, name), point.values[name], strict=True)
    ]
    return Field(values, {key: bounds[name] for key, bounds in point.bounds.items()})


def states(case: Case, arithmetic: Arithmetic) -> Iterator[tuple[int, State]]:
    """Yield theta, the step and the slots at each checkpoint."""
    with assuming(arithmetic):
        before, done = [Bounded(x) for x in case.theta0], int(case.start.get("t", 0))
        for t, (theta, slots) in enumerate(trajectory(case), done + 1):
            if t in case.checkpoints:
                step = [_difference(x, y) for x, y in zip(theta, before, strict=True)]
                yield t, {"theta": list(theta), "step": step, **{k: [*v] for k, v in slots.items()}}
            before = list(theta)


def _difference(after: Bounded, before: Bounded) -> Bounded:
    """Exact difference of two computed numbers; errors that they share cancel."""
    form = dict(after.form)
    for key, c in before.form.items():
        form[key] = form.get(key, 0.0) - c
    return Bounded(after.value - before.value, form)


def trajectory(case: Case) -> Trajectory:
    """Run the reference on a case in the arithmetic assumed now."""
    theta, around_ = Vector.of(case.theta0), case.around
    setting = Setting(
        _source(case), theta, case.eta, **case.hyper, mu_t=_momenta(case), start=case.start
    )
    run = family(setting, knobs(case)) if case.knobs else paper.ALGORITHMS[case.method](setting)
    if around_.get("wd_kind") == "decoupled":
        assert isinstance(case.eta, float), "one rate for all steps"
        run = around.decayed_decoupled(run, theta, case.eta, around_["weight_decay"])
    return islice(run, case.steps)


def knobs(case: Case) -> Knobs:
    """The knobs of a case: its method's, but for what its dialect changes."""
    return replace(METHODS[case.method], **case.knobs)


def _source(case: Case) -> Source:
    if case.problem is not None:
        gradient = problems.GRADIENTS[case.problem]
        return lambda theta: Vector.of(gradient(theta))
    if case.around.get("wd_kind") == "l2":
        return around.decayed_l2(_rows(case), case.around["weight_decay"])
    return _rows(case)


def _rows(case: Case) -> Iterable[Vector]:
    """Prescribed gradients, with the options that change them."""
    # Components with a NaN or an infinity are judged by kind, not by value.
    given = [[x if isfinite(x) else 1.0 for x in row] for row in case.gradients or ()]
    rows: Iterable[Vector] = map(Vector.of, given)
    if case.around.get("maximize"):
        rows = around.maximized(rows)
    if "clip_norm" in case.around:
        rows = around.clipped_by_norm(rows, case.around["clip_norm"])
    if "clip_value" in case.around:
        rows = around.clipped_by_value(rows, case.around["clip_value"])
    return rows


def _momenta(case: Case) -> Any:
    if isinstance(case.mu_t, str):
        return None
    if isinstance(case.mu_t, Mapping):
        return dozat(case.hyper["mu"], **case.mu_t)
    return list(case.mu_t)


def kinds(case: Case, t: int, name: str) -> list[str | None]:
    """For each component what its value has to be instead of a number, after a NaN or an inf."""
    kinds: list[str | None] = [None] * len(case.theta0)
    for row in (case.gradients or ())[:t]:
        for i, g in enumerate(row):
            if isnan(g):
                kinds[i] = "nan"
            elif not isfinite(g):
                kinds[i] = "any" if name == "step" else "nonfinite"
    return kinds
