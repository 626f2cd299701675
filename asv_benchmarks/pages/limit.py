"""Steps beside the limit of the memory: a drawing for the default method, and all shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asv_benchmarks.compare.measure import OTHERS
from asv_benchmarks.pages import drawing, files

DRAWN = "nadam"
Row = dict[str, Any]


def part(results: Path, folder: Path) -> str:
    """One drawing and the tables for each device that was measured."""
    return "\n".join(
        piece for document in files.rooflines(results) for piece in _document(document, folder)
    )


def _document(document: files.Document, folder: Path) -> list[str]:
    rows = document["rows"]
    device = "gpu" if rows[0]["backend"] == "cuda" else "cpu"
    drawn = [row for row in rows if row["method"] == DRAWN]
    figure = _figure(drawn)
    alt = f"Gigabytes per second of a {DRAWN} step and of a plain stream, by number of parameters"
    pieces = [drawing.save(figure, folder, f"limit_{device}", alt)]
    for dtype in dict.fromkeys(row["dtype"] for row in rows):
        for place in dict.fromkeys(_place(row) for row in rows):
            some = [row for row in rows if row["dtype"] == dtype and _place(row) == place]
            pieces += [f"**{dtype}, {place}**\n", _table(some)]
    return pieces


def _place(row: Row) -> str:
    threads = row["threads"]
    count = "" if threads is None else f", {threads} thread{'s'[: threads - 1]}"
    return row["backend"] + count


def _figure(rows: list[Row]) -> Any:
    dtypes = list(dict.fromkeys(row["dtype"] for row in rows))
    figure = drawing.figure(9.0, 3.6)
    panels = figure.subplots(1, len(dtypes), sharey=True, squeeze=False)[0]
    for axes, dtype in zip(panels, dtypes, strict=True):
        drawing.tidy(axes, f"{DRAWN}, {dtype}")
        own = [row for row in rows if row["dtype"] == dtype]
        for i, place in enumerate(dict.fromkeys(map(_place, own))):
            line = [row for row in own if _place(row) == place]
            sizes = [row["n"] for row in line]
            look = {"color": drawing.COLOURS[i], "linewidth": 1.6}
            axes.plot(sizes, _rates(line, "step"), "-", label=f"step, {place}", **look)
            look |= {"linewidth": 1.0, "dashes": (4, 2)}
            axes.plot(sizes, _rates(line, "stream"), label=f"stream, {place}", **look)
        axes.set(xscale="log", yscale="log", xlabel="parameters")
        axes.yaxis.set_major_formatter("{x:g}")
    panels[0].set_ylabel("GB/s")
    panels[-1].legend(fontsize=8, frameon=False)
    return figure


def _rates(rows: list[Row], what: str) -> list[float]:
    """Gigabytes per second in the least time."""
    return [row["bytes_per_number"] * row["n"] / row[f"{what}_us"] / 1e3 for row in rows]


def _table(rows: list[Row]) -> str:
    sizes = sorted({row["n"] for row in rows})
    cells = {(row["method"], row["n"]): _cell(row) for row in rows}
    methods = dict.fromkeys(row["method"] for row in rows)
    head = ["method", *(f"{n:.0e}".replace("e+0", "e") for n in sizes)]
    return drawing.table(head, [[m, *(cells.get((m, n), "") for n in sizes)] for m in methods])


def _cell(row: Row) -> str:
    """Share of the kernel, and that of the whole step; a star where others were at work."""
    star = "*" if (row["others"] or 0.0) > OTHERS else ""
    return f"{row['kernel_share']:.2f} ({row['step_share']:.2f}){star}"
