"""Small problems for `minimize` with their gradients, and a function that remembers its calls."""

import numpy as np

X0 = np.array([-1.25, 1.0])
CENTRE = np.array([0.0, 1.0, 2.0])
CURVATURE = np.array([1.0, 2.0, 3.0])
START = np.array([1.0, 2.0, -3.0])


def rosen(x):
    """Rosenbrock's valley, least at (1, 1)."""
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def rosen_jac(x):
    valley = x[1] - x[0] ** 2
    return np.array([-400 * x[0] * valley - 2 * (1 - x[0]), 200 * valley])


def bowl(x, shift=0.0):
    """A separable quadratic, least at `CENTRE` + shift, with value 0."""
    return float(np.sum(CURVATURE * (x - CENTRE - shift) ** 2) / 2)


def bowl_jac(x, shift=0.0):
    return CURVATURE * (x - CENTRE - shift)


def bowl_both(x, shift=0.0):
    return bowl(x, shift), bowl_jac(x, shift)


class Spy:
    """A function that remembers copies of the points it was called at."""

    def __init__(self, function):
        self.function = function
        self.points = []

    def __call__(self, x, *args):
        self.points.append(np.array(x))
        return self.function(x, *args)

    @property
    def calls(self):
        return len(self.points)

    def distinct(self):
        return len({point.tobytes() for point in self.points})
