"""The moving average of the iterates, against exact weighted means."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import Optimizer
from nadamkit.errors import OptionError
from tests.backends.trajectories import numbers
from tests.optimizer.common import BACKENDS, FEWER_BACKENDS, LAYOUTS, bits

STEPS = 30


def exact(iterates, decay):
    """The mean of the iterates with weights ``decay^(t-i)``."""
    d = Fraction(decay)
    weights = [d ** (len(iterates) - i) for i in range(1, len(iterates) + 1)]
    columns = zip(*(np.ravel(x).tolist() for x in iterates), strict=True)
    means = [
        sum(w * Fraction(x) for w, x in zip(weights, column, strict=True)) / sum(weights)
        for column in columns
    ]
    return np.array([float(mean) for mean in means]).reshape(np.shape(iterates[0]))


@pytest.mark.parametrize("backend", FEWER_BACKENDS)
@pytest.mark.parametrize("decay", [0.0, 0.25, 0.9, 0.9999, 1.0 - 2.0**-53])
def test_it_is_the_weighted_mean(decay, dtype, backend):
    x = numbers(dtype, 6, 0).reshape(2, 3).copy()
    optimizer = Optimizer("nadam", 0.5, average=decay, backend=backend)
    iterates = []
    for t in range(STEPS):
        optimizer.step(x, numbers(dtype, 6, t).reshape(2, 3))
        iterates.append(x.copy())
        # A step rounds the weight, the difference, the product and the sum, by 4 u times the
        # largest iterate twice; no step makes earlier errors larger.
        bound = 8 * (t + 1) * 0.5 * np.finfo(dtype).eps * np.abs(iterates).max()
        assert_allclose(optimizer.average(), exact(iterates, decay), rtol=0, atol=bound)
    if decay == 0.0:
        assert_array_equal(optimizer.average(), x)


def test_it_does_not_change_the_steps(method, dtype):
    x, y = (numbers(dtype, 40, 0).copy() for _ in range(2))
    plain, averaging = Optimizer(method, 0.1), Optimizer(method, 0.1, average=0.9)
    for t in range(5):
        plain.step(x, numbers(dtype, 40, t))
        averaging.step(y, numbers(dtype, 40, t))
    assert bits(x) == bits(y)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(layout, backend):
    x = LAYOUTS[layout](np.arange(1.0, 61.0))
    optimizer = Optimizer("gd", 0.5, average=0.5, backend=backend)
    iterates = []
    for t in range(1, 4):
        optimizer.step(x, np.ones(x.shape) * t)
        iterates.append(x.copy())
    assert_allclose(optimizer.average(), exact(iterates, 0.5), rtol=1e-14)


def test_each_array_has_the_mean_of_its_own_steps():
    params = {"a": np.array([1.0, 2.0]), "b": (np.array(3.0), np.array([5.0], "float32"))}
    optimizer = Optimizer("gd", 1.0, average=0.75)
    seen = []
    for t in range(4):
        b = None if t in (1, 2) else np.array(-1.0)
        optimizer.step(params, {"a": np.array([-1.0, 1.0]), "b": (b, None)})
        seen.append((params["a"].copy(), params["b"][0].copy()))
    found = optimizer.average()
    assert_allclose(found["a"], exact([a for a, _ in seen], 0.75), rtol=1e-15)
    assert_allclose(found["b"][0], exact([seen[0][1], seen[3][1]], 0.75), rtol=1e-15)
    assert type(found["b"]) is tuple
    assert found["b"][1] == 5.0, "what made no step is what it is"
    assert found["b"][1].dtype == np.float32


def test_it_is_a_copy():
    x = np.ones(3)
    optimizer = Optimizer("gd", 1.0, average=0.5)
    optimizer.step({"x": x, "y": np.ones(2)}, {"x": np.ones(3), "y": None})
    found = optimizer.average()
    found["x"][:] = found["y"][:] = 9.0
    assert_array_equal(optimizer.average()["x"], x)
    assert_array_equal(optimizer.average()["y"], 1.0)


def test_there_may_be_none():
    x = np.ones(3)
    with pytest.raises(OptionError, match=r"^no average is kept; make the optimizer with average="):
        Optimizer("gd").init(x).average()
    with pytest.raises(OptionError, match=r"^no step was made, so there is no average yet"):
        Optimizer("gd", average=0.5).average()
    with pytest.raises(OptionError, match=r"^no step was made"):
        Optimizer("gd", average=0.5).init(x).average()


@pytest.mark.parametrize("average", [1.0, -0.1, np.nan, np.inf, "0.9", [0.9], True + 0.5, 1j])
def test_what_is_no_decay(average):
    with pytest.raises(OptionError, match=r"^average=.* is not allowed: it is the decay"):
        Optimizer("nadam", average=average)
