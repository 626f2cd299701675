"""Components of the point over the course of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nadamkit.errors import OptionError
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
    chosen = list(range(min(n, MOST))) if which is None else list(which)
    if not all(isinstance(i, int) and -n <= i < n for i in chosen) or not chosen:
        raise OptionError(f"which={which!r} is not allowed: it must be numbers from 0 to {n - 1}.")
    labels = [f"x[{i}]" for i in chosen] if names is None else [str(name) for name in names]
    if len(labels) != len(chosen):
        raise OptionError(f"there are {len(labels)} names for {len(chosen)} variables.")
    ax = _style.axes(ax)
    for i, label, look in zip(chosen, labels, _style.lines(), strict=False):
        ax.plot(trace.nit, trace.x[:, i], label=label, **look | line)
    return _style.tidy(ax, "iterations", "value of the variable", legend=True)


def _single(result: Any) -> Any:
    found = list(_given.named(result).values())
    if len(found) != 1:
        raise OptionError(f"there are {len(found)} results; pass one, and draw others on its axes.")
    return found[0]
