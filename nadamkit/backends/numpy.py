"""The readable reference: a step on whole arrays, with NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from nadamkit.backends.pieces import Pieces

_ALL = slice(None)


def make_kernel(p: Pieces) -> Any:
    """The kernel of one rule."""

    def kernel(x, g, s, k, r, rates, mods):
        eta = p.rate(k[r, 0], rates, _ALL)
        with np.errstate(all="ignore"):  # Inf and NaN are the loop's business, as in compiled code
            x[:], g = p.modify(x, g, eta, p.weights(mods))
            x[:], new = p.step(x, g, p.gather(s, _ALL), (eta, *p.row(k, r)))
        p.scatter(s, _ALL, new)

    return kernel
