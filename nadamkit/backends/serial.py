"""One compiled loop for all rules, on one thread."""

from __future__ import annotations

from typing import Any

from nadamkit._runtime import numba
from nadamkit.backends.pieces import Pieces


def make_kernel(p: Pieces) -> Any:
    """The compiled kernel of one rule."""
    return numba.jit(plain_kernel(p))


def plain_kernel(p: Pieces) -> Any:
    """The kernel before compilation, which compiled loops take in."""
    step, gather, scatter, row, rate, weights, modify = map(numba.inlinable, p)
    token = numba.fingerprint(*p)

    def kernel(x, g, s, k, r, rates, mods):
        token  # noqa: B018  part of the cache key: see numba.fingerprint
        eta, c, w = k[r, 0], row(k, r), weights(mods)
        for i in range(x.size):
            e = rate(eta, rates, i)
            xi, gi = modify(x[i], g[i], e, w)
            x[i], new = step(xi, gi, gather(s, i), (e, *c))
            scatter(s, i, new)

    return kernel
