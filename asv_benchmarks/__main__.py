"""Track performance with airspeed velocity: ``python -m asv_benchmarks COMMAND``.

    check                 each benchmark once with few parameters; keeps nothing
    run                   all benchmarks of this checkout, in this environment
    history COMMIT ...    the same for other commits, each installed into an environment of asv's
    continuous BASE NEW   compares two commits; ends with 1 where one became slower
    publish               asv's pages, and those of the documentation

What follows a command goes to asv, which is called with our configuration, a name for this machine,
and the settings under which its figures can be compared; the call is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv_benchmarks.compare.machine import cores, memory, processor

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "asv_benchmarks" / "asv.conf.json"
#: What two commits are compared by, in ten minutes: one thread, no subprocesses.
GATED = (
    r"^(step\.Step\.time_step\('(gd|adamax|nadam)', 'serial', (1000|100000|10000000),"
    r"|optimizer\.OptimizerStep|loop\.(Auto|.*'nadamkit')|overhead\.)"
)
#: Commits are measured in turn, this many times each; a ratio below the factor is noise.
ROUNDS, FACTOR = 4, 1.25


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="python -m asv_benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("check", "run", "publish"):
        commands.add_parser(name)
    commands.add_parser("history").add_argument("commits", nargs="+", metavar="COMMIT")
    pair = commands.add_parser("continuous")
    pair.add_argument("base", metavar="BASE")
    pair.add_argument("new", metavar="NEW")
    asked, more = parser.parse_known_args(arguments)
    return COMMANDS[asked.command](asked, more)


def machine() -> str:
    """A name by what matters for speed."""
    known = re.sub(r"model name|cpu ", "", f"{processor()} {cores()} cores".lower())
    return re.sub(r"[^a-z0-9]+", "-", known).strip("-")


def _check(asked: argparse.Namespace, more: list[str]) -> int:
    """A copy of the configuration keeps what this run finds out of the history."""
    with tempfile.TemporaryDirectory() as folder:
        config = _copy(Path(folder))
        options = ["-E", "existing", "--quick", "--dry-run", "--show-stderr"]
        return _measure(options + more, config, NADAMKIT_BENCHMARKS="quick")


def _run(asked: argparse.Namespace, more: list[str]) -> int:
    return _measure(["-E", "existing", "--set-commit-hash", "HEAD", *more])


def _history(asked: argparse.Namespace, more: list[str]) -> int:
    return max(_measure([f"{commit}^!", *more]) for commit in asked.commits)


def _continuous(asked: argparse.Namespace, more: list[str]) -> int:
    _register(CONFIG)
    how = ["--interleave-rounds", "-a", f"rounds={ROUNDS}", "--factor", str(FACTOR)]
    which = [] if any(option in more for option in ("-b", "--bench")) else ["--bench", GATED]
    arguments = ["continuous", asked.base, asked.new, "--machine", machine()]
    return _asv([*arguments, *how, *which, *more])


def _publish(asked: argparse.Namespace, more: list[str]) -> int:
    from asv_benchmarks import pages

    if failed := _asv(["publish", *more]):
        return failed
    print(
        f"Wrote {pages.write(ROOT / 'docs')}; asv's own page: {ROOT / 'asv_benchmarks/.asv/html'}"
    )
    return 0


COMMANDS = {
    "check": _check,
    "run": _run,
    "history": _history,
    "continuous": _continuous,
    "publish": _publish,
}


def _measure(options: list[str], config: Path = CONFIG, **environment: str) -> int:
    _register(config)
    return _asv(["run", "--machine", machine(), *options], config, **environment)


def _register(config: Path) -> None:
    """Describe this machine to asv, which would otherwise ask."""
    about = {
        "machine": machine(),
        "arch": platform.machine(),
        "cpu": processor(),
        "num_cpu": str(cores()),
        "os": platform.system(),
        "ram": memory(),
    }
    options = [word for name, value in about.items() for word in (f"--{name}", value)]
    _asv(["machine", "--yes", *options], config, quiet=True)


def settings() -> dict[str, Any]:
    """The configuration of asv."""
    from asv.util import load_json

    return load_json(CONFIG, js_comments=True)


def _copy(folder: Path) -> Path:
    """The configuration with other places for what asv writes."""
    changed = settings()
    changed |= {"repo": str(ROOT), "benchmark_dir": str(CONFIG.parent / "benchmarks")}
    changed |= {f"{name}_dir": str(folder / name) for name in ("env", "results", "html")}
    path = folder / "asv.conf.json"
    path.write_text(json.dumps(changed))
    return path


def _asv(
    arguments: list[str], config: Path = CONFIG, quiet: bool = False, **environment: str
) -> int:
    # asv does not set the variables of its matrix in an environment that exists.
    variables = settings()["matrix"]["env_nobuild"] | environment
    command = [sys.executable, "-m", "asv", arguments[0], "--config", str(config), *arguments[1:]]
    if not quiet:
        print("$", " ".join(["asv", *command[3:]]), flush=True)
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=os.environ | variables, stdout=output).returncode


if __name__ == "__main__":
    sys.exit(main())
