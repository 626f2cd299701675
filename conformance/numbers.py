"""Numbers in files: C99 hexadecimal, exact in any language that reads it.

Expected values have 69 significant bits: a reader that rounds them to double loses nothing that
float32 could show, and a reader that keeps the rest grades float64 exactly.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

#: What an expected value may be instead of a number.
WORDS = ("nan", "nonfinite", "any")
_DIGITS = 17


def short(value: float) -> str:
    """Write a double, without trailing zeros."""
    if not math.isfinite(value):
        return repr(value)
    text = value.hex()
    mantissa, exponent = text.split("p")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{exponent}"


def long(value: Any) -> str:
    """Write a real number (of mpmath) to 69 bits."""
    if not value:
        return "0x0p+0"
    man, exp = int(abs(value).man), int(abs(value).exp)
    exponent = man.bit_length() - 1 + exp
    digits = round(Fraction(man) * Fraction(2) ** (exp - exponent + 4 * _DIGITS))
    if digits >> (4 * _DIGITS) == 2:
        digits, exponent = digits // 2, exponent + 1
    after = f"{digits:x}"[1:].rstrip("0")
    return f"{'-' if value < 0 else ''}0x1{'.' if after else ''}{after}p{exponent:+d}"


def upper(value: float) -> str:
    """Write a bound, rounded up to 9 bits."""
    if not value:
        return "0x0p+0"
    mantissa, exponent = math.frexp(value)
    return short(math.ldexp(math.ceil(mantissa * 512), exponent - 9))


def split(text: str) -> tuple[float, float, int]:
    """Read a number times a power of two, as the nearest double and what remains.

    The power, the third number, is 0 unless what remains would be too small for a double.
    """
    mantissa, _, exponent = text.lstrip("-").removeprefix("0x").partition("p")
    whole, _, after = mantissa.partition(".")
    exact = Fraction(int(whole + after, 16)) * Fraction(2) ** (int(exponent) - 4 * len(after))
    shift = 1000 if 0 < exact < Fraction(2) ** -900 else 0
    exact *= (-1 if text[0] == "-" else 1) * 2**shift
    high = float(exact)
    return high, float(exact - Fraction(high)), shift
