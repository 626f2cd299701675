"""What a `Problem` is, what it loads, and that `minimize` takes each of them."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from nadamkit import minimize, problems
from nadamkit.errors import OptionError

ALL = problems.names()
#: One problem for each function, without three that take seconds to compile once more.
OF_EACH_FUNCTION = [
    name
    for name in {problems.get(name).function: name for name in ALL}.values()
    if name not in ("mlp_digits", "nce_pydoc", "advi_logreg")
]


def in_fresh_process(code):
    """What a new process prints as JSON in its last line."""
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def test_names():
    assert len(problems.names("classical")) == 42
    assert len(problems.names("stochastic")) == 11
    assert problems.names("classical") + problems.names("stochastic") == ALL
    assert len(set(ALL)) == 53


def test_unknown_names_are_refused_with_the_closest_one():
    with pytest.raises(OptionError, match="did you mean 'beale'"):
        problems.get("bealle")
    with pytest.raises(
        OptionError, match=r"^Unknown problem \['beale'\]; did you .* nadamkit\.problems\.names"
    ):
        problems.get(["beale"])
    with pytest.raises(OptionError, match="did you mean 'classical'"):
        problems.names("classic")


@pytest.mark.parametrize("name", ALL)
def test_fields(name):
    problem = problems.get(name)
    assert problem.name == name
    assert problem.title
    assert problem.source
    assert problem.known in ("exact", "published", "computed")
    assert problem.x0.shape == (problem.n,)
    assert problem.x0.dtype == np.float64
    assert not any(array.flags.writeable for array in (problem.x0, *problem.args))
    assert all(array.flags.c_contiguous for array in problem.args)
    assert not problem.best > problem.exact(problem.x0)  # NaN for other versions of Python's manual
    if problem.batch_size:
        assert len({len(array) for array in problem.args}) == 1


@pytest.mark.parametrize("name", ALL)
def test_minimize_runs_it_compiled(name):
    """A CompileWarning would be an error."""
    problem = problems.get(name)
    options = {"learning_rate": 1e-6, "maxiter": 3}
    result = minimize(problem.exact_fun, problem.x0, args=problem.args, options=options)
    assert result.nit == 3
    assert result.fun <= problem.exact(problem.x0)
    assert result.fun == problem.exact(result.x)


@pytest.mark.parametrize("name", ["beale", "logreg_bc_std", "vqe_tfim4"])
def test_minimize_runs_it_in_float32(name):
    problem = problems.get(name)
    x0 = problem.x0.astype(np.float32)
    options = {"learning_rate": 1e-3, "maxiter": 20}
    result = minimize(problem.exact_fun, x0, args=problem.args, options=options)
    assert result.x.dtype == np.float32
    assert problem.exact(result.x.astype(float)) < problem.exact(problem.x0)


@pytest.mark.parametrize("name", ["beale", "himmelblau"])
def test_minimize_solves_it(name):
    problem = problems.get(name)
    result = minimize(problem.fun, problem.x0, args=problem.args, options={"maxiter": 5000})
    assert problem.best <= result.fun <= problem.best + 1e-8


@pytest.mark.parametrize("name", OF_EACH_FUNCTION)
def test_float32(name):
    problem = problems.get(name)
    x = problem.x0.astype(np.float32)
    f, g = problem.value_and_gradient(x)
    value, gradient = problem.value_and_gradient(x.astype(np.float64))
    assert g.dtype == np.float32
    assert f == pytest.approx(value, rel=2e-5)
    np.testing.assert_allclose(g, gradient, rtol=0, atol=2e-5 * abs(gradient).max())


def test_x_is_checked_and_kept():
    problem = problems.get("wood")
    with pytest.raises(OptionError, match=r"\(4,\)"):
        problem.value_and_gradient(np.zeros(3))
    x = np.arange(8.0)[::2]
    problem.sample(x, np.random.default_rng(0))
    assert x.tolist() == [0, 2, 4, 6]
    assert problem.exact([1, 1, 1, 1]) == 0


def test_classical_samples_are_exact():
    problem = problems.get("wood")
    f, g = problem.sample(problem.x0, np.random.default_rng(0))
    assert (f, g.tolist()) == (19192, problem.value_and_gradient(problem.x0)[1].tolist())


#: Sums of x0 weighted with cos(0), cos(1), ... for the starts that NumPy's generators draw.
STARTS = {
    "lj4": -1.53749378769757,
    "mlp_diabetes": -1.92852287567428,
    "mlp_digits": -2.64195028361201,
    "mf_digits": 1.47138456729634,
    "vqe_tfim4": -0.177823996377299,
    "nce_pydoc": 83.8293450461537,
}
#: Such sums of the data, which come from scikit-learn, NumPy's generators and LAPACK.
DATA = {
    "quad50_c1e2": [-38.256607007545, 3.94995328688838],
    "quad50_c1e4_diag": [-10321.2253169442, -1.2390321696639],
    "quad50_noise": [-658.506892609053, -8.03091805034732],
    "logreg_bc_std": [17.4338915799824, -1.51011491837436],
    "logreg_bc_raw": [2852.79860173956, -1.51011491837436],
    "softmax_digits": [-88.7470265477521, 47.6951991377973],
    "mlp_diabetes": [48.100077443922, -9.30424933966865],
    "ct_phantom48": [1.28596353529541, 0.508427125035434],
}


def checksum(array):
    return float(array.ravel() @ np.cos(np.arange(array.size)))


@pytest.mark.parametrize("name", STARTS)
def test_starts_are_those_of_the_best_known_values(name):
    assert checksum(problems.get(name).x0) == pytest.approx(STARTS[name], rel=1e-10)


@pytest.mark.parametrize("name", DATA)
def test_data_are_those_of_the_best_known_values(name):
    assert [checksum(a) for a in problems.get(name).args] == pytest.approx(DATA[name], rel=1e-8)


def test_nothing_heavy_is_imported():
    loaded = in_fresh_process(
        """
        import json, sys
        from nadamkit import problems
        problems.names()
        problem = problems.get("bard")
        problem.x0, problem.args, problem.best, repr(problem)
        problems.get("softmax_digits").x0
        print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
        """
    )
    assert not {"numba", "llvmlite", "scipy", "sklearn", "pydoc_data"} & set(loaded)


def test_without_numba_values_are_the_same():
    found = in_fresh_process(
        """
        import json, sys
        sys.modules["numba"] = None
        import numpy as np
        from nadamkit import problems
        from nadamkit.errors import BackendUnavailable
        found = {}
        for name in ("helical", "chebyquad8", "lj4", "vqe_tfim4", "quad50_noise"):
            problem = problems.get(name)
            f, g = problem.sample(problem.x0, np.random.default_rng(1))
            found[name] = [f, g.tolist()]
        try:
            problems.get("beale").fun
        except BackendUnavailable as error:
            assert "pip install" in str(error)
            print(json.dumps(found))
        """
    )
    for name, (f, g) in found.items():
        problem = problems.get(name)
        value, gradient = problem.sample(problem.x0, np.random.default_rng(1))
        assert f == pytest.approx(value, rel=1e-13)
        np.testing.assert_allclose(g, gradient, rtol=1e-12, atol=1e-12 * abs(gradient).max())


def test_without_scikit_learn_it_says_what_to_install():
    message = in_fresh_process(
        """
        import json, sys
        sys.modules["sklearn"] = None
        from nadamkit import problems
        from nadamkit.errors import NadamkitError
        problems.names()
        problem = problems.get("mlp_digits")
        try:
            problem.args
        except (NadamkitError, ImportError) as error:
            print(json.dumps(str(error)))
        """
    )
    assert "scikit-learn" in message
    assert 'pip install "nadamkit[examples]"' in message
