"""Numbers written and read again, against exact fractions."""

import math
import random
from fractions import Fraction

import pytest

from conformance.numbers import long, short, split, upper
from conformance.reference.arithmetic import mpf

EDGES = [0.0, 1.0, 0.1, 1 / 3, 2.0**-1074, 3 * 2.0**-1074, 2.0**-1022, 2.0**-1022 - 2.0**-1074]
EDGES += [2.0**1023, math.nextafter(math.inf, 0), 1 + 2.0**-52, 16.0]


def doubles(count=300):
    source = random.Random(1)
    for _ in range(count):
        yield math.ldexp(source.uniform(-1, 1), source.randint(-1060, 1023))


def fraction(text):
    """The number that a text means, by the book."""
    sign = -1 if text.startswith("-") else 1
    mantissa, exponent = text.lstrip("-").removeprefix("0x").split("p")
    whole, _, after = mantissa.partition(".")
    digits = sum(int(d, 16) * Fraction(16) ** -i for i, d in enumerate(after, 1))
    return sign * (int(whole, 16) + digits) * Fraction(2) ** int(exponent)


def real(value):
    """A fraction whose divisor is a power of two, as a number of mpmath."""
    return mpf(value.numerator) / mpf(value.denominator)


def sum_of(read):
    high, low, shift = read
    return (Fraction(high) + Fraction(low)) / 2**shift


@pytest.mark.parametrize("sign", [1, -1])
def test_doubles_are_written_exactly(sign):
    for x in (sign * y for y in (*EDGES, *doubles())):
        assert float.fromhex(short(x)).hex() == x.hex()
        assert fraction(short(x)) == Fraction(x)
        assert "." not in short(x) or short(x).split("p")[0][-1] not in "0."


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0x0p+0"),
        (-0.0, "-0x0p+0"),
        (1.0, "0x1p+0"),
        (-2.5, "-0x1.4p+1"),
        (2.0**-1074, "0x0.0000000000001p-1022"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_short(x, text):
    assert short(x) == text


def test_long_numbers_of_69_bits_are_exact():
    source = random.Random(2)
    for _ in range(300):
        digits = source.getrandbits(69) | 1 << 68
        exact = source.choice((-1, 1)) * digits * Fraction(2) ** source.randint(-1200, 900)
        assert fraction(long(real(exact))) == exact
        assert sum_of(split(long(real(exact)))) == exact


def test_longer_numbers_are_rounded_to_half_a_unit():
    source = random.Random(3)
    for _ in range(300):
        exact = Fraction(source.getrandbits(200) | 1 << 199) * Fraction(2) ** -250
        unit = Fraction(2) ** -(250 - 199 + 68)
        assert 0 < abs(fraction(long(real(exact))) - exact) <= unit / 2


UNIT = Fraction(2) ** -68


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        (Fraction(0), "0x0p+0"),
        (Fraction(-1), "-0x1p+0"),
        (2 - UNIT, "0x1.fffffffffffffffffp+0"),
        (2 - UNIT / 2, "0x1p+1"),  # the carry goes through all digits
        (-4 + UNIT / 2, "-0x1p+2"),
        (1 + UNIT / 2, "0x1p+0"),  # a tie goes to the even digit
        (1 + UNIT * 3 / 2, "0x1.00000000000000002p+0"),
        (Fraction(2) ** -1074, "0x1p-1074"),
        (Fraction(3) * Fraction(2) ** -1100, "0x1.8p-1099"),
    ],
)
def test_long(exact, text):
    assert long(real(exact)) == text


@pytest.mark.parametrize("sign", [1, -1])
def test_the_first_part_is_the_nearest_double(sign):
    source = random.Random(4)
    for _ in range(300):
        exact = sign * Fraction(source.getrandbits(69) | 1 << 68) * Fraction(2) ** -80
        high, _, shift = split(long(real(exact)))
        assert shift == 0
        assert high == float(exact)
        assert high == float.fromhex(long(real(exact)))


def test_tiny_numbers_keep_their_digits():
    for exponent in (-900, -901, -1000, -1074, -1090):
        exact = (1 + UNIT) * Fraction(2) ** exponent
        high, low, shift = split(long(real(exact)))
        assert low != 0
        assert shift == (1000 if exponent < -900 else 0)
        assert sum_of((high, low, shift)) == exact


def test_zero():
    assert split("0x0p+0") == (0.0, 0.0, 0)


def test_bounds_are_rounded_up_to_nine_bits():
    for x in map(abs, (2.0**-1022, 0.1, 16.0, 2.0**1022, *doubles())):
        written = float.fromhex(upper(x))
        assert x <= written
        if x >= 2.0**-1022:
            assert written <= x * (1 + 2.0**-8)
            assert math.frexp(written)[0] * 512 % 1 == 0


@pytest.mark.parametrize("x", [2.0**-1074, 3 * 2.0**-1074, 0x123456789 * 2.0**-1074])
def test_subnormal_bounds_are_not_rounded_down(x):
    assert float.fromhex(upper(x)) >= x


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0x0p+0"), (1.0, "0x1p+0"), (1 + 2.0**-30, "0x1.01p+0"), (2 - 2.0**-30, "0x1p+1")],
)
def test_upper(x, text):
    assert upper(x) == text
