"""Run commands and put what they print and draw into the documentation.

    python -m asv_benchmarks.solving.publish [COMMAND ...]

All of them take an hour on one core. The figures go to ``asv_benchmarks/results``. ``auto``, which
measures times, wants an idle machine.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from asv_benchmarks.compare import __main__ as compare
from asv_benchmarks.solving import __main__ as solving

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "solving"
RESULTS = ROOT / "asv_benchmarks" / "results"
#: Commands, with the options under which the documentation shows them.
OPTIONS: dict[str, list[str]] = {
    "classical": ["--methods", "all"],
    "s2mpj": [],
    "bounds": ["--methods", "all"],
    "scipy": [],
    "stochastic": [],
}


def publish(command: str) -> None:
    """Run a command; keep its text, its figures and its drawings."""
    arguments = [command, *OPTIONS[command]]
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        files = ["--json", str(RESULTS / f"solving-{command}.json")]
        if command != "scipy":
            files += ["--plot", folder]
        with contextlib.redirect_stdout(printed):
            if solving.main([*arguments, *files]):
                raise SystemExit(f"{command} did not run")
        PAGES.mkdir(exist_ok=True)
        for drawing in Path(folder).glob("*.svg"):
            (PAGES / f"{command}_{drawing.name}").write_bytes(drawing.read_bytes())
    text = printed.getvalue().partition("\nfigures: ")[0]
    command_line = f"$ python -m asv_benchmarks.solving {' '.join(arguments)}\n"
    (PAGES / f"{command}.txt").write_text(command_line + text.rstrip() + "\n")
    print(f"{command}: {PAGES / command}.txt", flush=True)


def publish_auto() -> None:
    """Measure what the search costs; keep the table and its figures."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        compare.main(["--only", "auto", "--json", str(RESULTS / "auto-cpu.json")])
    command_line = "$ python -m asv_benchmarks.compare --only auto\n"
    (PAGES / "auto.txt").write_text(command_line + printed.getvalue())


def main(names: Sequence[str]) -> int:
    """Publish these commands, or all."""
    known = [*OPTIONS, "auto"]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"{', '.join(unknown)}: choose from {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        publish_auto() if name == "auto" else publish(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
