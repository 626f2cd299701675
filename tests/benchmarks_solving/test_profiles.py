"""Profiles against examples worked out by hand."""

import numpy as np
import pytest

from asv_benchmarks.solving import profiles
from asv_benchmarks.solving.trace import Trace

INF = np.inf


def test_target_is_a_share_of_the_possible_progress():
    assert profiles.target(10.0, 2.0, 0.25) == 4.0
    assert profiles.target(10.0, 2.0, 0.0) == 2.0


@pytest.mark.parametrize(
    ("value", "calls"), [(9.0, 1.0), (8.0, 3.0), (5.0, 3.0), (1.0, 7.0), (0.5, INF)]
)
def test_cost_is_the_first_call_at_or_below(value, calls):
    trace = Trace(calls=(1, 3, 7), values=(9.0, 5.0, 1.0), total=8)
    assert profiles.cost(trace, value) == calls


def test_cost_of_a_run_without_a_finite_value_is_infinite():
    assert profiles.cost(Trace(total=1), 1.0) == INF


def test_data_profile():
    # Two of four within 10 calls, three within 20, one never.
    shares = profiles.data_profile([10, 20, 5, INF], [4, 5, 10, 19, 20, 1000])
    np.testing.assert_array_equal(shares, [0.0, 0.25, 0.5, 0.5, 0.75, 0.75])


def test_performance_profile():
    # Least costs 10, 20, 4; ratios of a: 1, 2, inf; of b: 3, 1, 1; the fourth nobody solves.
    costs = {"a": [10, 40, INF, INF], "b": [30, 20, 4, INF]}
    shares = profiles.performance_profile(costs, [1.0, 1.99, 2.0, 3.0, 100.0])
    np.testing.assert_array_equal(shares["a"], [0.25, 0.25, 0.5, 0.5, 0.5])
    np.testing.assert_array_equal(shares["b"], [0.5, 0.5, 0.5, 0.75, 0.75])
