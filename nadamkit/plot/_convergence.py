"""Values, or gradient norms, over the course of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nadamkit.errors import OptionError, shown
from nadamkit.plot import _given, _style

X_LABELS = {"nit": "iterations", "nfev": "calls of the function"}
Y_LABELS = {"fun": "value", "gnorm": "largest component of the gradient"}
#: Positive values are drawn on a logarithmic scale from this ratio on.
WIDE = 100.0


def plot_convergence(
    results: Any,
    *,
    y: str = "fun",
    x: str = "nit",
    lowest: float | None = None,
    fun: Callable[[Any], Any] | None = None,
    ax: Any = None,
    **line: Any,
) -> Any:
    """Plot how the value, or the gradient, fell.

    Parameters
    ----------
    results : OptimizeResult, or list or dict of them
        With ``history`` (``options={"history": 1}`` of `nadamkit.minimize`), or, from any solver,
        with ``allvecs``.
    y : {'fun', 'gnorm'}, default 'fun'
        The value, or the largest component of the gradient.
    x : {'nit', 'nfev'}, default 'nit'
        Iterations, or calls of the function.
    lowest : float, optional
        Plot how far values are above this one, on a logarithmic scale.
    fun : callable, optional
        ``fun(x)``, for results that have points and no values.
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
        If a result has no history, or not what is asked for.
    DataUnavailable
        If matplotlib is not installed.

    Examples
    --------
    >>> from scipy.optimize import rosen, rosen_der
    >>> from nadamkit import minimize, plot
    >>> results = {
    ...     method: minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=method,
    ...                      options={"history": 1})
    ...     for method in ("nadam", "nag")
    ... }
    >>> ax = plot.plot_convergence(results, lowest=0.0)
    >>> ax.get_yscale(), ax.get_xlabel()
    ('log', 'iterations')
    """
    for name, given, known in (("y", y, Y_LABELS), ("x", x, X_LABELS)):
        if not isinstance(given, str) or given not in known:
            raise OptionError(
                f"{name}={shown(given)} is not allowed: it must be {' or '.join(map(repr, known))}."
            )
    if not isinstance(lowest, int | float | np.number | None):
        raise OptionError(f"lowest={shown(lowest)} is not allowed: it must be a number, or None.")
    found = _given.named(results)
    curves = {name: _curve(name, result, x, y, fun) for name, result in found.items()}
    ax = _style.axes(ax)
    above = lowest is not None and y == "fun"
    for (name, (where, heights)), look in zip(curves.items(), _style.lines(), strict=False):
        if above:
            # What is not above the lowest has no place on this scale.
            heights = np.where(heights > lowest, heights - lowest, np.nan)
        ax.plot(where, heights, label=name or None, **look | line)
    if above or _is_wide([heights for _, heights in curves.values()]):
        ax.set_yscale("log")
    label = f"value above {lowest:g}" if above else Y_LABELS[y]
    return _style.tidy(ax, X_LABELS[x], label, legend=list(curves) != [""])


def _curve(
    name: str, result: Any, x: str, y: str, fun: Callable[[Any], Any] | None
) -> tuple[Any, Any]:
    trace = _given.trace(name, result, fun)
    where, heights = getattr(trace, x), getattr(trace, y)
    for axis, values in ((x, where), (y, heights)):
        if np.isnan(values).all():
            hint = "pass fun=..., which gives the values" if axis == "fun" else _given.HOW
            what = f"the result {name!r}" if name else "the result"
            raise OptionError(f"{what} has points, but no {axis!r} for them; {hint}.")
    return where, heights


def _is_wide(heights: list[Any]) -> bool:
    """Whether a logarithmic scale shows more."""
    values = np.concatenate(heights)
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0.0 and values.max() > WIDE * values.min())
