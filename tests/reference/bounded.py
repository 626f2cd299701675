"""Real numbers that know how far a floating-point evaluation of them may stray.

A `Bounded` holds the exact value z (256-bit mpmath) and, to first order in u, the error of any
computed value of it as a linear form: error = u * sum_i c_i delta_i with |delta_i| <= 1, one delta
for every rounding made on the way. Keeping the form, and not only its size, lets errors that
cancel do so; it stays a proven first-order bound, and no tolerance is chosen by hand.

Where each allowance comes from (u = 2**-53 or 2**-24, half an ulp of 1):

* ``+ - * /`` and ``sqrt``: one rounding, |z| u, the standard model of IEEE arithmetic. A fused
  multiply-add only removes roundings and stays inside.
* A scalar `mpf` met by a `Bounded` is a *coefficient*: whatever the program did to get it, it
  enters the array arithmetic as one number of the array's type, off by `coefficient` * u
  relatively. In float32 that is 1 (computed in float64, then rounded once); in float64 it is 2,
  that is 1 ulp, which `tests/test_coefficients.py` asserts. Decimal hyperparameters get nothing
  more: mu = 0.9 means the float 0.9, exactly, in float32 too.
* Gradients, starting points and integers are numbers of the array's type: no error. Negation,
  absolute value, adding an exact zero and the choice made by a maximum are exact.
* ``a | b`` says that a line of the paper may be computed in either of two algebraically equal
  ways. The sensitivity to what went before is the same, the fresh roundings differ, and the
  larger sum of them is taken.

Underflow is not covered: the streams of the tests stay in the normal range.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import count, repeat
from typing import Any

import mpmath

CONTEXT = mpmath.MPContext()
CONTEXT.prec = 256
mpf = CONTEXT.mpf

# Roundings are counted upwards and coefficients downwards, so that the sign of a key tells them
# apart when the bound is summed.
_roundings = count(1)
_coefficients = count(-1, -1)

Form = dict[int, float]


def _combine(a: Form, by_a: float, b: Form, by_b: float) -> Form:
    """Return the linear form by_a * a + by_b * b."""
    form = a.copy() if by_a == 1.0 else {key: by_a * c for key, c in a.items() if by_a}
    for key, c in b.items() if by_b else ():
        form[key] = form.get(key, 0.0) + by_b * c
    return form


class Bounded:
    """A real number and the linear form of its computed value's error.

    Parameters
    ----------
    value : mpf
        The exact value.
    form : dict of int to float
        Coefficient, in units of u, of each error source; negative keys are coefficients'.
    """

    __slots__ = ("form", "value")

    def __init__(self, value: Any, form: Form | None = None) -> None:
        self.value = mpf(value)
        self.form = form if form is not None else {}

    def bound(self, coefficient: float) -> float:
        """Return the error bound in units of u.

        Parameters
        ----------
        coefficient : float
            Relative error of a coefficient in units of u.
        """
        total = sum(map(abs, self.form.values()))
        if coefficient != 1.0:
            total += (coefficient - 1.0) * sum(abs(c) for key, c in self.form.items() if key < 0)
        return total

    def is_zero(self) -> bool:
        """Tell whether this is a zero without error, the neutral element of addition."""
        return not self.value and not self.form

    def rounded(self) -> Bounded:
        """Charge one rounding of the present value, in place."""
        if self.value:
            self.form[next(_roundings)] = abs(float(self.value))
        return self

    @staticmethod
    def lift(other: Any) -> Bounded:
        """Return `other`, or the coefficient that stands for the scalar `other`."""
        if isinstance(other, Bounded):
            return other
        size = 0.0 if isinstance(other, int) else abs(float(other))
        return Bounded(other, {next(_coefficients): size} if size else {})

    def __add__(self, other: Any) -> Bounded:
        other = Bounded.lift(other)
        if other.is_zero():
            return self
        if self.is_zero():
            return other
        form = _combine(self.form, 1.0, other.form, 1.0)
        return Bounded(self.value + other.value, form).rounded()

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, {key: -c for key, c in self.form.items()})

    def __sub__(self, other: Any) -> Bounded:
        other = Bounded.lift(other)
        if self.is_zero() or other.is_zero():
            return self + -other
        form = _combine(self.form, 1.0, other.form, -1.0)
        return Bounded(self.value - other.value, form).rounded()

    def __mul__(self, other: Any) -> Bounded:
        other = Bounded.lift(other)
        form = _combine(self.form, float(other.value), other.form, float(self.value))
        return Bounded(self.value * other.value, form).rounded()

    def __truediv__(self, other: Any) -> Bounded:
        other = Bounded.lift(other)
        value = self.value / other.value
        by_other = -float(value / other.value)
        form = _combine(self.form, 1 / float(other.value), other.form, by_other)
        return Bounded(value, form).rounded()

    def __pow__(self, exponent: int) -> Bounded:
        assert exponent == 2, "the paper has squares only"
        return self * self

    def __or__(self, other: Bounded) -> Bounded:
        size = max(abs(self.value), abs(other.value))
        assert abs(self.value - other.value) <= mpf(2) ** -200 * size, "not the same number"
        common = self.form.keys() & other.form.keys()
        form = {key: self.form[key] for key in common}
        for source, kind in ((_roundings, 1), (_coefficients, -1)):
            fresh = [
                sum(abs(c) for key, c in x.form.items() if key * kind > 0 and key not in common)
                for x in (self, other)
            ]
            if any(fresh):
                form[next(source)] = max(fresh)
        return Bounded(self.value, form)

    def __radd__(self, other: Any) -> Bounded:
        return self + other

    def __rsub__(self, other: Any) -> Bounded:
        return -self + other

    def __rmul__(self, other: Any) -> Bounded:
        return self * other

    def __rtruediv__(self, other: Any) -> Bounded:
        return Bounded.lift(other) / self

    def sqrt(self) -> Bounded:
        """Return the square root."""
        if not self.value:
            assert not self.form, "the root of an inexact zero has no first-order error"
            return Bounded(0)
        value = CONTEXT.sqrt(self.value)
        return Bounded(value, _combine(self.form, 0.5 / float(value), {}, 0.0)).rounded()

    def __abs__(self) -> Bounded:
        return -self if self.value < 0 else self


class Vector(tuple[Bounded, ...]):
    """A tuple of `Bounded` with elementwise arithmetic, so that code reads like the paper."""

    @classmethod
    def of(cls, values: Iterable[Any]) -> Vector:
        """Return exactly known `values`."""
        return cls(x if isinstance(x, Bounded) else Bounded(x) for x in values)

    def _zip(self, op: Callable[[Any, Any], Any], other: Any) -> Vector:
        others: Iterator[Any] = iter(other) if isinstance(other, Vector) else repeat(other)
        return Vector(map(op, self, others))

    def __add__(self, other: Any) -> Vector:
        return self._zip(operator.add, other)

    def __sub__(self, other: Any) -> Vector:
        return self._zip(operator.sub, other)

    def __mul__(self, other: Any) -> Vector:
        return self._zip(operator.mul, other)

    def __rmul__(self, other: Any) -> Vector:
        return self._zip(operator.mul, other)

    def __truediv__(self, other: Any) -> Vector:
        return self._zip(operator.truediv, other)

    def __or__(self, other: Any) -> Vector:
        return self._zip(operator.or_, other)

    def __pow__(self, exponent: int) -> Vector:
        return Vector(x**exponent for x in self)

    def __neg__(self) -> Vector:
        return Vector(-x for x in self)


def sqrt(x: Vector) -> Vector:
    """Return the elementwise square root."""
    return Vector(v.sqrt() for v in x)


def absolute(x: Vector) -> Vector:
    """Return the elementwise absolute value."""
    return Vector(abs(v) for v in x)


def maximum(x: Vector, y: Vector) -> Vector:
    """Return the elementwise maximum, with the error of the one chosen."""
    return Vector(a if a.value > b.value else b for a, b in zip(x, y, strict=True))
