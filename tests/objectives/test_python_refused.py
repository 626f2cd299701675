"""What a Python objective refuses at construction, and that the user's exceptions propagate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from nadamkit.errors import OptionError
from nadamkit.objectives.python import PythonObjective

X = np.array([-1.2, 1.0, 0.5])


def filling(x, g):
    g[:] = rosen_der(x)
    return rosen(x)


def built(fun=rosen, jac=rosen_der, **kwargs):
    return PythonObjective(fun, jac, (), 3, np.float64, **kwargs)


class OwnError(Exception):
    pass


@pytest.mark.parametrize("error", [OwnError("mine"), ValueError("mine"), StopIteration("mine")])
def test_exceptions_propagate(error):
    def fails(*args):
        raise error

    for objective in (
        built(fails),
        built(rosen, fails),
        built(fails, True),
        built(fails, None),
        built(fails, "cs"),
        built(fails, None, inplace=True),
    ):
        with pytest.raises(type(error)) as caught:
            objective(X, np.empty(3))
        assert caught.value is error
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("jac", "message"),
    [
        ("2point", r"^Unknown jac '2point'; did you mean '2-point'\? Pass a callable, True if fun"),
        ("3-Point", r"did you mean '3-point'\?"),
        ("CS", r"did you mean 'cs'\?"),
        ("newton", r"^Unknown jac 'newton'\. Pass .*'3-point' or 'cs' .*'jax', 'torch' .*None"),
        (1, r"^Unknown jac 1\. Pass a callable"),
        (X, r"^Unknown jac array"),
        (["2-point"], r"^Unknown jac \['2-point'\]\."),
    ],
    ids=repr,
)
def test_refused_jac(jac, message):
    with pytest.raises(OptionError, match=message) as caught:
        built(jac=jac)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("jac", [rosen_der, "2-point", False])
def test_refused_jac_in_place(jac):
    with pytest.raises(OptionError, match=r"fun\(x, g\) that fills g gives the gradient itself"):
        built(filling, jac, inplace=True)


@pytest.mark.parametrize("fun", [None, 3.0, "rosen"])
def test_refused_fun(fun):
    with pytest.raises(OptionError, match=r"^fun is .*; pass a callable fun\(x, \*args\)"):
        built(fun)


def test_refused_at_construction():
    with pytest.raises(OptionError, match=r"^workers is 0"):
        built(jac=None, workers=0)
    with pytest.raises(OptionError, match=r"^finite_diff_rel_step is "):
        built(jac=None, rel_step=[1e-8, 1e-8])
