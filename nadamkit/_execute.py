"""Which loop runs the user's functions, and what they become for it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nadamkit import _result
from nadamkit.errors import NadamkitWarning, OptionError, described, warn
from nadamkit.loops import drive
from nadamkit.loops.plan import Noise
from nadamkit.loops.run import Runner
from nadamkit.loops.stopping import GTOL, NONFINITE
from nadamkit.loops.task import History, Outcome, Problem
from nadamkit.loops.watch import Watch
from nadamkit.objectives import compiled
from nadamkit.objectives.python import PythonObjective
from nadamkit.objectives.samples import Samples

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

OWN_NOISE = (
    "fun is noisy, and its gradient was taken from differences of a tiny step, which divide the "
    "noise by that step: the result means little. Pass jac; or let fun take a generator as its "
    "last argument and pass rng, so that both values of a difference see the same noise; or give "
    "a step as large as the noise asks for in the option finite_diff_rel_step."
)


class User(NamedTuple):
    """What the user wrote.

    Parameters
    ----------
    fun, jac, args, callback
        As given to `minimize`.
    rel_step, workers
        Of finite differences.
    samples : Samples or None
        Where args come from; they are its example then.
    stochastic : bool or None
        Whether fun is noisy.
    watched : callable
        ``with watched() as watch`` gives what looks at the run, or None.
    """

    fun: Any
    jac: Any
    args: tuple[Any, ...]
    callback: Any
    rel_step: Any
    workers: Any
    samples: Samples | None
    stochastic: bool | None
    watched: Callable[[], AbstractContextManager[Watch | None]]

    def objective(self, p: Problem, *, uncompiled: bool = False) -> PythonObjective:
        """The objective for the loop in Python; `uncompiled` takes ``@njit`` functions apart."""
        fun, jac = self.fun, self.jac
        if uncompiled:
            fun, jac = compiled.interpreted(fun), compiled.interpreted(jac)
        return PythonObjective(
            *(fun, jac, self.args, p.x.size, p.x.dtype, p.box),
            *(self.rel_step, self.workers),
            samples=self.samples,
            # Whatever jac is: with one, the in-place form is refused.
            inplace=compiled.is_inplace(self.fun, None, self.args),
        )


def solve(p: Problem, user: User, noise: Noise) -> OptimizeResult:
    """Run the loop that fits, or none where there is nothing to search.

    Parameters
    ----------
    p : Problem
        What is to be run.
    user : User
        The user's functions.
    noise : Noise
        How it is run if it is noisy.

    Returns
    -------
    OptimizeResult
    """
    objective, callback = user.objective(p), _callback(user.callback)
    if (result := _without_search(p, objective)) is not None:
        return result

    noise = noise.within(p.limits.maxfun, objective.calls)

    def run(execute: Callable[[Runner, Watch | None], Outcome]) -> OptimizeResult:
        with user.watched() as watch:
            outcome = drive.solve(
                p, lambda runner: execute(runner, watch), noise, user.stochastic, user.samples
            )
        return _result.of_outcome(p, outcome)

    in_compiled_code = p.backend == "serial" and callback is None
    if in_compiled_code and compiled.has_gradient(user.fun, user.jac, user.args, user.samples):
        ready = compiled.compile_objective(user.fun, user.jac, user.args, p.x.dtype, user.samples)
        if ready is not None:
            return run(lambda runner, watch: runner.compiled(ready, watch))
        objective = user.objective(p, uncompiled=True)
    elif not compiled.runs(user.fun, user.jac, user.args, p.x.dtype):
        objective = user.objective(p, uncompiled=True)
    try:
        result = run(lambda runner, watch: runner.python(objective, callback, watch))
    finally:
        objective.close()
    noisy = result.get("stochastic") and user.samples is None
    if objective.differenced and noisy and result.success and user.rel_step is None:
        warn(OWN_NOISE, NadamkitWarning)
    if objective.differenced and p.box is not None:
        result.jac[p.box.fixed] = np.nan  # unknown, as in SciPy: no difference is taken there
    return result


def _without_search(p: Problem, objective: PythonObjective) -> OptimizeResult | None:
    """The result where there is nothing to search: the start is NaN, or every variable is fixed."""
    points = p.x[np.newaxis].copy()
    if not np.isfinite(p.x).all():
        points = points[:0]
        result = _result.of(NONFINITE, p.x, math.nan, np.full_like(p.x, np.nan), (0, 0, 0))
        bad = int(np.argmin(np.isfinite(p.x)))
        result.message = (
            f"NaN result encountered: x0[{bad}] is {p.x[bad]}, so fun was not called. Start from "
            "finite numbers."
        )
    elif p.box is not None and p.box.all_fixed:
        value = objective.value(p.x)
        status = GTOL if math.isfinite(value) else NONFINITE
        calls = objective.nfev, objective.njev
        result = _result.of(status, p.x, value, np.zeros_like(p.x), (0, *calls))
        if status == GTOL:
            result.message = "All independent variables were fixed by bounds."
    else:
        return None
    if p.limits.record:
        none = np.zeros(len(points))
        nfev = np.full(len(points), result.nfev)
        result.history = History(none.astype(np.int64), nfev, none + result.fun, none, points)
    return result


def _callback(callback: Callable[..., Any] | None) -> Callable[[Any, float], None] | None:
    """The user's callback as a function of x and f, whichever of SciPy's signatures it has."""
    if callback is None:
        return None
    if not callable(callback):
        raise OptionError(
            f"callback must be callable, but is {described(callback)}; pass callback(xk) or "
            "callback(intermediate_result)."
        )
    try:
        named = set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):
        named = False
    if not named:
        return lambda x, f: callback(np.copy(x))
    from scipy.optimize import OptimizeResult

    return lambda x, f: callback(intermediate_result=OptimizeResult(x=np.copy(x), fun=f))
