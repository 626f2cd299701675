"""The 42 classical problems of `nadamkit.problems`: what is solved, and where gtol is reached."""

from __future__ import annotations

from argparse import Namespace
from functools import cache

from asv_benchmarks.solving import study
from asv_benchmarks.solving.goals import Answer
from asv_benchmarks.solving.report import Report
from asv_benchmarks.solving.solvers import UNBOUNDED
from asv_benchmarks.solving.trace import Problem
from nadamkit import problems

PEERS = UNBOUNDED
METHODS = ("nadam",)
BUDGET = 1000
QUICK = ("beale", "rosenbrock2", "booth", "wood", "kowosb", "powell_sing4")
#: SciPy's tolerance of BFGS and CG, and how long a run may take to reach it.
GTOL, GTOL_BUDGET = 1e-5, 5000


def names() -> tuple[str, ...]:
    """The problems."""
    return problems.names("classical")


@cache
def load(name: str) -> Problem:
    """A problem as solvers see it."""
    problem = problems.get(name)
    return Problem(name, problem.value_and_gradient, problem.x0, problem.best)


def report(asked: Namespace) -> Report:
    """Run, and say how many problems are solved."""
    gtol_budget = asked.budget if asked.quick else GTOL_BUDGET
    s = study.study(__name__, asked, GTOL, gtol_budget)
    title = f"gtol {GTOL:g} @{gtol_budget}"
    found = float(s.reached("nadamkit nadam")) if "nadamkit nadam" in s.names else float("nan")
    whole = asked.whole and len(s.runs) == len(names())
    return Report(
        [study.solved_table(s, title), *study.notes(s)],
        study.figures(s),
        [Answer("classical, gtol 1e-05 within 5000 calls", found, whole)],
        study.curves(s, "classical"),
    )
