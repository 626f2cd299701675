"""The solvers by name: nadamkit's methods and the peers that are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import scipy.optimize

import nadamkit
from asv_benchmarks.solving import optax_peers, peers
from asv_benchmarks.solving.trace import Array, Bounds, Objective
from nadamkit import registry


class Solver(NamedTuple):
    """A solver.

    Parameters
    ----------
    name : str
        What it is called in tables.
    run : callable
        ``run(fun, x0, budget, bounds)``; `fun` ends the run when the budget is spent.
    ours : bool
        Whether it is nadamkit's; then an error in it is a fault, and not a failed run.
    family : str
        The peer it is a setting of, or its own name.
    """

    name: str
    run: Callable[..., Any]
    ours: bool = False
    family: str = ""


#: Peers by the name they are asked for, with the packages they need beside nadamkit's own.
PEERS: dict[str, tuple[str, ...]] = {
    "L-BFGS-B": (),
    "CG": (),
    "TNC": (),
    "SLSQP": (),
    "iRprop-": (),
    "optax-adam": ("jax", "optax"),
    "optax-nadam": ("jax", "optax"),
}
UNBOUNDED = ("L-BFGS-B", "CG", "TNC", "iRprop-", "optax-adam", "optax-nadam")
BOUNDED = ("L-BFGS-B", "TNC", "SLSQP")


def ours(methods: Iterable[str]) -> list[Solver]:
    """The methods of nadamkit, with nothing tuned."""
    return [Solver(f"nadamkit {method}", _ours(method), ours=True) for method in methods]


def _ours(method: str) -> Callable[..., None]:
    def run(fun: Objective, x0: Array, budget: int, bounds: Bounds | None = None) -> None:
        box = None if bounds is None else scipy.optimize.Bounds(*bounds)
        options = {"gtol": 0.0, "maxiter": budget}
        nadamkit.minimize(fun, x0, jac=True, method=method, bounds=box, options=options)

    return run


def theirs(names: Iterable[str]) -> list[Solver]:
    """The peers of these names, one for each setting."""
    found = []
    for name in names:
        if name.startswith("optax-"):
            method = name.removeprefix("optax-")
            found += [
                Solver(f"optax {method} {s}", optax_peers.solver(method, s), family=name)
                for s in optax_peers.SETTINGS
            ]
        else:
            found.append(Solver(name, peers.BY_NAME[name], family=name))
    return found


@cache
def get(name: str) -> Solver:
    """A solver by the name it has in tables."""
    return {s.name: s for s in ours(registry.names()) + theirs(PEERS)}[name]


def names(methods: Iterable[str], peers: Iterable[str]) -> tuple[str, ...]:
    """The names in tables of these methods and peers."""
    return tuple(solver.name for solver in ours(methods) + theirs(peers))


def missing(name: str) -> str:
    """The packages that a peer needs and this installation has not."""
    return ", ".join(package for package in PEERS.get(name, ()) if find_spec(package) is None)
