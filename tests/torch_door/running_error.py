"""Real numbers with a bound of the error that a floating-point evaluation of them makes.

Values are held in NumPy's longest floating point. Each operation adds its rounding, u times the
result, to what it passes on (Higham, "Accuracy and Stability of Numerical Algorithms", section
3.3); so a bound follows from the formula, and none is chosen.
"""

from __future__ import annotations

import mpmath
import numpy as np

LONG = np.longdouble


class Bounded:
    """Values, and how far the computed ones may be from them."""

    def __init__(self, value, u, error=0.0):
        self.value, self.u = np.asarray(value, LONG), LONG(u)
        self.error = np.broadcast_to(np.asarray(error, LONG), self.value.shape)

    def rounded(self, value, error):
        """The result of an operation that passes on an error, with its own."""
        tiny = LONG(np.finfo(np.float64 if self.u < 1e-10 else np.float32).smallest_subnormal)
        own = (self.u + np.finfo(LONG).eps) * np.abs(value) + tiny
        return Bounded(value, self.u, error + own)

    def const(self, number):
        """A coefficient, rounded once."""
        value = LONG(mpmath.nstr(mpmath.mpf(number), 30))
        return Bounded(value, self.u, self.u * abs(value))

    def __add__(self, other):
        return self.rounded(self.value + other.value, self.error + other.error)

    def __sub__(self, other):
        return self.rounded(self.value - other.value, self.error + other.error)

    def __neg__(self):
        return Bounded(-self.value, self.u, self.error)

    def __abs__(self):
        return Bounded(np.abs(self.value), self.u, self.error)

    def __mul__(self, other):
        error = np.abs(self.value) * other.error + np.abs(other.value) * self.error
        return self.rounded(self.value * other.value, error + self.error * other.error)

    def __truediv__(self, other):
        least = np.abs(other.value) - other.error
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self.value / other.value
            error = (self.error + np.abs(value) * other.error) / least
        return self.rounded(value, np.where(least > 0.0, error, np.inf))

    def sqrt(self):
        value = np.sqrt(np.maximum(self.value, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.fmin(self.error / value, np.sqrt(self.error))
        return self.rounded(value, error)

    def maximum(self, other):
        return Bounded(
            np.maximum(self.value, other.value), self.u, np.maximum(self.error, other.error)
        )
