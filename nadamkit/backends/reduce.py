"""Norms and sums whose bits do not depend on the backend or the number of threads.

A sum is taken over blocks of 4096 elements. In a block, 32 lanes each add every 32nd element; the
lanes are then added pairwise, and the blocks one after another. The order is thus fixed, and wide
enough for vector instructions without fastmath. Sums are in float64 for both dtypes.

`dot`, `sum_abs`, `max_abs` and `norm` do it with NumPy; their namesakes with ``plain_`` are loops
to be compiled, with the same order of additions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LANES = 32
ROWS = 128
BLOCK = LANES * ROWS
#: Lanes that a loop sums at a time.
GROUP = 8
#: Products that `plain_few` adds.
FEW = 8
#: All bits of a float64 but its sign, and those of infinity.
UNSIGNED, INFINITE = 2**63 - 1, 0x7FF << 52
#: Powers of two between which squares neither overflow nor vanish.
SMALL, LARGE = 2.0**-460, 2.0**460
#: Brings what is outside, the subnormals included, to where squares are normal numbers.
SCALE = 2.0**600


def dot(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Sum of products in float64."""
    terms = _blocks(a.size)
    with np.errstate(all="ignore"):
        np.multiply(a, b, out=terms[: a.size], dtype=np.float64)
    return _total(terms)


def sum_abs(a: NDArray[Any]) -> float:
    """Sum of absolute values in float64."""
    terms = _blocks(a.size)
    np.abs(a, out=terms[: a.size], dtype=np.float64)
    return _total(terms)


def _blocks(n: int) -> NDArray[np.float64]:
    return np.zeros(max(1, -(-n // BLOCK)) * BLOCK)


def _total(terms: NDArray[np.float64]) -> float:
    blocks = terms.size // BLOCK
    with np.errstate(all="ignore"):
        grid = terms.reshape(blocks, ROWS, LANES)
        lanes = np.zeros((blocks, LANES))
        for row in range(ROWS):
            lanes += grid[:, row]
        total = 0.0
        for partial in folded(lanes).tolist():
            total += partial
    return total


def folded(lanes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums of lanes along the last axis, added pairwise."""
    with np.errstate(all="ignore"):
        while lanes.shape[-1] > 1:
            width = lanes.shape[-1] // 2
            lanes = lanes[..., :width] + lanes[..., width:]
    return lanes[..., 0]


def max_abs(a: NDArray[Any]) -> float:
    """Largest absolute value; NaN if there is one, 0 for an empty array."""
    return float(np.max(np.abs(a))) if a.size else 0.0


def norm(g: NDArray[Any]) -> float:
    """Euclidean norm, without overflow: extreme values are scaled by a power of two."""
    top = max_abs(g)
    if not 0.0 < top < np.inf:
        return top
    if SMALL < top < LARGE:
        return float(np.sqrt(dot(g, g)))
    scale = SCALE if top <= SMALL else 1.0 / SCALE
    scaled = g * np.float64(scale)
    return float(np.sqrt(dot(scaled, scaled)) / scale)


def plain_dot(a, b):
    """`dot` as a loop."""
    n = a.size
    if n <= FEW:
        return plain_few(a, b)
    total = 0.0
    lanes = np.empty(LANES)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        full = start + (stop - start) // LANES * LANES
        for first in range(0, LANES, GROUP):
            plain_lanes(a, b, start + first, full, lanes, first)
        for i in range(full, stop):
            lanes[i - full] += np.float64(a[i]) * np.float64(b[i])
        total += plain_fold(lanes)
    return total


def plain_few(a, b):
    """The lanes of up to eight products added pairwise, without an array for them."""
    even = (term(a, b, 0) + term(a, b, 4)) + (term(a, b, 2) + term(a, b, 6))
    odd = (term(a, b, 1) + term(a, b, 5)) + (term(a, b, 3) + term(a, b, 7))
    return even + odd + 0.0  # not -0.0, as lanes begin with 0.0


def term(a, b, i):
    """A product, or nothing."""
    return np.float64(a[i]) * np.float64(b[i]) if i < a.size else 0.0


def plain_lanes(a, b, start, full, lanes, first):
    """Sum eight lanes in registers, in two thirds of the time of all in memory."""
    p = q = r = s = t = u = v = w = 0.0
    for i in range(start, full, LANES):
        p += np.float64(a[i]) * np.float64(b[i])
        q += np.float64(a[i + 1]) * np.float64(b[i + 1])
        r += np.float64(a[i + 2]) * np.float64(b[i + 2])
        s += np.float64(a[i + 3]) * np.float64(b[i + 3])
        t += np.float64(a[i + 4]) * np.float64(b[i + 4])
        u += np.float64(a[i + 5]) * np.float64(b[i + 5])
        v += np.float64(a[i + 6]) * np.float64(b[i + 6])
        w += np.float64(a[i + 7]) * np.float64(b[i + 7])
    lanes[first], lanes[first + 1], lanes[first + 2], lanes[first + 3] = p, q, r, s
    lanes[first + 4], lanes[first + 5], lanes[first + 6], lanes[first + 7] = t, u, v, w


def plain_sum_abs(a):
    """`sum_abs` as a loop."""
    n = a.size
    total = 0.0
    lanes = np.zeros(LANES)
    for start in range(0, n, BLOCK):
        for j in range(LANES):
            lanes[j] = 0.0
        stop = min(start + BLOCK, n)
        full = start + (stop - start) // LANES * LANES
        for i in range(start, full, LANES):
            for j in range(LANES):
                lanes[j] += abs(np.float64(a[i + j]))
        for i in range(full, stop):
            lanes[i - full] += abs(np.float64(a[i]))
        total += plain_fold(lanes)
    return total


def plain_fold(lanes):
    """The sum of the lanes, pairwise; they are used up."""
    width = LANES
    while width > 1:
        width //= 2
        for j in range(width):
            lanes[j] += lanes[j + width]
    return lanes[0]


def plain_max_abs(a):
    """`max_abs` as a loop; a NaN is larger than anything."""
    # Without the sign, bits read as whole numbers are in the order of the numbers they stand for,
    # with NaN on top; and of whole numbers a processor compares several at a time.
    top = np.int64(0)
    for i in range(a.size):
        top = max(top, np.float64(a[i]).view(np.int64) & UNSIGNED)
    bits = np.int64(top)
    return np.nan if bits > INFINITE else bits.view(np.float64)


def plain_norm(g):
    """`norm` as a loop."""
    top = plain_max_abs(g)
    if not (0.0 < top < np.inf):
        return top
    if SMALL < top < LARGE:
        return np.sqrt(plain_dot(g, g))
    scale = SCALE if top <= SMALL else 1.0 / SCALE
    scaled = np.empty(g.size)
    for i in range(g.size):
        scaled[i] = np.float64(g[i]) * scale
    return np.sqrt(plain_dot(scaled, scaled)) / scale


#: The loops, for those who compile them.
PLAIN: tuple[Any, ...] = (
    term,
    plain_few,
    plain_fold,
    plain_lanes,
    plain_dot,
    plain_sum_abs,
    plain_max_abs,
    plain_norm,
)
