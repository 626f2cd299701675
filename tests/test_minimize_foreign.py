"""`minimize` from a tensor of PyTorch; each run is, to the bit, the one from a NumPy array.

JAX's tests run in a process of their own.
"""

import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import minimize

ROOT = Path(__file__).parents[1]
START = [3.0, -4.0]
RATES = ("auto", 0.1)


@pytest.fixture
def torch():
    """PyTorch."""
    return pytest.importorskip("torch")


def bowl(x):
    """Of two variables, so that a sum has one order in any library."""
    return 0.5 * ((x - 1) * (x - 1)).sum()


def bowl_jac(x):
    return x - 1


def bowl_both(x):
    return bowl(x), bowl_jac(x)


def same_run(ours, usual, kind):
    for name in ("fun", "nit", "nfev", "njev", "status"):
        assert ours[name] == usual[name], name
    for name in ("x", "jac"):
        assert type(ours[name]) is kind
        assert np.asarray(ours[name]).dtype == usual[name].dtype
        assert_array_equal(ours[name], usual[name])


@pytest.mark.skipif(not find_spec("jax"), reason="jax is not installed")
def test_jax():
    """JAX warns at every fork once it is imported, which other tests do."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/with_jax_start.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("fun", "jac"),
    [
        *((bowl, bowl_jac), (bowl_both, True), (bowl, None), (bowl, "3-point"), (bowl, "cs")),
        (lambda x: [*bowl_both(x)], True),
    ],
)
def test_functions_get_tensors(torch, fun, jac, rate, dtype):
    kinds = set()

    def noting(function, x):
        kinds.add((type(x), x.dtype))
        return function(x)

    options = {"learning_rate": rate, "maxiter": 30}
    start = torch.tensor(START, dtype=getattr(torch, dtype))
    ours, gradient = partial(noting, fun), partial(noting, jac) if callable(jac) else jac
    result = minimize(ours, start, jac=gradient, options=options)
    usual = minimize(fun, np.array(START, dtype), jac=jac, options=options)
    same_run(result, usual, torch.Tensor)
    dtypes = {start.dtype, start.dtype.to_complex()} if jac == "cs" else {start.dtype}
    assert kinds == {(torch.Tensor, dtype) for dtype in dtypes}
    assert start.tolist() == START


@pytest.mark.parametrize("library", ["torch", "autograd"])
def test_gradient_by_a_library(torch, library):
    pytest.importorskip(library)
    result = minimize(bowl, torch.tensor(START, dtype=torch.float64), jac=library)
    same_run(result, minimize(bowl, START, jac=bowl_jac), torch.Tensor)


def test_start_that_requires_grad(torch):
    start = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    result = minimize(bowl, start, jac="torch")
    same_run(result, minimize(bowl, START, jac=bowl_jac), torch.Tensor)
    assert not result.x.requires_grad
    assert start.requires_grad
    assert start.grad is None
    assert start.tolist() == START


def test_values_that_require_grad_are_detached(torch):
    weight = torch.ones(2, dtype=torch.float64, requires_grad=True)
    start = torch.tensor(START, dtype=torch.float64)
    result = minimize(lambda x: bowl(weight * x), start, jac=lambda x: bowl_jac(weight * x))
    same_run(result, minimize(bowl, START, jac=bowl_jac), torch.Tensor)


@pytest.mark.parametrize("start", [[], [2.0], 2.0])
def test_shapes(torch, start):
    result = minimize(bowl, torch.tensor(start, dtype=torch.float64), jac=bowl_jac)
    assert result.x.tolist() == [1.0] * np.size(start)


def test_strided_start(torch):
    start = torch.tensor([START, START], dtype=torch.float64).T[0]
    usual = minimize(bowl, [3.0, 3.0], jac=bowl_jac)
    same_run(minimize(bowl, start, jac=bowl_jac), usual, torch.Tensor)


@pytest.mark.parametrize("named", [False, True])
def test_callback(torch, named):
    seen = []

    def plain(xk):
        seen.append(xk)

    def full(intermediate_result):
        assert intermediate_result.fun == bowl(intermediate_result.x)
        seen.append(intermediate_result.x)

    result = minimize(
        bowl,
        torch.tensor(START, dtype=torch.float64),
        jac=bowl_jac,
        callback=full if named else plain,
        options={"return_all": True, "history": 1, "learning_rate": 0.1, "maxiter": 9},
    )
    assert {type(x) for x in (*seen, *result.allvecs)} == {torch.Tensor}
    assert [x.tolist() for x in seen] == [x.tolist() for x in result.allvecs[1:]]
    assert len(seen) == 9
    assert type(result.history.x) is np.ndarray


def test_stop_iteration_ends_the_run(torch):
    def callback(x):
        raise StopIteration

    result = minimize(bowl, torch.tensor(START), jac=bowl_jac, callback=callback)
    assert (result.status, result.nit) == (99, 1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("jac", [bowl_jac, "torch", None])
def test_what_is_kept_stays_and_what_is_changed_changes_nothing(torch, jac, rate):
    """As for users of NumPy: each call's array is the user's own."""
    kept, then = [], []

    def keeps(x):
        kept.append(x)
        then.append(x.tolist())

    def fun(x):
        keeps(x)
        return bowl(x)

    def spoils(x):
        value = bowl(x)
        x.data.fill_(float("nan"))
        return value

    start = torch.tensor(START, dtype=torch.float64)
    options = {"learning_rate": rate, "maxiter": 20, "return_all": True}
    result = minimize(fun, start, jac=jac, callback=keeps, options=options)
    assert [x.tolist() for x in kept] == then
    assert len({x.data_ptr() for x in (*kept, result.x, result.jac)}) == len(kept) + 2
    if jac is not bowl_jac and jac is not None:
        return  # PyTorch needs x once more for the gradient
    spoilt = minimize(spoils, start, jac=jac, callback=spoils, options=options)
    assert_array_equal(spoilt.x, result.x)
    assert start.tolist() == START


def test_batches_and_validation(torch):
    rows = np.array([0.5, -1.0, 2.0, 0.25, 1.5, -0.75])

    def both(x, rows):
        return ((x - rows) ** 2).sum() / 4, (x - rows).sum() / 2

    def validation(x):
        kinds.add(type(x))
        return ((x - 1) ** 2).sum()

    kinds = set()
    given = dict(jac=True, batch_size=2, epochs=8, rng=3)
    start = torch.zeros(1, dtype=torch.float64)
    ours = minimize(both, start, (torch.from_numpy(rows),), validation=validation, **given)
    assert kinds == {torch.Tensor}
    usual = minimize(both, [0.0], (rows,), validation=validation, **given)
    same_run(ours, usual, torch.Tensor)
    assert ours.validation == usual.validation
    assert ours.fun_error == usual.fun_error


def test_bounds_and_maximisation(torch):
    given = dict(jac=lambda x: 1 - x, bounds=[(2.0, None), (0.5, 0.5)], options={"maximize": True})
    start = torch.tensor(START, dtype=torch.float64)
    usual = minimize(lambda x: -bowl(x), START, **given)
    assert_array_equal(usual.x, [2.0, 0.5])
    same_run(minimize(lambda x: -bowl(x), start, **given), usual, torch.Tensor)


def test_all_fixed_and_nan(torch):
    start = torch.tensor(START, dtype=torch.float64)
    fixed = [(v, v) for v in START]
    usual = minimize(bowl, START, jac=bowl_jac, bounds=fixed)
    same_run(minimize(bowl, start, jac=bowl_jac, bounds=fixed), usual, torch.Tensor)
    nan = minimize(bowl, torch.full((2,), torch.nan), jac=bowl_jac, options={"return_all": True})
    assert nan.status == 3
    assert nan.x.isnan().all()


def test_counts(torch):
    calls = []

    def counted(function, x):
        calls.append(function)
        return function(x)

    jac = partial(counted, bowl_jac)
    result = minimize(partial(counted, bowl), torch.tensor(START), jac=jac)
    assert (result.nfev, result.njev) == (calls.count(bowl), calls.count(bowl_jac))


def test_processes(torch):
    start = torch.tensor(START, dtype=torch.float64)
    usual = minimize(bowl, START, options={"maxiter": 3})
    same_run(minimize(bowl, start, options={"maxiter": 3, "workers": 2}), usual, torch.Tensor)


@pytest.mark.parametrize("default", ["cpu", "meta"])
def test_device_is_that_of_the_start(torch, default):
    torch.set_default_device(default)  # where new tensors go, unless they say otherwise
    try:
        start = torch.tensor(START, dtype=torch.float64, device="cpu")
        result = minimize(bowl, start, jac="torch")
    finally:
        torch.set_default_device(None)
    assert result.x.device == start.device
