"""Bounds in every accepted spelling, their rounding, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize

from nadamkit.errors import NadamkitError, OptionError
from nadamkit.objectives.bounds import Box, standardise

INF = np.inf
COUNT = r"^The number of bounds is not compatible with the length of `x0`\. There are"
CROSSED = r"^An upper bound is less than the corresponding lower bound\. Variable"


@pytest.mark.parametrize(
    "bounds",
    [
        optimize.Bounds([0, -INF, -1], [1, 2, INF]),
        [(0, 1), (None, 2), (-1, None)],
        ((0, 1), (-INF, 2.0), (-1, INF)),
        np.array([[0, 1], [-INF, 2], [-1, INF]]),
        zip([0, -INF, -1], [1, 2, INF], strict=True),
        [np.array([0, 1]), [None, 2], (Fraction(-1), None)],
    ],
    ids=["Bounds", "pairs", "tuples", "array", "iterator", "mixed"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_spellings(bounds, dtype):
    if isinstance(bounds, zip):
        bounds = zip([0, -INF, -1], [1, 2, INF], strict=True)
    box = standardise(bounds, 3, dtype)
    assert isinstance(box, Box)
    assert box.lower.dtype == box.upper.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(box.lower, [0, -INF, -1])
    np.testing.assert_array_equal(box.upper, [1, 2, INF])
    assert not box.fixed.any()
    assert box.all_fixed is False


@pytest.mark.parametrize(
    "bounds",
    [
        [(0, 1)],
        (0, 1),
        optimize.Bounds(0, 1),
        optimize.Bounds([0], [1]),
        optimize.Bounds(0, [1] * 4),
    ],
)
def test_a_single_pair_holds_for_all(bounds):
    box = standardise(bounds, 4, np.float64)
    np.testing.assert_array_equal(box.lower, np.zeros(4))
    np.testing.assert_array_equal(box.upper, np.ones(4))


@pytest.mark.parametrize(
    "bounds",
    [None, optimize.Bounds(), [(None, None)] * 2, [(-INF, INF), (None, None)], [(None, INF)], []],
)
def test_no_bounds(bounds):
    n = 0 if bounds == [] else 2
    assert standardise(bounds, n, np.float64) is None


def test_duck_typed_and_never_mutated():
    class Walls:
        lb = np.array([0.1, 0.2])
        ub = np.array([0.1, 3.0])

    for bounds in (Walls(), optimize.Bounds(Walls.lb.copy(), Walls.ub.copy())):
        lower, upper = bounds.lb, bounds.ub
        before = lower.copy(), upper.copy()
        for dtype in (np.float32, np.float64):
            box = standardise(bounds, 2, dtype)
            assert not np.shares_memory(box.lower, lower)
            assert not np.shares_memory(box.upper, upper)
        assert bounds.lb is lower
        assert bounds.ub is upper
        np.testing.assert_array_equal(lower, before[0])
        np.testing.assert_array_equal(upper, before[1])
        assert lower.flags.writeable


def test_box_is_frozen():
    box = standardise([(0, 1)], 2, np.float64)
    with pytest.raises(AttributeError):
        box.lower = np.zeros(2)
    for array in (box.lower, box.upper, box.fixed):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_fixed_beside_unbounded_without_a_warning():
    for dtype in (np.float32, np.float64):
        box = standardise([(0.1, 0.1), (None, None)], 2, dtype)
        np.testing.assert_array_equal(box.fixed, [True, False])


def test_fixed():
    box = standardise([(1, 1), (0, 1)], 2, np.float64)
    np.testing.assert_array_equal(box.fixed, [True, False])
    assert box.fixed.dtype == np.bool_
    assert box.all_fixed is False
    assert standardise([(1, 1)], 3, np.float32).all_fixed is True


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_project(dtype):
    box = standardise([(0, 1), (None, 2), (-1, None), (0, 1), (5, 5)], 5, dtype)
    x = np.array([-1, 3, -INF, np.nan, 0], dtype)
    assert box.project(x) is None
    np.testing.assert_array_equal(x, np.array([0, 2, -1, np.nan, 5], dtype))
    strided = np.full(10, 9, dtype)
    box.project(strided[::2])
    np.testing.assert_array_equal(strided, np.array([1, 9, 2, 9, 9, 9, 1, 9, 5, 9], dtype))


def test_float32_bounds_round_inward():
    rng = np.random.default_rng(1)
    lower = rng.standard_normal(4097) * 10.0 ** rng.integers(-30, 30, 4097)
    upper = lower + np.abs(lower) * rng.uniform(1e-6, 1, 4097)
    box = standardise(optimize.Bounds(lower, upper), 4097, np.float32)
    assert (box.lower.astype(float) >= lower).all()
    assert (box.upper.astype(float) <= upper).all()
    # The next float32 outwards would lie outside, so that no more than needed was lost.
    assert (np.nextafter(box.lower, np.float32(-INF)).astype(float) < lower).all()
    assert (np.nextafter(box.upper, np.float32(INF)).astype(float) > upper).all()
    # Both directions of rounding were met.
    assert (lower.astype(np.float32) < lower).any()
    assert (lower.astype(np.float32) > lower).any()


def test_float32_bounds_too_close_are_fixed_at_the_nearest():
    box = standardise([(0.1, 0.1), (0.1, 0.1 + 1e-12), (0.5, 0.6)], 3, np.float32)
    np.testing.assert_array_equal(box.fixed, [True, True, False])
    assert box.lower[0] == box.upper[0] == np.float32(0.1)
    assert box.lower[1] == box.upper[1] == np.float32(0.1)


def test_float32_bounds_beyond_its_range():
    largest = np.finfo(np.float32).max
    box = standardise([(-1e39, 1e39)], 1, np.float32)
    assert box.lower[0] == -largest
    assert box.upper[0] == largest
    for pair, written in [
        ((1e39, None), r"lower=1e\+39 and upper=inf"),
        ((None, -1e39), r"lower=-inf and upper=-1e\+39"),
        ((1e39, 1e39), r"lower=1e\+39 and upper=1e\+39"),
    ]:
        message = f"No finite float32 number satisfies the bounds {written}"
        with pytest.raises(OptionError, match=message):
            standardise([pair], 1, np.float32)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (
            [(0, 1), (1, 0), (0, 1)],
            CROSSED + " 1 has lower=1.0 and upper=0.0; exchange or correct them",
        ),
        (optimize.Bounds([2, 0, 0], 1), CROSSED + " 0 has lower=2.0"),
        ([(INF, -INF)], CROSSED),
        (
            [(0, 1)] * 2,
            COUNT + " 2 bounds for 3 variables; pass one for each variable, or a single",
        ),
        ([(0, 1)] * 4, COUNT + " 4 bounds"),
        ([], COUNT + " 0 bounds"),
        (optimize.Bounds([0, 0], [1, 1]), COUNT + " 2 bounds"),
        (optimize.Bounds(np.zeros((1, 3)), 1), COUNT),
        (
            [(0, 1), (np.nan, 1), (0, 1)],
            "^A bound of variable 1 is NaN; write None, or -inf and inf",
        ),
        (optimize.Bounds(0, [1, 1, np.nan]), "^A bound of variable 2 is NaN"),
        ([(INF, INF)], "^No finite float64 number satisfies the bounds lower=inf"),
        ([(None, -INF)], "^No finite float64 number satisfies the bounds"),
        ([(0, 1, 2)], r"^bounds\[0\] is \(0, 1, 2\), not a \(lower, upper\) pair; write None"),
        ([(0, 1), 5, (0, 1)], r"^bounds\[1\] is 5, not a \(lower, upper\) pair"),
        (["ab"], r"^bounds\[0\] is 'ab', not a"),
        ([("a", "b")], "^The bounds are not real numbers"),
        (
            [(1j, None)],
            "^The bounds are not real numbers .*complex.*; pass a scipy.optimize.Bounds",
        ),
        (7, "^bounds is an int, 7; pass a scipy.optimize.Bounds or a sequence of"),
        ("ab", "^bounds is a str, 'ab'; pass"),
        ({0: 1}, "^bounds is a dict, .*; pass"),
    ],
)
def test_refused(bounds, message):
    with pytest.raises(OptionError, match=message) as caught:
        standardise(bounds, 3, np.float64)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, NadamkitError)


def test_scipy_is_not_imported():
    code = "import nadamkit.objectives.bounds, sys; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
