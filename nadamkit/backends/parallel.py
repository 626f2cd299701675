"""One compiled loop for all rules, on all threads. Same bits as the serial one."""

from __future__ import annotations

import contextlib
from typing import Any

from nadamkit._runtime import numba
from nadamkit.backends.pieces import Pieces


def make_kernel(p: Pieces) -> Any:
    """The compiled kernel of one rule."""
    step, gather, scatter, row, rate, weights, modify = map(numba.inlinable, p)
    token = numba.fingerprint(*p)
    prange = numba.numba().prange

    def kernel(x, g, s, k, r, rates, mods):
        token  # noqa: B018  part of the cache key: see numba.fingerprint
        eta, c, w = k[r, 0], row(k, r), weights(mods)
        for i in prange(x.size):
            e = rate(eta, rates, i)
            xi, gi = modify(x[i], g[i], e, w)
            x[i], new = step(xi, gi, gather(s, i), (e, *c))
            scatter(s, i, new)

    return Guarded(numba.jit(kernel, parallel=True))


class Guarded:
    """Calls a parallel kernel, one at a time where the threading layer cannot take two."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._guard: contextlib.AbstractContextManager[Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel."""
        if self._guard is None:  # the layer is known when the threads have started
            numba.threads()
            self._guard = numba.parallel_guard()
        with self._guard:
            return self._compiled(*arguments)
