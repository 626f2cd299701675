"""What the search computes from a few numbers: which trials it takes, and the next step.

Quotients come before products: the units of f and x cancel, and no scale overflows.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from nadamkit.loops.stopping import ACCEPTED, ALPHA, SLOPE

#: Share of the slope that a step must gain (Armijo).
GAIN = 1e-4
#: A trial whose slope is more than this share of the first is moved along the line (strong Wolfe).
#: 0.3 to 0.9 solve as many of the 42 problems, give or take one.
FLAT = 0.5
#: A trial is moved or shortened to no less than this share; to just this where it is not finite.
LEAST = 0.1
#: A trial that is too high is shortened to no more than this share.
MOST = 0.5
#: A trial whose slope is still steep is lengthened up to this many times. 3 and 4 need more calls.
#: Less than 1 / LEAST: else the trial is evaluated again if it cannot be lengthened.
EXTEND = 8.0
#: Differences of values below this many rounding errors say nothing about the line's minimum.
NOISE = 1e3
#: Without positive curvature the next step is this many times as long as the last.
GROWTH = 4.0
#: And with it, at most this many times: flat ground far off is where functions overflow.
STRETCH = 1e4
#: Safety of the curvature along p (Dai and Kou 2016). With 1 and 2 it takes more calls.
SAFETY = 1.5
#: With momentum, the shorter spectral step is the plain one if it is less than this share of the
#: longer (Zhou, Gao and Dai 2006). Without, it solves more fits, but loses gd distant atoms.
SHORTER = 0.5


def rejected(f, gnorm, memory, values, rounding):
    """Whether a trial is not low enough."""
    highest = memory[0]
    for value in memory:
        highest = max(highest, value)
    bound = highest + GAIN * values[SLOPE] + rounding * abs(highest)
    return not (f <= bound and isfinite(gnorm))


def steep(slope, values):
    """Whether the slope at a trial says that the minimum along the line is elsewhere."""
    return abs(slope) > FLAT * abs(values[SLOPE])


def share(f, slope, values, rounding, most):
    """Where the minimum along the line is, as a share of the trial.

    It is that of the cubic through both values and slopes; of the parabola through the slopes where
    the values are equal but for rounding, or the cubic has none.
    """
    bend = slope / values[SLOPE]
    drop = f - values[ACCEPTED]
    found = -1.0
    if abs(drop) > NOISE * rounding * abs(f):
        middle = 1.0 + bend - 3.0 * drop / values[SLOPE]
        root = middle * middle - bend
        if root >= 0.0:
            root = np.sqrt(root)
            found = 1.0 - (bend - root - middle) / (bend - 1.0 - 2.0 * root)
    if not 0.0 < found < np.inf:
        found = 1.0 / (1.0 - bend) if bend < 1.0 else most
    return min(max(found, LEAST), most)


def shorten(f, gnorm, slope, values, rounding):
    """Shorten the step after a rejected trial."""
    if isfinite(f) and isfinite(gnorm):
        values[ALPHA] *= share(f, slope, values, rounding, MOST)
    else:
        values[ALPHA] *= LEAST


def coefficients(gp, gs, py, sy, s_metric, y_metric, ss, pp, momentum):
    """Coefficients of p and s in the next step, and that of p alone.

    From the inner products g.p, g.s, p.y, s.y, s.D.s, y.y/D, s.s and p.p, where y is the change of
    g along the last step s.
    """
    along_p = along_s = plain = 0.0
    if not (sy > 0.0 and s_metric > 0.0):
        if pp > 0.0:
            along_p = plain = GROWTH * np.sqrt(ss / pp)
        return along_p, along_s, plain
    plain = s_metric / sy
    if momentum and sy < SHORTER * plain * y_metric:
        plain = sy / y_metric
    if plain * np.sqrt(pp) > STRETCH * np.sqrt(ss):
        plain = STRETCH * np.sqrt(ss / pp)
    along_p = plain
    # The model in units of s.y, with plain * p in place of p.
    slope_p, slope_s, cross = plain * gp / sy, gs / sy, plain * py / sy
    bend = -SAFETY * slope_p * (plain * y_metric / sy)
    det = bend - cross * cross
    if momentum and 0.0 < det < np.inf and slope_s * cross - slope_p > 0.0:
        along_p = plain * ((slope_s * cross - slope_p) / det)
        along_s = (slope_p * cross - slope_s * bend) / det
    return along_p, along_s, plain
