"""Every solver solves something easy through the one interface."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asv_benchmarks.solving import excess, peers, solvers
from asv_benchmarks.solving.runs import run
from asv_benchmarks.solving.trace import Bounds, Problem
from nadamkit import problems

ROOT = Path(__file__).parents[2]
SCALES = np.array([1.0, 10.0, 100.0])


def bowl(x):
    return float(SCALES @ (x - 1.0) ** 2), 2.0 * SCALES * (x - 1.0)


PROBLEM = Problem("bowl", bowl, np.array([3.0, -2.0, 0.0]))
BOUNDS = Bounds(np.full(3, -np.inf), np.array([np.inf, 0.5, 0.5]))


def installed(names):
    return [name for name in names if not solvers.missing(name)]


@pytest.mark.parametrize("name", ["L-BFGS-B", "CG", "TNC", "SLSQP", "iRprop-"])
def test_peer_finds_the_minimum(name):
    trace = run(solvers.get(name), PROBLEM, 300)
    assert trace.values[-1] < 1e-8
    assert trace.total <= 300
    assert not trace.note


@pytest.mark.parametrize("name", [*solvers.BOUNDED, "nadamkit nadam"])
def test_bounds_are_kept(name):
    trace = run(solvers.get(name), PROBLEM._replace(bounds=BOUNDS), 300)
    assert not trace.note
    # The second and the third variable end at 0.5.
    assert trace.values[-1] == pytest.approx(110.0 * 0.25, rel=1e-8)


def test_irprop_by_hand():
    # f = x^2 from 0.02: steps of 0.0125, 0.015 over the minimum, none, then 0.0075 back.
    points = []

    def square(x):
        points.append(float(x[0]))
        return float(x[0] ** 2), 2.0 * x

    peers.irprop(square, np.array([0.02]), 5)
    np.testing.assert_allclose(points, [0.02, 0.0075, -0.0075, -0.0075, 0.0], atol=1e-15)


def test_each_setting_is_a_solver_with_its_own_name():
    names = [s.name for s in solvers.theirs(["optax-adam", "CG"])]
    assert names == [
        *("optax adam .001", "optax adam .01", "optax adam .1", "optax adam 1"),
        *("optax adam .1 cosine", "CG"),
    ]


@pytest.mark.skipif(bool(solvers.missing("optax-adam")), reason="optax is not installed")
def test_optax():
    """In a process of its own: JAX warns at every fork from then on, which other tests do."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/benchmarks_solving/with_optax.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_grid_has_23_settings():
    assert len(excess.GRID) == 23


def test_restarted_run_spends_the_budget_and_is_deterministic():
    problem = problems.get("quad50_noise")
    first, second = (excess.restarted(problem, 60, 1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert excess.of_point(problem, first) < excess.of_point(problem, problem.x0) == 1.0


def test_missing_packages_are_named(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(solvers, "find_spec", lambda name: None if name == "optax" else found(name))
    assert "optax" in solvers.missing("optax-adam")
    assert solvers.missing("L-BFGS-B") == ""
