"""The recorder counts, ends runs, and finds points outside the bounds."""

import numpy as np
import pytest

from asv_benchmarks.solving.runs import run
from asv_benchmarks.solving.solvers import Solver
from asv_benchmarks.solving.trace import (
    Bounds,
    OutsideBounds,
    Problem,
    Recorder,
    RunOver,
    slope,
)


def sphere(x):
    return float(x @ x), 2.0 * x


BOUNDED = Problem("sphere", sphere, np.ones(2), 0.0, Bounds(np.full(2, 0.5), np.full(2, np.inf)))
FREE = BOUNDED._replace(bounds=None)


def test_trace_has_the_calls_that_improved():
    record = Recorder(FREE, budget=10)
    for size in (3.0, 4.0, 2.0, np.nan, 2.0, 1.0):
        record(np.array([size, 0.0]))
    assert record.trace() == ((1, 3, 6), (9.0, 4.0, 1.0), 6, None, "")


def test_no_call_beyond_the_budget():
    record = Recorder(FREE, budget=2)
    record(np.ones(2))
    record(np.ones(2))
    with pytest.raises(RunOver):
        record(np.zeros(2))
    assert record.trace().values == (2.0,)
    assert record.trace().total == 2


def test_run_ends_where_the_gradient_is_small():
    record = Recorder(FREE, budget=10, gtol=1e-3)
    record(np.ones(2))
    with pytest.raises(RunOver):
        record(np.full(2, 5e-4))
    assert record.trace().reached == 2


def test_gradient_that_only_leads_out_of_bounds_is_small():
    corner = np.full(2, 0.5)
    assert slope(corner, np.ones(2), BOUNDED.bounds) == 0.0
    assert slope(corner, -np.ones(2), BOUNDED.bounds) == 1.0
    assert slope(corner, np.ones(2)) == 1.0


@pytest.mark.parametrize("x", [[0.5, 0.49], [np.nan, 1.0]])
def test_point_outside_the_bounds_raises(x):
    with pytest.raises(OutsideBounds, match="sphere was evaluated outside its bounds"):
        Recorder(BOUNDED, budget=1)(np.array(x))


@pytest.mark.parametrize("ours", [True, False])
def test_run_outside_the_bounds_is_noted(ours):
    def leave(fun, x0, budget, bounds):
        fun(x0)
        fun(bounds.lower - 1e-15)

    trace = run(Solver("careless", leave, ours=ours), BOUNDED, 10)
    assert trace.note == "left the bounds"
    assert trace.total == 1


def test_error_of_a_peer_ends_its_run_and_an_error_of_ours_is_a_fault():
    def fail(fun, x0, budget, bounds):
        fun(x0)
        raise ValueError("NaN")

    assert run(Solver("theirs", fail), FREE, 10).note == "ValueError: NaN"
    with pytest.raises(ValueError, match="NaN"):
        run(Solver("ours", fail, ours=True), FREE, 10)
