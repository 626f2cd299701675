"""Goals of speed: one table with goal, figure, peer and verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asv_benchmarks.compare.goals import GOALS, OPEN, Goal
from asv_benchmarks.pages import files
from asv_benchmarks.pages.drawing import number, table

HEAD = ["what", "peer", "goal", "figure", "verdict", "option"]


def part(results: Path, folder: Path) -> str:
    """The table; a goal that no file has a figure of says so."""
    rows = [row for document in files.compared(results) for row in document["rows"]]
    lines = [
        line for goal in GOALS for line in _lines(goal, [r for r in rows if r["goal"] == goal])
    ]
    for what, (goal, why) in OPEN.items():
        lines.append([what, "", _bound(goal), "", "open", why])
    return table(HEAD, lines, left=2)


def _lines(goal: str, rows: list[dict[str, Any]]) -> list[list[str]]:
    bound = _bound(GOALS[goal])
    if not rows:
        return [[goal, "", bound, "", "not measured", ""]]
    return [
        [
            _what(row, rows),
            row["peer"],
            bound,
            _figure(goal, row),
            row["verdict"],
            f"`--only {row['section']}`",
        ]
        for row in rows
    ]


def _what(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """What was measured, with a word on how where two rows are else the same."""
    same = [other for other in rows if (other["what"], other["peer"]) == (row["what"], row["peer"])]
    how = f": {row['note'].partition(';')[0]}" if len(same) > 1 else ""
    return row["what"] + how


def _bound(goal: Goal) -> str:
    """In one piece, which no narrow column breaks."""
    return str(goal).replace(">=", "\u2265").replace("<=", "\u2264").replace(" ", "\u00a0")


def _figure(goal: str, row: dict[str, Any]) -> str:
    """The ratio where the goal is one, else our own figure."""
    value, unit = (row["median"], "x") if GOALS[goal].at_least else (row["ours"], row["unit"])
    return f"{number(value)}\u00a0{unit}"
