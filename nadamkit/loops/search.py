"""The loop of ``learning_rate="auto"``: the method's metric, with model-chosen coefficients.

The rule with mu = 0 gives the direction ``p = -g / D`` of its metric D: the gradient itself, or
divided by the root of n-hat or by the maximum. Its step length is the spectral (Barzilai-Borwein)
one in that metric. Methods with momentum add the last step s: both coefficients minimise a
quadratic model on the plane of p and s (Yuan and Stoer 1995), whose curvature along s is measured
and along p is 3/2 of the larger spectral estimate (Dai and Kou 2016). That makes them conjugate
gradient methods, which need the minimum along a line more exactly: a trial with a steep slope is
moved once or twice by interpolation. A trial is accepted if it is lower than the highest of the
last ten accepted values by a share of the slope (Grippo, Lampariello and Lucidi 1986); otherwise
the step is shortened. On bounds the trial is projected (Birgin, Martinez and Raydan 2000). An
iteration normally costs one evaluation. None is made twice, but for the last value once where a
search fails: if it is another one then, the function is noisy.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from nadamkit.loops.model import coefficients, rejected, share, shorten, steep
from nadamkit.loops.parts import Parts
from nadamkit.loops.stopping import (
    ACCEPTED,
    AGE,
    BEST,
    BEST_AT,
    CHECKED,
    GTOL,
    MAXFUN,
    NFEV,
    NIT,
    NOISY,
    NONFINITE,
    PENDING,
    PRECISION,
    REJECTED,
    RUNNING,
    STEPPED,
    beaten,
)
from nadamkit.loops.trials import make_again, make_aim, make_place, make_refine

#: Accepted values the next one is compared with: 5 to 20 solve the same problems.
MEMORY = 10
#: Accepted steps without a new best value after which it gives up.
MAX_STALLED = 100
#: After so many shortenings in a row it looks whether the function still has its last value.
CHECK_AT = 8
# What the loop does first when it is entered: evaluate the trial, or find a direction.
EVALUATE, DIRECT = 0, 1


class State(NamedTuple):
    """What the search remembers beside the work arrays.

    Parameters
    ----------
    memory : ndarray of shape (MEMORY,)
        The last accepted values.
    momentum : bool
        Whether the last step is part of the search space.
    check : bool
        Whether a search that fails looks for noise.
    """

    memory: Any
    momentum: bool
    check: bool


def new_state(momentum: bool, check: bool) -> State:
    """The state of a search that has not begun."""
    return State(np.full(MEMORY, -np.inf), momentum, check)


#: What the loop calls beside its parts.
HELPERS: tuple[Any, ...] = (rejected, steep, share, shorten, coefficients)


def make_note(parts: Parts) -> Any:
    """``note(f, gnorm, w, limits, counts, values, records)`` notes a point; its status."""
    better, verdict, copy, record = parts.better, parts.verdict, parts.copy, parts.record

    def note(f, gnorm, w, limits, counts, values, records):
        if better(f, gnorm, limits, counts, values):
            copy(w.best_x, w.x)
            copy(w.best_g, w.g)
        status = verdict(limits, counts, values)
        every = int(limits.record)
        if every and counts[NIT] % every == 0:
            record(w.x, counts, values, limits.sign, records)
        if status == RUNNING and counts[NIT] - counts[BEST_AT] >= MAX_STALLED:
            status = PRECISION
        return status

    return note


def make_noisy(parts: Parts) -> Any:
    """``noisy(fun, args, point, w, state, limits, counts, values)`` evaluates once more.

    Whether the value at a point, which was `ACCEPTED`, is another one now; asked once a run, where
    the search fails: also where lucky values have shrunk its step to nothing.
    """
    evaluate, count = parts.evaluate, parts.count

    def noisy(fun, args, point, w, state, limits, counts, values):
        if not state.check or counts[CHECKED] > 0 or counts[NFEV] >= limits.maxfun:
            return False
        counts[CHECKED] = 1
        f = limits.sign * evaluate(fun, args, point, w.spare)
        count(fun, counts)
        before = values[ACCEPTED]
        return f != before and (isfinite(f) or isfinite(before))

    return noisy


def make_retreat(parts: Parts) -> Any:
    """``retreat(w, state, counts, values)`` goes back to the best point, and does not climb again.

    Not every accepted value is the lowest, and so the search may end above the best point.
    """
    copy = parts.copy

    def retreat(w, state, counts, values):
        copy(w.x, w.best_x)
        copy(w.g, w.best_g)
        values[ACCEPTED] = values[BEST]
        for i in range(MEMORY):
            state.memory[i] = values[BEST]
        counts[STEPPED] = 0

    return retreat


def make_loop(parts: Parts, lift: Any = lambda function: function) -> Any:
    """The loop as a plain function, to be run interpreted or compiled.

    Parameters
    ----------
    parts : Parts
        What it calls.
    lift : callable
        Makes a plain function callable from the loop.

    Returns
    -------
    callable
        ``loop(fun, args, w, table, state, limits, counts, values, records, kernel) -> status`` runs
        until a test ends the run or the rows of the table are used up. The kernel is an argument,
        so that one compiled loop serves all rules.
    """
    place = lift(make_place(parts))
    again, aim = lift(make_again(parts, place)), lift(make_aim(parts, place))
    refine, note = lift(make_refine(parts, place)), lift(make_note(parts))
    noisy, retreat = lift(make_noisy(parts)), lift(make_retreat(parts))
    evaluate, count, hook = parts.evaluate, parts.count, parts.hook
    examine, subtract, clear = parts.examine, parts.subtract, parts.clear
    restrict, copy, borrow, token = parts.restrict, parts.copy, parts.borrow, parts.token

    def loop(fun, args, w, table, state, limits, counts, values, records, kernel):
        token  # noqa: B018  part of the cache key
        w, table, state, counts, values, records = borrow(
            (w, table, state, counts, values, records)
        )
        row, x, g, memory = 0, w.x, w.g, state.memory
        while True:
            if counts[PENDING] == EVALUATE:
                if counts[NFEV] >= limits.maxfun:
                    return MAXFUN
                f = limits.sign * evaluate(fun, args, x, g)
                count(fun, counts)
                gnorm = examine(x, g, w.lower, w.upper, limits.sign)
                first = memory[0] == -np.inf
                if first and not isfinite(f + gnorm):
                    values[ACCEPTED] = f
                    if noisy(fun, args, x, w, state, limits, counts, values):
                        return NOISY
                if not first and rejected(f, gnorm, memory, values, limits.rounding):
                    going = again(f, gnorm, x, w, limits, counts, values)
                    if counts[REJECTED] >= CHECK_AT or not going:
                        if noisy(fun, args, w.old_x, w, state, limits, counts, values):
                            copy(x, w.old_x)
                            return NOISY
                        place(x, w, values)
                    if going:
                        continue
                    return PRECISION if isfinite(f) else NONFINITE
                if not first:
                    if state.momentum and refine(f, gnorm, x, w, limits, counts, values):
                        continue
                    counts[NIT] += 1
                    counts[STEPPED] = 1
                    subtract(w.step, x, w.old_x)
                    subtract(w.bend, g, w.old_g)
                memory[counts[NIT] % MEMORY] = values[ACCEPTED] = f
                counts[REJECTED] = 0
                status = note(f, gnorm, w, limits, counts, values, records)
                asked = hook(x, counts, values)
                if status == PRECISION and noisy(fun, args, x, w, state, limits, counts, values):
                    return NOISY
                if status == GTOL and beaten(f, values):
                    status = RUNNING
                    retreat(w, state, counts, values)
                if status != RUNNING or asked != RUNNING:
                    return status if status != RUNNING else asked
                copy(w.old_x, x)
                copy(w.old_g, g)
            if row == table.shape[0]:
                counts[PENDING] = DIRECT
                return RUNNING
            clear(w.p)
            kernel(w.p, g, w.s, table, row, w.rates, w.mods)
            restrict(w.p, x, w.lower, w.upper)
            row += 1
            counts[AGE] += 1
            if not aim(x, g, w, counts, values, state.momentum):
                copy(x, w.old_x)
                lucky = counts[NIT] > 0 and noisy(fun, args, x, w, state, limits, counts, values)
                return NOISY if lucky else PRECISION
            counts[PENDING] = EVALUATE

    return loop
