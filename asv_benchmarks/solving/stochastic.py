"""The noisy problems: how far from the minimum the returned point is, measured without noise.

The excess is ``(exact(x) - best) / (exact(x0) - best)``, the median of some seeds. It is compared
with the best of a grid of tuned settings, picked for each problem after the fact, and with L-BFGS-B
started again until it has spent as many calls.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.solving import excess
from asv_benchmarks.solving.goals import Answer
from asv_benchmarks.solving.plot import Curves
from asv_benchmarks.solving.profiles import performance_profile
from asv_benchmarks.solving.report import Report, number, table
from asv_benchmarks.solving.runs import Skipped, in_turn
from asv_benchmarks.solving.trace import Array
from nadamkit import problems

PEERS = ("grid", "L-BFGS-B", "optax-adam")
METHODS = ("nadam",)
BUDGET = 2000
SEEDS = 3
QUICK = ("quad50_noise", "rosen20_noise")
#: What is not compared with L-BFGS-B.
NOT_RESTARTED = "nce_pydoc"
OURS, TUNED = "nadamkit nadam", "grid-tuned"


class Row(NamedTuple):
    """Median excess of each solver, the best of the grid among them, and which setting that is."""

    problem: str
    medians: dict[str, float]
    tuned: str


def names() -> tuple[str, ...]:
    """The problems."""
    return problems.names("stochastic")


def report(asked: Namespace) -> Report:
    """Run everything on every problem."""
    seeds = 1 if asked.quick else asked.seeds
    fixed = (tuple(asked.methods), tuple(asked.peers), asked.budget, seeds)
    tasks = [excess.Task(name, *fixed) for name in asked.problems]
    results = list(in_turn(excess.work, tasks, asked.jobs))
    found = [r for r in results if not isinstance(r, Skipped)]
    lines = [f"skipped: {r.problem}: {r.why}" for r in results if isinstance(r, Skipped)]
    if disagreements := [r.optax_differs for r in found if np.isfinite(r.optax_differs)]:
        lines.append(
            f"{excess.CHECKED} by optax with the same noise: the excess differs by at most "
            f"{max(disagreements):.1e} of it on {len(disagreements)} problems."
        )
    rows = [_row(r.problem, r.excess) for r in found]
    whole = asked.whole and asked.budget == BUDGET and len(rows) == len(names())
    return Report(
        [_table(rows), *lines],
        _figures(found, rows, asked.budget),
        _answers(rows, whole),
        [_curves(rows, asked.budget)] if rows else [],
    )


def _row(problem: str, found: dict[str, list[float]]) -> Row:
    medians = {name: float(np.median(values)) for name, values in found.items()}
    grid = {name: medians[name] for name in excess.GRID if name in medians}
    tuned = min(grid, key=lambda name: grid[name], default="")
    return Row(problem, medians | ({TUNED: grid[tuned]} if tuned else {}), tuned)


def _ratios(rows: list[Row], above: str, below: str) -> Array:
    """Of the excesses of two solvers, on the problems that have both."""
    both = [r.medians for r in rows if above in r.medians and below in r.medians]
    return np.array([medians[above] / medians[below] for medians in both])


def _mean(ratios: Array) -> float:
    return float(np.exp(np.log(ratios).mean())) if ratios.size else np.nan


def _table(rows: list[Row]) -> str:
    shown = [n for n in (rows[0].medians if rows else ()) if n not in excess.GRID]
    head = ["excess", *shown, "setting", "ours / tuned", "L-BFGS-B / ours"]
    lines = []
    for r in rows:
        against = [_ratios([r], OURS, TUNED), _ratios([r], excess.RESTARTED, OURS)]
        cells = [number(a[0]) if a.size else "-" for a in against]
        lines.append([r.problem, *(f"{r.medians[n]:.1e}" for n in shown), r.tuned, *cells])
    return table(head, lines) + "\n\n" + _summary(rows)


def _summary(rows: list[Row]) -> str:
    """Each solver against the tuned best, over all problems."""
    lines = []
    for name in rows[0].medians if rows else ():
        ratios = _ratios(rows, name, TUNED)
        if ratios.size:
            counts = [str(int((ratios <= most).sum())) for most in (2.0, 10.0)]
            lines.append([name, number(_mean(ratios)), *counts, number(float(ratios.max()))])
    return table(["excess / grid-tuned", "geometric mean", "<= 2", "<= 10", "worst"], lines)


def _answers(rows: list[Row], whole: bool) -> list[Answer]:
    ours = _ratios(rows, OURS, TUNED)
    restarted = [r for r in rows if r.problem != NOT_RESTARTED]
    theirs = _ratios(restarted, excess.RESTARTED, OURS)
    figures = {
        "stochastic, excess / grid-tuned, geometric mean": _mean(ours),
        "stochastic, excess / grid-tuned, worst": float(ours.max()) if ours.size else np.nan,
        "stochastic, restarted L-BFGS-B / ours, least of 10": (
            float(theirs.min()) if theirs.size else np.nan
        ),
    }
    return [Answer(goal, figure, whole) for goal, figure in figures.items()]


def _figures(found: list[excess.Excess], rows: list[Row], budget: int) -> dict[str, Any]:
    return {
        "budget": budget,
        "excess": {r.problem: r.excess for r in found},
        "median": {row.problem: row.medians for row in rows},
        "tuned": {row.problem: row.tuned for row in rows},
        "optax_differs": {r.problem: r.optax_differs for r in found},
    }


def _curves(rows: list[Row], budget: int) -> Curves:
    costs = {n: np.array([r.medians[n] for r in rows]) for n in rows[0].medians}
    ratios = np.geomspace(1.0, 1e4, 400)
    return Curves(
        "performance_profile",
        f"Performance profile, {len(rows)} noisy problems, {budget} calls",
        "excess / least excess of any solver",
        "share of problems",
        ratios,
        performance_profile(costs, ratios),
    )
