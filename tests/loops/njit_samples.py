"""Noisy problems in every spelling that compiled code can have, with one to six arguments."""

import numpy as np
from numba import njit

ROWS = 23


def _data():
    rng = np.random.default_rng(8)
    a = rng.standard_normal((ROWS, 3))
    y = a @ np.array([0.0, 1.0, 2.0]) + 0.1 * rng.standard_normal(ROWS)
    return a, y, rng.uniform(0.5, 1.5, ROWS), rng.standard_normal((ROWS, 2, 3))


A, Y, W, DEEP = _data()


@njit
def one(x, g, a):
    """Half the mean square distance to the rows."""
    total = 0.0
    g[:] = 0.0
    for row in range(a.shape[0]):
        for i in range(x.size):
            r = x[i] - a[row, i]
            g[i] += r / a.shape[0]
            total += 0.5 * r * r
    return total / a.shape[0]


@njit
def four(x, g, a, ridge, y, w):
    """Half the weighted mean of squares, and a ridge."""
    total = 0.0
    for i in range(x.size):
        g[i] = ridge * x[i]
        total += 0.5 * ridge * x[i] * x[i]
    for row in range(y.size):
        r = -1.0 * y[row]
        for i in range(x.size):
            r += a[row, i] * x[i]
        for i in range(x.size):
            g[i] += w[row] * r * a[row, i] / y.size
        total += 0.5 * w[row] * r * r / y.size
    return total


@njit
def two(x, g, a, y):
    return four(x, g, a, 0.0, y, np.ones(y.size))


@njit
def three(x, g, a, y, ridge):
    return four(x, g, a, ridge, y, np.ones(y.size))


@njit
def five(x, g, ridge, a, y, w, factor):
    f = four(x, g, a, ridge, y, w)
    for i in range(x.size):
        g[i] *= factor
    return factor * f


@njit
def six(x, g, a, y, deep, factor, w, which):
    f = five(x, g, 0.01, a, y, w, factor)
    for row in range(deep.shape[0]):
        for i in range(x.size):
            g[i] += 0.01 * deep[row, which, i]
            f += 0.01 * deep[row, which, i] * x[i]
    return f


#: The function and its arguments, by their number.
COUNTED = {
    1: (one, (A,)),
    2: (two, (A, Y)),
    3: (three, (A, Y, 0.1)),
    4: (four, (A, 0.1, Y, W)),
    5: (five, (0.1, A, Y, W, 2)),
    6: (six, (A, Y, DEEP, 2, W, 1)),
}


@njit
def two_pair(x, a, y):
    g = np.empty_like(x)
    return two(x, g, a, y), g


@njit
def two_value(x, a, y):
    return two(x, np.empty_like(x), a, y)


@njit
def two_jac(x, a, y):
    g = np.empty_like(x)
    two(x, g, a, y)
    return g


SPELLINGS = {
    "in place": (two, None),
    "pair": (two_pair, True),
    "separate": (two_value, two_jac),
}


@njit
def drawn(x, g, scale, rng):
    """Half the squares of x - i, with a random slope and a random level."""
    total = scale * rng.random()
    for i in range(x.size):
        z = scale * rng.standard_normal()
        r = x[i] - i
        g[i] = r + z
        total += 0.5 * r * r + z * x[i]
    return total


@njit
def drawn_pair(x, scale, rng):
    g = np.empty_like(x)
    return drawn(x, g, scale, rng), g


@njit
def drawn_value(x, scale, rng):
    return drawn(x, np.empty_like(x), scale, rng)


@njit
def drawn_jac(x, scale, rng):
    g = np.empty_like(x)
    drawn(x, g, scale, rng)
    return g


@njit
def drawn_holed(x, g, scale, rng):
    """`drawn`, but one call in ten or so gives NaN."""
    f = drawn(x, g, scale, rng)
    return np.nan if rng.random() < 0.1 else f


DRAWN = {
    "in place": (drawn, None),
    "pair": (drawn_pair, True),
    "separate": (drawn_value, drawn_jac),
}


def in_python(fun, jac=None):
    """The same in plain Python, as fun and jac for `minimize`."""
    if jac is not None and jac is not True:
        return fun.py_func, jac.py_func
    if jac is True:
        return fun.py_func, True

    def pair(x, *args):
        g = np.empty_like(x)
        return fun.py_func(x, g, *args), g

    return pair, True
