"""The loop of ``learning_rate="auto"``: the method's metric, with model-chosen coefficients.

The rule with mu = 0 gives the direction ``p = -g / D`` of its metric D: the gradient itself, or
divided by the root of n-hat or by the maximum. Its step length is the spectral (Barzilai-Borwein)
one in that metric. Methods with momentum add the last step s: both coefficients minimise a
quadratic model on the plane of p and s, whose curvature along s is measured and along p is the
spectral one, kept consistent as by Yuan and Stoer (1995). A trial is accepted if it is lower than
the highest of the last ten accepted values by a share of the slope (Grippo, Lampariello and Lucidi
1986); otherwise the step is shortened by interpolation. On bounds the trial is projected (Birgin,
Martinez and Raydan 2000). An iteration normally costs one evaluation, and none is ever made twice.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nadamkit.loops.parts import Parts
from nadamkit.loops.stopping import (
    ACCEPTED,
    AGE,
    ALPHA,
    BEST_AT,
    MAXFUN,
    MOVED,
    NFEV,
    NIT,
    NONFINITE,
    PENDING,
    PLAIN,
    PRECISION,
    REJECTED,
    RUNNING,
    SLOPE,
)

#: Accepted values the next one is compared with: 5 to 20 solve the same problems.
MEMORY = 10
#: Share of the slope that a step must gain (Armijo).
GAIN = 1e-4
#: The first step moves the largest component by this share of the largest of x and 1.
FIRST_MOVE = 0.01
#: Without positive curvature the next step is this many times as long as the last.
GROWTH = 4.0
#: The plane of p and s is used if its model is at least this well conditioned.
CONDITION = 1e-6
#: Shortenings in a row, and accepted steps without a new best value, after which it gives up.
MAX_REJECTED = 20
MAX_STALLED = 100
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
    """

    memory: Any
    momentum: bool


def new_state(momentum: bool) -> State:
    """The state of a search that has not begun."""
    return State(np.full(MEMORY, -np.inf), momentum)


def rejected(f, gnorm, memory, values, rounding):
    """Whether a trial is not low enough."""
    highest = memory[0]
    for value in memory:
        highest = max(highest, value)
    bound = highest + GAIN * values[SLOPE] + rounding * abs(highest)
    return not (f <= bound and np.isfinite(gnorm))


def shorten(f, values):
    """Shorten the step: to the minimum of the parabola through what is known."""
    excess = f - values[ACCEPTED] - values[SLOPE]
    share = 0.5
    if not np.isfinite(f):
        share = 0.1
    elif excess > 0.0:
        share = min(max(-0.5 * values[SLOPE] / excess, 0.1), 0.5)
    values[ALPHA] *= share


def coefficients(gp, gs, py, sy, s_metric, ss, pp, momentum):
    """Coefficients of p and s in the next step, and that of p alone.

    From the inner products g.p, g.s, p.y, s.y, s.D.s, s.s and p.p, where y is the change of g
    along the last step s.
    """
    if not (sy > 0.0 and s_metric > 0.0):
        plain = GROWTH * np.sqrt(ss / pp)
        return plain, 0.0, plain
    spectral = sy / s_metric
    plain = 1.0 / spectral
    bend = max(-spectral * gp, 1.5 * py * py / sy)
    det = bend * sy - py * py
    if not (momentum and det > CONDITION * bend * sy):
        return plain, 0.0, plain
    along_p = (gs * py - gp * sy) / det
    if not along_p > 0.0:
        return plain, 0.0, plain
    return along_p, (gp * py - gs * bend) / det, plain


#: What the loop calls beside its parts.
HELPERS: tuple[Any, ...] = (rejected, shorten, coefficients)


def make_loop(parts: Parts) -> Any:
    """The loop as a plain function, to be run interpreted or compiled.

    Returns
    -------
    callable
        ``loop(fun, args, w, table, state, limits, counts, values, records, kernel) -> status`` runs
        until a test ends the run or the rows of the table are used up. The kernel is an argument,
        so that one compiled loop serves all rules.
    """
    evaluate, count, hook, token = parts.evaluate, parts.count, parts.hook, parts.token
    gradient_norm, largest = parts.gradient_norm, parts.largest
    dot, subtract, scale, clear = parts.dot, parts.subtract, parts.scale, parts.clear
    move, restrict, combine = parts.move, parts.restrict, parts.combine
    flip, copy, better = parts.flip, parts.copy, parts.better
    verdict, record = parts.verdict, parts.record

    def loop(fun, args, w, table, state, limits, counts, values, records, kernel):
        token  # noqa: B018  part of the cache key
        every = int(limits.record)
        x, g, memory = w.x, w.g, state.memory
        row = 0
        while True:
            if counts[PENDING] == EVALUATE:
                if counts[NFEV] >= limits.maxfun:
                    return MAXFUN
                f = limits.sign * evaluate(fun, args, x, g)
                count(fun, counts)
                if limits.sign < 0.0:
                    flip(g)
                gnorm = gradient_norm(x, g, w.lower, w.upper) if w.lower.size else largest(g)
                first = memory[0] == -np.inf
                if not first and rejected(f, gnorm, memory, values, limits.rounding):
                    shorten(f, values)
                    counts[REJECTED] += 1
                    if counts[REJECTED] == MAX_REJECTED and values[PLAIN] > 0.0:
                        # The plane misled: once more along the plain scaled gradient.
                        combine(w.d, values[PLAIN], w.p, 0.0, w.step)
                        values[ALPHA], values[PLAIN], counts[REJECTED] = 1.0, 0.0, 0
                    values[MOVED] = move(x, w.old_x, w.d, values[ALPHA], w.lower, w.upper)
                    subtract(w.spare, x, w.old_x)
                    values[SLOPE] = dot(w.old_g, w.spare)
                    if counts[REJECTED] <= MAX_REJECTED and values[SLOPE] < 0.0:
                        continue
                    return PRECISION if np.isfinite(f) else NONFINITE
                if not first:
                    counts[NIT] += 1
                    subtract(w.step, x, w.old_x)
                    subtract(w.bend, g, w.old_g)
                memory[counts[NIT] % MEMORY] = f
                values[ACCEPTED] = f
                counts[REJECTED] = 0
                if better(f, gnorm, limits, counts, values):
                    copy(w.best_x, x)
                    copy(w.best_g, g)
                status = verdict(limits, counts, values)
                if every and counts[NIT] % every == 0:
                    record(x, counts, values, limits.sign, records)
                asked = hook(x, counts, values)
                if status == RUNNING and counts[NIT] - counts[BEST_AT] >= MAX_STALLED:
                    status = PRECISION
                if status != RUNNING:
                    return status
                if asked != RUNNING:
                    return asked
                copy(w.old_x, x)
                copy(w.old_g, g)
            if row == table.shape[0]:
                counts[PENDING] = DIRECT
                return RUNNING
            clear(w.p)
            kernel(w.p, g, w.s, table, row, w.rates, w.mods)
            if w.lower.size:
                restrict(w.p, x, w.lower, w.upper)
            row += 1
            counts[AGE] += 1
            if counts[NIT] == 0:
                plain = FIRST_MOVE * max(1.0, largest(x)) / largest(w.p)
                along_p, along_s = plain, 0.0
            else:
                scale(w.spare, w.step, g, w.p)
                along_p, along_s, plain = coefficients(
                    dot(g, w.p),
                    dot(g, w.step),
                    dot(w.p, w.bend),
                    dot(w.step, w.bend),
                    dot(w.step, w.spare),
                    dot(w.step, w.step),
                    dot(w.p, w.p),
                    state.momentum,
                )
            combine(w.d, along_p, w.p, along_s, w.step)
            values[ALPHA] = 1.0
            values[PLAIN] = plain if along_s != 0.0 else 0.0
            values[MOVED] = move(x, w.old_x, w.d, 1.0, w.lower, w.upper)
            subtract(w.spare, x, w.old_x)
            values[SLOPE] = dot(g, w.spare)
            if not values[SLOPE] < 0.0 and along_s != 0.0:
                combine(w.d, plain, w.p, 0.0, w.step)
                values[PLAIN] = 0.0
                values[MOVED] = move(x, w.old_x, w.d, 1.0, w.lower, w.upper)
                subtract(w.spare, x, w.old_x)
                values[SLOPE] = dot(g, w.spare)
            if not values[SLOPE] < 0.0:
                return PRECISION
            counts[PENDING] = EVALUATE

    return loop
