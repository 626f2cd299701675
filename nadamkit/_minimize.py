"""`minimize`: SciPy's contract around a loop."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit import _options, backends, registry
from nadamkit.errors import OptionError
from nadamkit.loops.run import BEST, FUN, NFEV, NIT, NJEV, History, Outcome, Problem, Runner
from nadamkit.loops.stepper import split_rate
from nadamkit.loops.stopping import GTOL, MESSAGES, NONFINITE, SUCCESS
from nadamkit.objectives import compiled
from nadamkit.objectives.bounds import standardise
from nadamkit.objectives.python import PythonObjective

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "nadam",
    jac: Any = None,
    bounds: Any = None,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    backend: str = "auto",
    hess: Any = None,
    hessp: Any = None,
    constraints: Any = (),
) -> OptimizeResult:
    """Minimise a function of several variables with a first-order method.

    The contract is that of `scipy.optimize.minimize`.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> float`` with x of shape (n,). With ``jac=True`` it returns the value and
        the gradient. An ``@njit`` function runs in a compiled loop; its fastest form is
        ``fun(x, g, *args) -> float``, which writes the gradient into g. It must not change x.
    x0 : array_like of shape (n,)
        Start. float32 is kept, anything else real becomes float64.
    args : tuple, optional
        Further arguments of `fun` and `jac`.
    method : str, default "nadam"
        One of `nadamkit.registry.names`.
    jac : {callable, True, '2-point', '3-point', 'cs', None}, optional
        ``jac(x, *args) -> array of shape (n,)``, or how to difference; None is '2-point'.
    bounds : sequence of (min, max) or scipy.optimize.Bounds, optional
        Bounds; the iterates and all differences stay inside.
    tol : float, optional
        Sets gtol.
    callback : callable, optional
        ``callback(xk)`` or ``callback(intermediate_result)`` after each iteration. Raising
        StopIteration ends the run.
    options : dict, optional
        Of the run: learning_rate (default "auto"), maxiter, maxfun, maxtime, gtol, ftol,
        ftol_window, xtol, target, patience, disp, return_all, history, workers,
        finite_diff_rel_step. Of the method: its hyperparameters (mu, nu, eps, schedule and so on),
        weight_decay, wd_kind, clip_norm, clip_value, maximize. A learning rate that is a number, an
        array or a schedule means the paper's algorithm exactly.
    backend : {'auto', 'numpy', 'serial', 'parallel', 'cuda'}, default 'auto'
        Where steps are computed. The result is the same to the bit.
    hess, hessp, constraints
        Not used; given, they cause a warning, as in SciPy.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With x and fun (the best point seen), jac (the gradient there), success, status, message,
        nit, nfev, njev, and allvecs or history if asked for. Status: 0 gtol, 1 maxiter, 2 maxfun, 3
        NaN or Inf, 10 ftol, 11 xtol, 12 target, 13 patience, 14 maxtime, 15 precision loss, 99
        callback.

    Raises
    ------
    ValueError
        For input that makes no sense; before `fun` is called, except where its result does not.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam".

    Examples
    --------
    >>> from scipy.optimize import rosen, rosen_der
    >>> result = minimize(rosen, [-1.2, 1.0], jac=rosen_der)
    >>> result.success, result.x.round(4).tolist()
    (True, [1.0, 1.0])
    """
    rule = registry.get(method)
    _options.warn_unused(method, hess=hess, hessp=hessp, constraints=constraints)
    run, hyper = _options.parse(rule, options, tol)
    x = start(x0)
    args = args if isinstance(args, tuple) else (args,)
    box = standardise(bounds, x.size, x.dtype)
    rate, rates = _learning_rate(run["learning_rate"], hyper, x)
    if box is not None:
        box.project(x)
    sign = -1.0 if hyper["maximize"] else 1.0
    problem = Problem(
        rule=rule,
        hyper=hyper,
        x=x,
        box=box,
        rate=rate,
        rates=rates,
        limits=_options.limits(run, x.size, sign, x.dtype),
        maxtime=math.inf if run["maxtime"] is None else float(run["maxtime"]),
        backend=backends.choose(backend, x.size),
    )
    user = _User(fun, jac, args, callback, run["finite_diff_rel_step"], run["workers"])
    return _finished(_solved(problem, user), run)


def start(x0: Any) -> NDArray[Any]:
    """A fresh, contiguous start of dtype float32 or float64, checked."""
    x = np.asarray(x0)
    if x.ndim > 1:
        raise OptionError("'x0' must only have one dimension.")
    if x.dtype.kind == "c":
        raise OptionError(
            "x0 is complex, and the methods are defined for real variables; pass real and "
            "imaginary parts as one real array."
        )
    if x.dtype.kind not in "fiub":
        raise OptionError(f"x0 must be an array of real numbers, but its dtype is {x.dtype}.")
    return np.array(
        np.atleast_1d(x), np.float32 if x.dtype == np.float32 else np.float64, order="C"
    )


def _learning_rate(value: Any, hyper: dict[str, Any], x: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
    if not (isinstance(value, str) and value == "auto"):
        return split_rate(value, x.shape, x.dtype)
    for name in ("weight_decay", "clip_norm", "clip_value"):
        if hyper[name]:
            raise OptionError(
                f"{name}={hyper[name]!r} changes the step, which learning_rate='auto' measures; "
                "give a number or a schedule as learning_rate."
            )
    return None, np.empty(0, x.dtype)


class _User(NamedTuple):
    """What the user wrote."""

    fun: Any
    jac: Any
    args: tuple[Any, ...]
    callback: Any
    rel_step: Any
    workers: Any

    def objective(self, p: Problem) -> PythonObjective:
        """The objective for the loop in Python."""
        return PythonObjective(
            *(self.fun, self.jac, self.args, p.x.size, p.x.dtype, p.box),
            *(self.rel_step, self.workers),
            inplace=compiled.is_inplace(self.fun, self.jac, self.args),
        )

    def uncompiled(self, p: Problem) -> PythonObjective:
        """The same with the Python functions behind ``@njit`` ones."""
        inplace = compiled.is_inplace(self.fun, self.jac, self.args)
        fun, jac = compiled.interpreted(self.fun), compiled.interpreted(self.jac)
        return PythonObjective(fun, jac, self.args, p.x.size, p.x.dtype, p.box, inplace=inplace)


def _solved(p: Problem, user: _User) -> OptimizeResult:
    """Run the loop that fits, or none where there is nothing to search."""
    objective, callback = user.objective(p), _callback(user.callback)
    if (result := _without_search(p, objective)) is not None:
        return result
    in_compiled_code = p.backend == "serial" and callback is None
    if in_compiled_code and compiled.has_gradient(user.fun, user.jac, user.args):
        ready = compiled.compile_objective(user.fun, user.jac, user.args, p.x.dtype)
        if ready is not None:
            return _outcome(p, Runner(p).compiled(ready))
        objective = user.uncompiled(p)
    elif not compiled.runs(user.fun, user.jac, user.args, p.x.dtype):
        objective = user.uncompiled(p)
    try:
        result = _outcome(p, Runner(p).python(objective, callback))
    finally:
        objective.close()
    if objective.differenced and p.box is not None:
        result.jac[p.box.fixed] = np.nan  # unknown, as in SciPy: no difference is taken there
    return result


def _without_search(p: Problem, objective: PythonObjective) -> OptimizeResult | None:
    """The result where there is nothing to search: the start is NaN, or every variable is fixed."""
    points = p.x[np.newaxis].copy()
    if not np.isfinite(p.x).all():
        points = points[:0]
        result = _result(NONFINITE, p.x, math.nan, np.full_like(p.x, np.nan), (0, 0, 0))
    elif p.box is not None and p.box.all_fixed:
        value = objective.value(p.x)
        status = GTOL if math.isfinite(value) else NONFINITE
        calls = objective.nfev, objective.njev
        result = _result(status, p.x, value, np.zeros_like(p.x), (0, *calls))
        if status == GTOL:
            result.message = "All independent variables were fixed by bounds."
    else:
        return None
    if p.limits.record:
        none = np.zeros(len(points))
        nfev = np.full(len(points), result.nfev)
        result.history = History(none.astype(np.int64), nfev, none + result.fun, none, points)
    return result


def _outcome(p: Problem, outcome: Outcome) -> OptimizeResult:
    counts, values, sign = outcome.counts, outcome.values, p.limits.sign
    found = math.isfinite(values[BEST])
    calls = (int(counts[NIT]), int(counts[NFEV]), int(counts[NJEV]))
    result = _result(
        outcome.status, outcome.x, sign * float(values[BEST if found else FUN]), outcome.g, calls
    )
    if sign < 0.0:
        result.jac = -result.jac
    if p.limits.record:
        result.history = outcome.history()
    return result


def _result(
    status: int, x: NDArray[Any], fun: float, jac: NDArray[Any], calls: tuple[int, int, int]
) -> OptimizeResult:
    from scipy.optimize import OptimizeResult

    return OptimizeResult(
        message=MESSAGES[status],
        success=status in SUCCESS,
        status=status,
        fun=fun,
        x=x,
        jac=jac,
        nit=calls[0],
        nfev=calls[1],
        njev=calls[2],
    )


def _finished(result: OptimizeResult, run: Mapping[str, Any]) -> OptimizeResult:
    """Shape the history as asked for, and report."""
    history = result.pop("history", None)
    if history is not None and run["return_all"]:
        result.allvecs = list(history.x)
    if history is not None and run["history"]:
        keep = history.nit % int(run["history"]) == 0
        result.history = history._make(column[keep] for column in history)
    if run["disp"]:
        _display(result)
    return result


def _display(result: OptimizeResult) -> None:
    if result.success:
        print(result.message)
    else:
        from scipy.optimize import OptimizeWarning

        warnings.warn(result.message, OptimizeWarning, stacklevel=4)
    print(f"         Current function value: {result.fun:f}")
    print(f"         Iterations: {result.nit:d}")
    print(f"         Function evaluations: {result.nfev:d}")
    print(f"         Gradient evaluations: {result.njev:d}")


def _callback(callback: Callable[..., Any] | None) -> Callable[[Any, float], None] | None:
    """The user's callback as a function of x and f, whichever of SciPy's signatures it has."""
    if callback is None:
        return None
    if not callable(callback):
        raise OptionError(f"callback must be callable, but is a {type(callback).__name__}.")
    try:
        named = set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):
        named = False
    if not named:
        return lambda x, f: callback(np.copy(x))
    from scipy.optimize import OptimizeResult

    return lambda x, f: callback(intermediate_result=OptimizeResult(x=np.copy(x), fun=f))
