"""What nadamkit holds itself to, and how a figure stands to it."""

from __future__ import annotations

import math
from typing import NamedTuple

from asv_benchmarks.compare.goals import Goal

GOALS = {
    "s2mpj solved, tau 1e-05, nadam / L-BFGS-B": Goal(0.93, True),
    "s2mpj solved, tau 0.001, nadam / L-BFGS-B": Goal(0.98, True),
    "s2mpj solved, tau 1e-05, nadam / optax adam best of 5": Goal(1.15, True),
    "classical, gtol 1e-05 within 5000 calls": Goal(40.0, True),
    "stochastic, excess / grid-tuned, geometric mean": Goal(1.8, False),
    "stochastic, excess / grid-tuned, worst": Goal(10.0, False),
    "stochastic, restarted L-BFGS-B / ours, least of 10": Goal(10.0, True),
}


class Answer(NamedTuple):
    """A goal and the figure of this run.

    Parameters
    ----------
    goal : str
        Key in `GOALS`.
    figure : float
        NaN where this run does not give it.
    whole : bool
        Whether everything ran that the goal is about.
    """

    goal: str
    figure: float
    whole: bool = True

    @property
    def verdict(self) -> str:
        """``met``, ``short``, or why there is none."""
        if math.isnan(self.figure):
            return "not measured"
        if not self.whole:
            return "only a part was run"
        return "met" if GOALS[self.goal].met(self.figure) else "short"

    def __str__(self) -> str:
        figure = "-" if math.isnan(self.figure) else f"{self.figure:.3g}"
        return f"{self.goal:<56}{GOALS[self.goal]!s:>9}{figure:>9}  {self.verdict}"


def ratio(a: float, b: float) -> float:
    """``a / b``, or NaN where b is 0."""
    return a / b if b else math.nan
