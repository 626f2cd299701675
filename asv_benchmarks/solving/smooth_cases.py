"""The ten cases of SciPy's benchmark ``BenchSmoothUnbounded``, from their definitions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.optimize
from scipy.optimize import rosen, rosen_der

from asv_benchmarks.solving.trace import Array

#: What a call of the slow function waits, in seconds.
DELAY = 50e-6
ATOMS = 4


class Case(NamedTuple):
    """A function with its random starts.

    Parameters
    ----------
    name : str
        SciPy's name of it.
    fun, jac : callable
        Value and gradient; without `jac`, solvers have to take differences.
    n : int
        Number of variables.
    low, high : float
        Components of a start are uniform between these.
    minimum : float
        Value of its minima; NaN where the one nearby counts.
    tol : float
        What solvers are asked for.
    """

    name: str
    fun: Callable[[Array], float]
    jac: Callable[[Array], Array] | None
    n: int
    low: float
    high: float
    minimum: float = 0.0
    tol: float = 1e-4

    def starts(self, count: int) -> Array:
        """The same random starts each time, shape (count, n)."""
        seed = [ord(letter) for letter in self.name]
        return np.random.default_rng(seed).uniform(self.low, self.high, (count, self.n))

    def fails(self, x: Array) -> bool:
        """Whether the value at x is not within `tol` of a minimum."""
        value = float(self.fun(x))
        return not value - self._minimum_near(x) <= self.tol

    def _minimum_near(self, x: Array) -> float:
        if not np.isnan(self.minimum):
            return self.minimum
        options = {"ftol": 0.0, "gtol": 1e-9, "maxiter": 5000, "maxfun": 5000}
        run = scipy.optimize.minimize(self.fun, x, jac=self.jac, options=options, method="L-BFGS-B")
        return float(run.fun)


def slow_rosen(x: Array) -> float:
    """Rosenbrock's function after a while."""
    end = time.perf_counter() + DELAY
    while time.perf_counter() < end:
        pass
    return rosen(x)


def quadratic(x: Array) -> float:
    """Sum of the squares."""
    return float(x @ x)


def quadratic_gradient(x: Array) -> Array:
    return 2.0 * x


def tilted(x: Array) -> float:
    """Sum of the squares and of the first component; its minimum is -1/4."""
    return float(x @ x + x[0])


def tilted_gradient(x: Array) -> Array:
    g = 2.0 * x
    g[0] += 1.0
    return g


def sine(x: Array) -> float:
    return float(np.sin(x[0]))


def sine_gradient(x: Array) -> Array:
    return np.cos(x)


def booth(x: Array) -> float:
    """Booth's function, 0 at (1, 3)."""
    return float((x[0] + 2.0 * x[1] - 7.0) ** 2 + (2.0 * x[0] + x[1] - 5.0) ** 2)


def booth_gradient(x: Array) -> Array:
    a, b = x[0] + 2.0 * x[1] - 7.0, 2.0 * x[0] + x[1] - 5.0
    return np.array([2.0 * a + 4.0 * b, 4.0 * a + 2.0 * b])


#: Beale's function is the sum of squares of ``c - x (1 - y^k)``.
_BEALE = tuple(enumerate((1.5, 2.25, 2.625), 1))


def beale(x: Array) -> float:
    """Beale's function, 0 at (3, 1/2)."""
    return float(sum((c - x[0] * (1.0 - x[1] ** k)) ** 2 for k, c in _BEALE))


def beale_gradient(x: Array) -> Array:
    g = np.zeros(2)
    for k, c in _BEALE:
        r = c - x[0] * (1.0 - x[1] ** k)
        g += 2.0 * r * np.array([x[1] ** k - 1.0, k * x[0] * x[1] ** (k - 1)])
    return g


_FIRST, _SECOND = np.triu_indices(ATOMS, 1)


def lennard_jones(x: Array) -> float:
    """Energy of some atoms, the sum of ``4 (r^-12 - r^-6)`` over the pairs."""
    p = x.reshape(ATOMS, 3)
    s = ((p[_FIRST] - p[_SECOND]) ** 2).sum(axis=1) ** -3.0
    return float(4.0 * (s * s - s).sum())


def lennard_jones_gradient(x: Array) -> Array:
    p = x.reshape(ATOMS, 3)
    d = p[_FIRST] - p[_SECOND]
    square = (d * d).sum(axis=1)
    s = square**-3.0
    pull = ((24.0 * s - 48.0 * s * s) / square)[:, np.newaxis] * d
    g = np.zeros_like(p)
    np.add.at(g, _FIRST, pull)
    np.add.at(g, _SECOND, -pull)
    return g.ravel()


CASES = {
    case.name: case
    for case in (
        Case("rosenbrock_slow", slow_rosen, rosen_der, 3, -3.0, 3.0),
        Case("rosenbrock_nograd", rosen, None, 3, -3.0, 3.0),
        Case("rosenbrock", rosen, rosen_der, 3, -3.0, 3.0),
        Case("rosenbrock_tight", rosen, rosen_der, 3, -3.0, 3.0, tol=1e-8),
        Case("simple_quadratic", quadratic, quadratic_gradient, 3, -2.0, 2.0),
        Case("asymmetric_quadratic", tilted, tilted_gradient, 3, -2.0, 2.0, -0.25),
        Case("sin_1d", sine, sine_gradient, 1, -2.0, 2.0, -1.0),
        Case("booth", booth, booth_gradient, 2, 0.0, 10.0),
        Case("beale", beale, beale_gradient, 2, 0.0, 10.0),
        Case("LJ", lennard_jones, lennard_jones_gradient, 3 * ATOMS, -2.0, 2.0, np.nan),
    )
}
