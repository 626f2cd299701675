"""The trials of the search: where the next evaluation is, along the line and after it."""

from __future__ import annotations

from typing import Any

from nadamkit.loops.model import EXTEND, coefficients, share, shorten, steep
from nadamkit.loops.parts import Parts
from nadamkit.loops.stopping import (
    ALPHA,
    MOVED,
    PLAIN,
    REJECTED,
    SLOPE,
    STEPPED,
)

#: How often a trial that is low enough, but on a steep slope, is moved along the line: once takes
#: a tenth more calls, and five times solves the same problems.
MOVES = 2
#: The first step moves the largest component by this share of the largest of x and 1.
FIRST_MOVE = 0.01
#: Shortenings in a row after which it gives up; twice as many of the first step.
MAX_REJECTED = 20
#: After so many shortenings of the first step, it gets shorter by this factor too.
UNKNOWN_SCALE, FAR = 5, 1e-9


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
    """``again(f, gnorm, x, w, limits, counts, values)`` replaces a rejected trial, or gives up."""
    combine, dot = parts.combine, parts.dot

    def again(f, gnorm, x, w, limits, counts, values):
        shorten(f, gnorm, dot(w.g, w.spare), values, limits.rounding)
        counts[REJECTED] += 1
        most = MAX_REJECTED
        if counts[STEPPED] == 0:
            # The unit of x may be anything; a step that is too short grows again.
            most = 2 * MAX_REJECTED
            if counts[REJECTED] > UNKNOWN_SCALE:
                values[ALPHA] *= FAR
        if counts[REJECTED] == MAX_REJECTED and values[PLAIN] > 0.0:
            # The plane misled: once more along the plain scaled gradient.
            combine(w.d, values[PLAIN], w.p, 0.0, w.step)
            values[ALPHA], values[PLAIN], counts[REJECTED] = 1.0, 0.0, 0
        return place(x, w, values) and counts[REJECTED] <= most

    return again


def make_refine(parts: Parts, place: Any) -> Any:
    """``refine(f, gnorm, x, w, limits, counts, values)`` moves a trial; whether it did.

    The trial is low enough, and becomes the best point if it is the lowest.
    """
    better, copy, dot = parts.better, parts.copy, parts.dot

    def refine(f, gnorm, x, w, limits, counts, values):
        if counts[REJECTED] >= MOVES or gnorm <= limits.gtol or f <= limits.target:
            return False
        slope = dot(w.g, w.spare)
        if not steep(slope, values):
            return False
        tried = values[ALPHA]
        values[ALPHA] *= share(f, slope, values, limits.rounding, EXTEND)
        if better(f, gnorm, limits, counts, values):
            copy(w.best_x, x)
            copy(w.best_g, w.g)
        counts[REJECTED] += 1
        if place(x, w, values):
            return True
        # Bounds turn the line uphill there: back to the point whose gradient is known.
        values[ALPHA] = tried
        place(x, w, values)
        return False

    return refine


def make_aim(parts: Parts, place: Any) -> Any:
    """``aim(x, g, w, counts, values, momentum)`` makes a trial from p; whether it descends."""
    largest, dot, scale, combine = parts.largest, parts.dot, parts.scale, parts.combine

    def aim(x, g, w, counts, values, momentum):
        if counts[STEPPED] == 0:
            top = largest(w.p)
            plain = FIRST_MOVE * max(1.0, largest(x)) / top if top > 0.0 else 0.0
            along_p, along_s = plain, 0.0
        else:
            gp, gs, py, sy = dot(g, w.p), dot(g, w.step), dot(w.p, w.bend), dot(w.step, w.bend)
            scale(w.spare, w.step, g, w.p)
            s_metric = dot(w.step, w.spare)
            scale(w.spare, w.bend, w.p, g)
            squares = s_metric, dot(w.bend, w.spare), dot(w.step, w.step), dot(w.p, w.p)
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
