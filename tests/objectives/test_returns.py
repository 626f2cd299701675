"""What a user's function may return, and what is refused, in each spelling of the objective."""

from __future__ import annotations

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from nadamkit.errors import NadamkitError, ObjectiveError
from nadamkit.objectives.python import PythonObjective

NOT_SCALAR = r"^The user-provided objective function must return a scalar value\. It returned "
X = np.array([-1.2, 1.0, 0.5])


def built(fun=rosen, jac=rosen_der, n=3, dtype=np.float64, **kwargs):
    return PythonObjective(fun, jac, (), n, dtype, **kwargs)


def called(objective, x=X, dtype=np.float64):
    g = np.full(x.shape, np.nan, dtype)
    return objective(x.astype(dtype), g), g


# What the value may be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        2.5,
        np.float64(2.5),
        np.float32(2.5),
        np.float16(2.5),
        np.longdouble(2.5),
        np.array(2.5),
        np.array([2.5]),
        np.array([[[2.5]]], dtype=np.float32),
        [2.5],
        [[2.5]],
        Decimal("2.5"),
        Fraction(5, 2),
        np.array([Fraction(5, 2)], dtype=object),
        np.matrix([[2.5]]) if hasattr(np, "matrix") else 2.5,
    ],
    ids=lambda value: f"{type(value).__name__}-{np.shape(value)}",
)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_scalars(value):
    for objective in (
        built(lambda x: value),
        built(lambda x: (value, X), True),
        built(lambda x, g: value, None, inplace=True),
        built(lambda x: value, None),
    ):
        f, _ = called(objective)
        assert type(f) is float
        assert f == 2.5
        assert objective.value(X) == 2.5


@pytest.mark.parametrize(
    "value", [3, True, np.int8(3), np.uint64(3), np.bool_(True), np.array([3])]
)
def test_integers(value):
    f, _ = called(built(lambda x: value))
    assert type(f) is float
    assert f == int(np.ravel(value)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_passes(value):
    for objective in (built(lambda x: value), built(lambda x: np.array([value]))):
        np.testing.assert_equal(called(objective)[0], value)
    _, g = called(built(lambda x: 0.0, lambda x: np.array([1, value, 2])))
    np.testing.assert_array_equal(g, [1, value, 2])
    f, g = called(built(lambda x: value, "2-point"))
    np.testing.assert_equal(f, value)
    assert np.isnan(g).all()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones(2), NOT_SCALAR + r"an ndarray of shape \(2,\) and dtype float64\. Return one"),
        (np.ones((2, 1)), NOT_SCALAR + r"an ndarray of shape \(2, 1\)"),
        ([1.0, 2.0], NOT_SCALAR + "a list of length 2"),
        ([], NOT_SCALAR + "a list of length 0"),
        (np.empty(0), NOT_SCALAR + r"an ndarray of shape \(0,\)"),
        ((1.0, np.ones(3)), NOT_SCALAR + r"a tuple of length 2\. If that is .*, pass jac=True"),
        ((1.0, np.ones(1)), NOT_SCALAR + r"a tuple of length 2\. If that is .*, pass jac=True"),
        (None, NOT_SCALAR + r"None\. Is its return statement missing\?"),
        ("1.0", NOT_SCALAR + r"a str, '1\.0'\. Return one real number, for example a float"),
        (b"1.0", NOT_SCALAR + "a bytes"),
        (np.array("1.0"), NOT_SCALAR + "an ndarray"),
        ({}, NOT_SCALAR + "a dict"),
        (object, NOT_SCALAR + "a type"),
        (np.datetime64("2020"), NOT_SCALAR + "a datetime64"),
        (1 + 2j, r"^The objective function returned the complex value \(1\+2j\).*return its real"),
        (np.array([1j]), "^The objective function returned the complex value 1j"),
        (np.complex64(1), r"^The objective function returned the complex value \(1\+0j\)"),
    ],
    ids=repr,
)
def test_refused_values(value, message):
    for objective in (
        built(lambda x: value),
        built(lambda x: (value, X), True),
        built(lambda x, g: value, None, inplace=True),
        built(lambda x: value, "2-point"),
    ):
        with pytest.raises(ObjectiveError, match=message) as caught:
            called(objective)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, NadamkitError)
        with pytest.raises(ObjectiveError, match=message):
            objective.value(X)


@pytest.mark.parametrize("value", [1.0, None, np.ones(3), (1.0,), "ab"])
def test_jac_true_without_a_pair(value):
    message = r"^jac=True means that the objective function returns the tuple \(f, gradient\), but"
    with pytest.raises(ObjectiveError, match=message + " it returned .*Return both, or pass"):
        called(built(lambda x: value, True))


def test_jac_true_in_other_containers():
    for returned in ([1.0, [1, 2, 3]], (1.0, X, "more")):
        f, _ = called(built(lambda x, r=returned: r, True))
        assert f == 1


# What the gradient may be ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "gradient",
    [
        np.array([1.0, 2.0, 3.0]),
        np.array([1, 2, 3], np.float32),
        np.array([1, 2, 3], np.int8),
        np.array([[1.0, 2.0, 3.0]]),
        np.array([[1.0], [2.0], [3.0]]),
        np.array([1.0, 0, 2.0, 0, 3.0])[::2],
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        [[1.0, 2.0, 3.0]],
        np.array([Fraction(1), 2, Decimal(3)], dtype=object),
    ],
    ids=lambda gradient: f"{type(gradient).__name__}-{np.shape(gradient)}",
)
def test_gradients(gradient, dtype):
    for objective in (
        built(lambda x: 1.0, lambda x: gradient, dtype=dtype),
        built(lambda x: (1.0, gradient), True, dtype=dtype),
    ):
        _, g = called(objective, dtype=dtype)
        assert g.dtype == dtype
        np.testing.assert_array_equal(g, [1, 2, 3])


@pytest.mark.parametrize("gradient", [2.0, 2, np.array(2.0), np.float32(2), [2.0]])
def test_scalar_gradient_of_one_variable(gradient):
    _, g = called(built(lambda x: 1.0, lambda x: gradient, n=1), np.zeros(1))
    np.testing.assert_array_equal(g, [2])


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (np.ones(2), r"^The gradient has shape \(2,\) but x has shape \(3,\)\. Return one partial"),
        (np.ones((2, 3)), r"^The gradient has shape \(2, 3\) but x has shape \(3,\)"),
        (1.0, r"^The gradient has shape \(\) but x has shape \(3,\)"),
        ([], r"^The gradient has shape \(0,\) but x has shape \(3,\)"),
        (None, r"^The gradient is None, which is no array of real numbers .*shape \(3,\)"),
        ([1.0, None, 2.0], "^The gradient is a list of length 3, which is no array"),
        ([[1.0], [2.0, 3.0]], "^The gradient is a list of length 2, which is no array"),
        ("abc", r"^The gradient is a str, 'abc'; return an array of real numbers of shape \(3,\)"),
        ({}, "^The gradient is a dict"),
        (
            np.ones(3, complex),
            "^The gradient is complex. Only a real function.*return the real part",
        ),
        ([1, 2, 3j], "^The gradient is complex"),
        (np.ones(3, "M8[s]"), "^The gradient is an ndarray of shape"),
    ],
    ids=repr,
)
def test_refused_gradients(gradient, message):
    for objective in (
        built(lambda x: 1.0, lambda x: gradient),
        built(lambda x: (1.0, gradient), True),
    ):
        with pytest.raises(ObjectiveError, match=message):
            called(objective)


# In float32 --------------------------------------------------------------------------------------


def test_a_float32_function_of_float64_variables():
    """SciPy's gh-17636: float64's step would not change such a function."""
    objective = built(lambda x: np.float32((x * x).sum()), None)
    _, g = called(objective)
    np.testing.assert_allclose(g, 2 * X, rtol=2e-3)
    array = built(lambda x: np.array([(x * x).sum()], np.float32), None)
    np.testing.assert_array_equal(called(array)[1], g)


def test_too_large_for_float32():
    objective = built(lambda x: 1e300, lambda x: np.array([1e300, -1e300, 1]), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f, g = called(objective, dtype=np.float32)
    assert f == 1e300
    np.testing.assert_array_equal(g, [np.inf, -np.inf, 1])
