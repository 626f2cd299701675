"""Addresses of arrays, and arrays whose references compiled code does not count."""

import gc
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest

from nadamkit._runtime import addresses


class Pair(NamedTuple):
    first: np.ndarray
    share: float


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), ()])
def test_two_ways_to_the_same_address(shape, dtype):
    a = np.ones(shape, dtype)
    assert addresses.writable(a) == addresses.address(a) == a.ctypes.data


def test_a_look_at_the_address_leaves_the_array_free():
    a = np.ones(3)
    addresses.writable(a)
    a.resize(5)  # refuses while something else uses the memory
    assert a.size == 5


def test_interpreted_code_gets_the_very_same():
    arrays = (np.ones(2), np.zeros(3))
    assert addresses.borrowed(arrays) is arrays


@pytest.fixture(scope="module")
def worked():
    """A compiled function that works on arrays it has borrowed, and hands them on."""
    addresses.compilable()

    @numba.njit
    def fill(a, value):
        for i in range(a.size):
            a[i] = value

    @numba.njit
    def work(pair, counts, matrix):
        pair, counts, matrix = addresses.borrowed((pair, counts, matrix))
        for row in range(matrix.shape[0]):
            fill(matrix[row], pair.share * row)
            fill(pair.first, matrix[row].sum())
            counts[row % counts.size] += 1
        return pair.first[0]

    return work


def test_compiled_code_writes_into_the_borrowed_arrays(worked):
    pair, counts, matrix = Pair(np.zeros(2), 0.5), np.zeros(3, np.int64), np.zeros((4, 2))
    assert worked(pair, counts, matrix) == 3.0
    np.testing.assert_array_equal(matrix, [[0, 0], [0.5, 0.5], [1, 1], [1.5, 1.5]])
    np.testing.assert_array_equal(pair.first, [3.0, 3.0])
    assert counts.tolist() == [2, 1, 1]


def test_no_array_is_kept_or_let_go_of(worked):
    pair, counts, matrix = Pair(np.zeros(2), 0.5), np.zeros(3, np.int64), np.zeros((4, 2))
    held = (pair.first, counts, matrix)
    worked(pair, counts, matrix)
    before = [sys.getrefcount(a) for a in held]
    for _ in range(100):
        worked(pair, counts, matrix)
    gc.collect()
    assert [sys.getrefcount(a) for a in held] == before
    np.testing.assert_array_equal(matrix[3], [1.5, 1.5])
