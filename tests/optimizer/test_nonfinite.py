"""NaN and Inf in gradients: refused, left out or let through, and never half."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import Optimizer
from tests.backends.trajectories import numbers
from tests.optimizer.common import BACKENDS, LAYOUTS, bits, refused, unchanged

BAD = (np.nan, np.inf, -np.inf)


def tree(seed):
    """Both dtypes, strided arrays, and a number."""
    return {
        "a": numbers("float64", 40_000, seed).copy(),
        "b": [
            numbers("float32", 33, seed).copy(),
            LAYOUTS["strided"](numbers("float64", 60, seed)),
        ],
        "c": np.array(2.0 + seed, "float32"),
    }


def leaves(tree):
    return [tree["a"], *tree["b"], tree["c"]]


def spoiled(place, value):
    """Gradients with one bad number."""
    grads = tree(9)
    leaf, index = place
    leaves(grads)[leaf][index] = value
    return grads


#: The first and the last element of an array, another block, the last array, one without axes.
PLACES = {
    "a": (0, 0),
    "a, at its end": (0, -1),
    "b/0": (1, -1),
    "b/1": (2, 7),
    "c": (3, ()),
}
OPTIONS = {
    "plain": {},
    "everything": {"average": 0.5, "clip_norm": 1.0, "clip_value": 0.5, "weight_decay": 0.1},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_raise_changes_nothing(place, options, backend):
    params = tree(0)
    optimizer = Optimizer("nadam", 0.1, backend=backend, **OPTIONS[options])
    other, wanted = Optimizer("nadam", 0.1, backend=backend, **OPTIONS[options]), tree(0)
    for t in range(3):
        optimizer.step(params, tree(1 + t))
        other.step(wanted, tree(1 + t))
        for value in BAD:
            name = place.partition(",")[0]
            message = rf"^the gradient of the parameter '{name}' has a NaN or Inf at step {t + 2};"
            with refused(optimizer, message, *leaves(params), error=FloatingPointError):
                optimizer.step(params, spoiled(PLACES[place], value))
        if optimizer._decay:
            assert bits(optimizer.average()["a"]) == bits(other.average()["a"])
    assert [bits(a) for a in leaves(params)] == [bits(a) for a in leaves(wanted)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_skip_leaves_the_step_out(place, options, backend):
    params, wanted = tree(0), tree(0)
    settings = {"nonfinite": "skip", "backend": backend, **OPTIONS[options]}
    optimizer, other = (Optimizer("nadam", 0.1, **settings).init(params) for _ in range(2))
    for t in range(3):
        for value in BAD:
            with unchanged(optimizer, *leaves(params)):
                optimizer.step(params, spoiled(PLACES[place], value))
        optimizer.step(params, tree(1 + t))
        other.step(wanted, tree(1 + t))
    assert (optimizer.skipped, optimizer.t) == (9, 3)
    assert (other.skipped, other.t) == (0, 3)
    assert [bits(a) for a in leaves(params)] == [bits(a) for a in leaves(wanted)]
    if optimizer._decay:
        assert bits(optimizer.average()["b"][1]) == bits(other.average()["b"][1])
    optimizer.init(params)
    assert optimizer.skipped == 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("value", BAD)
def test_propagate_spoils_its_element_alone(method, value, backend):
    x, y = np.linspace(1.0, 2.0, 40), np.linspace(1.0, 2.0, 40)
    g = numbers("float64", 40, 1).copy()
    Optimizer(method, 0.1, backend=backend, nonfinite="propagate").step(y, g)
    g[7] = value
    optimizer = Optimizer(method, 0.1, backend=backend, nonfinite="propagate")
    optimizer.step(x, g)
    assert_array_equal(np.delete(x, 7), np.delete(y, 7))
    assert optimizer.t == 1
    if np.isnan(value):
        assert np.isnan(x[7])


def test_the_first_step_may_be_the_bad_one():
    x = np.ones(3)
    optimizer = Optimizer("nadam", 0.1)
    message = (
        r"^the gradient of the parameter array has a NaN or Inf at step 1; nothing was changed"
    )
    with pytest.raises(FloatingPointError, match=message):
        optimizer.step(x, np.full(3, np.nan))
    assert_array_equal(x, 1.0)
    assert optimizer.t == 0
    optimizer.step(x, np.ones(3))
    assert optimizer.t == 1


def test_largest_finite_numbers_are_no_infinities(dtype):
    x = np.zeros(3, dtype)
    g = np.full(3, np.finfo(dtype).max, dtype)
    optimizer = Optimizer("gd", 0.5)
    optimizer.step(x, g)
    assert_array_equal(x, -g * x.dtype.type(0.5))
