"""The command line: ``python -m nadamkit``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nadamkit import __version__, registry
from nadamkit.errors import NadamkitError
from nadamkit.hyperparameters import did_you_mean

DESCRIPTION = """\
First-order minimisers with SciPy's contract. Without a command, runs the demo.
"""
EPILOG = """\
Each command has a --help of its own. For a report of a bug, send what
`python -m nadamkit info` prints.
"""
DEMO = """\
Fit softmax regression to the handwritten digits that scikit-learn ships, with every
method and SciPy's L-BFGS-B beside them; print a table and write a convergence plot.
Nothing is tuned. Without scikit-learn, Rosenbrock's function is minimised instead.
"""
INFO = """\
Show versions, the system and its CPU, backends, GPUs, threads, environment variables,
the folder of compiled code, and what is missing and how to get it: all that a report
of a bug needs. The folder of compiled code is the only path that is shown.
"""
WARMUP = """\
Compile kernels and loops now and keep them on disk, so that the first run of each
method does not have to: in the image of a container, for example.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    That is 0, 1 where the output could not be written, 2 for bad arguments, 130 for Ctrl-C.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, ``sys.argv[1:]`` by default.

    Returns
    -------
    int
    """
    arguments = list(sys.argv[1:] if argv is None else argv) or ["demo"]
    parser = _parser()
    if arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
        known = f"Choose one of: {', '.join(COMMANDS)}."
        hint = did_you_mean(arguments[0], COMMANDS)
        parser.error(f"there is no command {arguments[0]!r}{hint} {known}")
    found, unknown = parser.parse_known_args(arguments)
    options = vars(found)
    run, parser = options.pop("run"), options.pop("parser")
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        run(**options)
        sys.stdout.flush()
    except NadamkitError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever reads the output has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nadamkit",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nadamkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    made = {}
    for name, (run, short, long) in COMMANDS.items():
        made[name] = commands.add_parser(
            name,
            help=short,
            description=long,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            # What is not given is left to the function's own default.
            argument_default=argparse.SUPPRESS,
        )
        made[name].set_defaults(run=run, parser=made[name])

    every = f"any of {', '.join(registry.names())} (default: all)"
    for name in ("demo", "warmup"):
        made[name].add_argument("--methods", nargs="+", type=_method, metavar="NAME", help=every)
    _add_to_demo(made["demo"])
    _add_to_warmup(made["warmup"])
    return parser


def _add_to_demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--maxiter", type=_positive, metavar="N", help="most iterations of each")
    demo.add_argument(
        "--output",
        type=_image,
        metavar="FILE",
        help="where to write the plot: a .png, .pdf or .svg file (default: one in this folder)",
    )


def _add_to_warmup(warmup: argparse.ArgumentParser) -> None:
    warmup.add_argument(
        "--dtypes", nargs="+", metavar="NAME", help="any of float32, float64 (default: both)"
    )
    warmup.add_argument(
        "--backends",
        nargs="+",
        metavar="NAME",
        help="any of serial, parallel, cuda (default: serial and parallel)",
    )


def _method(name: str) -> str:
    try:
        return registry.get(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _image(text: str) -> str:
    """A file name the plot can be written to, found out before the work and not after it."""
    path = Path(text)
    if path.suffix.lower() not in (".pdf", ".png", ".svg"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png, .pdf or .svg")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}; make it first")
    return text


def _demo(**options: Any) -> None:
    from nadamkit import _demo

    _demo.demo(**options)


def _info() -> None:
    from nadamkit import show_config

    show_config()


def _warmup(**options: Any) -> None:
    from nadamkit import warmup

    done = warmup(**options)
    print(f"{done.prepared} kernels and loops ready in {done.seconds:.1f} s")


#: What runs a command, what it is in a line, and in full.
COMMANDS = {
    "demo": (_demo, "compare the methods on real data (the default)", DEMO),
    "info": (_info, "what a report of a bug needs: versions, CPU, GPU, threads, ...", INFO),
    "warmup": (_warmup, "compile ahead of time", WARMUP),
}


if __name__ == "__main__":
    sys.exit(main())
