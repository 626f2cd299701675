"""``learning_rate="race"``: a few fixed rates compete, and the best goes on (successive halving).

Attia and Koren (2024) show that nothing cleverer than trying rates is needed, nor proven better,
where the objective is not convex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nadamkit import schedules
from nadamkit.loops.plan import Noise, Plan
from nadamkit.loops.run import Runner
from nadamkit.loops.task import Outcome, Problem
from nadamkit.objectives.samples import Samples

#: Rates that compete, as shares of the largest of x and 1, and the part of the horizon they share.
RATES = (0.001, 0.01, 0.1, 1.0)
PART = 0.2


def run(
    problem: Problem,
    execute: Callable[[Runner], Outcome],
    noise: Noise,
    samples: Samples | None,
) -> Outcome:
    """Let rates compete from the same start with the same noise, then run the best to the end.

    Parameters
    ----------
    problem : Problem
        What is to be run.
    execute : callable
        Runs a `Runner` with the user's objective.
    noise : Noise
        The whole of the run.
    samples : Samples, optional
        Can be put back to where it was, so that all meet the same noise.

    Returns
    -------
    Outcome
    """
    scale = max(1.0, float(np.max(np.abs(problem.x), initial=0.0)))
    heat = max(1, int(PART * noise.horizon / len(RATES)))
    mark = samples.mark() if samples is not None else None
    last: Outcome | None = None
    best: tuple[float, float, Outcome] | None = None
    history: list[Outcome] = []
    for share in RATES:
        if samples is not None:
            samples.back_to(mark)
        entrant = _with_rate(problem, share * scale, heat)
        last = execute(Runner(entrant, Plan(replace(noise, horizon=heat), False), before=last))
        history.append(last)
        if best is None or last.fun < best[0]:
            best = last.fun, share * scale, last
    assert best is not None
    _, rate, outcome = best
    rest = max(1, int(noise.horizon) - heat * len(RATES))
    final = _with_rate(problem, rate, rest)
    final.x[:] = outcome.x
    ended = execute(Runner(final, Plan(replace(noise, horizon=rest), False), before=last))
    ended.scalars = [rows for one in (*history, ended) for rows in one.scalars]
    ended.xs = [rows for one in (*history, ended) for rows in one.xs]
    return ended


def _with_rate(problem: Problem, rate: float, steps: int) -> Problem:
    return replace(problem, x=problem.x.copy(), rate=schedules.cosine(rate, steps))
