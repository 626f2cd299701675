"""The way of runs over the contours of a function of two variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.errors import OptionError, shown
from nadamkit.plot import _given, _style

#: Points of the grid in each direction, contours, and the margin around the paths.
GRID, LEVELS, MARGIN = 200, 20, 0.15


def plot_path(
    results: Any,
    fun: Callable[[Any], Any],
    *,
    bounds: Any = None,
    levels: Any = None,
    ax: Any = None,
    **line: Any,
) -> Any:
    """Plot the points of runs with two variables over the contours of the function.

    Parameters
    ----------
    results : OptimizeResult, or list or dict of them
        With ``history`` or ``allvecs``.
    fun : callable
        ``fun(x) -> float``, or with its gradient, at points of shape (2,); called 40,000 times.
    bounds : pair of (min, max), optional
        What is drawn of each variable; by default what the paths cover and a margin.
    levels : sequence of float, optional
        Values of the contours; by default twenty, evenly among the values that occur.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.
    **line
        For every path, as `matplotlib.axes.Axes.plot` takes it.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    OptionError
        If there are not two variables, or a result has no history.
    DataUnavailable
        If matplotlib is not installed.

    Examples
    --------
    >>> from scipy.optimize import rosen, rosen_der
    >>> from nadamkit import minimize, plot
    >>> result = minimize(rosen, [-1.2, 1.0], jac=rosen_der, options={"history": 1})
    >>> ax = plot.plot_path(result, rosen, bounds=[(-2, 2), (-1, 3)])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x[0]', 'x[1]')
    """
    found = _given.named(results)
    paths = {name: _given.trace(name, result).x for name, result in found.items()}
    for path in paths.values():
        if path.shape[1] != 2:
            raise OptionError(
                f"a path can be drawn of 2 variables, but there are {path.shape[1]}; plot_params "
                "draws any number of them."
            )
    limits = _limits(paths, bounds)
    ax = _style.axes(ax)
    _contours(ax, fun, limits, levels)
    for (name, path), look in zip(paths.items(), _style.lines(), strict=False):
        marks = {"marker": "o", "markersize": 3.0}
        ax.plot(*path.T, label=name or None, **look | marks | line)
        ax.plot(*path[-1], "*", color=look["color"], markersize=12.0)
    ax.set(xlim=limits[0], ylim=limits[1])
    return _style.tidy(ax, "x[0]", "x[1]", legend=list(paths) != [""])


def _limits(paths: dict[str, NDArray[Any]], bounds: Any) -> NDArray[Any]:
    """What is drawn, shape (2, 2): rows are variables."""
    if bounds is not None:
        try:
            limits = np.asarray(bounds, float)
        except (TypeError, ValueError):
            limits = np.empty(0)
        if limits.shape != (2, 2) or not (limits[:, 0] < limits[:, 1]).all():
            raise OptionError(
                f"bounds={shown(bounds)} is not allowed: it must be two pairs (min, max) with "
                "min < max, one for each variable."
            )
        return limits
    points = np.concatenate(list(paths.values()))
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * np.where(high > low, high - low, 1.0)
    return np.stack([low - margin, high + margin], axis=1)


def _contours(ax: Any, fun: Callable[[Any], Any], limits: NDArray[Any], levels: Any) -> None:
    across, up = (np.linspace(low, high, GRID) for low, high in limits)
    values = np.array([[_given.value(fun, np.array([a, b])) for a in across] for b in up])
    if levels is None:
        # Evenly among the values: narrow valleys and steep walls both keep some.
        levels = np.unique(np.nanquantile(values, np.linspace(0.0, 1.0, LEVELS + 2)[1:-1]))
    ax.contour(across, up, values, levels=levels, colors="0.75", linewidths=0.8)
