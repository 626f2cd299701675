"""Others' solvers behind one interface, ``run(fun, x0, budget, bounds)``, with stopping tests off.

`fun` gives value and gradient and ends the run when the budget is spent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.optimize

from asv_benchmarks.solving.trace import Array, Bounds, Objective

#: Tolerances so small that only the budget, or a line search without progress, ends a run.
_SCIPY: dict[str, Callable[[int], dict[str, Any]]] = {
    "L-BFGS-B": lambda k: {"maxiter": k, "maxfun": k + 1, "ftol": 1e-16, "gtol": 1e-12},
    "CG": lambda k: {"maxiter": k, "gtol": 1e-12},
    "TNC": lambda k: {"maxfun": k + 1, "ftol": 0.0, "xtol": 0.0, "gtol": 1e-12},
    "SLSQP": lambda k: {"maxiter": k, "ftol": 1e-16},
}


def _scipy(method: str, fun: Objective, x0: Array, budget: int, bounds: Bounds | None) -> None:
    box = None if bounds is None else scipy.optimize.Bounds(*bounds)
    options = _SCIPY[method](budget)
    scipy.optimize.minimize(fun, x0, jac=True, method=method, bounds=box, options=options)


def irprop(fun: Objective, x0: Array, budget: int, bounds: Bounds | None = None) -> None:
    """iRprop- with the constants of Igel and Hüsken (2003), for problems without bounds."""
    x, step, before = x0.copy(), np.full(x0.size, 0.0125), np.zeros(x0.size)
    for _ in range(budget):
        g = fun(x)[1].copy()
        turn = g * before
        step[turn > 0.0] *= 1.2
        step[turn < 0.0] *= 0.5
        np.minimum(step, 50.0, out=step)
        g[turn < 0.0] = 0.0
        x -= np.sign(g) * step
        before = g


BY_NAME = {method: partial(_scipy, method) for method in _SCIPY} | {"iRprop-": irprop}
