"""SciPy's ten smooth benchmark cases, with nothing said to a solver but the tolerance.

What it means is the solver's own affair: to L-BFGS-B and SLSQP it is a change of the value too, so
that they end early, and a run fails where its value is not within the tolerance of a minimum.
"""

from __future__ import annotations

import time
import warnings
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

import nadamkit
from asv_benchmarks.solving.plot import profile_curves
from asv_benchmarks.solving.report import Report, markdown, number, table
from asv_benchmarks.solving.smooth_cases import CASES, Case
from asv_benchmarks.solving.trace import Array
from nadamkit import registry

#: SciPy's solvers, and whether they use the gradient, and whether they must have it.
SCIPY = {
    "L-BFGS-B": (True, False),
    "CG": (True, False),
    "BFGS": (True, False),
    "TNC": (True, False),
    "SLSQP": (True, False),
    "Newton-CG": (True, True),
    "Nelder-Mead": (False, False),
    "Powell": (False, False),
}
PEERS = tuple(SCIPY)
METHODS = registry.names()
SEEDS = 10
QUICK = ("rosenbrock", "rosenbrock_nograd", "sin_1d", "booth", "LJ")
#: Starts in a quick run.
QUICK_STARTS = 2


class Result(NamedTuple):
    """Calls of `fun`, seconds and failures of a solver on one case, each of shape (starts,)."""

    nfev: Array
    seconds: Array
    failed: Array


def names() -> tuple[str, ...]:
    """The cases."""
    return tuple(CASES)


def solvers(methods: list[str], peers: list[str]) -> dict[str, Callable[..., Any] | None]:
    """``run(case, fun, x0)`` by the name in tables."""
    found = {f"nadamkit {method}": partial(_ours, method) for method in methods}
    return found | {peer: partial(_theirs, peer) for peer in peers}


def _ours(method: str, case: Case, fun: Callable[..., float], x0: Array) -> Any:
    return nadamkit.minimize(fun, x0, jac=case.jac, method=method, tol=case.tol)


def _theirs(method: str, case: Case, fun: Callable[..., float], x0: Array) -> Any:
    jac = case.jac if SCIPY[method][0] else None
    return scipy.optimize.minimize(fun, x0, jac=jac, method=method, tol=case.tol)


def measured(case: Case, run: Callable[..., Any], starts: Array) -> Result:
    """All runs of a solver on a case; one more comes first, so that all code is ready."""
    run(case, case.fun, starts[0])
    nfev, seconds, failed = (np.zeros(len(starts)) for _ in range(3))
    for i, start in enumerate(starts):
        calls = 0

        def counted(x: Array) -> float:
            nonlocal calls
            calls += 1
            return case.fun(x)

        begin = time.perf_counter()
        x = run(case, counted, start).x
        seconds[i] = time.perf_counter() - begin
        nfev[i], failed[i] = calls, case.fails(x)
    return Result(nfev, seconds, failed)


def report(asked: Namespace) -> Report:
    """Run all solvers on all cases."""
    count = min(asked.seeds, QUICK_STARTS) if asked.quick else asked.seeds
    found: dict[str, dict[str, Result]] = {}
    runs = solvers(asked.methods, asked.peers)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, run in runs.items():
            needs_jac = SCIPY.get(name, (True, False))[1]
            cases = [CASES[c] for c in asked.problems]
            found[name] = {
                case.name: measured(case, run, case.starts(count))
                for case in cases
                if case.jac is not None or not needs_jac
            }
    return _reported(asked.problems, found, count)


def _reported(cases: list[str], found: dict[str, dict[str, Result]], count: int) -> Report:
    heads = {
        "calls": f"mean calls of fun (failures of {count})",
        "time": "mean time in ms",
    }
    rows = {
        what: [[name, *(_cell(r.get(c), what) for c in cases)] for name, r in found.items()]
        for what in heads
    }
    parts = {what: ([title, *cases], rows[what]) for what, title in heads.items()}
    costs = {name: _costs(results, cases, count) for name, results in found.items()}
    budget = int(max((c[np.isfinite(c)].max(initial=1.0) for c in costs.values()), default=1.0))
    return Report(
        [table(*part) for part in parts.values()],
        _figures(found),
        [],
        profile_curves(costs, budget, f"{len(cases)} SciPy cases, {count} starts each"),
        "\n".join(markdown(*part) for part in parts.values()),
    )


def _cell(result: Result | None, what: str) -> str:
    if result is None:
        return "-"
    if what == "time":
        return number(1e3 * result.seconds.mean())
    failures = f" ({result.failed.sum():.0f})" if result.failed.any() else ""
    return f"{result.nfev.mean():.1f}{failures}"


def _costs(results: dict[str, Result], cases: list[str], count: int) -> Array:
    """Calls on every start, infinite where the run failed."""
    columns = [
        np.where(results[c].failed, np.inf, results[c].nfev)
        if c in results
        else np.full(count, np.inf)
        for c in cases
    ]
    return np.concatenate(columns)


def _figures(found: dict[str, dict[str, Result]]) -> dict[str, Any]:
    """Counts for the file, and apart from them the times, which are never the same."""
    return {
        "cases": {
            name: {
                case: {"nfev": r.nfev, "failed": int(r.failed.sum())} for case, r in results.items()
            }
            for name, results in found.items()
        },
        "mean_seconds": {
            name: {case: r.seconds.mean() for case, r in results.items()}
            for name, results in found.items()
        },
    }
