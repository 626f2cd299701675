"""What a loop is made of beside the kernel: plain functions that run interpreted and compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nadamkit.backends.reduce import dot, max_abs, norm, plain_dot, plain_max_abs, plain_norm
from nadamkit.loops.stopping import (
    FUN,
    GNORM,
    NFEV,
    NIT,
    RECORDS,
    better,
    verdict,
)


class Parts(NamedTuple):
    """The functions a loop calls.

    Parameters
    ----------
    evaluate, count : callable
        ``evaluate(fun, args, x, g) -> f`` fills g; ``count(fun, counts)`` notes the calls so far.
    kernel : callable
        One step; see `nadamkit.backends.pieces`.
    gradient_norm, largest, move, project, restrict, distance : callable
    dot, combine, subtract, scale, clear, clip, flip : callable
        The functions of this module, or their form for NumPy.
    copy : callable
        ``copy(to, source)``.
    better, verdict, record : callable
        Of `nadamkit.loops.stopping` and this module.
    hook : callable
        ``hook(x, counts, values) -> status``: callback and time limit of the Python loop.
    token : str
        Changes when one of the functions is edited, so that a cached loop is compiled anew.
    """

    evaluate: Any
    count: Any
    kernel: Any
    gradient_norm: Any
    largest: Any
    move: Any
    project: Any
    restrict: Any
    distance: Any
    dot: Any
    combine: Any
    subtract: Any
    scale: Any
    clear: Any
    clip: Any
    flip: Any
    copy: Any
    better: Any
    verdict: Any
    record: Any
    hook: Any
    token: str = ""


class Work(NamedTuple):
    """The arrays of a run, all of x's dtype and C-contiguous.

    Parameters
    ----------
    x, g : ndarray of shape (n,)
        The point and its gradient.
    s : ndarray of shape (number of slots, n)
        State of the rule.
    fresh : ndarray of shape (number of slots, 1)
        What each slot begins with.
    best_x, best_g : ndarray of shape (n,)
        The best point seen and its gradient.
    old_x : ndarray of shape (n,)
        The point before this one; for the search the accepted point.
    old_g, p, d, step, bend, spare : ndarray of shape (n,), or (0,) without a search
        For the search, the gradient at the accepted point, the direction of the method's metric,
        the one that is tried, the last step, the change of the gradient along it, and room.
    lower, upper : ndarray of shape (n,) or (0,)
        Bounds.
    rates, mods : ndarray
        Learning rate of each parameter and modifiers; see `nadamkit.backends.pieces`.
    """

    x: Any
    g: Any
    s: Any
    fresh: Any
    best_x: Any
    best_g: Any
    old_x: Any
    old_g: Any
    p: Any
    d: Any
    step: Any
    bend: Any
    spare: Any
    lower: Any
    upper: Any
    rates: Any
    mods: Any


class Records(NamedTuple):
    """The history of a chunk.

    Parameters
    ----------
    scalars : ndarray of shape (room, 4)
        Iteration, calls, value and gradient norm.
    xs : ndarray of shape (room, n)
        The points.
    """

    scalars: Any
    xs: Any


def projected_norm(x, g, lower, upper):
    """Largest component of the projected gradient; NaN if the gradient has one.

    A component that pushes against a bound counts only as far as x can still move.
    """
    top = 0.0
    bad = False
    for i in range(g.size):
        v = np.float64(g[i])
        bad |= v != v
        if lower.size:
            v = (
                max(np.float64(x[i]) - upper[i], v)
                if v < 0.0
                else min(np.float64(x[i]) - lower[i], v)
            )
        top = max(top, abs(v))
    return np.nan if bad else top


def projected_norm_numpy(x, g, lower, upper):
    """`projected_norm` on whole arrays."""
    if not g.size:
        return 0.0
    if lower.size:
        g = np.where(g < 0, np.maximum(x - upper, g), np.minimum(x - lower, g))
    return float(np.max(np.abs(g)))


def move(x, old, d, alpha, lower, upper):
    """``x = projection(old + alpha*d)``; returns the `distance` from old."""
    for i in range(x.size):
        v = np.float64(old[i]) + alpha * d[i]
        if lower.size:
            v = min(max(v, np.float64(lower[i])), np.float64(upper[i]))
        x[i] = v
    return distance(x, old)


def move_numpy(x, old, d, alpha, lower, upper):
    """`move` on whole arrays."""
    with np.errstate(all="ignore"):
        v = old + np.float64(alpha) * d
        if lower.size:
            v = np.minimum(np.maximum(v, lower), upper)
        x[:] = v
    return distance_numpy(x, old)


def restrict(p, x, lower, upper):
    """Zero the components of p that point out of the bounds x is on."""
    for i in range(p.size):
        if (x[i] <= lower[i] and p[i] < 0.0) or (x[i] >= upper[i] and p[i] > 0.0):
            p[i] = 0.0


def restrict_numpy(p, x, lower, upper):
    """`restrict` on whole arrays."""
    p[((x <= lower) & (p < 0)) | ((x >= upper) & (p > 0))] = 0


def distance(x, old):
    """Largest component of ``x - old``, relative to the largest of x and 1."""
    moved = 0.0
    size = 1.0
    for i in range(x.size):
        moved = max(moved, abs(np.float64(x[i]) - np.float64(old[i])))
        size = max(size, abs(np.float64(x[i])))
    return moved / size


def distance_numpy(x, old):
    """`distance` on whole arrays."""
    if not x.size:
        return 0.0
    with np.errstate(all="ignore"):
        moved = np.max(np.abs(x.astype(np.float64) - old))
        return float(moved / max(1.0, float(np.max(np.abs(x)))))


def combine(d, a, p, b, s):
    """``d = a*p + b*s``."""
    for i in range(d.size):
        d[i] = a * np.float64(p[i]) + b * np.float64(s[i])


def combine_numpy(d, a, p, b, s):
    """`combine` on whole arrays."""
    with np.errstate(all="ignore"):
        d[:] = np.float64(a) * p + np.float64(b) * s


def subtract(to, a, b):
    """``to = a - b``."""
    for i in range(to.size):
        to[i] = a[i] - b[i]


def subtract_numpy(to, a, b):
    """`subtract` on whole arrays."""
    with np.errstate(all="ignore"):
        np.subtract(a, b, out=to)


def scale(to, s, g, p):
    """``to = D s`` in the metric D that turned -g into p."""
    for i in range(s.size):
        to[i] = -g[i] / p[i] * s[i] if p[i] != 0.0 else 0.0 * s[i]


def scale_numpy(to, s, g, p):
    """`scale` on whole arrays."""
    with np.errstate(all="ignore"):
        to[:] = np.where(p != 0, -g / p * s, 0 * s)


def clear(to):
    """Fill with zeros."""
    for i in range(to.size):
        to[i] = 0.0


def clear_numpy(to):
    """`clear` on a whole array."""
    to[:] = 0


def flip(g):
    """Negate g in place."""
    for i in range(g.size):
        g[i] = -g[i]


def flip_numpy(g):
    """`flip` on a whole array."""
    np.negative(g, out=g)


def copy(to, source):
    """Copy an array; quicker than a slice where arrays are short."""
    for i in range(to.size):
        to[i] = source[i]


def record(x, counts, values, sign, records):
    """Append the point to the history."""
    i = counts[RECORDS]
    records.scalars[i, 0] = counts[NIT]
    records.scalars[i, 1] = counts[NFEV]
    records.scalars[i, 2] = sign * values[FUN]
    records.scalars[i, 3] = values[GNORM]
    for j in range(x.size):
        records.xs[i, j] = x[j]
    counts[RECORDS] += 1


def record_numpy(x, counts, values, sign, records):
    """`record` on whole arrays."""
    i = counts[RECORDS]
    records.scalars[i] = counts[NIT], counts[NFEV], sign * values[FUN], values[GNORM]
    records.xs[i] = x
    counts[RECORDS] += 1


def project(x, lower, upper):
    """Move x into its bounds."""
    for i in range(lower.size):
        x[i] = min(max(x[i], lower[i]), upper[i])


def project_numpy(x, lower, upper):
    """`project` on whole arrays."""
    if lower.size:
        np.minimum(np.maximum(x, lower), upper, out=x)


def clip(mods, g, limit):
    """Set the factor of the gradient so that its Euclidean norm is at most `limit`."""
    size = plain_norm(g)
    mods[0] = limit / size if size > limit else 1.0


def clip_numpy(mods, g, limit):
    """`clip` with NumPy."""
    size = norm(g)
    mods[0] = limit / size if size > limit else 1.0


#: The functions for interpreted loops on arrays; a loop adds evaluate, kernel and hook.
NUMPY: dict[str, Any] = {
    "gradient_norm": projected_norm_numpy,
    "largest": max_abs,
    "move": move_numpy,
    "project": project_numpy,
    "restrict": restrict_numpy,
    "distance": distance_numpy,
    "dot": dot,
    "combine": combine_numpy,
    "subtract": subtract_numpy,
    "scale": scale_numpy,
    "clear": clear_numpy,
    "clip": clip_numpy,
    "flip": flip_numpy,
    "copy": np.copyto,
    "better": better,
    "verdict": verdict,
    "record": record_numpy,
}
#: The functions for compiled loops.
PLAIN: dict[str, Any] = {
    "gradient_norm": projected_norm,
    "largest": plain_max_abs,
    "move": move,
    "project": project,
    "restrict": restrict,
    "distance": distance,
    "dot": plain_dot,
    "combine": combine,
    "subtract": subtract,
    "scale": scale,
    "clear": clear,
    "clip": clip,
    "flip": flip,
    "copy": copy,
    "better": better,
    "verdict": verdict,
    "record": record,
}
