"""The loop for noisy objectives: a learned scale, averages, and nothing that trusts a single value.

With a learning rate from the user it makes the paper's steps. With ``"auto"`` the rule gives the
direction p of its metric and momentum from the gradients, and the scale d of the steps is learned:
a lower bound of the distance to the solution from the gradients seen so far (Mishchenko and Defazio
2024, "Prodigy", algorithm 1), which grows from next to nothing. Gradients are divided by the first
one's size, so that the scale of the function plays no part.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nadamkit.loops.parts import Parts
from nadamkit.loops.stopping import (
    AGE,
    FUN,
    GNORM,
    MAXFUN,
    NFEV,
    NIT,
    NOISE_FLOOR,
    NONFINITE,
    REJECTED,
    RUNNING,
    TARGET,
)

#: Evaluations whose mean stands for the start.
FIRST = 10
#: Averages weigh evaluation t by t**POWER (Shamir and Zhang 2013): the last ninth counts.
POWER = 8.0
#: Values in a row that may be NaN or Inf.
MAX_SKIPPED = 50
#: The first d, as a share of the largest of x and 1, and the decay of the sums that it comes from.
FIRST_SCALE = 1e-6
DECAY = 0.999**0.5
#: The first window in which the fall of the objective is measured, and how much the next is longer.
WINDOW, LONGER = 100, 1.25
# Entries of `scalars`: size of the first gradient, d now and at first, its bound, the numerator of
# d; mean and variance of the first values and of the last ones, mean square of the gradient; the
# window's end, number, mean and sum of squares, mean and squared error of the one before, and
# windows without a fall.
(SIZE, D, D0, D_MAX, TOP, START, START_VAR, MEAN, VAR, SQUARE) = range(10)
(WINDOW_END, COUNT, LEVEL, SPREAD, OLD_LEVEL, OLD_ERROR, FLAT) = range(10, 17)
SCALARS = 17


class State(NamedTuple):
    """What the loop remembers beside the work arrays.

    Parameters
    ----------
    start, scaled : ndarray of shape (n,)
        Where the run began; the gradient that the rule gets.
    p, total : ndarray of shape (n,), or (0,) with a given learning rate
        The direction; the weighted sum of the gradients.
    mean_x, mean_g : ndarray of shape (n,)
        Averages of the last iterates, or the last iterate itself, and of the last gradients.
    scalars : ndarray of float64
        See above.
    learned : bool
        Whether the scale is learned.
    average : float
        0 for the last iterate, 1 for the mean of the last ninth, else the decay of the average.
    clip_norm : float
        Bound on the gradient's norm.
    watch : bool
        End when the objective no longer falls.
    """

    start: Any
    scaled: Any
    p: Any
    total: Any
    mean_x: Any
    mean_g: Any
    scalars: Any
    learned: bool
    average: float
    clip_norm: float
    watch: bool


#: The rule's hyperparameters where the scale is learned, unless the user chose others.
HYPER = {"mu": 0.9, "schedule": "constant", "eps": 1e-30}


def new_state(
    x: Any, learned: bool, average: float, clip_norm: float, watch: bool, widest: float
) -> State:
    """The state of a run from x, shape (n,), that has not begun, in bounds `widest` apart."""
    scalars = np.zeros(SCALARS)
    top = float(np.max(np.abs(x))) if x.size else 0.0
    scalars[D_MAX] = widest
    scalars[D] = scalars[D0] = min(FIRST_SCALE * max(1.0, top), widest)
    scalars[WINDOW_END], scalars[OLD_LEVEL] = WINDOW, np.inf
    p, total = np.zeros((2, x.size if learned else 0), x.dtype)
    arrays = x.copy(), np.zeros_like(x), p, total, x.copy(), np.zeros_like(x)
    return State._make((*arrays, scalars, learned, average, clip_norm, watch))


def count_value(f, gnorm, square, scalars, counts):
    """Take a value into the means and variances."""
    t = counts[AGE] + 1.0
    if t <= FIRST:
        shift = f - scalars[START]
        scalars[START] += shift / t
        scalars[START_VAR] += (shift * (f - scalars[START]) - scalars[START_VAR]) / t
    weight = (POWER + 1.0) / (POWER + t)
    shift = f - scalars[MEAN]
    scalars[MEAN] += weight * shift
    scalars[VAR] += weight * (shift * (f - scalars[MEAN]) - scalars[VAR])
    scalars[SQUARE] += weight * (square - scalars[SQUARE])


def falling(f, scalars, counts):
    """Whether the objective still falls, as far as its own standard error lets tell."""
    scalars[COUNT] += 1.0
    shift = f - scalars[LEVEL]
    scalars[LEVEL] += shift / scalars[COUNT]
    scalars[SPREAD] += shift * (f - scalars[LEVEL])
    if counts[AGE] + 1 < scalars[WINDOW_END]:
        return True
    error = scalars[SPREAD] / (scalars[COUNT] * max(scalars[COUNT] - 1.0, 1.0))
    fall = scalars[OLD_LEVEL] - scalars[LEVEL]
    flat = fall <= 2.0 * np.sqrt(error + scalars[OLD_ERROR])
    scalars[FLAT] = scalars[FLAT] + 1.0 if flat else 0.0
    scalars[OLD_LEVEL], scalars[OLD_ERROR] = scalars[LEVEL], error
    scalars[COUNT] = scalars[LEVEL] = scalars[SPREAD] = 0.0
    scalars[WINDOW_END] = max(LONGER * scalars[WINDOW_END], scalars[WINDOW_END] + WINDOW)
    return scalars[FLAT] < 2.0


#: What the loop calls beside its parts.
HELPERS: tuple[Any, ...] = (count_value, falling)


def make_note(parts: Parts) -> Any:
    """``note(f, gnorm, w, state, limits, counts, values)`` takes in a value; the status."""
    largest, combine, dot = parts.largest, parts.combine, parts.dot

    def note(f, gnorm, w, state, limits, counts, values):
        values[FUN], values[GNORM] = f, gnorm
        scalars = state.scalars
        if not (np.isfinite(f) and np.isfinite(gnorm)):
            counts[REJECTED] += 1
            return NONFINITE if counts[REJECTED] > MAX_SKIPPED else RUNNING
        counts[REJECTED] = 0
        if scalars[SIZE] == 0.0:
            scalars[SIZE] = largest(w.g)
        size = scalars[SIZE] if scalars[SIZE] > 0.0 else 1.0
        combine(state.scaled, 1.0 / size, w.g, 0.0, w.g)
        count_value(f, gnorm, dot(state.scaled, state.scaled), scalars, counts)
        weight = (POWER + 1.0) / (POWER + counts[AGE] + 1.0)
        combine(state.mean_g, 1.0 - weight, state.mean_g, weight, w.g)
        status = RUNNING
        if state.watch and not falling(f, scalars, counts):
            status = NOISE_FLOOR
        if counts[AGE] >= FIRST and scalars[MEAN] <= limits.target:
            status = TARGET
        return status

    return note


def make_learn(parts: Parts) -> Any:
    """``learn(w, state, share)`` readies the gradient for the rule and learns the scale."""
    dot, combine, subtract, sum_abs = parts.dot, parts.combine, parts.subtract, parts.sum_abs

    def learn(w, state, share):
        scalars = state.scalars
        d = scalars[D]
        weight = d / scalars[D0] * d * share
        size = scalars[SIZE] if scalars[SIZE] > 0.0 else 1.0
        combine(state.total, DECAY, state.total, weight, state.scaled)
        subtract(w.old_x, state.start, w.x)
        scalars[TOP] = DECAY * scalars[TOP] + weight * dot(state.scaled, w.old_x)
        combine(state.scaled, d / size, w.g, 0.0, w.g)
        below = sum_abs(state.total)
        if below > 0.0:
            scalars[D] = min(max(d, scalars[TOP] / below), scalars[D_MAX])
        return d

    return learn


def make_advance(parts: Parts, learn: Any) -> Any:
    """``advance(w, table, row, state, counts, kernel)`` makes a step and averages."""
    combine, clear, clip, copy = parts.combine, parts.clear, parts.clip, parts.copy
    project = parts.project

    def advance(w, table, row, state, counts, kernel):
        if state.learned:
            d = learn(w, state, np.float64(table[row, 0]))
            clear(state.p)
            kernel(state.p, state.scaled, w.s, table, row, w.rates, w.mods)
            combine(w.x, 1.0, w.x, d, state.p)
        else:
            if state.clip_norm < np.inf:
                clip(w.mods, w.g, state.clip_norm)
            kernel(w.x, w.g, w.s, table, row, w.rates, w.mods)
        if w.lower.size:
            project(w.x, w.lower, w.upper)
        counts[AGE] += 1
        if state.average == 0.0:
            copy(state.mean_x, w.x)
        else:
            t = counts[AGE]
            weight = (POWER + 1.0) / (POWER + t)
            if state.average < 1.0:
                weight = max(1.0 - state.average, 1.0 / t)
            combine(state.mean_x, 1.0 - weight, state.mean_x, weight, w.x)

    return advance


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
        until a test ends the run or the rows of the table are used up.
    """
    note = lift(make_note(parts))
    advance = lift(make_advance(parts, lift(make_learn(parts))))
    evaluate, count, hook = parts.evaluate, parts.count, parts.hook
    examine, record, token = parts.examine, parts.record, parts.token

    def loop(fun, args, w, table, state, limits, counts, values, records, kernel):
        token  # noqa: B018  part of the cache key
        every = int(limits.record)
        row = 0
        while row < table.shape[0]:
            if counts[NFEV] >= limits.maxfun:
                return MAXFUN
            f = limits.sign * evaluate(fun, args, w.x, w.g)
            count(fun, counts)
            counts[NIT] = counts[AGE]
            gnorm = examine(w.x, w.g, w.lower, w.upper, limits.sign)
            status = note(f, gnorm, w, state, limits, counts, values)
            if every and counts[NIT] % every == 0:
                record(w.x, counts, values, limits.sign, records)
            asked = hook(w.x, counts, values)
            if status != RUNNING or asked != RUNNING:
                return status if status != RUNNING else asked
            if counts[REJECTED] == 0:
                advance(w, table, row, state, counts, kernel)
                row += 1
        return RUNNING

    return loop
