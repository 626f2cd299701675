"""What the loop for noisy objectives remembers, and what it makes of the values it sees."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nadamkit.loops.stopping import NIT

#: Evaluations at the start before the first step.
HOLD = 4
#: The first d, as a share of the largest of x and 1. Prodigy's own 1e-6 leaves an excess of 1.47
#: times that of the best of 23 tuned settings, this one 1.39 (11 stochastic problems).
FIRST_SCALE = 1e-4
#: Errors by which a stretch, or the end, lies above the start; deviations by which one value does.
ABOVE, HIGHER = 4.0, 3.0
#: The few values at the start may lie close together by luck, up to this factor in their variance:
#: then later ones say what the noise is. Without, 7 of 400 good runs on minibatches were given up.
LUCK = 100.0
#: Averages weigh evaluation t by t**POWER (Shamir and Zhang 2013): the last ninth counts.
POWER = 8.0
#: The first window in which the fall of the objective is measured, and how much longer the next is.
WINDOW, LONGER = 100, 1.25
# Entries of `scalars`: size of the first gradient; d, its first value and its bound; the sum r;
# slope along the first direction, steps made, mean square of the gradients that the rule got. Means
# and variances of the first values and of the last ones, mean square of the gradient. Number, mean
# and sum of squares of a stretch. Values seen, and the share of the last ones above the first;
# the weights in the mean square that the rule got.
(SIZE, D, LOW, CAP, TOP, SLOPE, MOVED, SQUARES) = range(8)
(START, START_VAR, MEAN, VAR, SQUARE, LENGTH, LEVEL, SPREAD) = range(8, 16)
SEEN, HIGH, WEIGHT = 16, 17, 18
# The watch's window: its end, number, mean and sum of squares, mean and squared error of the one
# before, and windows without a fall.
(WINDOW_END, COUNT, W_MEAN, W_SPREAD, OLD_MEAN, OLD_ERROR, FLAT) = range(19, 26)
SCALARS = 26


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
        Whether steps are d times the direction, or the paper's.
    guarded : bool
        Whether d grows and shrinks, or stays 1.
    normed : bool
        Whether the rule has a metric; else its gradients are divided by their running size.
    average : float
        0 for the last iterate, 1 for the mean of the last ninth, else the decay of the average.
    clip_norm : float
        Bound on the gradient's norm.
    watch : bool
        End when the objective no longer falls.
    stretch : float
        Evaluations whose mean is compared with the start's.
    """

    start: Any
    scaled: Any
    p: Any
    total: Any
    mean_x: Any
    mean_g: Any
    scalars: Any
    learned: bool
    guarded: bool
    normed: bool
    average: float
    clip_norm: float
    watch: bool
    stretch: float


class Kind(NamedTuple):
    """The settings of a `State`, by the same names, and `widest`, a bound on d."""

    learned: bool
    guarded: bool
    normed: bool
    average: float
    clip_norm: float
    watch: bool
    stretch: float
    widest: float


def new_state(x: Any, kind: Kind) -> State:
    """The state of a run from x, shape (n,), that has not begun."""
    scalars = np.zeros(SCALARS)
    top = float(np.max(np.abs(x))) if x.size else 0.0
    scalars[CAP] = kind.widest if kind.guarded else 1.0
    first = FIRST_SCALE * max(1.0, top) if kind.guarded else 1.0
    scalars[D] = scalars[LOW] = min(first, scalars[CAP])
    scalars[WINDOW_END], scalars[OLD_MEAN] = WINDOW, np.inf
    p, total = np.zeros((2, x.size if kind.learned else 0), x.dtype)
    arrays = x.copy(), np.zeros_like(x), p, total, x.copy(), np.zeros_like(x)
    return State._make((*arrays, scalars, *kind[:-1]))


def count_value(f, square, scalars, counts):
    """Take a value into the means and variances."""
    t = counts[NIT] + 1.0
    scalars[SEEN] += 1.0
    if t <= HOLD:
        shift = f - scalars[START]
        scalars[START] += shift / t
        scalars[START_VAR] += (shift * (f - scalars[START]) - scalars[START_VAR]) / t
    weight = (POWER + 1.0) / (POWER + t)
    shift = f - scalars[MEAN]
    scalars[MEAN] += weight * shift
    scalars[VAR] += weight * (shift * (f - scalars[MEAN]) - scalars[VAR])
    scalars[SQUARE] += (weight if scalars[SQUARE] > 0.0 else 1.0) * (square - scalars[SQUARE])
    high = 1.0 if f > scalars[START] + HIGHER * np.sqrt(scalars[START_VAR]) else 0.0
    scalars[HIGH] += weight * (high - scalars[HIGH])


def falling(f, scalars, counts):
    """Whether the objective still falls, as far as its own standard error lets tell."""
    scalars[COUNT] += 1.0
    shift = f - scalars[W_MEAN]
    scalars[W_MEAN] += shift / scalars[COUNT]
    scalars[W_SPREAD] += shift * (f - scalars[W_MEAN])
    if counts[NIT] + 1 < scalars[WINDOW_END]:
        return True
    error = scalars[W_SPREAD] / (scalars[COUNT] * max(scalars[COUNT] - 1.0, 1.0))
    fall = scalars[OLD_MEAN] - scalars[W_MEAN]
    flat = fall <= 2.0 * np.sqrt(error + scalars[OLD_ERROR])
    scalars[FLAT] = scalars[FLAT] + 1.0 if flat else 0.0
    scalars[OLD_MEAN], scalars[OLD_ERROR] = scalars[W_MEAN], error
    scalars[COUNT] = scalars[W_MEAN] = scalars[W_SPREAD] = 0.0
    scalars[WINDOW_END] = max(LONGER * scalars[WINDOW_END], scalars[WINDOW_END] + WINDOW)
    return scalars[FLAT] < 2.0


def start_error(scalars, noise):
    """Squared error of the mean of the first values, if `noise` is the variance of later ones."""
    own = scalars[START_VAR] * HOLD / (HOLD - 1.0)
    return max(own, min(noise, LUCK * own)) / HOLD


def above(f, scalars, stretch):
    """Whether a stretch of values has ended that lies above the first ones."""
    scalars[LENGTH] += 1.0
    shift = f - scalars[LEVEL]
    scalars[LEVEL] += shift / scalars[LENGTH]
    scalars[SPREAD] += shift * (f - scalars[LEVEL])
    if scalars[LENGTH] < stretch:
        return False
    noise = scalars[SPREAD] / (scalars[LENGTH] - 1.0)
    error = noise / scalars[LENGTH] + start_error(scalars, noise)
    excess = scalars[LEVEL] - scalars[START]
    scalars[LENGTH] = scalars[LEVEL] = scalars[SPREAD] = 0.0
    return excess > ABOVE * np.sqrt(error)
