"""Noisy problems for `minimize`, and what their solutions are."""

from functools import cache

import numpy as np

from tests.problems import CENTRE, START, bowl, bowl_jac

NOISE = 0.3


def noisy_bowl(x, rng):
    """The bowl with a random slope added, and the gradient of that sample."""
    z = NOISE * rng.standard_normal(x.size)
    return bowl(x) + float(z @ x), bowl_jac(x) + z


def tilted_bowl(x, z):
    """The bowl with a slope added, and its gradient."""
    return bowl(x) + float(np.sum(z * x)), bowl_jac(x) + z


def slopes(count, seed=0):
    """So many slopes for `tilted_bowl`."""
    return list(NOISE * np.random.default_rng(seed).standard_normal((count, START.size)))


ROWS = 203


@cache
def data():
    """A matrix and a right-hand side of a least-squares problem, both read-only."""
    rng = np.random.default_rng(12)
    a = rng.standard_normal((ROWS, 3))
    y = a @ CENTRE + 0.5 * rng.standard_normal(ROWS)
    a.flags.writeable = y.flags.writeable = False
    return a, y


def squares(x, a, y):
    """Half the mean of squares, and its gradient."""
    r = a @ x - y
    return float(r @ r) / (2 * len(r)), a.T @ r / len(r)


def excess(x):
    """How far the mean of squares over all rows lies above the least there is."""
    least = np.linalg.lstsq(*data())[0]
    return squares(np.float64(x), *data())[0] - squares(least, *data())[0]


def assert_same(one, other, *names):
    """The same bits in what a run returns."""
    for name in names or ("x", "fun", "jac", "nit", "nfev", "njev", "status", "message"):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


class Counted:
    """A callback that remembers copies of what it gets, and may raise StopIteration."""

    def __init__(self, stop_at=np.inf):
        self.seen, self.stop_at = [], stop_at

    def __call__(self, x):
        self.seen.append(x.copy())
        if len(self.seen) == self.stop_at:
            raise StopIteration
