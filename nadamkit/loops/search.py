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
#: And with it, at most this many times: flat ground far off is where functions overflow.
STRETCH = 1e4
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
    along_p = plain = 0.0
    along_s = 0.0
    if not (sy > 0.0 and s_metric > 0.0):
        if pp > 0.0:
            along_p = plain = GROWTH * np.sqrt(ss / pp)
        return along_p, along_s, plain
    plain = s_metric / sy
    if plain * np.sqrt(pp) > STRETCH * np.sqrt(ss):
        plain = STRETCH * np.sqrt(ss / pp)
    along_p = plain
    bend = max(-gp * sy / s_metric, 1.5 * py * py / sy)
    det = bend * sy - py * py
    if momentum and det > CONDITION * bend * sy and gs * py - gp * sy > 0.0:
        along_p = (gs * py - gp * sy) / det
        along_s = (gp * py - gs * bend) / det
    return along_p, along_s, plain


#: What the loop calls beside its parts.
HELPERS: tuple[Any, ...] = (rejected, shorten, coefficients)


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


def make_place(parts: Parts) -> Any:
    """``place(x, w, values)`` puts the trial at a share of the direction; whether it descends."""
    move, subtract, dot = parts.move, parts.subtract, parts.dot

    def place(x, w, values):
        values[MOVED] = move(x, w.old_x, w.d, values[ALPHA], w.lower, w.upper)
        subtract(w.spare, x, w.old_x)
        values[SLOPE] = dot(w.old_g, w.spare)
        return values[SLOPE] < 0.0

    return place


def make_again(parts: Parts, place: Any) -> Any:
    """``again(f, x, w, counts, values)`` makes the next trial after a rejected one, or gives up."""
    combine = parts.combine

    def again(f, x, w, counts, values):
        shorten(f, values)
        counts[REJECTED] += 1
        if counts[REJECTED] == MAX_REJECTED and values[PLAIN] > 0.0:
            # The plane misled: once more along the plain scaled gradient.
            combine(w.d, values[PLAIN], w.p, 0.0, w.step)
            values[ALPHA], values[PLAIN], counts[REJECTED] = 1.0, 0.0, 0
        return place(x, w, values) and counts[REJECTED] <= MAX_REJECTED

    return again


def make_aim(parts: Parts, place: Any) -> Any:
    """``aim(x, g, w, counts, values, momentum)`` makes a trial from p; whether it descends."""
    largest, dot, scale, combine = parts.largest, parts.dot, parts.scale, parts.combine

    def aim(x, g, w, counts, values, momentum):
        if counts[NIT] == 0:
            top = largest(w.p)
            plain = FIRST_MOVE * max(1.0, largest(x)) / top if top > 0.0 else 0.0
            along_p, along_s = plain, 0.0
        else:
            scale(w.spare, w.step, g, w.p)
            gp, gs, py, sy = dot(g, w.p), dot(g, w.step), dot(w.p, w.bend), dot(w.step, w.bend)
            squares = dot(w.step, w.spare), dot(w.step, w.step), dot(w.p, w.p)
            along_p, along_s, plain = coefficients(gp, gs, py, sy, *squares, momentum)
        combine(w.d, along_p, w.p, along_s, w.step)
        values[ALPHA] = 1.0
        values[PLAIN] = plain if along_s != 0.0 else 0.0
        descends = place(x, w, values)
        if not descends and along_s != 0.0:
            combine(w.d, plain, w.p, 0.0, w.step)
            values[PLAIN] = 0.0
            descends = place(x, w, values)
        return descends

    return aim


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
    note = lift(make_note(parts))
    evaluate, count, hook = parts.evaluate, parts.count, parts.hook
    examine, subtract, clear = parts.examine, parts.subtract, parts.clear
    restrict, copy, token = parts.restrict, parts.copy, parts.token

    def loop(fun, args, w, table, state, limits, counts, values, records, kernel):
        token  # noqa: B018  part of the cache key
        x, g, memory = w.x, w.g, state.memory
        row = 0
        while True:
            if counts[PENDING] == EVALUATE:
                if counts[NFEV] >= limits.maxfun:
                    return MAXFUN
                f = limits.sign * evaluate(fun, args, x, g)
                count(fun, counts)
                gnorm = examine(x, g, w.lower, w.upper, limits.sign)
                first = memory[0] == -np.inf
                if not first and rejected(f, gnorm, memory, values, limits.rounding):
                    if again(f, x, w, counts, values):
                        continue
                    return PRECISION if np.isfinite(f) else NONFINITE
                if not first:
                    counts[NIT] += 1
                    subtract(w.step, x, w.old_x)
                    subtract(w.bend, g, w.old_g)
                memory[counts[NIT] % MEMORY] = values[ACCEPTED] = f
                counts[REJECTED] = 0
                status = note(f, gnorm, w, limits, counts, values, records)
                asked = hook(x, counts, values)
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
                return PRECISION
            counts[PENDING] = EVALUATE

    return loop
