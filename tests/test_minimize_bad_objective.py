"""What `minimize` says of what the user's function returns, and that its exceptions propagate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nadamkit import minimize
from nadamkit.errors import ObjectiveError
from tests.problems import CENTRE, START, bowl, bowl_jac

SCALAR = r"^The user-provided objective function must return a scalar value\."
MODES = [{}, {"learning_rate": 0.1, "maxiter": 3}]


def refused(message, fun, jac, options):
    with pytest.raises(ObjectiveError, match=message) as caught:
        minimize(fun, START, jac=jac, options=options)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("jac", [bowl_jac, None, "3-point"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones(2), SCALAR + r" It returned an ndarray of shape \(2,\)"),
        ([1.0, 2.0], SCALAR + " It returned a list of length 2"),
        ((1.0, np.ones(3)), SCALAR + r".*If that is \(f, gradient\), pass jac=True"),
        (np.ones(0), SCALAR),
        (None, SCALAR + r" It returned None\. Is its return statement missing\?"),
        ("1.0", SCALAR + " It returned a str"),
        (print, SCALAR),
        (1 + 1j, r"^The objective function returned the complex value"),
        (np.complex64(1), r"^The objective function returned the complex value"),
    ],
    ids=repr,
)
def test_value(value, message, jac, options):
    refused(message, lambda x: value, jac, options)


@pytest.mark.parametrize("value", [np.float32(2), 2, True, np.ones(1), np.ones((1, 1, 1)), [2.0]])
def test_value_of_size_one_is_a_number(value):
    assert minimize(lambda x: value, START, jac=np.zeros_like).fun == float(np.ravel(value)[0])


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (np.ones(2), r"^The gradient has shape \(2,\) but x has shape \(3,\)"),
        (np.ones((3, 3)), r"^The gradient has shape \(3, 3\) but x has shape \(3,\)"),
        (1.0, r"^The gradient has shape \(\) but x has shape \(3,\)"),
        (None, r"^The gradient "),
        ("abc", r"^The gradient is "),
        (np.ones(3) * 1j, r"^The gradient is complex"),
        ([1.0, None, 2.0], r"^The gradient is "),
    ],
    ids=repr,
)
@pytest.mark.parametrize("joint", [False, True])
def test_gradient(joint, gradient, message, options):
    if joint:
        refused(message, lambda x: (1.0, gradient), True, options)
    else:
        refused(message, bowl, lambda x: gradient, options)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
@pytest.mark.parametrize("kind", [np.array, list])
def test_gradient_of_another_shape(shape, kind):
    def gradient(x):
        g = bowl_jac(x)
        return list(g) if kind is list else g.reshape(shape)

    assert_allclose(minimize(bowl, START, jac=gradient).x, CENTRE, atol=1e-5)


def test_joint_without_gradient():
    refused(r"^jac=True means that the objective function returns the tuple", bowl, True, {})


@pytest.mark.parametrize("options", MODES)
def test_complex_step_of_a_real_function(options):
    refused(
        r"^jac='cs' calls the objective function at complex points", lambda x: 1.0, "cs", options
    )


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("error", [KeyError("mine"), StopIteration("mine"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["fun", "jac", "joint", "difference"])
def test_exceptions_propagate(where, error, options):
    calls = []

    def fails(x):
        calls.append(1)
        if len(calls) == 3:
            raise error
        return bowl(x)

    def fails_jac(x):
        fails(x)
        return bowl_jac(x)

    arguments = {
        "fun": (fails, bowl_jac),
        "jac": (bowl, fails_jac),
        "joint": (lambda x: (fails(x), bowl_jac(x)), True),
        "difference": (fails, None),
    }
    fun, jac = arguments[where]
    with pytest.raises(type(error)) as caught:
        minimize(fun, START, jac=jac, options=options)
    assert caught.value is error
    assert "fails" in [entry.name for entry in caught.traceback]
