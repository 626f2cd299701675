"""``learning_rate="race"``: a few fixed rates compete, and the best goes on (successive halving).

Attia and Koren (2024), "How free is parameter-free stochastic optimization?", show that trying
rates is all that is needed where the objective is not convex.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nadamkit.loops.plan import RACED, Noise, Plan, cosine_squared
from nadamkit.loops.run import Runner
from nadamkit.loops.stopping import DIVERGED, MAXITER, NIT, NOISE_FLOOR, NONFINITE
from nadamkit.loops.task import Outcome, Problem
from nadamkit.objectives.samples import Samples

#: Rates that compete, as shares of the largest of x and 1. The range 0.001 to 1 leaves twice the
#: excess on six of the 11 stochastic problems: noisy Rosenbrock needs 0.3.
RATES = (0.003, 0.03, 0.3, 3.0)
#: Share of the horizon that the heats get; 0.1 is as good.
SHARE = 0.2
#: Iterations that make a race worth while: five for each entrant of the first heat.
SHORTEST = 200
#: How an entrant drops out, and how a heat ends that does not end the race.
GONE = frozenset({DIVERGED, NONFINITE})
HEAT_IS_OVER = frozenset({MAXITER, NOISE_FLOOR, DIVERGED, NONFINITE})


def run(
    problem: Problem,
    execute: Callable[[Runner], Outcome],
    noise: Noise,
    samples: Samples | None,
) -> Outcome:
    """Let rates compete from the same start with the same noise; the best runs on to the end.

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
    race = _Race(problem, execute, noise)
    scale = max(1.0, float(np.max(np.abs(problem.x), initial=0.0)))
    heats = math.ceil(math.log2(len(RATES)))
    entrants = [race.entrant(rate * scale) for rate in RATES]
    while len(entrants) > 1:
        steps = max(1, int(SHARE * noise.horizon / heats / len(entrants)))
        mark = samples.mark() if samples is not None else None
        values = {}
        for runner in entrants:
            if samples is not None:
                samples.back_to(mark)
            outcome = race.go_on(runner, steps, lambda done: 1.0 - done)
            if outcome.status not in HEAT_IS_OVER:
                return race.result()
            values[runner] = math.inf if outcome.status in GONE else outcome.fun
        entrants = sorted(entrants, key=lambda runner: values[runner])[: len(entrants) // 2]
    race.go_on(entrants[0], max(1, int(noise.horizon) - race.steps), cosine_squared, noise)
    return race.result()


class _Race:
    """The runs so far, whose calls, iterations and time add up."""

    def __init__(
        self, problem: Problem, execute: Callable[[Runner], Outcome], noise: Noise
    ) -> None:
        self._problem, self._execute = problem, execute
        self._unwatched = replace(noise, validation=None)
        self._started = time.perf_counter()
        self._ended: list[Outcome] = []

    @property
    def steps(self) -> int:
        """Iterations so far."""
        return int(self._ended[-1].counts[NIT])

    def entrant(self, rate: float) -> Runner:
        """A run with a rate, that has not begun."""
        problem = replace(self._problem, x=self._problem.x.copy(), rate=rate)
        return Runner(problem, Plan(self._unwatched, RACED))

    def go_on(
        self,
        runner: Runner,
        steps: int,
        shape: Callable[[Any], Any],
        noise: Noise | None = None,
    ) -> Outcome:
        """Let a run make some more steps."""
        plan = Plan(replace(noise or self._unwatched, horizon=steps), RACED, shape)
        runner.again(plan, self._ended[-1] if self._ended else None)
        gone = time.perf_counter() - self._started
        runner.problem.maxtime = max(0.0, self._problem.maxtime - gone)
        self._ended.append(self._execute(runner))
        return self._ended[-1]

    def result(self) -> Outcome:
        """The last run's outcome, with the records of all."""
        last = self._ended[-1]
        for one in self._ended[:-1]:
            # A heat's last point has no value, and the next heat begins at this iteration.
            if one.scalars and np.isnan(one.scalars[-1][-1, 2]):
                one.scalars.pop()
                one.xs.pop()
        last.scalars = [rows for one in self._ended for rows in one.scalars]
        last.xs = [rows for one in self._ended for rows in one.xs]
        return last
