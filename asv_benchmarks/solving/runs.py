"""Run solvers on problems, in this process or in several."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.solving import solvers
from asv_benchmarks.solving.solvers import Solver
from asv_benchmarks.solving.trace import OutsideBounds, Problem, Recorder, RunOver, Trace
from nadamkit.errors import DataUnavailable

#: What a solver may raise when a function overflows; nadamkit has to cope.
FAILURES = (ArithmeticError, ValueError, np.linalg.LinAlgError)
#: The note of a run that evaluated a point the bounds forbid.
LEFT = "left the bounds"


class Task(NamedTuple):
    """All runs on one problem, by names, so that another process can do them.

    Parameters
    ----------
    module : str
        Module with a function ``load(name) -> Problem``.
    problem : str
        Name of the problem.
    solvers : tuple of str
        Names of the solvers.
    budget : int
        Calls of each run.
    gtol, gtol_budget : float, int or None
        With them, a second run ends when the gradient is this small.
    """

    module: str
    problem: str
    solvers: tuple[str, ...]
    budget: int
    gtol: float = 0.0
    gtol_budget: int | None = None


class Runs(NamedTuple):
    """What came of a task: value at the start, best known value, and the traces by solver."""

    problem: str
    n: int
    start: float
    best: float
    traces: dict[str, Trace]
    reached: dict[str, Trace]


class Skipped(NamedTuple):
    """A problem that could not be loaded, and why."""

    problem: str
    why: str


def run(solver: Solver, problem: Problem, budget: int, gtol: float | None = None) -> Trace:
    """One run of a solver, until it stops, fails, has spent its budget or reached `gtol`."""
    recorder = Recorder(problem, budget, gtol)
    note = ""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            solver.run(recorder, problem.x0.copy(), budget, problem.bounds)
        except RunOver:
            pass
        except OutsideBounds:
            note = LEFT
        except FAILURES as error:
            if solver.ours:
                raise
            note = f"{type(error).__name__}: {error}"
    return recorder.trace(note)


def work(task: Task) -> Runs | Skipped:
    """Do a task."""
    try:
        problem = import_module(task.module).load(task.problem)
    except DataUnavailable as error:
        return Skipped(task.problem, str(error))
    chosen = [solvers.get(name) for name in task.solvers]
    start = float(problem.fun(problem.x0)[0])
    traces = {s.name: run(s, problem, task.budget) for s in chosen}
    reached = {}
    if task.gtol_budget is not None:
        reached = {s.name: run(s, problem, task.gtol_budget, task.gtol) for s in chosen}
    return Runs(problem.name, problem.x0.size, start, problem.best, traces, reached)


def in_turn(function: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> Iterator[Any]:
    """The results in the order of the tasks, whatever the number of processes."""
    if jobs == 1:
        yield from _announced(map(function, tasks), tasks)
        return
    # Not forked: JAX and Numba have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:
        yield from _announced(pool.map(function, tasks), tasks)


def _announced(results: Iterable[Any], tasks: Sequence[Any]) -> Iterator[Any]:
    """The results, with a line on a terminal that says how far it is."""
    watched = sys.stderr.isatty()
    for i, result in enumerate(results, 1):
        if watched:
            end = "\r" if i < len(tasks) else "\r\033[K"
            print(f"{i} of {len(tasks)}", end=end, file=sys.stderr, flush=True)
        yield result
