"""What a gradient by a library refuses, and that the user's exceptions propagate."""

import sys

import numpy as np
import pytest
from numba import njit

from nadamkit import minimize
from nadamkit.errors import BackendUnavailable, ObjectiveError, OptionError
from nadamkit.objectives.autodiff import LIBRARIES
from tests.problems import X0


@pytest.fixture(params=[name for name in LIBRARIES if name != "jax"])
def library(request):
    """The name of a library."""
    pytest.importorskip(request.param)
    return request.param


def never(x):
    raise AssertionError("nothing is to be called")


@pytest.mark.parametrize("library", LIBRARIES)
def test_missing_library(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    named = {"torch": r'"nadamkit\[torch\]"'}.get(library, library)
    with pytest.raises(BackendUnavailable, match=f"`python -m pip install {named}`") as caught:
        minimize(never, X0, jac=library)
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize("library", LIBRARIES)
def test_compiled_function(library):
    with pytest.raises(OptionError, match=rf"^jac='{library}' differ.* but fun is an @njit"):
        minimize(njit(never), X0, jac=library)


@pytest.mark.parametrize(
    ("jac", "meant"),
    [("Jax", "jax"), ("pytorch", "torch"), ("autgrad", "autograd"), ("2point", "2-point")],
)
def test_unknown_name(jac, meant):
    with pytest.raises(OptionError, match=rf"^Unknown jac '{jac}'; did you mean '{meant}'\? Pass"):
        minimize(never, X0, jac=jac)


def test_unknown_name_like_none():
    with pytest.raises(OptionError, match=r"^Unknown jac 'xyz'\. Pass .* 'jax', 'torch' or 'auto"):
        minimize(never, X0, jac="xyz")


def test_fun_that_is_no_function(library):
    with pytest.raises(OptionError, match=r"^fun is a float, 3\.0, which cannot be called"):
        minimize(3.0, X0, jac=library)


@pytest.mark.parametrize(
    "returned", [1.0, 1, None, "1.0", np.float64(1), np.ones(1), (1.0, X0), [1.0]], ids=repr
)
def test_value_from_outside(library, returned):
    message = rf"^The value has no gradient: with jac='{library}' .* \.item\(\)"
    with pytest.raises(ObjectiveError, match=message) as caught:
        minimize(lambda x: returned, X0, jac=library)
    assert f"returned a {type(returned).__name__} that was not" in str(caught.value)


def test_vector(library):
    scalar = r"^The user-provided objective function must return a scalar value\. .* 2 elements"
    with pytest.raises(ObjectiveError, match=scalar):
        minimize(lambda x: x * x, X0, jac=library)


def test_complex_value(library):
    with pytest.raises(ObjectiveError, match=r"complex value, of dtype .*complex128\. Only a real"):
        minimize(lambda x: (x * 1j).sum(), X0, jac=library)


@pytest.mark.parametrize("leave", ["item", "detach", "numpy"])
def test_value_that_has_left_torch(leave):
    pytest.importorskip("torch")
    functions = {
        "item": lambda x: (x * x).sum().item(),
        "detach": lambda x: (x * x).sum().detach(),
        "numpy": lambda x: np.sum(x.detach().numpy() ** 2),
    }
    with pytest.raises(ObjectiveError, match=r"^The value has no gradient: with jac='torch'"):
        minimize(functions[leave], X0, jac="torch")


def test_value_of_other_tensors():
    torch = pytest.importorskip("torch")
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(ObjectiveError, match=r"^The value has no gradient: .* not computed from x"):
        minimize(lambda x: weight.sum(), X0, jac="torch")
    assert weight.grad is None


@pytest.mark.parametrize("error", [KeyError("mine"), StopIteration("mine"), ValueError("mine")])
def test_exceptions_propagate(library, error):
    calls = []

    def fails(x):
        calls.append(1)
        if len(calls) == 3:
            raise error
        return (x * x).sum()

    with pytest.raises(type(error)) as caught:
        minimize(fails, X0, jac=library, options={"learning_rate": 0.1})
    assert caught.value is error
    assert "fails" in [entry.name for entry in caught.traceback]


def test_options_of_differences_are_checked(library):
    with pytest.raises(OptionError, match=r"^workers is 0"):
        minimize(never, X0, jac=library, options={"workers": 0})
