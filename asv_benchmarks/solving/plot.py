"""Draw profiles, so that they can be read in grey: dashes, widths and a name at each curve."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.solving.profiles import data_profile, performance_profile
from asv_benchmarks.solving.trace import Array
from nadamkit.plot._style import lines

#: More curves than this cannot be told apart.
MOST = 8
STYLES = [(look["color"], look["linestyle"]) for look in islice(lines(), MOST)]


class Curves(NamedTuple):
    """A plot: step curves over a logarithmic axis.

    Parameters
    ----------
    file : str
        Name without ending.
    title, xlabel, ylabel : str
        What is written at it.
    x : ndarray of shape (k,)
        Positions, the same for all curves.
    y : dict of str to ndarray of shape (k,)
        Shares between 0 and 1, by solver.
    """

    file: str
    title: str
    xlabel: str
    ylabel: str
    x: Array
    y: dict[str, Array]


def profile_curves(costs: Mapping[str, Array], budget: int, about: str) -> list[Curves]:
    """Data profile and performance profile of these costs."""
    calls = np.unique(np.geomspace(1, budget, 400).astype(int)).astype(float)
    ratios = np.geomspace(1.0, 64.0, 400)
    share = "share of problems solved"
    data = {name: data_profile(column, calls) for name, column in costs.items()}
    performance = performance_profile(costs, ratios)
    label = "calls of the objective with gradient"
    return [
        Curves("data_profile", f"Data profile, {about}", label, share, calls, data),
        Curves(
            "performance_profile",
            f"Performance profile, {about}",
            "calls / fewest calls of any solver",
            share,
            ratios,
            performance,
        ),
    ]


def draw(curves: Curves, folder: Path) -> list[Path]:
    """Write a plot as PNG and SVG, and return the paths.

    Which curves is for `chosen` to say.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = chosen(curves.y)
    figure = Figure(figsize=(8.0, 4.6), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    styles = _styles(curves.y, names)
    for name, (colour, dashes) in styles.items():
        width = 2.4 if name.startswith("nadamkit") else 1.5
        shape = {"color": colour, "linestyle": dashes, "linewidth": width}
        axes.step(curves.x, curves.y[name], where="post", label=name, **shape)
    axes.set_xscale("log")
    axes.set(xlim=(curves.x[0], curves.x[-1]), ylim=(0.0, 1.02))
    axes.set(xlabel=curves.xlabel, ylabel=curves.ylabel)
    axes.set_title(curves.title, fontsize=10, loc="left")
    axes.grid(color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter("{x:g}")
    _name_curves(axes, curves, styles)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{curves.file}.{ending}" for ending in ("png", "svg")]
    # The same file again from the same figures: no date and no random names inside.
    with mpl.rc_context({"svg.hashsalt": "nadamkit"}):
        figure.savefig(paths[0], metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def chosen(curves: Mapping[str, Array]) -> list[str]:
    """The names to draw: ours, the peer that everyone knows, then the highest on average.

    Of our methods the default, or else the highest, and two more.
    """
    by_height = sorted(curves, key=lambda name: (-curves[name].mean(), name))
    ours = [name for name in by_height if name.startswith("nadamkit")]
    ours.sort(key=lambda name: name != "nadamkit nadam")
    theirs = [name for name in by_height if not name.startswith("nadamkit")]
    theirs.sort(key=lambda name: name != "L-BFGS-B")
    rest = sorted(ours[1:3] + theirs[1:], key=by_height.index)
    return [*ours[:1], *theirs[:1], *rest][:MOST]


def _styles(curves: Mapping[str, Array], names: list[str]) -> dict[str, tuple[str, Any]]:
    """Colour and dashes by name, in the order of the tables: the same in each plot of a run."""
    return dict(zip(sorted(names, key=list(curves).index), STYLES, strict=False))


def _name_curves(axes: Any, curves: Curves, styles: Mapping[str, tuple[str, Any]]) -> None:
    """Write each name at the right end of its curve, as near as the others leave room."""
    ends = sorted(styles, key=lambda name: (curves.y[name][-1], curves.y[name].mean()))
    gap, last = 0.052, -np.inf
    places = []
    for name in ends:
        last = max(curves.y[name][-1], last + gap)
        places.append(last)
    over = max(0.0, places[-1] - 1.0)
    for i in reversed(range(len(places))):
        # Pushed down from above where the names would leave the plot.
        places[i] = min(places[i], 1.0 - gap * (len(places) - 1 - i)) if over else places[i]
    for name, place in zip(ends, places, strict=True):
        colour, dashes = styles[name]
        end = curves.y[name][-1]
        keys = {"color": colour, "linewidth": 0.8, "clip_on": False}
        axes.plot([1.0, 1.02], [end, place], transform=axes.get_yaxis_transform(), **keys)
        keys = {"color": colour, "linestyle": dashes, "linewidth": 1.5, "clip_on": False}
        box = axes.transAxes
        height = place / 1.02
        axes.plot([1.02, 1.075], [height, height], transform=box, **keys)
        axes.text(1.085, height, name, transform=box, va="center", fontsize=8, color="0.1")
