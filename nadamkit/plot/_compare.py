"""Which solver solves how many problems how soon: performance profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.errors import OptionError, described
from nadamkit.hyperparameters import did_you_mean
from nadamkit.plot import _given, _style

#: Right end of the axis, unless all curves end before.
WIDEST = 1000.0


def compare(runs: Mapping[str, Any], *, measure: str = "nfev", ax: Any = None, **line: Any) -> Any:
    """Plot the performance profile of solvers.

    A curve says what share of the problems a solver has solved at no more than so many times the
    cost of the cheapest one (Dolan and Moré 2002).

    Parameters
    ----------
    runs : dict of str to (dict or list)
        For each solver, its results by problem, or in the same order of problems. A result is an
        OptimizeResult, which counts as solved where ``success`` is true, or a cost: a number, with
        infinity for a failure.
    measure : str, default 'nfev'
        The field of a result that counts as its cost.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.
    **line
        For every line, as `matplotlib.axes.Axes.step` takes it.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    OptionError
        If solvers have other problems, or a result has no such field.
    DataUnavailable
        If matplotlib is not installed.

    References
    ----------
    Dolan and Moré (2002), "Benchmarking optimization software with performance profiles".

    Examples
    --------
    >>> from nadamkit import plot
    >>> ax = plot.compare({"one": [10, 20, 30], "other": [20, 20, float("inf")]})
    >>> [line.get_label() for line in ax.get_lines()]
    ['one', 'other']
    """
    costs = _costs(runs, measure)
    with np.errstate(invalid="ignore"):
        ratios = costs / costs.min(axis=0)
    solved = ratios[np.isfinite(ratios)]
    end = min(WIDEST, 1.1 * solved.max(initial=1.0))
    ax = _style.axes(ax)
    for name, own, look in zip(runs, ratios, _style.lines(), strict=False):
        steps = np.sort(own[np.isfinite(own)])
        shares = np.arange(1, len(steps) + 1) / costs.shape[1]
        where, heights = [1.0, *steps, end], [0.0, *shares, shares[-1] if len(steps) else 0.0]
        ax.step(where, heights, where="post", label=name, **look | line)
    ax.set(xscale="log", xlim=(1.0, end), ylim=(0.0, 1.02))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("{x:g}")
    xlabel = f"{measure} / least {measure} of any solver"
    return _style.tidy(ax, xlabel, "share of problems solved", legend=True)


def _costs(runs: Mapping[str, Any], measure: str) -> NDArray[Any]:
    """The cost of each solver on each problem, infinite where it failed."""
    if not isinstance(runs, Mapping) or not runs:
        raise OptionError(
            f"runs must be a dict of solvers and their results, but is {described(runs)}; pass "
            "{'nadam': [...], 'adam': [...]}, for example."
        )
    rows = {}
    for solver, results in runs.items():
        if _given.is_result(results):
            raise OptionError(
                f"runs has one result for {solver!r}, where a list or dict of them belongs, one "
                "for each problem; pass [result]."
            )
        by_problem = results if isinstance(results, Mapping) else dict(enumerate(results))
        rows[solver] = {p: _cost(solver, result, measure) for p, result in by_problem.items()}
    problems = list(next(iter(rows.values())))
    for solver, row in rows.items():
        if set(row) != set(problems) or not problems:
            raise OptionError(
                f"the solver {solver!r} has other problems than the first one, or none; give each "
                "solver a result, or math.inf, for every problem."
            )
    return np.array([[row[p] for p in problems] for row in rows.values()])


def _cost(solver: str, result: Any, measure: str) -> float:
    if isinstance(result, int | float | np.number):
        return float(result)
    if not hasattr(result, measure):
        raise OptionError(
            f"a result of {solver!r} has no {measure!r}{did_you_mean(str(measure), dir(result))} "
            "Choose another measure, or give costs as numbers."
        )
    return float(getattr(result, measure)) if getattr(result, "success", True) else np.inf
