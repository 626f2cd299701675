"""The limit of a step: a loop that moves the same bytes, with a multiply-add for each array.

The loop knows no rule: it is compiled for a number of slots, so that all methods with as many slots
have one limit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from nadamkit._runtime import numba

#: Arrays go to g / (1 - FACTOR), however often a stream is called: never to Inf, and never to the
#: subnormal numbers, with which arithmetic is slow.
FACTOR = 0.5


def words(slots: int) -> int:
    """Numbers that a step moves for each parameter: it reads g, and reads and writes x and slots.

    Examples
    --------
    >>> words(2)
    7
    """
    return 2 * slots + 3


def plain(slots: int, prange: Any) -> Callable[..., None]:
    """The stream before compilation."""

    def stream(x, g, s, c):
        for i in prange(x.size):
            gi = g[i]
            x[i] = c * x[i] + gi
            for j in range(slots):  # a constant: unrolled, and then vectorised like a plain loop
                s[j, i] = c * s[j, i] + gi

    return stream


@cache
def compiled(slots: int, parallel: bool) -> Callable[..., None]:
    """The stream on one thread or all, compiled as kernels are: without fastmath."""
    prange = numba.numba().prange if parallel else range
    return numba.jit(plain(slots, prange), parallel=parallel)


def state(g: np.ndarray, slots: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    """Arguments of a stream: arrays of its own, laid out as a step's are, beside the gradient."""
    return np.ones_like(g), g, np.ones((slots, g.size), g.dtype), g.dtype.type(FACTOR)


def on_cpu(g: np.ndarray, slots: int, parallel: bool) -> Callable[[], Any]:
    """A stream over the bytes of a step with this gradient, which has no zeros."""
    stream, arguments = compiled(slots, parallel), state(g, slots)
    return lambda: stream(*arguments)
