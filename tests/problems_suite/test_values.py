"""Values and gradients against NumPy transcriptions, published values, and other minimisers."""

import warnings

import numpy as np
import pytest
import scipy.optimize

from nadamkit import problems
from tests.problems_suite import models, transcription

VALUES = {**transcription.VALUES, **models.VALUES}
ALL = problems.names()
#: Summed by another order of operations; the cancellation in a few residuals costs three digits.
CLOSE = 1e-12

#: Published least values: Moré, Garbow and Hillstrom (1981), six digits.
PUBLISHED = {
    "jensamp": 124.362,
    "bard": 8.21487e-3,
    "gaussian": 1.12793e-8,
    "meyer": 87.9458,
    "kowosb": 3.07505e-4,
    "brown_dennis": 85822.2,
    "osborne1": 5.46489e-5,
    "watson6": 2.28767e-3,
    "penalty1_10": 7.08765e-5,
    "penalty2_10": 2.93660e-4,
    "chebyquad8": 3.51687e-3,
}

#: Values at the standard starts, by hand.
AT_START = {
    "rosenbrock2": 24.2,
    "freud_roth": 400.5,
    "beale": 14.203125,
    "helical": 2500.0,
    "powell_sing4": 215.0,
    "wood": 19192.0,
    "watson6": 30.0,
    "himmelblau": 170.0,
    "booth": 761.0,
}
#: The same as others print them, to six digits.
PRINTED_AT_START = {
    "brown_dennis": 7.92669e6,
    "bard": 41.6817,
    "box3d": 1031.15,
    "jensamp": 4171.31,
    "osborne1": 0.879026,
    "biggs6": 0.779070,
}

#: Known solutions with value 0.
SOLUTIONS = {
    "rosenbrock2": np.ones(2),
    "rosenbrock10": np.ones(10),
    "chain_rosen10": np.ones(10),
    "chain_rosen100": np.ones(100),
    "rosen20_noise": np.ones(20),
    "freud_roth": [5, 4],
    "brown_badscale": [1e6, 2e-6],
    "beale": [3, 0.5],
    "helical": [1, 0, 0],
    "box3d": [1, 10, 1],
    "powell_sing4": np.zeros(4),
    "powell_sing40": np.zeros(40),
    "wood": np.ones(4),
    "biggs6": [1, 10, 1, 5, 4, 3],
    "vardim10": np.ones(10),
    "brown_al10": np.ones(10),
    "himmelblau": [3, 2],
    "booth": [1, 3],
}

#: Systems of equations with a solution near the start, or near a given point.
SYSTEMS = {
    "powell_badscale": [1.098e-5, 9.106],
    "trig10": [0.05, 0.06, 0.06, 0.06, 0.06, 0.07, 0.07, 0.2, 0.16, 0.05],
    "bdvalue10": None,
    "inteq10": None,
    "broydn3d10": None,
    "broydnbd10": None,
}


def test_every_problem_has_a_transcription():
    assert set(VALUES) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_value_and_gradient(name):
    """The derivative along a direction d is Im f(x + i h d) / h, without cancellation."""
    problem, h = problems.get(name), 1e-30
    rng = np.random.default_rng(7)
    directions = np.eye(problem.n) if problem.n <= 50 else rng.standard_normal((2, problem.n))
    for spread in (0.0, 0.05):
        x = problem.x0 + spread * rng.standard_normal(problem.n) * np.maximum(0.1, abs(problem.x0))
        f, g = problem.value_and_gradient(x)
        steps = [VALUES[name](x + 1j * h * d, *problem.args) for d in directions]
        slopes = np.array([step.imag / h for step in steps])
        assert f == pytest.approx(steps[0].real, rel=CLOSE)
        np.testing.assert_allclose(
            directions @ g, slopes, rtol=CLOSE, atol=CLOSE * abs(slopes).max()
        )


@pytest.mark.parametrize("name", [*AT_START, *PRINTED_AT_START])
def test_value_at_the_start(name):
    problem = problems.get(name)
    if name in AT_START:
        assert problem.exact(problem.x0) == pytest.approx(AT_START[name], rel=1e-14)
    else:
        assert problem.exact(problem.x0) == pytest.approx(PRINTED_AT_START[name], rel=5e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_minimum(name):
    problem = problems.get(name)
    assert problem.known == "published"
    assert problem.best == pytest.approx(PUBLISHED[name], rel=6e-6)


def test_everything_published_is_compared():
    assert set(PUBLISHED) == {name for name in ALL if problems.get(name).known == "published"}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_known_solution(name):
    problem = problems.get(name)
    f, g = problem.value_and_gradient(SOLUTIONS[name])
    assert problem.best == 0
    assert f <= 1e-28
    assert abs(g).max() <= 1e-9


@pytest.mark.parametrize("name", SYSTEMS)
def test_system_has_a_solution(name):
    problem = problems.get(name)
    start = problem.x0 if SYSTEMS[name] is None else np.array(SYSTEMS[name])
    run = scipy.optimize.minimize(
        problem.value_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-13}
    )
    assert problem.best == 0
    assert run.fun < 1e-20


@pytest.mark.parametrize("name", ["quad50_c1e2", "quad50_c1e4_rot", "quad50_c1e4_diag"])
def test_quadratic_has_its_condition_and_its_centre(name):
    problem = problems.get(name)
    matrix, centre = problem.args
    eigenvalues = np.linalg.eigvalsh(matrix)
    assert np.isclose(eigenvalues[-1] / eigenvalues[0], 1e2 if name.endswith("c1e2") else 1e4)
    assert problem.exact(centre) == problem.best == 0


def test_four_atoms_at_rest_are_a_tetrahedron():
    side = 2 ** (1 / 6)
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * side / np.sqrt(8)
    problem = problems.get("lj4")
    f, g = problem.value_and_gradient(corners.ravel())
    assert f == pytest.approx(problem.best, rel=1e-14)
    assert abs(g).max() < 1e-12


def test_circuit_stays_above_the_ground_state():
    ground = np.linalg.eigvalsh(models.ising())[0]
    assert ground == pytest.approx(-4.758770483143634)  # free fermions: Pfeuty (1970)
    assert ground < problems.get("vqe_tfim4").best


def test_factorisation_cannot_beat_the_singular_values():
    problem = problems.get("mf_digits")
    left, values, right = np.linalg.svd(problem.args[0], full_matrices=False)
    x = np.concatenate([(left[:, :8] * values[:8]).ravel(), right[:8].T.ravel()])
    assert problem.exact(x) == pytest.approx(problem.best, rel=1e-10)
    assert problem.exact(x) >= problem.best


@pytest.mark.parametrize("name", ALL)
def test_l_bfgs_b_ends_above_the_best_known_value(name):
    problem = problems.get(name)
    calls = 1500 if problem.n <= 100 else 10 if problem.n > 50_000 else 150
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = scipy.optimize.minimize(
            problem.value_and_gradient,
            problem.x0,
            jac=True,
            method="L-BFGS-B",
            options={"maxfun": calls, "maxiter": calls, "ftol": 0.0, "gtol": 1e-12},
        )
    assert not problem.best > run.fun  # NaN where it is not known for the data found here
    assert run.fun < problem.exact(problem.x0)


@pytest.mark.parametrize(
    "name", ["logreg_bc_std", "softmax_digits", "ct_phantom48", "vqe_tfim4", "advi_logreg"]
)
def test_l_bfgs_b_reaches_the_best_known_value(name):
    problem = problems.get(name)
    run = scipy.optimize.minimize(
        problem.value_and_gradient,
        problem.x0,
        jac=True,
        method="L-BFGS-B",
        options={"maxfun": 1000, "maxcor": 30, "ftol": 0.0, "gtol": 1e-9},
    )
    assert run.fun == pytest.approx(problem.best, rel=1e-9)
