"""The command line: ``python -m nadamkit``."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nadamkit import __version__, registry
from nadamkit.errors import NadamkitError

DESCRIPTION = """\
First-order minimisers with SciPy's contract.

Without a command, runs the demo: fits softmax regression to the handwritten digits that
scikit-learn ships with every method and SciPy's L-BFGS-B beside them, prints a table and
writes a convergence plot.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0, 2 for bad arguments, 130 for Ctrl-C.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, ``sys.argv[1:]`` by default.

    Returns
    -------
    int
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    options = vars(parser.parse_args(arguments or ["demo"]))
    run = options.pop("run")
    try:
        run(**options)
    except NadamkitError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nadamkit",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nadamkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    # SUPPRESS: what is not given is left to the function's own default.
    add = functools.partial(commands.add_parser, argument_default=argparse.SUPPRESS)

    demo = add("demo", help="compare the methods on real data (the default)")
    demo.add_argument("--output", type=_image, metavar="FILE", help="where to write the plot")
    demo.add_argument("--maxiter", type=_positive, metavar="N", help="most iterations of each")
    demo.set_defaults(run=_demo)

    info = add("info", help="versions, backends, threads, cache, what is missing")
    info.set_defaults(run=_info)

    warmup = add("warmup", help="compile and cache kernels ahead of time")
    warmup.add_argument(
        "--dtypes", nargs="+", metavar="DTYPE", help="float32, float64: both by default"
    )
    warmup.add_argument(
        "--backends",
        nargs="+",
        metavar="BACKEND",
        help="serial, parallel, cuda: the first two by default",
    )
    warmup.set_defaults(run=_warmup)

    every = f"{', '.join(registry.names())}: all by default"
    for command in (demo, warmup):
        command.add_argument("--methods", nargs="+", type=_method, metavar="METHOD", help=every)
    return parser


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
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
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


if __name__ == "__main__":
    sys.exit(main())
