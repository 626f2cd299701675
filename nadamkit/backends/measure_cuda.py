"""The measurements of `nadamkit.backends.measure` on a GPU, with the same bits.

`nadamkit.backends.reduce` adds every 32nd element of 4096 in each of 32 lanes. Here each lane is a
thread; what the lanes found goes to the host, which adds it up as `reduce` does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import addresses
from nadamkit._runtime import cuda as runtime
from nadamkit.backends import reduce
from nadamkit.backends.cuda import meanings_of, on_gpu
from nadamkit.backends.measure import Sizes
from nadamkit.backends.reduce import LANES
from nadamkit.backends.retarget import retarget

#: ``numba.cuda`` once a kernel was made. A global, as that is where the simulator swaps it.
cuda: Any = None


def measure(
    leaves: NDArray[np.int64],
    column: int,
    blocks: NDArray[np.int64],
    storage: str,
    sizes: Sizes,
    stream: int | None = None,
) -> float:
    """Measure arrays on the device whose addresses are in a column of a table.

    Parameters
    ----------
    leaves, blocks : ndarray of int64
        As in `nadamkit.backends.sweep`, with addresses of the device in the column.
    column : int
        Where the addresses are.
    storage : {'float32', 'float64'}
        What the arrays hold.
    sizes : Sizes
        Room for the results.
    stream : int, optional
        Pointer to the CUDA stream.

    Returns
    -------
    float
        The largest absolute value; NaN if there is one.
    """
    if not len(blocks):
        return 0.0
    pieces = blocks.copy()
    pieces[:, 1] *= np.dtype(storage).itemsize
    pieces[:, 1] += leaves[pieces[:, 0], column]
    there = runtime.on_device(pieces)
    room = runtime.module().device_array((2, len(pieces), LANES), np.float64)
    runtime.lanes(_compiled(storage), len(pieces), LANES, stream)(there, room)
    squares, tops = runtime.fetch(room, stream)
    sizes.squares[:] = reduce.folded(squares)
    sizes.tops[:] = np.max(tops, axis=1)
    return float(np.max(sizes.tops))


@cache
def _compiled(storage: str) -> Any:
    return runtime.module().jit(plain_measure(storage))


def plain_measure(storage: str, exact: bool = True) -> Any:
    """The kernel before compilation: ``measure(pieces, room)``; see `plain_sweep` of sweeps."""
    global cuda
    cuda = runtime.module()
    view = runtime.pointing(addresses.VIEWS[storage])
    added = on_gpu(retarget(plus_square, meanings_of(np.dtype(np.float64), exact)))

    def measure(pieces, room):
        b, lane = cuda.blockIdx.x, cuda.threadIdx.x
        while b < pieces.shape[0]:
            n = pieces[b, 2]
            a = view(pieces[b, 1], n)
            total, top = 0.0, 0.0
            i = lane
            while i < n:
                value = np.float64(a[i])
                total = added(total, value)
                size = abs(value)
                if size > top or size != size:
                    top = size
                i += LANES
            room[0, b, lane], room[1, b, lane] = total, top
            b += cuda.gridDim.x

    return measure


def signature() -> Any:
    """The argument types of `plain_measure`, for compiling it without a GPU."""
    types = runtime.module().types
    return types.void(types.Array(types.int64, 2, "C"), types.Array(types.float64, 3, "C"))


def plus_square(total, value):
    """A term more of a sum of squares."""
    return total + value * value
