"""Which runs a minimisation is made of: one; one that turns out noisy and a second; or a race."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from nadamkit.loops import race
from nadamkit.loops.plan import GIVEN, LEARNED, Noise, Plan
from nadamkit.loops.run import Runner
from nadamkit.loops.stopping import DIVERGED, MAXFUN, MAXITER, NFEV, NIT, NOISY, PRECISION
from nadamkit.loops.task import Outcome, Problem
from nadamkit.objectives.samples import Samples

Execute = Callable[[Runner], Outcome]


def solve(
    problem: Problem,
    execute: Execute,
    noise: Noise,
    stochastic: bool | None,
    samples: Samples | None = None,
) -> Outcome:
    """Run a problem.

    Parameters
    ----------
    problem : Problem
        What is to be run.
    execute : callable
        Runs a `Runner` with the user's objective.
    noise : Noise
        How, if it is noisy.
    stochastic : bool or None
        Whether it is; None finds out.
    samples : Samples, optional
        Where the noise comes from, if known.

    Returns
    -------
    Outcome
    """
    if stochastic:
        if noise.race and noise.horizon >= race.SHORTEST:
            return race.run(problem, execute, noise, samples)
        return execute(Runner(problem, Plan(noise, LEARNED if problem.rate is None else GIVEN)))
    started = time.perf_counter()
    outcome = execute(Runner(problem, check=stochastic is None))
    if outcome.status != NOISY:
        return outcome
    outcome.noticed = True
    if noise.limited:
        noise = replace(noise, horizon=noise.horizon - int(outcome.counts[NIT]))
    noise = noise.within(problem.limits.maxfun - int(outcome.counts[NFEV]))
    if noise.horizon < 1:
        outcome.status = MAXFUN if problem.limits.maxfun < math.inf else MAXITER
        return outcome
    problem.maxtime = max(0.0, problem.maxtime - (time.perf_counter() - started))
    _drop_last(outcome)
    again = execute(Runner(problem, Plan(noise, LEARNED), before=outcome))
    if again.status == DIVERGED:
        # The search had come as far as the noise lets anyone come.
        again.status = PRECISION
    again.noticed = True
    again.scalars, again.xs = outcome.scalars + again.scalars, outcome.xs + again.xs
    return again


def _drop_last(outcome: Outcome) -> None:
    """Leave out the record of the point that the next run begins with."""
    if outcome.scalars and outcome.scalars[-1][-1, 0] == outcome.counts[NIT]:
        outcome.scalars[-1], outcome.xs[-1] = outcome.scalars[-1][:-1], outcome.xs[-1][:-1]
