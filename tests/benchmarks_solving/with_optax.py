"""What runs optax in this process; `test_solvers` runs it in one of its own."""

import numpy as np
import pytest

from asv_benchmarks.solving import excess, optax_peers
from nadamkit import problems
from tests.benchmarks_solving.test_solvers import PROBLEM, bowl


@pytest.mark.parametrize("name", ["adam", "nadam"])
def test_optax_takes_its_steps_in_double_precision(name):
    x = optax_peers.last_point(name, optax_peers.Setting(0.1), bowl, PROBLEM.x0, 1)
    # The first step of both is the learning rate, times 1.9 / 1.9 or the like, in each component.
    moved = np.abs(x - PROBLEM.x0)
    np.testing.assert_allclose(moved, moved[0], rtol=1e-7)
    assert x.dtype == np.float64
    far = optax_peers.last_point(name, optax_peers.Setting(0.1), bowl, PROBLEM.x0, 400)
    np.testing.assert_allclose(far, 1.0, atol=1e-3)


def test_grid_by_our_methods_is_what_optax_computes():
    problem = problems.get("quad50_noise")
    ours = excess.fixed_rate(problem, 100, 0, excess.GRID[excess.CHECKED])
    np.testing.assert_allclose(ours, excess.by_optax(problem, 100, 0), rtol=1e-10)
