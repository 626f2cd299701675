"""Sizes of many arrays in one call: sums of squares and largest absolute values, with fixed bits.

The order of additions is that of `nadamkit.backends.reduce`, over the blocks one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import addresses, numba
from nadamkit.backends import reduce
from nadamkit.backends.parallel import Guarded
from nadamkit.backends.reduce import plain_dot, plain_max_abs


class Sizes(NamedTuple):
    """What was measured of each block, in the order of the blocks.

    Parameters
    ----------
    squares : ndarray of shape (blocks,)
        Sums of squares.
    tops : ndarray of shape (blocks,)
        Largest absolute values; NaN if there is one.
    """

    squares: NDArray[np.float64]
    tops: NDArray[np.float64]


def new_sizes(blocks: int) -> Sizes:
    """Room for what is measured of so many blocks."""
    return Sizes(np.zeros(blocks), np.zeros(blocks))


def measure(
    leaves: NDArray[np.int64],
    column: int,
    blocks: NDArray[np.int64],
    storage: str,
    backend: str,
    sizes: Sizes,
    *,
    squares: bool = True,
) -> float:
    """Measure the arrays whose addresses are in a column of a table; see `nadamkit.backends.sweep`.

    Parameters
    ----------
    leaves, blocks : ndarray of int64
        As in a sweep.
    column : int
        Where the addresses are.
    storage : {'float32', 'float64'}
        What the arrays hold.
    backend : {'numpy', 'serial', 'parallel'}
        Where to compute.
    sizes : Sizes
        Room for the results.
    squares : bool
        Whether squares are summed.

    Returns
    -------
    float
        The largest absolute value; NaN if there is one.
    """
    return float(_kernel(storage, backend)(leaves, column, blocks, squares, *sizes))


def norm(sizes: Sizes, given: Iterable[Callable[[], Iterable[NDArray[Any]]]]) -> float:
    """Euclidean norm of what was measured, without overflow; infinite or NaN if a value is.

    Parameters
    ----------
    sizes : Sizes
        The blocks that belong together.
    given : iterable of callable
        Give the arrays of those blocks, which are looked at again where squares overflow or
        vanish.
    """
    top = float(np.max(sizes.tops, initial=0.0))
    if not 0.0 < top < np.inf:
        return top
    if reduce.SMALL < top < reduce.LARGE:
        return float(np.sqrt(np.cumsum(sizes.squares)[-1]))
    scale = reduce.SCALE if top <= reduce.SMALL else 1.0 / reduce.SCALE
    scaled = [a.ravel() * np.float64(scale) for arrays in given for a in arrays()]
    return float(np.sqrt(np.cumsum([reduce.dot(a, a) for a in scaled])[-1])) / scale


@cache
def _kernel(storage: str, backend: str) -> Any:
    view, itemsize = addresses.VIEWS[storage], np.dtype(storage).itemsize
    if backend == "numpy":
        return _plain(view, itemsize, range, reduce.dot, reduce.max_abs)
    addresses.compilable()
    for function in reduce.PLAIN:
        numba.inlinable(function)
    if backend == "serial":
        return numba.jit(_plain(view, itemsize, range, plain_dot, plain_max_abs))
    kernel = _plain(view, itemsize, numba.numba().prange, plain_dot, plain_max_abs)
    return Guarded(numba.jit(kernel, parallel=True))


def _plain(view: Any, itemsize: int, prange: Any, dot: Any, max_abs: Any) -> Any:
    """The kernel before compilation."""
    token = numba.fingerprint(*reduce.PLAIN, modules=(reduce,))

    def kernel(leaves, column, blocks, summed, squares, tops):
        token  # noqa: B018  part of the cache key: see numba.fingerprint
        for b in prange(blocks.shape[0]):
            t, first, n = blocks[b, 0], blocks[b, 1], blocks[b, 2]
            a = view(leaves[t, column] + first * itemsize, n)
            tops[b] = max_abs(a)
            if summed:
                squares[b] = dot(a, a)
        top = 0.0
        for value in tops:
            top = value if value > top or value != value else top
            if top != top:
                break
        return top

    return kernel
