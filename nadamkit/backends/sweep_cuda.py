"""The sweep of `nadamkit.backends.sweep` on a GPU: one launch for all arrays. Same bits as a CPU's.

The addresses in ``leaves`` are of the device, but those of the rows of coefficients and mods, which
the host writes at every step. The rows in use are gathered into one small table, and ``leaves``
says on the device which of its rows belongs to an array. Of rows, leaves and blocks, what has
changed since the last step is copied on the caller's stream: as a rule the rows alone, some hundred
bytes. The copies are from pageable memory, which CUDA has read when the call that copies returns,
so that no event tells when it may be written again; and up to 64 KiB the call does not wait for the
GPU.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import cuda as runtime
from nadamkit._runtime.addresses import address
from nadamkit.backends.cuda import meanings_of, on_gpu
from nadamkit.backends.retarget import retarget
from nadamkit.backends.sweep import COEFFICIENTS, MEAN, MODS, RATES, SLOTS, WEIGHTS, G, Parts, X

#: ``numba.cuda`` once a sweep was made. A global, as that is where the simulator swaps it.
cuda: Any = None


def make_sweep(p: Parts) -> Sweep:
    """The sweep of one rule.

    Parameters
    ----------
    p : Parts
        The functions it is built from.

    Returns
    -------
    Sweep
        A new one, which shares its kernel with others of these parts.

    Raises
    ------
    BackendUnavailable
        If there is neither a GPU nor the simulator.
    """
    runtime.cuda()
    return Sweep(p, _compiled(p))


@cache
def _compiled(p: Parts) -> Any:
    return runtime.module().jit(plain_sweep(p))


class Sweep:
    """A step of many arrays on one GPU: the current one at the first call.

    ``sweep(leaves, blocks, stream)`` is `upload` and `launch`. Calls on several streams are put in
    order by the caller, as all else that works on the same arrays.

    A CUDA graph may capture `launch`, after one that was not captured, but not `upload`. The graph
    keeps the number of arrays and blocks and the place of the table, not what it says: a replay
    makes the step that was uploaded last. Without an `upload` on its stream before each replay,
    all have the same coefficients.

    Parameters
    ----------
    p : Parts
        The functions it is built from.
    kernel : callable
        Of `plain_sweep`, compiled.
    """

    def __init__(self, p: Parts, kernel: Any) -> None:
        self._parts, self._kernel = p, kernel
        self._leaves, self._rows, self._pieces = (runtime.Mirror() for _ in range(3))
        self._blocks = np.empty((0, 3), np.int64)
        self._used = np.empty(0, np.int64)

    def __call__(
        self, leaves: NDArray[np.int64], blocks: NDArray[np.int64], stream: int | None = None
    ) -> None:
        """Make a step; see `upload`."""
        self.upload(leaves, blocks, stream)
        self.launch(stream)

    def upload(
        self, leaves: NDArray[np.int64], blocks: NDArray[np.int64], stream: int | None = None
    ) -> None:
        """Tell the device what the next step is.

        Parameters
        ----------
        leaves, blocks : ndarray of int64
            As in `nadamkit.backends.sweep`. An array that no block speaks of may have any row.
        stream : int, optional
            Pointer to the CUDA stream, such as ``torch.cuda.current_stream().cuda_stream``; the
            default stream by default.
        """
        if not np.array_equal(blocks, self._blocks):
            self._pieces.update(blocks, stream)
            self._blocks, self._used = blocks.copy(), np.unique(blocks[:, 0])
        if len(blocks):
            indexed, rows = gathered(self._parts, leaves, self._used)
            self._leaves.update(indexed, stream)
            self._rows.update(rows, stream)

    def places(self) -> tuple[int, ...]:
        """Where on the device is what a launch reads."""
        mirrors = (self._leaves, self._pieces, self._rows)
        return tuple(address(mirror.device) for mirror in mirrors if mirror.device is not None)

    def launch(self, stream: int | None = None) -> None:
        """Make the step that was uploaded."""
        if len(self._blocks):
            there = [mirror.device for mirror in (self._leaves, self._pieces, self._rows)]
            runtime.sharer(self._kernel, len(there[1]), stream)(*there)


def gathered(
    p: Parts, leaves: NDArray[np.int64], used: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Leaves with numbers of rows in place of their addresses, and the table of these rows."""
    indexed = leaves.copy()
    indexed[:, [COEFFICIENTS, MODS]] = 0
    rows: list[NDArray[Any]] = []
    for column, width in ((COEFFICIENTS, p.width), (MODS, WEIGHTS)):
        distinct, which = np.unique(leaves[used, column], return_inverse=True)
        indexed[used, column] = len(rows) + which
        rows += [p.number(address, width if address else 0) for address in distinct.tolist()]
    table = np.zeros((len(rows), max(p.width, WEIGHTS)), _dtype(p))
    for row, values in zip(table, rows, strict=True):
        row[: values.size] = values
    return indexed, table


def plain_sweep(p: Parts, exact: bool = True) -> Any:
    """The sweep before compilation.

    Parameters
    ----------
    p : Parts
        The functions it is built from.
    exact : bool
        Round each product by itself. For tests: without it, results differ from the CPU's.

    Returns
    -------
    function
        ``sweep(leaves, blocks, rows)``, see `gathered`.
    """
    global cuda
    cuda = runtime.module()
    meanings = meanings_of(_dtype(p), exact)
    multiplying = (p.step, p.rate, p.modify, p.follow)
    step, rate, modify, follow = (on_gpu(retarget(f, meanings)) for f in multiplying)
    load, store = on_gpu(p.load), on_gpu(p.store)  # one product, by a power of two: exact
    views, take, put, row, weights = map(
        runtime.inlinable, (p.views, p.take, p.put, p.row, p.weights)
    )
    view, number = runtime.pointing(p.view), runtime.pointing(p.number)
    size, bytes_of_number = p.itemsize, _dtype(p).itemsize

    def sweep(leaves, blocks, rows):
        b = cuda.blockIdx.x
        while b < blocks.shape[0]:
            t, first, n = blocks[b, 0], blocks[b, 1], blocks[b, 2]
            begin = first * size
            r, mods = leaves[t, COEFFICIENTS], rows[leaves[t, MODS]]
            eta, c, w, pull = rows[r, 0], row(rows, r), weights(mods), mods[4]
            x, g = view(leaves[t, X] + begin, n), view(leaves[t, G] + begin, n)
            rates = number(leaves[t, RATES] + first * bytes_of_number, n)
            mean = view(leaves[t, MEAN] + begin, n)
            s = views(view, leaves, t, SLOTS, begin, n)
            i = cuda.threadIdx.x
            while i < n:
                e = rate(eta, rates, i)
                xi, gi = modify(load(x, i), load(g, i), e, w)
                xi, new = step(xi, gi, take(load, s, i), (e, *c))
                store(x, i, xi)
                put(store, s, i, new)
                follow(load, store, mean, i, xi, pull)
                i += cuda.blockDim.x
            b += cuda.gridDim.x

    return sweep


def signature(p: Parts) -> Any:
    """The argument types of `plain_sweep`, for compiling it without a GPU."""
    types = runtime.module().types
    integers = types.Array(types.int64, 2, "C")
    rows = types.Array(getattr(types, _dtype(p).name), 2, "C")
    return types.void(integers, integers, rows)


def _dtype(p: Parts) -> np.dtype[Any]:
    """What is computed with."""
    return np.dtype(np.float64 if p.itemsize == 8 else np.float32)
