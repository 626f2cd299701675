"""Solving power and accuracy, tracked like speed."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .common import QUICK, left_out, part, some

ROOT = Path(__file__).parents[2]


class Smooth:
    """SciPy's ten smooth cases, nothing said but the tolerance: means over random starts."""

    cases = part("asv_benchmarks.solving.smooth_cases").CASES
    solvers = ("nadamkit nadam", "nadamkit adam", "nadamkit nag", "L-BFGS-B", "CG")
    params = (some(tuple(cases), tuple(cases)[:2]), solvers)
    param_names = ("case", "solver")
    timeout = 300

    def setup_cache(self) -> dict[str, Any]:
        arguments = ["scipy", "--methods", "nadam,adam,nag", "--peers", "L-BFGS-B,CG"]
        if QUICK:
            arguments += ["--seeds", "1", "--problems", ",".join(self.params[0])]
        return _solving(arguments)

    def setup(self, figures: dict[str, Any], case: str, solver: str) -> None:
        if case not in figures.get("cases", {}).get(solver, {}):
            raise left_out(f"there is no figure of {solver} on {case}")

    def track_calls(self, figures: dict[str, Any], case: str, solver: str) -> float:
        return float(np.mean(figures["cases"][solver][case]["nfev"]))

    def track_failures(self, figures: dict[str, Any], case: str, solver: str) -> int:
        return figures["cases"][solver][case]["failed"]

    def track_seconds(self, figures: dict[str, Any], case: str, solver: str) -> float:
        return figures["mean_seconds"][solver][case]

    track_calls.unit, track_failures.unit, track_seconds.unit = "calls", "runs", "s"


class Classical:
    """The 42 classical problems within 1000 calls: how many are solved at each tau."""

    params = (("nadam", "adam", "nag"), ("0.1", "0.001", "1e-05"))
    param_names = ("method", "tau")
    unit = "problems"
    timeout = 300

    def setup_cache(self) -> dict[str, Any]:
        arguments = ["classical", "--methods", ",".join(self.params[0]), "--peers", "none"]
        return _solving([*arguments, *(["--quick"] if QUICK else [])])

    def setup(self, figures: dict[str, Any], method: str, tau: str) -> None:
        if f"nadamkit {method}" not in figures.get("solved", {}):
            raise left_out(f"there is no figure of {method}")

    def track_solved(self, figures: dict[str, Any], method: str, tau: str) -> int:
        return max(figures["solved"][f"nadamkit {method}"][tau].values())


class Stochastic:
    """The 11 noisy problems: excess over that of the tuned rates on record, geometric mean."""

    unit = "ratio"
    timeout = 300

    def setup_cache(self) -> dict[str, Any]:
        arguments = ["stochastic", "--methods", "nadam", "--peers", "none"]
        return _solving([*arguments, *(["--quick"] if QUICK else [])])

    def setup(self, figures: dict[str, Any]) -> None:
        if not figures.get("median"):
            raise left_out("there are no figures of the noisy problems")

    def track_excess_over_tuned(self, figures: dict[str, Any]) -> float:
        path = ROOT / "asv_benchmarks" / "results" / "solving-stochastic.json"
        known = json.loads(path.read_text())
        ratios = [
            medians["nadamkit nadam"] / known["median"][problem][known["tuned"][problem]]
            for problem, medians in figures["median"].items()
        ]
        return float(np.exp(np.log(ratios).mean()))


class Conformance:
    """The largest error of any golden trajectory, in units of its derived bound."""

    params = (("nadamkit-serial", "nadamkit-parallel", "nadamkit-optimizer"),)
    param_names = ("adapter",)
    unit = "bounds"
    timeout = 300

    def setup(self, adapter: str) -> None:
        self.main = part("conformance.__main__", "main")
        part("nadamkit", "Optimizer" if adapter.endswith("optimizer") else "minimize")

    def track_worst(self, adapter: str) -> float:
        case = ["--case", "nadam/*"] if QUICK else []
        report = _written(self.main, ["--adapter", adapter, *case])
        graded = [result for result in report["results"] if result["worst"]]
        return max(result["worst"][report["profile"]]["ratio"] for result in graded)


def _solving(arguments: Sequence[str]) -> dict[str, Any]:
    """The figures of a command of solving power; none where this commit cannot run it."""
    try:
        return _written(part("asv_benchmarks.solving.__main__", "main"), arguments)
    except NotImplementedError:
        return {}


def _written(main: Any, arguments: Sequence[str]) -> dict[str, Any]:
    """What a command writes into its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        main([*arguments, "--json", str(path)])
        return json.loads(path.read_text())
