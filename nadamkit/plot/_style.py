"""How plots look, and where they are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from nadamkit.errors import DataUnavailable

#: Colours that differ in lightness too, for people and for printers that see none.
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#7a3b69", "#8c8c00", "#56b4e9", "#a0a0a0")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1.5)))


def axes(ax: Any) -> Any:
    """The axes to draw on, or new ones of a figure that is not shown by itself."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise DataUnavailable(
            f"plots need matplotlib, which cannot be imported ({error}). Install it with "
            '`python -m pip install "nadamkit[plot]"`.'
        ) from error
    return plt.subplots(layout="constrained")[1]


def lines() -> Iterator[dict[str, Any]]:
    """The look of one line after the other; the first forty differ."""
    colours, dashes = len(COLOURS), len(DASHES)
    for turn, i in product(range(dashes), range(colours)):
        dash = DASHES[(i + turn) % dashes]
        yield {"color": COLOURS[i], "linestyle": dash, "linewidth": 1.6}
    yield from lines()


def tidy(ax: Any, xlabel: str, ylabel: str, *, legend: bool) -> Any:
    """Labels, a light grid, no frame."""
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(visible=True, color="0.9")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if legend:
        ax.legend(frameon=False)
    return ax
