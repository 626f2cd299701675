"""Sums and norms: the same bits in NumPy and compiled, and right to a derived bound."""

import math

import numpy as np
import pytest

from nadamkit._runtime import numba
from nadamkit.backends import reduce

SIZES = (0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 255, 256, 257, 4095, 4096, 4097, 8192, 12_321, 70_001)


@pytest.fixture(scope="module")
def compiled():
    """The loops, compiled as the compiled optimisation loop has them."""
    return {f.__name__: numba.jit(f) for f in map(numba.inlinable, reduce.PLAIN)}


def data(dtype, size, seed):
    """Numbers of mixed sign and size, so that the order of additions shows."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(size) * 10.0 ** rng.uniform(-6, 6, size)).astype(dtype)


def same(a, b):
    return np.float64(a).tobytes() == np.float64(b).tobytes() or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize("size", SIZES)
def test_numpy_and_compiled_have_the_same_bits(size, dtype, compiled):
    a, b = data(dtype, size, 0), data(dtype, size, 1)
    assert same(reduce.dot(a, b), compiled["plain_dot"](a, b))
    assert same(reduce.dot(a, -0.0 * b), compiled["plain_dot"](a, -0.0 * b))
    assert same(reduce.sum_abs(a), compiled["plain_sum_abs"](a))
    assert same(reduce.max_abs(a), compiled["plain_max_abs"](a))
    assert same(reduce.norm(a), compiled["plain_norm"](a))


@pytest.mark.parametrize("size", SIZES)
def test_dot_is_within_the_rounding_bound(size, dtype):
    """A product goes through its own rounding and at most ROWS + 5 + blocks additions.

    The reference is rounded too: each product, and the exact sum of them.
    """
    a, b = data(dtype, size, 0), data(dtype, size, 1)
    products = [float(x) * float(y) for x, y in zip(a, b, strict=True)]
    roundings = 1 + reduce.ROWS + 5 + -(-size // reduce.BLOCK) + 2
    unit = 2.0**-53
    bound = roundings * unit / (1 - roundings * unit) * math.fsum(map(abs, products))
    assert abs(reduce.dot(a, b) - math.fsum(products)) <= bound


@pytest.mark.parametrize("size", SIZES)
def test_sum_of_absolute_values_is_within_the_rounding_bound(size, dtype):
    a = data(dtype, size, 0)
    exact = math.fsum(map(abs, a.tolist()))
    roundings = reduce.ROWS + 5 + -(-size // reduce.BLOCK) + 2
    assert abs(reduce.sum_abs(a) - exact) <= roundings * 2.0**-53 * 1.01 * exact


@pytest.mark.parametrize("size", SIZES)
def test_norm_is_the_root_of_the_sum_of_squares(size, dtype):
    a = data(dtype, size, 2)
    exact = math.sqrt(math.fsum(float(x) ** 2 for x in a))
    assert reduce.norm(a) == pytest.approx(exact, rel=1e-14, abs=0.0)
    assert reduce.max_abs(a) == max(map(abs, a.tolist()), default=0.0)


@pytest.mark.parametrize(
    "power", [-1074, -1073, -1022, -972, -600, -461, -460, -459, 459, 460, 461, 600, 972, 1021]
)
def test_norm_neither_overflows_nor_vanishes(power, compiled):
    a = np.array([3.0, -4.0]) * 2.0**power
    assert reduce.norm(a) == 5.0 * 2.0**power
    assert same(reduce.norm(a), compiled["plain_norm"](a))


def test_norm_of_float32_needs_no_scaling(compiled):
    for top in (np.finfo("f4").max, np.finfo("f4").smallest_subnormal):
        a = np.full(4, top, "f4")
        assert reduce.norm(a) == 2.0 * float(top)
        assert same(reduce.norm(a), compiled["plain_norm"](a))


@pytest.mark.parametrize(
    ("values", "dot", "largest", "norm"),
    [
        ([1.0, np.nan, -2.0], np.nan, np.nan, np.nan),
        ([np.nan, np.inf], np.nan, np.nan, np.nan),
        ([1.0, -np.inf], np.inf, np.inf, np.inf),
        ([-0.0, 0.0], 0.0, 0.0, 0.0),
    ],
)
def test_not_finite(values, dot, largest, norm, dtype, compiled):
    a = np.array(values, dtype)
    assert same(reduce.dot(a, a), dot)
    assert same(reduce.max_abs(a), largest)
    assert same(reduce.norm(a), norm)
    assert same(compiled["plain_dot"](a, a), dot)
    assert same(compiled["plain_max_abs"](a), largest)
    assert same(compiled["plain_norm"](a), norm)


def test_sums_are_in_float64():
    ones = np.ones(2**24 + 4096, "f4")
    assert reduce.dot(ones, ones) == ones.size
