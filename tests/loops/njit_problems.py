"""One problem in every spelling that compiled code can have, and its optimum."""

import numpy as np
from numba import njit

START = np.array([1.0, 2.0, -3.0])
SHIFT = np.array([0.5, -0.5, 0.25])


@njit
def in_place(x, g):
    """Half the sum of (i + 1) (x_i - i)^2, with coupling between neighbours."""
    total = 0.0
    for i in range(x.size):
        r = x[i] - i
        g[i] = (i + 1) * r
        total += 0.5 * (i + 1) * r * r
    for i in range(x.size - 1):
        d = x[i + 1] - x[i] - 1
        g[i] -= 0.5 * d
        g[i + 1] += 0.5 * d
        total += 0.25 * d * d
    return total


@njit
def fun(x):
    return in_place(x, np.empty_like(x))


@njit
def jac(x):
    g = np.empty_like(x)
    in_place(x, g)
    return g


@njit
def pair(x):
    g = np.empty_like(x)
    return in_place(x, g), g


#: fun, jac for `minimize`.
SPELLINGS = {
    "in place": (in_place, None),
    "pair": (pair, True),
    "separate": (fun, jac),
}


@njit
def shifted_in_place(x, g, shift, scale):
    total = 0.0
    for i in range(x.size):
        r = x[i] - shift[i]
        g[i] = scale * r
        total += 0.5 * scale * r * r
    return total


@njit
def shifted(x, shift, scale):
    return shifted_in_place(x, np.empty_like(x), shift, scale)


@njit
def shifted_jac(x, shift, scale):
    g = np.empty_like(x)
    shifted_in_place(x, g, shift, scale)
    return g


@njit
def shifted_pair(x, shift, scale):
    return shifted(x, shift, scale), shifted_jac(x, shift, scale)


SHIFTED = {
    "in place": (shifted_in_place, None),
    "pair": (shifted_pair, True),
    "separate": (shifted, shifted_jac),
}
