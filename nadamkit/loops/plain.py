"""The functions of a loop as loops over elements, to be compiled.

`nadamkit.loops.arrays` has the same for interpreted loops; both give the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nadamkit._runtime import numba
from nadamkit.backends.reduce import plain_dot, plain_max_abs, plain_norm, plain_sum_abs
from nadamkit.loops.stopping import FUN, GNORM, NFEV, NIT, RECORDS, beaten, better, verdict


def projected_norm(x, g, lower, upper):
    """Largest component of the projected gradient; NaN if the gradient has one.

    A component that pushes against a bound counts only as far as x can still move.
    """
    top = 0.0
    bad = False
    for i in range(g.size):
        v, xi = np.float64(g[i]), np.float64(x[i])
        bad |= v != v
        v = max(xi - upper[i], v) if v < 0.0 else min(xi - lower[i], v)
        top = max(top, abs(v))
    return np.nan if bad else top


def flip(g):
    """Negate g in place."""
    for i in range(g.size):
        g[i] = -g[i]


def release(g, lower, upper):
    """Zero the gradient of fixed variables, which no step can use."""
    for i in range(g.size):
        if lower[i] == upper[i]:
            g[i] = 0.0


def examine(x, g, lower, upper, sign):
    """Ready the gradient: its sign and fixed variables; returns the norm of the projected one."""
    if sign < 0.0:
        flip(g)
    if lower.size:
        release(g, lower, upper)
        return projected_norm(x, g, lower, upper)
    return plain_max_abs(g)


def move(x, old, d, alpha, lower, upper):
    """``x = projection(old + alpha*d)``; returns the `distance` from old."""
    for i in range(x.size):
        v = np.float64(old[i]) + alpha * d[i]
        if lower.size:
            v = min(max(v, np.float64(lower[i])), np.float64(upper[i]))
        x[i] = v
    return distance(x, old)


def restrict(p, x, lower, upper):
    """Zero the components of p that point out of the bounds x is on."""
    for i in range(lower.size):
        if (x[i] <= lower[i] and p[i] < 0.0) or (x[i] >= upper[i] and p[i] > 0.0):
            p[i] = 0.0


def distance(x, old):
    """Largest component of ``x - old``, relative to the largest of x and 1."""
    moved = 0.0
    size = 1.0
    for i in range(x.size):
        moved = max(moved, abs(np.float64(x[i]) - np.float64(old[i])))
        size = max(size, abs(np.float64(x[i])))
    return moved / size


def combine(d, a, p, b, s):
    """``d = a*p + b*s``."""
    for i in range(d.size):
        d[i] = a * np.float64(p[i]) + b * np.float64(s[i])


def subtract(to, a, b):
    """``to = a - b``."""
    for i in range(to.size):
        to[i] = a[i] - b[i]


def scale(to, s, g, p):
    """``to = D s`` in the metric D that turned -g into p; with g and p exchanged its inverse."""
    for i in range(s.size):
        to[i] = -g[i] / p[i] * s[i] if p[i] != 0.0 else 0.0 * s[i]


def clear(to):
    """Fill with zeros."""
    for i in range(to.size):
        to[i] = 0.0


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


def project(x, lower, upper):
    """Move x into its bounds."""
    for i in range(lower.size):
        x[i] = min(max(x[i], lower[i]), upper[i])


def clip(mods, g, limit):
    """Set the factor of the gradient so that its Euclidean norm is at most `limit`."""
    size = plain_norm(g)
    mods[0] = limit / size if size > limit else 1.0


#: What a compiled loop calls.
PARTS: dict[str, Any] = {
    "examine": examine,
    "largest": plain_max_abs,
    "move": move,
    "project": project,
    "restrict": restrict,
    "distance": distance,
    "dot": plain_dot,
    "sum_abs": plain_sum_abs,
    "combine": combine,
    "subtract": subtract,
    "scale": scale,
    "clear": clear,
    "clip": clip,
    "copy": copy,
    "better": better,
    "verdict": verdict,
    "record": record,
}
#: What these call.
INNER: tuple[Any, ...] = (projected_norm, flip, release, beaten)

#: What every iteration calls. Forcing these in takes a 2-D iteration from 60 to 42 ns; forcing all
#: of them gains nothing more and takes a third longer to compile.
ALWAYS_INLINED = frozenset({"copy", "better", "verdict", "examine"})


@cache
def inlinable() -> Mapping[str, Any]:
    """The parts, for compiled code to call.

    Once for all loops: Numba keeps to what a function was first said to be, so that one that was
    registered without being forced in would stay a call in all that is compiled after it.
    """
    return {name: numba.inlinable(f, force=name in ALWAYS_INLINED) for name, f in PARTS.items()}
