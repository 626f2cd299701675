"""Goals of speed: one table with goal, figure, peer and verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asv_benchmarks.compare.goals import GOALS, OPEN
from asv_benchmarks.pages import files
from asv_benchmarks.pages.drawing import number, table

HEAD = ["what", "peer", "goal", "figure", "verdict", "`python -m asv_benchmarks.compare`"]


def part(results: Path, folder: Path) -> str:
    """The table; a goal that no file has a figure of says so."""
    rows = [row for document in files.compared(results) for row in document["rows"]]
    lines = [
        line for goal in GOALS for line in _lines(goal, [r for r in rows if r["goal"] == goal])
    ]
    for what, (bound, why) in OPEN.items():
        lines.append([what, "", str(bound), "", "open", why])
    return table(HEAD, lines, left=2)


def _lines(goal: str, rows: list[dict[str, Any]]) -> list[list[str]]:
    bound = str(GOALS[goal])
    if not rows:
        return [[goal, "", bound, "", "not measured", ""]]
    return [
        [
            row["what"],
            row["peer"],
            bound,
            _figure(goal, row),
            row["verdict"],
            f"`--only {row['section']}`",
        ]
        for row in rows
    ]


def _figure(goal: str, row: dict[str, Any]) -> str:
    """The ratio where the goal is one, else our own figure."""
    if GOALS[goal].at_least:
        return f"{number(row['median'])} x"
    return f"{number(row['ours'])} {row['unit']}"
