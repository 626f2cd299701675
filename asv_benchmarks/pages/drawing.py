"""How pictures look: readable in grey, on white, with names at the curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nadamkit.plot._style import COLOURS

__all__ = ["COLOURS", "figure", "number", "save", "table", "tidy"]


def figure(width: float, height: float) -> Any:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def tidy(axes: Any, title: str = "", grid: str = "both") -> None:
    """Title at the left, no frame, a light grid."""
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(visible=True, color="0.9", axis=grid)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def save(drawn: Any, folder: Path, name: str, alt: str) -> str:
    """Write the SVG, the same from the same figures, and return what shows it on the page."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "nadamkit"}):
        drawn.savefig(folder / f"{name}.svg", metadata={"Date": None})
    image = f"generated/benchmarks/{name}.svg"
    return f"```{{image}} /{image}\n:alt: {alt}\n:width: 100%\n```\n"


def table(head: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A table in Markdown; the first columns are text, the others figures."""
    marks = ["---" if i < left else "---:" for i in range(len(head))]
    lines = [f"| {' | '.join(row)} |" for row in (head, marks, *rows)]
    return "\n".join(lines) + "\n"


def number(value: float | None) -> str:
    """A figure with three digits."""
    if value is None or value != value:
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
