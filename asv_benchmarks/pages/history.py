"""Speed and quality over commits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.pages import drawing, files
from asv_benchmarks.pages.files import Commit


class Panel(NamedTuple):
    """A figure to be drawn: a benchmark of asv, its parameters, a factor and a unit."""

    title: str
    benchmark: str
    key: tuple[str, ...]
    factor: float
    unit: str


def _step(size: str, factor: float, unit: str) -> Panel:
    key = ("nadam", "serial", size, "float32")
    short = f"{float(size):.0e}".replace("e+0", "e")
    return Panel(f"nadam step, n = {short}", "step.Step.time_step", key, factor, unit)


_SECONDS = "startup.Startup.track_seconds"
PANELS = (
    _step("1000", 1e6, "us"),
    _step("100000", 1e6, "us"),
    _step("10000000", 1e3, "ms"),
    Panel(
        "Optimizer, MLP",
        "optimizer.OptimizerStep.time_step",
        ("MLP, 10 arrays", "raise"),
        *(1e6, "us"),
    ),
    Panel(
        "nadamkit.torch, MLP",
        "optimizer.TorchStep.time_step",
        ("MLP, 10 tensors", "nadamkit NAdam"),
        *(1e6, "us"),
    ),
    Panel(
        "compiled loop, n = 2",
        "loop.CompiledLoop.time_20000_iterations",
        ("nadam", "2", "nadamkit"),
        *(1e9 / 20_000, "ns an iteration"),
    ),
    Panel("auto, n = 2", "loop.AutoLoop.time_2000_calls", ("nadam", "2"), 5e2, "us a call"),
    Panel("first result, no cache", _SECONDS, ("first process, empty cache",), 1.0, "s"),
    Panel("first result, cache", _SECONDS, ("second process, @njit objective",), 1.0, "s"),
    Panel("import nadamkit", "startup.timeraw_import_nadamkit", (), 1e3, "ms"),
    Panel("solved at tau 1e-5", "quality.Classical.track_solved", ("nadam", "1e-05"), 1.0, "of 42"),
    Panel("worst error / bound", "quality.Conformance.track_worst", ("nadamkit-serial",), 1.0, ""),
)
COLUMNS = 4
#: Benchmarks whose times mean little where cores are shared.
NOISY = "Threads"
#: How the names of others begin, whose changes are not ours.
PEERS = ("optax", "torch ", "L-BFGS-B", "CG")


def part(results: Path, folder: Path) -> str:
    """A drawing and a table of ratios for each machine."""
    pieces = []
    for i, (machine, commits) in enumerate(files.histories(results).items()):
        pieces.append(f"On `{machine}`:\n")
        alt = "Times and figures of quality over commits"
        pieces.append(drawing.save(_figure(commits), folder, f"history_{i}", alt))
        pieces.append(_changes(commits))
    return "\n".join(pieces)


def _figure(commits: Sequence[Commit]) -> Any:
    height = -(-len(PANELS) // COLUMNS)
    figure = drawing.figure(9.5, 1.8 * height + 0.4)
    grid = figure.subplots(height, COLUMNS, sharex=True)
    for axes, panel in zip(grid.flat, PANELS, strict=False):
        drawing.tidy(axes, panel.title, "y")
        values = [commit.values.get(panel.benchmark, {}).get(panel.key) for commit in commits]
        y = np.array([np.nan if v is None else v * panel.factor for v in values])
        axes.plot(range(len(y)), y, "o-", color=drawing.COLOURS[0], markersize=4, linewidth=1.2)
        if np.isfinite(y).any():
            axes.set_ylim(0.0, 1.25 * np.nanmax(y))
        axes.set_ylabel(panel.unit, fontsize=8)
        axes.set_xticks(range(len(commits)), [c.name for c in commits], rotation=90, fontsize=7)
        axes.title.set_fontsize(8)
    return figure


def _changes(commits: Sequence[Commit]) -> str:
    """Time over time of the commit before, geometric means over all parameters."""
    names = sorted({name for commit in commits for name in commit.values if _timed(name)})
    rows = []
    for name in names:
        ratios = [
            _ratio(old.values.get(name), new.values.get(name)) for old, new in pairwise(commits)
        ]
        if any(ratio is not None for ratio in ratios):
            rows.append([f"`{name}`", *map(drawing.number, ratios)])
    return drawing.table(["benchmark", *(f"`{commit.name}`" for commit in commits[1:])], rows)


def _timed(name: str) -> bool:
    return ".time" in name and NOISY not in name


def _ratio(old: files.Values | None, new: files.Values | None) -> float | None:
    if not old or not new:
        return None
    ours = {key: value for key, value in new.items() if not any(map(_is_peer, key))}
    pairs = [(old[key], value) for key, value in ours.items() if old.get(key) and value]
    return float(np.exp(np.mean([np.log(b / a) for a, b in pairs]))) if pairs else None


def _is_peer(name: str) -> bool:
    return name.startswith(PEERS)
