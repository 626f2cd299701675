"""One call for many arrays: the same step as in the other kernels, over a table of addresses.

A sweep is called as ``sweep(leaves, blocks)``. Each row of ``leaves`` describes one array:

=================  =====================================================================
``COEFFICIENTS``   its row of coefficients: the learning rate, then those of the rule
``MODS``           the five numbers of `modified` and `follow`
``X, G``           parameters and gradient, C-contiguous, of one length
``RATES``          factor of the learning rate for each parameter
``MEAN``           moving average of the parameters
``SLOTS, ...``     the slots of its state, in the order of the rule
=================  =====================================================================

Each row of ``blocks`` is a piece of an array, no two of which overlap: the number of the array, the
first element and the number of elements. Threads share out the blocks; the result does not depend
on how.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit._runtime import addresses, numba
from nadamkit.backends import reduce, slots
from nadamkit.backends.parallel import Guarded
from nadamkit.backends.pieces import Function, Variant, pieces_of
from nadamkit.backends.storage import STORAGE, Storage
from nadamkit.rule import Rule

COEFFICIENTS, MODS, X, G, RATES, MEAN, SLOTS = range(7)
#: Elements of a block: as many as `nadamkit.backends.reduce` adds at a time. On 2 threads 100,000
#: float32 take 22 us in blocks of 4096, 26 in blocks of 8192 and 30 in blocks of 16,384 to 65,536;
#: from a million elements on there is no difference. On a GPU it is 16 for each thread of a CUDA
#: block: the 65,536 of torch leave most of one without work below some 30 million parameters.
BLOCK = reduce.BLOCK
#: Numbers in a row of mods.
WEIGHTS = 5


class Parts(NamedTuple):
    """The plain functions a sweep is built from, and the number of coefficients."""

    step: Function
    views: Function
    take: Function
    put: Function
    row: Function
    rate: Function
    weights: Function
    modify: Function
    follow: Function
    load: Function
    store: Function
    view: Function
    number: Function
    width: int
    itemsize: int


def parts_of(
    rule: Rule, names: tuple[str, ...], variant: Variant, mean: bool, storage: Storage
) -> Parts:
    """What the sweep of one rule is built from."""
    p = pieces_of(rule, names, variant)
    count = len(rule.slots)
    number = addresses.VIEWS[np.dtype(storage.dtype).name]
    return Parts(
        *(p.step, slots.VIEWS[count], slots.TAKE[count], slots.PUT[count]),
        *(p.row, p.rate, p.weights, p.modify, moving_mean if mean else no_mean),
        *(storage.load, storage.store, addresses.VIEWS[storage.name], number),
        *(1 + len(names), storage.itemsize),
    )


def no_mean(load, store, mean, i, x, w):
    """No average is kept."""
    pass


def moving_mean(load, store, mean, i, x, w):
    """The exponential average of the iterates."""
    value = load(mean, i)
    store(mean, i, value + w * (x - value))


def make_sweep(
    rule: Rule, names: tuple[str, ...], backend: str, variant: Variant, mean: bool, storage: str
) -> Any:
    """The sweep of a rule on a backend.

    Parameters
    ----------
    rule : Rule
        The update rule.
    names : tuple of str
        Its coefficients.
    backend : {'numpy', 'serial', 'parallel', 'cuda'}
        Where to compute.
    variant : Variant
        Optional parts.
    mean : bool
        Whether a moving average of the parameters is kept.
    storage : str
        A name from `nadamkit.backends.storage.STORAGE`; all arrays of a sweep have it, but the
        rates, which have the dtype that is computed with.

    Returns
    -------
    callable
        ``sweep(leaves, blocks)``, both int64 arrays. On the cuda backend a
        `nadamkit.backends.sweep_cuda.Sweep`, which takes the stream too.

    Raises
    ------
    BackendUnavailable
        If what the backend needs is not installed.
    """
    p = parts_of(rule, names, variant, mean, STORAGE[storage])
    if backend == "cuda":  # not shared: it keeps on the device what its caller told it
        return import_module("nadamkit.backends.sweep_cuda").make_sweep(p)
    return _sweep(p, backend)


@cache
def _sweep(p: Parts, backend: str) -> Any:
    if backend == "numpy":
        return _with_numpy(p)
    addresses.compilable()
    if backend == "serial":
        return numba.jit(plain_sweep(p, range))
    return Guarded(numba.jit(plain_sweep(p, numba.numba().prange), parallel=True))


def plain_sweep(p: Parts, prange: Any) -> Any:
    """The sweep before compilation."""
    functions = [f for f in p if callable(f)]
    for function in functions:
        if function not in (p.view, p.number):
            numba.inlinable(function)
    step, views, take, put, row, rate, weights, modify, follow, load, store, view, number = p[:13]
    width, size, bytes_of_number = p.width, p.itemsize, 8 if p.itemsize == 8 else 4
    token = numba.fingerprint(*functions)

    def sweep(leaves, blocks):
        token  # noqa: B018  part of the cache key: see numba.fingerprint
        for b in prange(blocks.shape[0]):
            t, first, n = blocks[b, 0], blocks[b, 1], blocks[b, 2]
            begin = first * size
            k = number(leaves[t, COEFFICIENTS], width).reshape(1, width)
            mods = number(leaves[t, MODS], WEIGHTS)
            eta, c, w = k[0, 0], row(k, 0), weights(mods)
            x, g = view(leaves[t, X] + begin, n), view(leaves[t, G] + begin, n)
            rates = number(leaves[t, RATES] + first * bytes_of_number, n)
            mean = view(leaves[t, MEAN] + begin, n)
            s = views(view, leaves, t, SLOTS, begin, n)
            for i in range(n):
                e = rate(eta, rates, i)
                xi, gi = modify(load(x, i), load(g, i), e, w)
                xi, new = step(xi, gi, take(load, s, i), (e, *c))
                store(x, i, xi)
                put(store, s, i, new)
                follow(load, store, mean, i, xi, mods[4])

    return sweep


def _with_numpy(p: Parts) -> Any:
    """The sweep in NumPy, a whole array at a time."""
    everything = slice(None)

    def sweep(leaves, blocks):
        lengths = np.zeros(len(leaves), np.int64)
        np.add.at(lengths, blocks[:, 0], blocks[:, 2])
        # Arrays without a block may have no coefficients either.
        for t in np.flatnonzero(lengths).tolist():
            row, n = leaves[t], int(lengths[t])
            k = p.number(row[COEFFICIENTS], p.width).reshape(1, p.width)
            mods = p.number(row[MODS], WEIGHTS)
            rates = p.number(row[RATES], n if row[RATES] else 0)
            x, g = p.view(row[X], n), p.view(row[G], n)
            s = p.views(p.view, leaves, t, SLOTS, 0, n)
            eta = p.rate(k[0, 0], rates, everything)
            with np.errstate(all="ignore"):  # Inf and NaN are for the caller, as in compiled code
                x[:], g = p.modify(x, g, eta, p.weights(mods))
                x[:], new = p.step(x, g, p.take(p.load, s, everything), (eta, *p.row(k, 0)))
                p.put(p.store, s, everything, new)
                if row[MEAN]:
                    p.follow(p.load, p.store, p.view(row[MEAN], n), everything, x, mods[4])

    return sweep


def blocks_of(lengths: Any) -> NDArray[np.int64]:
    """The blocks of arrays of these lengths, for all threads."""
    n = np.asarray(lengths, np.int64)
    counts = -(-n // BLOCK)
    t = np.repeat(np.arange(len(n)), counts)
    first = (np.arange(len(t)) - np.repeat(np.cumsum(counts) - counts, counts)) * BLOCK
    return np.stack([t, first, np.minimum(n[t] - first, BLOCK)], axis=1)
