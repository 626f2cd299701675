"""What ``python -m nadamkit`` runs: every method on real data, beside SciPy's L-BFGS-B.

The data are the 1797 handwritten digits that scikit-learn ships; the problem is softmax regression.
Without scikit-learn the Rosenbrock function stands in. Nothing is tuned: all methods run with the
default options from the same start.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import scipy.optimize

from nadamkit import minimize

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

BASELINE = "L-BFGS-B"
MAXITER = 1000
GTOL = 1e-5


@dataclass(frozen=True)
class Problem:
    """An objective ``fun(x) -> (f, gradient)``, its start, and how good an x is for its user."""

    name: str
    title: str
    fun: Callable[[Array], tuple[float, Array]]
    x0: Array
    score: Callable[[Array], float]
    score_title: str


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
    """Passes calls on to an objective and notes the loss of each: the same ruler for all solvers."""

    fun: Callable[[Array], tuple[float, Array]]
    losses: list[float] = field(default_factory=list)

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Loss and gradient at `x`."""
        loss, gradient = self.fun(x)
        self.losses.append(loss)
        return loss, gradient


@dataclass(frozen=True)
class SoftmaxRegression:
    r"""Mean cross-entropy of a linear classifier plus an L2 penalty on all weights but the biases.

    Parameters
    ----------
    features : array, shape (samples, features)
        The last column is the constant 1 of the bias.
    labels : array of int, shape (samples,)
        Class of each sample, from 0.
    classes : int
        Number of classes.
    strength : float
        Factor of half the sum of squared weights.
    """

    features: Array
    labels: Array
    classes: int = 10
    strength: float = 1e-3

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Loss and gradient; `x` holds one row of weights per class, flattened."""
        weights = x.reshape(self.classes, -1)
        samples = np.arange(len(self.labels))
        scores = self.features @ weights.T
        scores -= scores.max(axis=1, keepdims=True)
        log_odds = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        residuals = np.exp(log_odds)
        residuals[samples, self.labels] -= 1
        shrunk = self.strength * weights
        shrunk[:, -1] = 0
        loss = -log_odds[samples, self.labels].mean() + 0.5 * np.vdot(shrunk, weights)
        gradient = residuals.T @ self.features / len(samples) + shrunk
        return float(loss), gradient.ravel()

    def accuracy(self, x: Array) -> float:
        """Share of the samples that the weights `x` put into the right class."""
        scores = self.features @ x.reshape(self.classes, -1).T
        return float(np.mean(scores.argmax(axis=1) == self.labels))


def digits() -> Problem:
    """Softmax regression on scikit-learn's digits: 1347 to fit, 450 to test, 650 weights."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    features = np.hstack([pixels / 16, np.ones((len(pixels), 1))])
    order = np.random.default_rng(2015).permutation(len(labels))
    fit, test = order[:1347], order[1347:]
    loss = SoftmaxRegression(features[fit], labels[fit])
    return Problem(
        name="digits",
        title="Softmax regression on handwritten digits (1347 images, 650 weights)",
        fun=loss,
        x0=np.zeros(loss.classes * features.shape[1]),
        score=SoftmaxRegression(features[test], labels[test]).accuracy,
        score_title="test accuracy",
    )


def rosenbrock(x: Array) -> tuple[float, Array]:
    """Rosenbrock's function, sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, and its gradient."""
    bend, gap = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * bend * x[:-1] - 2 * gap
    gradient[1:] += 200 * bend
    return float(100 * bend @ bend + gap @ gap), gradient


def valley(n: int) -> Problem:
    """Rosenbrock's function of `n` variables from the origin; all are 1 at the minimum."""
    return Problem(
        name="rosenbrock",
        title=f"Rosenbrock's function of {n} variables",
        fun=rosenbrock,
        x0=np.zeros(n),
        score=lambda x: float(np.abs(x - 1).max()),
        score_title="max |x - 1|",
    )


def problems() -> list[Problem]:
    """The digits, or without scikit-learn what can stand in for them."""
    try:
        return [digits()]
    except ImportError:
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

    On two idle cores L-BFGS-B needs 1.0 s for the digits with the pools left alone and 0.05 s so;
    on busy ones the whole demo needs 60 s and 4 s. threadpoolctl comes with scikit-learn.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
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
        except ImportError:
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


def compare(problem: Problem, solvers: Iterable[str], maxiter: int) -> list[Run]:
    """Run all solvers on a problem and print the table, a row as soon as it is known."""
    solvers = list(solvers)
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
        lowest = min(run.losses.min() for run in runs)
        for number, run in enumerate(sorted(runs, key=lambda run: run.loss)):
            gap = np.minimum.accumulate(run.losses) - lowest
            gap[gap <= 0] = np.nan
            axes.plot(np.arange(1, len(gap) + 1), gap, label=run.solver, **_style(number, len(gap)))
        axes.set(
            title=problem.title,
            xlabel="calls of the objective",
            ylabel="best loss so far - lowest loss found",
            xscale="log",
            yscale="log",
        )
        axes.grid(alpha=0.3)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="lowest first", handlelength=4)
    figure.savefig(path, dpi=150)


def _style(number: int, calls: int) -> dict[str, Any]:
    """Line `number`: colour, dashes and marker each tell it apart, also in grey."""
    colours = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
    dashes = ("solid", "dashed", "dashdot", "dotted")
    markers = "osD^vP*X<>ph"
    marked = np.geomspace(1 + number % 3, max(calls, 3), num=8).astype(int) - 1
    return {
        "color": colours[number % len(colours)],
        "linestyle": dashes[number % len(dashes)],
        "marker": markers[number % len(markers)],
        "markevery": sorted(set(marked.tolist())),
        "markersize": 5,
        "linewidth": 1.4,
    }


def run(methods: Sequence[str], maxiter: int = MAXITER, output: str | None = None) -> None:
    """Compare `methods` and L-BFGS-B, print the tables and write the plot.

    Parameters
    ----------
    methods : sequence of str
        Names of methods.
    maxiter : int
        Most iterations of each.
    output : str, optional
        File of the plot; ``nadamkit-digits.png`` or ``nadamkit-rosenbrock.png`` by default.
    """
    results = []
    for problem in problems():
        with one_blas_thread():
            results.append((problem, compare(problem, [*methods, BASELINE], maxiter)))
        print()
    path = output or f"nadamkit-{results[0][0].name}.png"
    try:
        draw(results, path)
    except ImportError:
        print(
            "No plot: it needs matplotlib, which is not installed. To get it:\n"
            '    python -m pip install "nadamkit[plot]"'
        )
    else:
        print(f"Convergence plot: {path}")
