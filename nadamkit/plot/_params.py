"""Components of the point over the course of a run."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from nadamkit.errors import OptionError, shown
from nadamkit.plot import _given, _style

#: More lines than this cannot be told apart.
MOST = 10


def plot_params(
    result: Any,
    *,
    which: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **line: Any,
) -> Any:
    """Plot the variables over the iterations.

    Parameters
    ----------
    result : OptimizeResult
        With ``history`` or ``allvecs``.
    which : sequence of int, optional
        Which variables; by default the first ten.
    names : sequence of str, optional
        Their names, as many as are drawn; by default x[0], x[1], ...
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.
    **line
        For every line, as `matplotlib.axes.Axes.plot` takes it.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    OptionError
        If the result has no history, or `which` and `names` do not fit.
    DataUnavailable
        If matplotlib is not installed.

    Examples
    --------
    >>> from scipy.optimize import rosen, rosen_der
    >>> from nadamkit import minimize, plot
    >>> result = minimize(rosen, [-1.2, 1.0], jac=rosen_der, options={"history": 1})
    >>> ax = plot.plot_params(result, names=["a", "b"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['a', 'b']
    """
    trace = _given.trace("", _single(result))
    n = trace.x.shape[1]
    chosen = list(range(min(n, MOST))) if which is None else _indices(which, n)
    labels = [f"x[{i}]" for i in chosen] if names is None else [str(name) for name in names]
    if len(labels) != len(chosen):
        raise OptionError(
            f"names has length {len(labels)}, but {len(chosen)} variables are drawn; give one name "
            "for each."
        )
    ax = _style.axes(ax)
    for i, label, look in zip(chosen, labels, _style.lines(), strict=False):
        ax.plot(trace.nit, trace.x[:, i], label=label, **look | line)
    return _style.tidy(ax, "iterations", "value of the variable", legend=True)


def _indices(which: Any, n: int) -> list[int]:
    """Numbers of variables, checked; negative ones count from the end."""
    try:
        chosen = [operator.index(i) for i in which]
    except TypeError:
        chosen = []
    if not chosen or not all(-n <= i < n for i in chosen):
        raise OptionError(
            f"which={shown(which)} is not allowed: it must be a list of whole numbers from 0 to "
            f"{n - 1}, for there are {n} variables."
        )
    return chosen


def _single(result: Any) -> Any:
    found = list(_given.named(result).values())
    if len(found) != 1:
        raise OptionError(
            f"plot_params draws one result, but there are {len(found)}; pass one, and draw others "
            "on its axes, ax=..."
        )
    return found[0]
