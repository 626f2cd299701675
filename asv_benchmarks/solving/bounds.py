"""Bound-constrained problems made of the classical ones, with bounds that cut off the solution."""

from __future__ import annotations

from argparse import Namespace
from functools import cache

import numpy as np

from asv_benchmarks.solving import classical, study
from asv_benchmarks.solving.peers import BY_NAME
from asv_benchmarks.solving.report import Report, table
from asv_benchmarks.solving.runs import LEFT, run
from asv_benchmarks.solving.solvers import BOUNDED, Solver
from asv_benchmarks.solving.trace import Array, Bounds, Problem

PEERS = BOUNDED
METHODS = ("nadam",)
BUDGET = classical.BUDGET
QUICK = classical.QUICK
#: Where a bound cuts the way from the start to the solution without bounds.
CUT = 0.75
#: Calls that are spent on finding that solution.
SEARCH = 5000

names = classical.names


@cache
def load(name: str) -> Problem:
    """The problem with bounds and a feasible start."""
    problem = classical.load(name)
    bounds = cutting(problem.x0, unbounded_solution(problem))
    return problem._replace(x0=np.clip(problem.x0, *bounds), best=np.inf, bounds=bounds)


def unbounded_solution(problem: Problem) -> Array:
    """The best point that L-BFGS-B finds from the start."""
    points: list[tuple[float, Array]] = [(np.inf, problem.x0)]

    def noted(x: Array) -> tuple[float, Array]:
        f, g = problem.fun(x)
        if f < points[0][0]:
            points[0] = f, x.copy()
        return f, g

    run(Solver("L-BFGS-B", BY_NAME["L-BFGS-B"]), problem._replace(fun=noted), SEARCH)
    return points[0][1]


def cutting(start: Array, solution: Array) -> Bounds:
    """Bounds that forbid every second component of the solution.

    Parameters
    ----------
    start, solution : ndarray of shape (n,)
        Start, and solution without bounds.

    Returns
    -------
    Bounds
        For even i, one bound on the way from start to solution, or below the solution where it is
        the start. For odd i, a wide box and no bound in turn.
    """
    size = 1.0 + np.abs(solution)
    way = solution - start
    moves = np.abs(way) > 1e-3 * size
    cut = np.where(moves, start + CUT * way, solution - 0.1 * size)
    lower, upper = np.full(start.size, -np.inf), np.full(start.size, np.inf)
    i = np.arange(start.size)
    falls = moves & (way < 0.0)
    lower[(i % 2 == 0) & falls] = cut[(i % 2 == 0) & falls]
    upper[(i % 2 == 0) & ~falls] = cut[(i % 2 == 0) & ~falls]
    wide = i % 4 == 1
    lower[wide] = (np.minimum(start, solution) - 10.0 * size)[wide]
    upper[wide] = (np.maximum(start, solution) + 10.0 * size)[wide]
    return Bounds(lower, upper)


def report(asked: Namespace) -> Report:
    """Run, and say how many problems are solved, and who kept to the bounds."""
    gtol_budget = asked.budget if asked.quick else classical.GTOL_BUDGET
    s = study.study(__name__, asked, classical.GTOL, gtol_budget)
    outside = {
        name: sum(LEFT in (r.traces[name].note, r.reached[name].note) for r in s.runs)
        for name in s.names
    }
    title = f"gtol {classical.GTOL:g} @{gtol_budget}"
    rows = [[name, str(count)] for name, count in outside.items()]
    return Report(
        [
            study.solved_table(s, title),
            table(["problems on which bounds were left", ""], rows),
            *study.notes(s),
        ],
        study.figures(s) | {"left_bounds": outside},
        [],
        study.curves(s, "bounds"),
    )
