"""`scipy.optimize.minimize`, for the length of a test run, with nadamkit behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import scipy.optimize
from scipy.optimize._minimize import MINIMIZE_METHODS

ORIGINAL = scipy.optimize.minimize

#: Options of SciPy that do not go to nadamkit, and why. No listed node tests one of them.
DROPPED = {
    "eps": "in SciPy the absolute step of finite differences, in nadamkit part of the update",
    "subproblem_maxiter": "trust-exact: iterations on the subproblem of each step",
    "verbose": "trust-constr: its tables of progress",
}


def translate(options: dict[str, Any] | None) -> dict[str, Any]:
    """Return a copy of SciPy's options without those that nadamkit cannot have."""
    return {key: value for key, value in (options or {}).items() if key not in DROPPED}


def is_named(method: Any) -> bool:
    """Say whether SciPy would run one of its own solvers: these calls go to nadamkit."""
    return method is None or (isinstance(method, str) and method.lower() in MINIMIZE_METHODS)


def make(reached: Callable[[dict[str, Any] | None], None], method_here: str | None) -> Callable:
    """Build the replacement of `scipy.optimize.minimize`.

    Parameters
    ----------
    reached : callable
        Called with SciPy's options each time a test gets here; what it raises ends the test.
    method_here : str or None
        Name of the nadamkit method that solves; None when `reached` ends every test.
    """

    def minimize(
        fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None,
        constraints=(), tol=None, callback=None, options=None,
    ):  # fmt: skip
        if not is_named(method):
            return ORIGINAL(
                fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback, options
            )
        reached(options)
        from nadamkit import minimize as ours  # late, so that an audit runs without nadamkit

        return ours(
            fun, x0, args=args, method=method_here, jac=jac, bounds=bounds, tol=tol,
            callback=callback, options=translate(options), hess=hess, hessp=hessp,
            constraints=constraints,
        )  # fmt: skip

    return minimize


def install(replacement: Callable) -> list[str]:
    """Put the replacement wherever `scipy.optimize` holds `minimize`; return the modules' names.

    basinhopping looks it up at each call; dual_annealing, shgo and differential_evolution have
    imported it into their own modules.
    """
    # `scipy.optimize._minimize.minimize` too: `from ... import` of a test may go there.
    names = [name for name in sys.modules if name.split(".")[:2] == ["scipy", "optimize"]]
    changed = [name for name in names if vars(sys.modules[name]).get("minimize") is not None]
    changed = [name for name in changed if sys.modules[name].minimize in (ORIGINAL, replacement)]
    for name in changed:
        sys.modules[name].minimize = replacement
    return changed


def uninstall(names: list[str]) -> None:
    """Put SciPy's own `minimize` back."""
    for name in names:
        sys.modules[name].minimize = ORIGINAL
