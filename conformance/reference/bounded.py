"""Real numbers that know how far a floating-point evaluation of them may stray.

A `Bounded` holds the exact value z (256-bit mpmath) and, to first order in u, the error of any
computed value of it as a linear form: error = u * sum_i c_i delta_i with |delta_i| <= 1, one delta
for every rounding made on the way. Keeping the form, and not only its size, lets errors that
cancel do so; it stays a proven first-order bound, and no tolerance is chosen by hand.

Where each allowance comes from (u is half an ulp of 1):

* ``+ - * /`` and ``sqrt``: one rounding, |z| u, the standard model of IEEE arithmetic. A fused
  multiply-add only removes roundings and stays inside. A product or quotient below the smallest
  normal number is off by half the smallest subnormal; sums are exact there, roots never get there.
* A scalar that meets an array: see `arithmetic.py`.
* Gradients, starting points and integers are numbers of the array's type: no error. Negation,
  absolute value, adding an exact zero and the choice made by a maximum are exact.
* ``a | b`` says that a line of the paper may be computed in either of two algebraically equal
  ways. The sensitivity to what went before is the same, the fresh roundings differ, and the
  larger sum of them is taken.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import count, repeat
from typing import Any

from conformance.reference.arithmetic import CONTEXT, MU_T, POW, current, mpf

_sources = count()
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
        Coefficient, in units of u, of each error source.
    """

    __slots__ = ("form", "value")

    def __init__(self, value: Any, form: Form | None = None) -> None:
        self.value = mpf(value)
        self.form = form if form is not None else {}

    @property
    def bound(self) -> float:
        """The error bound in units of u."""
        return math.fsum(map(abs, self.form.values()))

    def is_zero(self) -> bool:
        """Tell whether this is a zero without error, the neutral element of addition."""
        return not self.value and not self.form

    def charged(self, size: float) -> Bounded:
        """Add an error of `size` units of u, from a source of its own, in place."""
        if size and current().tracked:
            self.form[next(_sources)] = size
        return self

    def rounded(self) -> Bounded:
        """Charge one rounding of the present value, in place."""
        return self.charged(abs(float(self.value)))

    def scaled(self) -> Bounded:
        """Charge the rounding of a product or quotient, in place."""
        size = abs(float(self.value))
        return self.charged(max(size, current().smallest) if self.value else 0.0)

    @staticmethod
    def lift(other: Any) -> Bounded:
        """Return `other`, or the coefficient that stands for the exact scalar `other`."""
        if isinstance(other, Bounded):
            return other
        relative = 0.0 if isinstance(other, int) else current().coefficient or 0.0
        return Bounded(other).charged(relative * abs(float(other)))

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
        if isinstance(other, Vector):
            return NotImplemented
        other = Bounded.lift(other)
        form = _combine(self.form, float(other.value), other.form, float(self.value))
        return Bounded(self.value * other.value, form).scaled()

    def __truediv__(self, other: Any) -> Bounded:
        other = Bounded.lift(other)
        value = self.value / other.value
        # Not by 1/divisor, which overflows where the divisor is subnormal.
        divisor, quotient = float(other.value), float(value)
        form = {key: c / divisor for key, c in self.form.items()}
        for key, c in other.form.items() if quotient else ():
            form[key] = form.get(key, 0.0) - quotient * c / divisor
        return Bounded(value, form).scaled()

    def __pow__(self, exponent: int) -> Bounded:
        assert exponent == 2, "the paper has squares only"
        return self * self

    def __or__(self, other: Bounded) -> Bounded:
        size = max(abs(self.value), abs(other.value))
        assert abs(self.value - other.value) <= mpf(2) ** -200 * size, "not the same number"
        common = self.form.keys() & other.form.keys()
        fresh = [
            math.fsum(abs(c) for key, c in x.form.items() if key not in common)
            for x in (self, other)
        ]
        return Bounded(self.value, {key: self.form[key] for key in common}).charged(max(fresh))

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
        return Bounded(value, _combine(self.form, float(0.5 / value), {}, 0.0)).rounded()

    def __abs__(self) -> Bounded:
        return -self if self.value < 0 else self


class Scalar(Bounded):
    """A hyperparameter or mu_t of a program that computes scalars in the arrays' type.

    ``done`` steps were made before the program began, so that no running product of its own has
    their factors.
    """

    __slots__ = ("done",)
    done: int

    def __rsub__(self, other: Any) -> Bounded:
        """Subtract from an exact number; rounding the exact difference instead is as good."""
        computed = -self + other
        return computed | Bounded(computed.value).rounded()

    def __pow__(self, exponent: int) -> Bounded:
        """Return a power, by ``pow`` or as a running product of the factors since the start."""
        value = self.value**exponent
        form = _combine(self.form, float(exponent * self.value ** (exponent - 1)), {}, 0.0)
        roundings = exponent - self.done + (POW if self.done else 0.0)
        return Bounded(value, form).charged(roundings * abs(float(value)))


def scalar(value: Any, computed: bool = False, done: int = 0) -> Any:
    """Return a hyperparameter, or a `computed` mu_t, as the arithmetic assumed now knows it."""
    now = current()
    if now.coefficient is not None or not now.tracked:
        return mpf(value)
    error = MU_T if computed else 0.0 if now.holds(value) else 1.0
    known = Scalar(value)
    known.done = done
    return known.charged(error * abs(float(value)))


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
    return Vector(map(_larger, x, y))


def _larger(a: Bounded, b: Bounded) -> Bounded:
    room = current().u * (a.bound + b.bound)
    assert a.value == b.value or abs(a.value - b.value) > room, "rounding may choose the other"
    return a if a.value > b.value else b
