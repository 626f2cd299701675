"""How many times faster than others: one point for each contest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asv_benchmarks.pages import drawing, files

#: Sections of ``python -m asv_benchmarks.compare`` with peers, and what each is about.
SECTIONS = {
    "step": "One Nadam step on one float32 array",
    "torch_step": "One step of nadamkit.torch on all tensors of a model",
    "loop": "The compiled loop on Rosenbrock's function",
}
#: Not other people's work.
OURS = ("our kernel alone", "fixed rate")


def part(results: Path, folder: Path) -> str:
    """A drawing for each section, with its command."""
    rows = [row for document in files.compared(results) for row in document["rows"]]
    pieces = []
    for section, title in SECTIONS.items():
        own = [r for r in rows if r["section"] == section and r["median"] and r["peer"] not in OURS]
        if own:
            figure = _figure(own, title)
            pieces.append(f"`python -m asv_benchmarks.compare --only {section}`\n")
            pieces.append(drawing.save(figure, folder, f"peers_{section}", title))
    return "\n".join(pieces)


def _figure(rows: list[dict[str, Any]], title: str) -> Any:
    """A line for each contest, a mark for each peer, on a logarithmic scale."""
    contests = list(dict.fromkeys(row["what"] for row in rows))
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    figure = drawing.figure(9.0, 1.1 + 0.26 * len(contests))
    axes = figure.add_subplot()
    drawing.tidy(axes, f"{title}: peer's time / ours, medians")
    for i, (peer, mark) in enumerate(zip(peers, "osD^vPX*", strict=False)):
        own = [row for row in rows if row["peer"] == peer]
        places = [contests.index(row["what"]) for row in own]
        look = {"color": drawing.COLOURS[i], "markersize": 7, "linestyle": "none"}
        axes.plot([row["median"] for row in own], places, mark, label=peer, **look)
    axes.axvline(1.0, color="0.4", linewidth=1.0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}" if _spread(rows) < 10.0 else "")
    axes.set_yticks(range(len(contests)), contests)
    axes.set_ylim(len(contests) - 0.5, -0.5)
    axes.set_xlabel("times faster than the peer; left of 1, slower")
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _spread(rows: list[dict[str, Any]]) -> float:
    """Largest over least ratio: within a decade, an axis has no other labels than minor ones."""
    ratios = [row["median"] for row in rows]
    return max(ratios) / min(ratios)
