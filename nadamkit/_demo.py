"""What ``python -m nadamkit`` runs: every method on real data, beside SciPy's L-BFGS-B.

The data are the 1797 handwritten digits that scikit-learn ships; the problem is softmax regression.
Without scikit-learn the Rosenbrock function stands in. Nothing is tuned: all methods run with the
default options from the same start.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.optimize

from nadamkit import minimize, registry
from nadamkit._demo_problems import Array, Problem, digits, valley
from nadamkit.plot._style import COLOURS, DASHES

BASELINE = "L-BFGS-B"
GTOL = 1e-5


@dataclass(frozen=True)
class Run:
    """What one solver did on one problem; `losses` has one entry per call of the objective."""

    solver: str
    loss: float
    score: float
    slope: float
    nit: int
    seconds: float
    losses: Array


@dataclass
class Recorder:
    """Passes calls on to an objective and notes each loss: the same ruler for all solvers."""

    fun: Callable[[Array], tuple[float, Array]]
    losses: list[float] = field(default_factory=list)

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Loss and gradient at `x`."""
        loss, gradient = self.fun(x)
        self.losses.append(loss)
        return loss, gradient


def problems() -> list[Problem]:
    """The digits, or without scikit-learn what can stand in for them."""
    try:
        return [digits()]
    except ModuleNotFoundError:
        print(
            "The digits need scikit-learn, which is not installed. To get it:\n"
            '    python -m pip install "nadamkit[examples]"\n'
            "Running on Rosenbrock's function instead.\n"
        )
        return [valley(2), valley(100)]


def solve(problem: Problem, solver: str, maxiter: int) -> Run:
    """Run one solver on one problem; time does not include compilation."""
    if solver == BASELINE:
        call: Callable[..., Any] = scipy.optimize.minimize
        options = {"maxiter": maxiter, "maxfun": 100 * maxiter, "gtol": GTOL, "ftol": 0}
    else:
        call, options = minimize, {"maxiter": maxiter, "gtol": GTOL}
        call(problem.fun, problem.x0, jac=True, method=solver, options={"maxiter": 2})
    recorder = Recorder(problem.fun)
    begin = time.perf_counter()
    result = call(recorder, problem.x0, jac=True, method=solver, options=options)
    seconds = time.perf_counter() - begin
    return Run(
        solver=solver,
        loss=float(result.fun),
        score=problem.score(result.x),
        slope=float(np.abs(result.jac).max()),
        nit=int(result.nit),
        seconds=seconds,
        losses=np.array(recorder.losses),
    )


def one_blas_thread() -> AbstractContextManager[Any]:
    """Run linear algebra on one thread: the pools of NumPy and SciPy fight over the cores.

    On two cores L-BFGS-B needs 1.0 s for the digits with the pools left alone, and 0.05 s so.
    threadpoolctl comes with scikit-learn.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limits


class Progress:
    """Prints finished rows; on a terminal also shows which solver is running."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        try:
            from tqdm import tqdm
        except ModuleNotFoundError:
            self.bar = None
        else:
            # disable=None: silent where the output is not a terminal
            self.bar = tqdm(total=total, disable=None, leave=False, unit="solver")

    def start(self, solver: str) -> None:
        """Show that `solver` is running."""
        if self.bar is not None:
            self.bar.set_description(solver)
        elif sys.stderr.isatty():
            print(f"{solver} ({self.done + 1} of {self.total}) ...", end="\r", file=sys.stderr)

    def row(self, text: str) -> None:
        """Print `text` as the row of the solver that has just finished."""
        self.done += 1
        if self.bar is None:
            print(text, flush=True)
            return
        self.bar.write(text)
        self.bar.update()
        if self.done == self.total:
            self.bar.close()


def compare(problem: Problem, solvers: Sequence[str], maxiter: int) -> list[Run]:
    """Run all solvers on a problem and print the table, a row as soon as it is known."""
    print(problem.title)
    print(
        f"{'method':<10}{'loss':>14}{problem.score_title:>15}{'max |grad|':>12}"
        f"{'iterations':>12}{'calls':>8}{'time':>10}",
        flush=True,
    )
    progress = Progress(len(solvers))
    runs = []
    for solver in solvers:
        progress.start(solver)
        run = solve(problem, solver, maxiter)
        progress.row(
            f"{run.solver:<10}{run.loss:>14.7g}{run.score:>15.4g}{run.slope:>12.1e}"
            f"{run.nit:>12}{len(run.losses):>8}{run.seconds:>8.2f} s"
        )
        runs.append(run)
    return runs


def draw(results: Sequence[tuple[Problem, list[Run]]], path: str) -> None:
    """Write the convergence plot: the gap to the lowest loss found, against calls."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5 * len(results)), layout="constrained")
    panels = figure.subplots(len(results), squeeze=False)[:, 0]
    for axes, (problem, runs) in zip(panels, results, strict=True):
        lowest = min(np.nanmin(run.losses) for run in runs)
        for number, run in enumerate(sorted(runs, key=lambda run: run.loss)):
            gap = np.fmin.accumulate(run.losses) - lowest
            gap[gap <= 0] = np.nan
            axes.plot(np.arange(1, len(gap) + 1), gap, label=run.solver, **_style(number, len(gap)))
        axes.set(
            title=problem.title,
            xlabel="calls of the objective",
            ylabel="best loss so far − lowest loss found",
            xscale="log",
            yscale="log",
        )
        axes.grid(alpha=0.3)
        axes.legend(
            loc="center left", bbox_to_anchor=(1, 0.5), title="lowest first", handlelength=4
        )
    figure.savefig(path, dpi=150)


def _style(number: int, calls: int) -> dict[str, Any]:
    """Line `number`: colour, dashes and marker each tell it apart, also in grey."""
    markers = "osD^vP*X<>ph"
    marked = np.geomspace(min(1 + number % 3, calls), calls, num=8).round().astype(int) - 1
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": markers[number % len(markers)],
        "markevery": np.unique(marked).tolist(),
        "markersize": 5,
        "linewidth": 1.4,
    }


def demo(
    methods: Sequence[str] | None = None, maxiter: int = 2000, output: str | None = None
) -> None:
    """Compare `methods` and L-BFGS-B, print the tables and write the plot.

    Parameters
    ----------
    methods : sequence of str, optional
        Names of methods; all by default.
    maxiter : int, optional
        Most iterations of each.
    output : str, optional
        File of the plot; ``nadamkit-digits.png`` or ``nadamkit-rosenbrock.png`` by default.
    """
    solvers = [*(methods or registry.names()), BASELINE]
    results = []
    for problem in problems():
        with one_blas_thread():
            results.append((problem, compare(problem, solvers, maxiter)))
        print()
    path = output or f"nadamkit-{results[0][0].name}.png"
    try:
        draw(results, path)
    except ModuleNotFoundError:
        print(
            "No plot: it needs matplotlib, which is not installed. To get it:\n"
            '    python -m pip install "nadamkit[plot]"'
        )
    else:
        print(f"Convergence plot: {path}")
