"""Runs on one noisy problem, and the excess of the points they return."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

import nadamkit
from asv_benchmarks.solving import optax_peers
from asv_benchmarks.solving.runs import FAILURES, Skipped
from asv_benchmarks.solving.trace import Array, RunOver
from nadamkit import problems, schedules
from nadamkit.errors import DataUnavailable

RESTARTED = "L-BFGS-B restarted"
#: Restarts after which it is let go.
MOST_RESTARTS = 50

_FAMILIES: dict[str, tuple[str, bool, dict[str, Any]]] = {
    "adam cosine": ("adam", True, {"eps_kind": "out"}),
    "adam": ("adam", False, {"eps_kind": "out"}),
    "nadam(.9) cosine": (
        "nadam",
        True,
        {"mu": 0.9, "schedule": "constant", "eps_kind": "out"},
    ),
    "nadam cosine": ("nadam", True, {}),
    "nadam": ("nadam", False, {}),
}


class Setting(NamedTuple):
    """A method of the grid with its learning rate, hyperparameters and schedule."""

    method: str
    rate: float
    cosine: bool
    hyper: dict[str, Any]


def _grid() -> dict[str, Setting]:
    rates = (0.003, 0.01, 0.03, 0.1, 0.3)
    pairs = [(name, rate) for name in list(_FAMILIES)[:4] for rate in rates]
    # The defaults of Keras and of PyTorch.
    pairs += [("adam", 0.001), ("nadam", 0.001), ("nadam", 0.002)]
    return {
        f"{name} {rate:g}".replace(" 0.", " ."): Setting(
            _FAMILIES[name][0], rate, *_FAMILIES[name][1:]
        )
        for name, rate in pairs
    }


#: The settings by name. nadamkit's own methods stand for those of other packages: that they are the
#: same algorithms is what the conformance suite shows, and `CHECKED` is run by optax too.
GRID = _grid()
CHECKED = "adam cosine .03"


class Task(NamedTuple):
    """All runs on one problem."""

    problem: str
    methods: tuple[str, ...]
    peers: tuple[str, ...]
    budget: int
    seeds: int


class Excess(NamedTuple):
    """Excess of each solver for each seed, and how far optax is from ours, relative; or NaN."""

    problem: str
    excess: dict[str, list[float]]
    optax_differs: float


def work(task: Task) -> Excess | Skipped:
    """Do a task."""
    problem = problems.get(task.problem)
    try:
        problem.args  # noqa: B018  loads the data
    except DataUnavailable as error:
        return Skipped(task.problem, str(error))
    # In this order in tables.
    found: dict[str, list[float]] = {}
    seeds = range(task.seeds)
    for method in task.methods:
        for rate, label in (("auto", ""), ("race", " race")):
            points = [_ours(problem, task.budget, s, method, rate) for s in seeds]
            found[f"nadamkit {method}{label}"] = [of_point(problem, x) for x in points]
    if "L-BFGS-B" in task.peers:
        points = [restarted(problem, task.budget, s) for s in seeds]
        found[RESTARTED] = [of_point(problem, x) for x in points]
    if "grid" in task.peers:
        for name, setting in GRID.items():
            points = [fixed_rate(problem, task.budget, s, setting) for s in seeds]
            found[name] = [of_point(problem, x) for x in points]
    differs = np.nan
    if {"grid", "optax-adam"} <= set(task.peers) and problem.noisy is not None:
        value = of_point(problem, by_optax(problem, task.budget, 0))
        differs = abs(value / found[CHECKED][0] - 1.0)
    return Excess(task.problem, found, differs)


def of_point(problem: problems.Problem, x: Array) -> float:
    """The excess at x; infinite where the objective is not finite."""
    start = problem.exact(problem.x0)
    value = (problem.exact(x) - problem.best) / (start - problem.best)
    return value if np.isfinite(value) else np.inf


def _minimized(problem: problems.Problem, seed: int, method: str, options: dict[str, Any]) -> Array:
    noise = {"stochastic": True} if problem.noisy else {"batch_size": problem.batch_size}
    return nadamkit.minimize(
        problem.fun,
        problem.x0,
        args=problem.args,
        method=method,
        options=options,
        rng=seed,
        **noise,
    ).x


def _ours(problem: problems.Problem, budget: int, seed: int, method: str, rate: str) -> Array:
    return _minimized(problem, seed, method, {"learning_rate": rate, "maxiter": budget})


def fixed_rate(problem: problems.Problem, budget: int, seed: int, setting: Setting) -> Array:
    """The last iterate of a method at a setting of the grid."""
    rate: Any = setting.rate
    if setting.cosine:
        # The schedule that optax has: its last rate is not 0, that of the step after it is.
        rate = schedules.cosine(setting.rate, budget + 1)
    options = {"learning_rate": rate, "maxiter": budget, "average": "last", **setting.hyper}
    return _minimized(problem, seed, setting.method, options)


def by_optax(problem: problems.Problem, budget: int, seed: int) -> Array:
    """The last iterate of the setting `CHECKED` by optax, with the same random numbers."""
    rng = np.random.default_rng(seed)
    setting = optax_peers.Setting(GRID[CHECKED].rate, cosine=True)

    def fun(x: Array) -> tuple[float, Array]:
        return problem.sample(x, rng)

    return optax_peers.last_point("adam", setting, fun, problem.x0, budget)


def restarted(problem: problems.Problem, budget: int, seed: int) -> Array:
    """The point of L-BFGS-B, started again where it stopped until the budget is spent."""
    rng = np.random.default_rng(seed)
    calls = 0

    def fun(x: Array) -> tuple[float, Array]:
        nonlocal calls
        if calls == budget:
            raise RunOver
        calls += 1
        return problem.sample(x, rng)

    x = problem.x0
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(MOST_RESTARTS):
            try:
                x = scipy.optimize.minimize(fun, x, jac=True, method="L-BFGS-B").x
            except (RunOver, *FAILURES):
                break
    return x
