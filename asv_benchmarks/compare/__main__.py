"""Print nadamkit's figures beside others': ``python -m asv_benchmarks.compare``.

Each figure is a ratio of times measured in turn in this run, since absolute times mean little on a
shared machine. Peers that are not installed are named as skipped. Threads are set for each row;
nothing but nadamkit and PyTorch uses more than one.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

from asv_benchmarks.compare import machine
from asv_benchmarks.compare.goals import GOALS
from asv_benchmarks.compare.measure import FULL, QUICK, Effort, Row

SECTIONS = ("step", "memory", "loop", "auto", "startup")
#: Sections that run only when they are asked for: minutes of torch.compile, and 8 GB of memory.
BY_NAME = ("torch_step",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections that are asked for."""
    asked = _parser().parse_args(arguments)
    effort = QUICK if asked.quick else FULL
    if asked.sizes:
        effort = effort._replace(sizes=asked.sizes)
    header = machine.header()
    print("\n".join(f"{name:<10}{value}" for name, value in header.items()), end="\n\n", flush=True)
    rows = list(_printed(asked.only, effort))
    short = sum(row.verdict == "short" for row in rows)
    met = sum(row.verdict == "met" for row in rows)
    disturbed = sum(row.verdict == "disturbed" for row in rows)
    print(f"\n{met} goals met, {short} short, {disturbed} without a verdict: others were at work.")
    print("Ratios are peer's time / nadamkit's time.")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(_document(header, rows), indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m asv_benchmarks.compare", description=__doc__)
    parser.add_argument(
        "--only", type=_names, default=SECTIONS, help=f"some of {','.join(SECTIONS + BY_NAME)}"
    )
    parser.add_argument("--sizes", type=_sizes, help="array sizes of the step, e.g. 1000,100000")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS + BY_NAME:
            known = ", ".join(SECTIONS + BY_NAME)
            raise argparse.ArgumentTypeError(f"{name!r} is none of {known}")
    return names


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(float(size)) for size in text.split(","))


def _printed(sections: Iterable[str], effort: Effort) -> Iterable[Row]:
    """The rows of the sections, each printed as soon as it is measured."""
    print(
        f"{'':11}{'':<42}{'against':<26}{'ours':>11}{'theirs':>11} {'unit':<8}"
        f"{'least':>7}{'median':>7}  {'goal':<9}{'verdict':<10}note"
    )
    for section in sections:
        module = import_module(f"asv_benchmarks.compare.{section}")
        for row in module.rows(effort):
            print(_line(row), flush=True)
            yield row


def _line(row: Row) -> str:
    goal = str(GOALS[row.goal]) if row.goal else ""
    return (
        f"{row.section:<11}{row.what:<42}{row.peer:<26}{_number(row.ours):>11}"
        f"{_number(row.theirs):>11} {row.unit:<8}{_number(row.least):>7}{_number(row.median):>7}"
        f"  {goal:<9}{row.verdict:<10}{row.note}"
    )


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _document(header: dict[str, str], rows: Iterable[Row]) -> dict[str, object]:
    """What goes into the file; NaN is not JSON."""

    def clean(value: object) -> object:
        return None if isinstance(value, float) and math.isnan(value) else value

    entries = []
    for row in rows:
        entry = {name: clean(value) for name, value in row._asdict().items()}
        bound = str(GOALS[row.goal]) if row.goal else ""
        entries.append(entry | {"bound": bound, "verdict": row.verdict})
    return {"header": header, "rows": entries}


if __name__ == "__main__":
    sys.exit(main())
