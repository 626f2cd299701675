"""Solvers on a set of deterministic problems: what each solves within how many calls."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np

from asv_benchmarks.solving import profiles, solvers
from asv_benchmarks.solving.plot import Curves, profile_curves
from asv_benchmarks.solving.report import table
from asv_benchmarks.solving.runs import Runs, Skipped, Task, in_turn, work
from asv_benchmarks.solving.trace import Array

TAUS = (1e-1, 1e-3, 1e-5)
#: The accuracy that profiles are drawn for.
DRAWN = 1e-5


@dataclass(frozen=True)
class Study:
    """The runs of all solvers on all problems.

    Parameters
    ----------
    runs : list of Runs
        By problem.
    skipped : list of Skipped
        Problems that could not be loaded.
    names : tuple of str
        The solvers.
    budget : int
        Calls of each run.
    """

    runs: list[Runs]
    skipped: list[Skipped]
    names: tuple[str, ...]
    budget: int

    @property
    def budgets(self) -> list[int]:
        """Budgets that solved problems are counted at: 100, 300, ... and the last."""
        return [b for b in (100, 300, 1000, 3000) if b < self.budget] + [self.budget]

    def lowest(self, runs: Runs) -> float:
        """The lowest value of a problem: known, or found in this run."""
        return min((runs.best, *(v for t in runs.traces.values() for v in t.values[-1:])))

    def costs(self, tau: float) -> dict[str, Array]:
        """Calls until each problem was solved, by solver, and those of the best setting."""
        targets = [profiles.target(r.start, self.lowest(r), tau) for r in self.runs]
        found = {
            name: np.array(
                [profiles.cost(r.traces[name], v) for r, v in zip(self.runs, targets, strict=True)]
            )
            for name in self.names
        }
        return found | _best_settings(found)

    def solved(self, name: str, tau: float) -> int:
        """How many problems a solver solved, 0 if it did not take part."""
        return int(np.isfinite(self.costs(tau).get(name, np.empty(0))).sum())

    def reached(self, name: str) -> int:
        """How many problems a solver brought to the small gradient."""
        return sum(r.reached[name].reached is not None for r in self.runs if name in r.reached)


def study(
    module: str, asked: Namespace, gtol: float = 0.0, gtol_budget: int | None = None
) -> Study:
    """Run the solvers that are asked for on the problems that are.

    Parameters
    ----------
    module : str
        Module with a function ``load(name) -> Problem``.
    asked : Namespace
        Its problems, methods, peers, budget and jobs.
    gtol, gtol_budget : float, int or None
        As in `Task`.

    Returns
    -------
    Study
    """
    names = solvers.names(asked.methods, asked.peers)
    tasks = [Task(module, p, names, asked.budget, gtol, gtol_budget) for p in asked.problems]
    results = list(in_turn(work, tasks, asked.jobs))
    runs = [r for r in results if isinstance(r, Runs)]
    skipped = [r for r in results if isinstance(r, Skipped)]
    return Study(runs, skipped, names, asked.budget)


def _best_settings(costs: dict[str, Array]) -> dict[str, Array]:
    """The best setting of each family for each problem, picked after the fact."""
    families: dict[str, list[Array]] = {}
    for name, column in costs.items():
        solver = solvers.get(name)
        if solver.family and solver.family != name:
            families.setdefault(solver.family, []).append(column)
    return {
        f"{family.replace('-', ' ')} best of {len(columns)}": np.min(columns, axis=0)
        for family, columns in families.items()
        if len(columns) > 1
    }


def solved_table(s: Study, gtol_title: str = "") -> str:
    """Problems solved, by solver, accuracy and budget; then those with a small gradient."""
    counts = {tau: s.costs(tau) for tau in TAUS}
    head = ["solved"]
    for tau in TAUS:
        head += [f"{tau:g} @{s.budgets[0]}", *(f"@{b}" for b in s.budgets[1:])]
    head += [gtol_title] if gtol_title else []
    rows = []
    for name in counts[TAUS[0]]:
        cells = [str(int((counts[t][name] <= b).sum())) for t in TAUS for b in s.budgets]
        if gtol_title:
            cells.append(str(s.reached(name)) if name in s.names else "")
        rows.append([name, *cells])
    return table(head, rows)


def notes(s: Study) -> list[str]:
    """What did not go to plan: problems without data, and runs that failed."""
    lines = [f"skipped: {each.problem}: {each.why}" for each in s.skipped]
    for name in s.names:
        failed: dict[str, list[str]] = {}
        for r in s.runs:
            kind = r.traces[name].note.partition(":")[0]
            failed.setdefault(kind, []).append(r.problem)
        failed.pop("", None)
        lines += [
            f"{name}: {kind} on {len(where)} ({', '.join(where[:6])}{', ...' * (len(where) > 6)})"
            for kind, where in failed.items()
        ]
    return lines


def figures(s: Study) -> dict[str, Any]:
    """All counts, for the file."""
    found = {tau: s.costs(tau) for tau in TAUS}
    names = list(found[TAUS[0]])
    document: dict[str, Any] = {
        "budget": s.budget,
        "problems": {
            r.problem: {"n": r.n, "start": r.start, "lowest": s.lowest(r)} for r in s.runs
        },
        "skipped": [each.problem for each in s.skipped],
        "solved": {
            name: {
                f"{tau:g}": {str(b): int((found[tau][name] <= b).sum()) for b in s.budgets}
                for tau in TAUS
            }
            for name in names
        },
        "calls": {name: {f"{tau:g}": found[tau][name] for tau in TAUS} for name in names},
    }
    if any(r.reached for r in s.runs):
        document["gradient"] = {name: [r.reached[name].reached for r in s.runs] for name in s.names}
    return document


def curves(s: Study, title: str) -> list[Curves]:
    """Profiles of the solvers; of peers with settings only the best one."""
    costs = {
        name: column
        for name, column in s.costs(DRAWN).items()
        if name not in s.names or solvers.get(name).family in ("", name)
    }
    about = f"{title}: {len(s.runs)} problems, tau = {DRAWN:g}"
    return profile_curves(costs, s.budget, about) if s.runs else []
