"""The functions of a loop on whole arrays, for interpreted loops.

`nadamkit.loops.plain` has the same as loops over elements; both give the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nadamkit.backends.reduce import dot, max_abs, norm, sum_abs
from nadamkit.loops.stopping import FUN, GNORM, NFEV, NIT, RECORDS, better, verdict


def examine(x, g, lower, upper, sign):
    """Ready the gradient: its sign and fixed variables; returns the norm of the projected one."""
    if sign < 0.0:
        np.negative(g, out=g)
    if not lower.size:
        return max_abs(g)
    g[lower == upper] = 0
    return max_abs(np.where(g < 0, np.maximum(x - upper, g), np.minimum(x - lower, g)))


def move(x, old, d, alpha, lower, upper):
    """``x = projection(old + alpha*d)``; returns the `distance` from old."""
    with np.errstate(all="ignore"):
        v = old + np.float64(alpha) * d
        if lower.size:
            v = np.minimum(np.maximum(v, lower), upper)
        x[:] = v
    return distance(x, old)


def restrict(p, x, lower, upper):
    """Zero the components of p that point out of the bounds x is on."""
    if lower.size:
        p[((x <= lower) & (p < 0)) | ((x >= upper) & (p > 0))] = 0


def distance(x, old):
    """Largest component of ``x - old``, relative to the largest of x and 1."""
    if not x.size:
        return 0.0
    with np.errstate(all="ignore"):
        moved = np.max(np.abs(x.astype(np.float64) - old))
        return float(moved / max(1.0, float(np.max(np.abs(x)))))


def combine(d, a, p, b, s):
    """``d = a*p + b*s``."""
    with np.errstate(all="ignore"):
        d[:] = np.float64(a) * p + np.float64(b) * s


def subtract(to, a, b):
    """``to = a - b``."""
    with np.errstate(all="ignore"):
        np.subtract(a, b, out=to)


def scale(to, s, g, p):
    """``to = D s`` in the metric D that turned -g into p; with g and p exchanged its inverse."""
    with np.errstate(all="ignore"):
        to[:] = np.where(p != 0, -g / p * s, 0 * s)


def clear(to):
    """Fill with zeros."""
    to[:] = 0


def record(x, counts, values, sign, records):
    """Append the point to the history."""
    i = counts[RECORDS]
    records.scalars[i] = counts[NIT], counts[NFEV], sign * values[FUN], values[GNORM]
    records.xs[i] = x
    counts[RECORDS] += 1


def project(x, lower, upper):
    """Move x into its bounds."""
    if lower.size:
        np.minimum(np.maximum(x, lower), upper, out=x)


def clip(mods, g, limit):
    """Set the factor of the gradient so that its Euclidean norm is at most `limit`."""
    size = norm(g)
    mods[0] = limit / size if size > limit else 1.0


#: What an interpreted loop calls.
PARTS: dict[str, Any] = {
    "examine": examine,
    "largest": max_abs,
    "move": move,
    "project": project,
    "restrict": restrict,
    "distance": distance,
    "dot": dot,
    "sum_abs": sum_abs,
    "combine": combine,
    "subtract": subtract,
    "scale": scale,
    "clear": clear,
    "clip": clip,
    "copy": np.copyto,
    "better": better,
    "verdict": verdict,
    "record": record,
}
