"""When a run ends: status codes, their messages, and the tests, for every loop.

`better` and `verdict` run interpreted and compiled. The scalars of a run live in two small arrays,
so that a compiled loop can stop in the middle and go on: `counts` (int64) and `values` (float64),
whose entries are named here.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np

RUNNING = -1
#: The function has two values at one point: go on as with a noisy one.
NOISY = -2
#: A noisy run went back to its start: go on with the rule's first step.
RESTARTED = -3
GTOL, MAXITER, MAXFUN, NONFINITE = 0, 1, 2, 3
FTOL, XTOL, TARGET, PATIENCE, MAXTIME, PRECISION = 10, 11, 12, 13, 14, 15
NOISE_FLOOR, EXHAUSTED, DIVERGED, UNBOUNDED = 16, 17, 18, 19
CALLBACK = 99

#: What each status says. Those in `SUCCESS` mean that what was asked for was reached.
MESSAGES = {
    GTOL: "Optimization terminated successfully: the largest component of the (projected) gradient "
    "is at most gtol.",
    MAXITER: "Maximum number of iterations has been exceeded. Give a larger maxiter in options, or "
    "start again at x.",
    MAXFUN: "Maximum number of function evaluations has been exceeded. Give a larger maxfun in "
    "options, or start again at x.",
    NONFINITE: "NaN result encountered: the function or its gradient became NaN or Inf; x is the "
    "best finite point. Check the function beyond it, give bounds, or use a smaller learning_rate.",
    FTOL: "Optimization terminated successfully: the best value improved by less than ftol over "
    "ftol_window iterations.",
    XTOL: "Optimization terminated successfully: the last step is smaller than xtol.",
    TARGET: "Optimization terminated successfully: the target value was reached.",
    PATIENCE: "Stopped: the best value has not improved for as many iterations, or validations, as "
    "the option patience says. A smaller or falling learning_rate may get lower.",
    MAXTIME: "Stopped: the time limit was reached. Give a larger maxtime in options, or start "
    "again at x.",
    PRECISION: "Desired error not necessarily achieved due to precision loss: no step along the "
    "search direction lowers the function any more. If the gradient at x is large, check jac with "
    "scipy.optimize.check_grad.",
    NOISE_FLOOR: "Optimization terminated successfully: noise floor reached; at the end the mean "
    "gradient could not be told from zero. Averaging over more iterations still gets closer.",
    EXHAUSTED: "Stopped: the batches are used up. Pass more of them, or what can be passed over "
    "again, such as a list.",
    DIVERGED: "The values at the end lie above those at the start, beyond their noise; the start "
    "is returned. Use a smaller learning_rate, or learning_rate='race'.",
    UNBOUNDED: "The function seems to be unbounded below: it fell until numbers overflowed. Check "
    "its sign, or give bounds.",
    CALLBACK: "`callback` raised `StopIteration`.",
}
SUCCESS = frozenset({GTOL, FTOL, XTOL, TARGET, NOISE_FLOOR})
#: Each status in a word or two.
WORDS = {
    **{GTOL: "gtol", MAXITER: "maxiter", MAXFUN: "maxfun", NONFINITE: "NaN or Inf"},
    **{FTOL: "ftol", XTOL: "xtol", TARGET: "target", PATIENCE: "patience", MAXTIME: "maxtime"},
    **{PRECISION: "precision loss", NOISE_FLOOR: "noise floor", EXHAUSTED: "batches used up"},
    **{DIVERGED: "diverged", UNBOUNDED: "unbounded", CALLBACK: "callback"},
}

# Entries of `counts`: iterations, calls, iteration of the best value and of the ftol mark, records
# in the history, applications of the rule; rejected trials or values in a row; for the search, what
# it does first when it is entered again, whether there is a last step, and whether it has looked
# for noise.
NIT, NFEV, NJEV, BEST_AT, MARK_AT, RECORDS, AGE, REJECTED, PENDING, STEPPED, CHECKED = range(11)
COUNTS = 11
# Entries of `values`: the best value, the value and gradient norm now, the value at the ftol mark,
# the last step's size; for the search the accepted value, the slope to the trial, the share of the
# step that is tried, and the coefficient of the plain direction while another is tried.
BEST, FUN, GNORM, MARK, MOVED, ACCEPTED, SLOPE, ALPHA, PLAIN = range(9)
VALUES = 9


class Limits(NamedTuple):
    """The stopping tests as numbers; infinity or a negative tolerance turns one off.

    Parameters
    ----------
    gtol : float
        Bound on the largest component of the projected gradient.
    ftol, window : float
        Relative improvement of the best value that `window` iterations must bring.
    xtol : float
        Bound on the largest component of a step, relative to the largest of x and 1.
    target : float
        Function value to reach.
    maxiter, maxfun, patience : float
        Iterations, evaluations, and iterations without improvement.
    sign : float
        1 to minimise, -1 to maximise.
    record : float
        Record the history every so many iterations; 0 never.
    rounding : float
        Relative rounding error of a function value.
    """

    gtol: float
    ftol: float
    window: float
    xtol: float
    target: float
    maxiter: float
    maxfun: float
    patience: float
    sign: float
    record: float
    rounding: float


def new_counts() -> Any:
    """Counters of a run that has not begun."""
    return np.zeros(COUNTS, np.int64)


def new_values() -> Any:
    """Values of a run that has not begun."""
    values = np.zeros(VALUES)
    values[BEST] = values[MARK] = np.inf
    return values


def better(f, gnorm, limits, counts, values):
    """Note the value and gradient norm of a new point; whether it is the best one so far."""
    values[FUN] = f
    values[GNORM] = gnorm
    improved = False
    if isfinite(f) and isfinite(gnorm):
        best = values[BEST]
        if f < best:
            counts[BEST_AT] = counts[NIT]
            improved = True
        elif gnorm <= limits.gtol and not beaten(f, values):
            # A point that meets gtol replaces a best one whose value differs only by rounding.
            improved = True
        if improved:
            values[BEST] = f
    return improved


def beaten(f, values):
    """Whether the best value is lower, by more than rounding."""
    best = values[BEST]
    return f - best > 1e-10 * max(1.0, abs(best))


# One return only: Numba would count references, atomically, on each of several.
def verdict(limits, counts, values):
    """The status that the point just noted ends the run with, or RUNNING."""
    gnorm, best, nit = values[GNORM], values[BEST], counts[NIT]
    status = RUNNING
    if nit - counts[MARK_AT] >= limits.window or nit == 0:
        if values[MARK] - best <= limits.ftol * max(1.0, abs(best)):
            status = FTOL
        values[MARK] = best
        counts[MARK_AT] = nit
    if not (isfinite(values[FUN]) and isfinite(gnorm)):
        status = UNBOUNDED if values[FUN] == -np.inf else NONFINITE
    elif best <= limits.target:
        status = TARGET
    elif gnorm <= limits.gtol:
        status = GTOL
    elif nit > 0 and values[MOVED] <= limits.xtol:
        status = XTOL
    elif status == FTOL:
        pass
    elif nit - counts[BEST_AT] >= limits.patience:
        status = PATIENCE
    elif nit >= limits.maxiter:
        status = MAXITER
    return status
