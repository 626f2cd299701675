"""Print what share of this machine's bandwidth steps reach: ``python -m asv_benchmarks.roofline``.

A step reads x, g and its slots, and writes x and the slots. The limit is a plain loop that does the
same to as many arrays with a multiply-add for each, timed in turn with the step. A share is the
stream's time / ours: 1 is as fast as the memory, or the cache, gives and takes the numbers.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from asv_benchmarks.compare import machine, measure
from asv_benchmarks.roofline import table
from asv_benchmarks.roofline.shares import Place, Share, shares
from nadamkit import registry
from nadamkit._runtime import cuda, numba
from nadamkit.hyperparameters import did_you_mean

COMMAND = "python -m asv_benchmarks.roofline"
DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda")
FULL = measure.FULL._replace(rounds=7, sample=0.005, sizes=tuple(10**k for k in range(2, 8)))
QUICK = measure.QUICK._replace(sizes=(10**2, 10**4))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    asked = _parser().parse_args(given)
    effort = QUICK if asked.quick else FULL
    if asked.sizes:
        effort = effort._replace(sizes=asked.sizes)
    kind, detail = cuda.status()
    header = {**machine.header(), "gpu": detail if kind == "gpu" else f"none: {detail}"}
    print("\n".join(f"{name:<10}{value}" for name, value in header.items()), end="\n\n", flush=True)
    places = list(_places(asked.device, asked.threads, kind == "gpu"))
    rows = list(_printed(shares(asked.methods, asked.dtypes, places, effort)))
    if "cuda" in asked.device and kind != "gpu":
        print(f"cuda      skipped: {detail}")
    if rows:
        _print_summary(rows)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        command = shlex.join([*COMMAND.split(), *given])
        document = {"header": header, "command": command, "rows": [_entry(row) for row in rows]}
        asked.json.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    add, methods = parser.add_argument, registry.names()
    add("--methods", type=_some("method", methods), default=methods, help="names, or all")
    add("--dtypes", type=_some("dtype", DTYPES), default=DTYPES, help="float32,float64")
    add("--sizes", type=_sizes, help="numbers of parameters, e.g. 1e3,1e5")
    add(
        "--threads", type=_threads, default=_threads("1,all"), help="e.g. 1,2,all; by default 1,all"
    )
    add("--device", type=_some("device", DEVICES), default=DEVICES, help="cpu, cuda or all")
    add("--quick", action="store_true", help="only see that it runs")
    add("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser


def _some(kind: str, known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Reads names with commas between them, or all."""

    def names(text: str) -> tuple[str, ...]:
        given = tuple(text.split(","))
        for name in given:
            if name not in (*known, "all"):
                raise argparse.ArgumentTypeError(
                    f"unknown {kind} {name!r}{did_you_mean(name, known)} "
                    f"Choose from: all, {', '.join(known)}"
                )
        return tuple(known) if "all" in given else tuple(dict.fromkeys(given))

    return names


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(float(size)) for size in text.split(","))
    except (OverflowError, ValueError):
        sizes = (0,)
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of sizes such as 1e3,1e5")
    return sizes


def _threads(text: str) -> tuple[int, ...]:
    most = numba.max_threads()
    given = [str(most) if part == "all" else part for part in text.split(",")]
    for part in given:
        if not (part.isdecimal() and 1 <= int(part) <= most):
            raise argparse.ArgumentTypeError(
                f"{part!r} is not a number of threads from 1 to {most}, which numba was started "
                "with (NUMBA_NUM_THREADS), or all"
            )
    return tuple(dict.fromkeys(map(int, given)))


def _places(devices: Sequence[str], threads: Iterable[int], gpu: bool) -> Iterator[Place]:
    if "cpu" in devices:
        for count in threads:
            yield Place("serial" if count == 1 else "parallel", count)
    if "cuda" in devices and gpu:
        yield Place("cuda")


def _printed(rows: Iterable[Share]) -> Iterator[Share]:
    """The rows, each printed as soon as it is measured."""
    print(table.HEAD, flush=True)
    for row in rows:
        print(table.line(row), flush=True)
        yield row


def _print_summary(rows: Sequence[Share]) -> None:
    for what in ("kernel", "step"):
        print(f"\nFurthest from the limit, share of the {what}:")
        print(table.furthest(rows, f"{what}_share"))
    print("\nShares are medians of the stream's time / ours; times and GB/s are the best.")
    if disturbed := table.disturbed(rows):
        print(f"{disturbed} of {len(rows)} rows mean little: others were at work meanwhile.")


def _entry(row: Share) -> dict[str, object]:
    """A row for the file; NaN is not JSON."""
    nan = {name for name, value in row._asdict().items() if value != value}
    return row._asdict() | dict.fromkeys(nan)


if __name__ == "__main__":
    sys.exit(main())
