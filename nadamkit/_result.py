"""The `OptimizeResult` of a run, its message, and what ``disp`` prints."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nadamkit import _html
from nadamkit.errors import warn
from nadamkit.loops.stopping import MAXITER, MESSAGES, NFEV, NIT, NJEV, SUCCESS
from nadamkit.loops.task import Outcome, Problem

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

#: What a noisy run says where a deterministic one says "too many iterations".
STILL_FALLING = (
    "The horizon of the noisy run is used up (options maxiter and maxfun, or epochs), and the mean "
    "gradient is still {signal:.2g} times as long as noise alone makes it: a longer run gets lower."
)
FOUND_NOISY = (
    "The function gave two values at one point, so the run went on as with stochastic=True. "
)


def of_outcome(p: Problem, outcome: Outcome) -> OptimizeResult:
    """The result of a run.

    Parameters
    ----------
    p : Problem
        What was run.
    outcome : Outcome
        How it ended.

    Returns
    -------
    OptimizeResult
    """
    counts, sign, found = outcome.counts, p.limits.sign, outcome.estimate
    calls = (int(counts[NIT]), int(counts[NFEV]), int(counts[NJEV]))
    result = of(outcome.status, outcome.x, sign * outcome.fun, outcome.g, calls)
    if sign < 0.0:
        result.jac = -result.jac
    if p.limits.record:
        result.history = outcome.history()
    if found is not None:
        result.stochastic = True
        result.fun_error = found.error
        if outcome.status == MAXITER and math.isfinite(found.signal):
            result.message = STILL_FALLING.format(signal=found.signal)
        if math.isfinite(outcome.validated):
            result.validation = outcome.validated
    if outcome.noticed:
        result.stochastic = True
        result.message = FOUND_NOISY + result.message
    return result


def of(
    status: int, x: NDArray[Any], fun: float, jac: NDArray[Any], calls: tuple[int, int, int]
) -> OptimizeResult:
    """A result with the fields that all have."""
    return _class()(
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


@cache
def _class() -> type[OptimizeResult]:
    """SciPy's class with a form for notebooks; SciPy is imported with the first result only."""
    import scipy.optimize

    class OptimizeResult(scipy.optimize.OptimizeResult):  # type: ignore[misc]
        """A result that notebooks show as a table."""

        def _repr_html_(self) -> str:
            return _html.page(self)

        def __copy__(self) -> OptimizeResult:
            return type(self)(self)

        def __deepcopy__(self, memo: dict[int, Any]) -> OptimizeResult:
            return type(self)(copy.deepcopy(dict(self), memo))

        # In files and other processes it is SciPy's, which needs no nadamkit to be read.
        def __reduce__(self) -> tuple[Any, ...]:
            return scipy.optimize.OptimizeResult, (dict(self),)

    return OptimizeResult


def finished(result: OptimizeResult, run: Mapping[str, Any]) -> OptimizeResult:
    """Shape the history as asked for, and report."""
    history = result.pop("history", None)
    if history is not None and run["return_all"]:
        result.allvecs = list(history.x)
    if history is not None and run["history"]:
        keep = history.nit % int(run["history"]) == 0 if run["return_all"] else slice(None)
        result.history = history._make(column[keep] for column in history)
    if run["disp"]:
        _display(result)
    return result


def _display(result: OptimizeResult) -> None:
    if result.success:
        print(result.message)
    else:
        from scipy.optimize import OptimizeWarning

        warn(result.message, OptimizeWarning)
    print(f"         Current function value: {result.fun:f}")
    print(f"         Iterations: {result.nit:d}")
    print(f"         Function evaluations: {result.nfev:d}")
    print(f"         Gradient evaluations: {result.njev:d}")
