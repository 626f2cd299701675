"""Double-double arithmetic: a number as the unevaluated sum of two float64, about 106 bits.

The coefficients of a step (products of mu_t, powers of nu, bias corrections) lose digits to
cancellation in float64: near t = 1, ``1 - nu**t`` keeps 13 of 16 digits. Here they are carried
with twice the precision and rounded once. Everything is elementwise on arrays.

The algorithms are the classical error-free transformations (Dekker 1971; Knuth, TAOCP 4.2.2)
and use no fused multiply-add, so that they give the same bits on every machine.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

Number = float | Fraction
_SPLITTER = 134217729.0  # 2**27 + 1 halves the 53 bits of a float64
_VANISHED = 1e-200  # below this the low word would be subnormal; such a factor no longer matters


class DD:
    """An array of double-double numbers ``hi + lo`` with ``|lo| <= ulp(hi) / 2``.

    Parameters
    ----------
    hi, lo : array_like of float64
        Leading and trailing part, of one shape.
    """

    __slots__ = ("hi", "lo")
    __array_ufunc__ = None  # NumPy scalars on the left defer to the reflected operators below

    def __init__(self, hi: Any, lo: Any = 0.0) -> None:
        self.hi = np.asarray(hi, dtype=np.float64)
        self.lo = np.asarray(lo, dtype=np.float64)

    @classmethod
    def exact(cls, value: Number) -> DD:
        """The double-double nearest to a rational number."""
        value = Fraction(value)
        hi = float(value)
        return cls(hi, float(value - Fraction(hi)))

    def __getitem__(self, index: Any) -> DD:
        return DD(self.hi[index], self.lo[index])

    def __add__(self, other: Any) -> DD:
        other = _dd(other)
        s, e = _two_sum(self.hi, other.hi)
        t, f = _two_sum(self.lo, other.lo)
        s, e = _quick_two_sum(s, e + t)
        return DD(*_quick_two_sum(s, e + f))

    def __neg__(self) -> DD:
        return DD(-self.hi, -self.lo)

    def __sub__(self, other: Any) -> DD:
        return self + -_dd(other)

    def __mul__(self, other: Any) -> DD:
        other = _dd(other)
        p, e = _two_product(self.hi, other.hi)
        return DD(*_quick_two_sum(p, e + (self.hi * other.lo + self.lo * other.hi)))

    def __truediv__(self, other: Any) -> DD:
        other = _dd(other)
        q = self.hi / other.hi
        p, e = _two_product(other.hi, q)
        # What q leaves over. hi - p is exact, as the two agree in their leading digits.
        rest = ((self.hi - p) - (e + other.lo * q)) + self.lo
        return DD(*_quick_two_sum(q, rest / other.hi))

    def __rsub__(self, other: Any) -> DD:
        return _dd(other) - self

    def __rtruediv__(self, other: Any) -> DD:
        return _dd(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def sqrt(self) -> DD:
        """Square root, by one Newton step from the float64 root."""
        r = np.sqrt(self.hi)
        p, e = _two_product(r, r)
        with np.errstate(divide="ignore", invalid="ignore"):
            correction = ((self.hi - p) - e + self.lo) / (r + r)
        return DD(*_quick_two_sum(r, np.where(r > 0.0, correction, 0.0)))


def powers(base: DD, count: int) -> DD:
    """``base**0, base**1, ..., base**(count - 1)`` by repeated doubling.

    Doubling keeps the relative error near ``count * 2**-104``. The arrays are shared: read only.
    """
    return _powers(float(base.hi), float(base.lo), count)


@lru_cache(maxsize=32)
def _powers(hi: float, lo: float, count: int) -> DD:
    base = DD(hi, lo)
    out = DD(np.ones(count), np.zeros(count))
    filled, factor = 1, base
    while filled < count:
        width = min(filled, count - filled)
        block = out[:width] * factor
        out.hi[filled : filled + width], out.lo[filled : filled + width] = block.hi, block.lo
        filled, factor = filled + width, factor * factor
    return _flushed(out)


def power(base: DD, exponent: int) -> DD:
    """``base**exponent`` for one non-negative integer exponent."""
    # On Python's floats, which for one number at a time are ten times as quick as arrays.
    factor, out = (float(base.hi), float(base.lo)), (1.0, 0.0)
    while exponent:
        if exponent & 1:
            out = _times(out, factor)
        factor = _times(factor, factor)
        exponent >>= 1
    return DD(*out)


def _times(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    p, e = _two_product(a[0], b[0])
    hi, lo = _quick_two_sum(p, e + (a[0] * b[1] + a[1] * b[0]))
    return (hi, lo) if abs(hi) >= _VANISHED else (0.0, 0.0)


def cumulative_product(factors: DD, start: DD) -> DD:
    """``start * factors[0], start * factors[0] * factors[1], ...`` by a doubling scan."""
    out = DD(factors.hi.copy(), np.broadcast_to(factors.lo, factors.hi.shape).copy())
    shift = 1
    while shift < out.hi.size:
        block = _flushed(out[shift:] * out[:-shift])
        out.hi[shift:], out.lo[shift:] = block.hi, block.lo
        shift *= 2
    return _flushed(out * start)


def _dd(value: Any) -> DD:
    if isinstance(value, DD):
        return value
    return DD.exact(value) if isinstance(value, Fraction) else DD(value)


def _flushed(value: DD) -> DD:
    gone = np.abs(value.hi) < _VANISHED
    return DD(np.where(gone, 0.0, value.hi), np.where(gone, 0.0, value.lo))


def _two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def _quick_two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    s = a + b
    return s, b - (s - a)


def _two_product(a: Any, b: Any) -> tuple[Any, Any]:
    p = a * b
    ah, al = _split(a)
    bh, bl = _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def _split(a: Any) -> tuple[Any, Any]:
    c = _SPLITTER * a
    hi = c - (c - a)
    return hi, a - hi
