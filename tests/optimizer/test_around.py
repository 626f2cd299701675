"""What happens around the step, against NumPy and PyTorch: decay, clipping, ascent."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import Optimizer
from tests.backends.trajectories import numbers
from tests.optimizer.common import BACKENDS

# Sums and products of these have no more digits than a float32, so nothing is rounded.
X = (4.0, -2.0, 0.5, 8.0)
G = (0.25, -8.0, 1.0, 3.0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("around", "formula"),
    [
        ({}, lambda x, g: x - 0.5 * g),
        ({"weight_decay": 0.25}, lambda x, g: x - 0.5 * (g + 0.25 * x)),
        (
            {"weight_decay": 0.25, "wd_kind": "decoupled"},
            lambda x, g: x - 0.5 * 0.25 * x - 0.5 * g,
        ),
        ({"clip_value": 1.0}, lambda x, g: x - 0.5 * np.clip(g, -1.0, 1.0)),
        ({"maximize": True}, lambda x, g: x + 0.5 * g),
        (
            {"maximize": True, "clip_value": 2.0, "weight_decay": 0.5},
            lambda x, g: x - 0.5 * (np.clip(-g, -2.0, 2.0) + 0.5 * x),
        ),
    ],
    ids=["nothing", "l2", "decoupled", "clip_value", "maximize", "all"],
)
def test_by_hand(around, formula, dtype, backend):
    x, g = np.array(X, dtype), np.array(G, dtype)
    wanted = formula(np.array(X), np.array(G))
    Optimizer("gd", 0.5, backend=backend, **around).step(x, g)
    assert_array_equal(x, wanted)


def norm(*arrays):
    """The Euclidean norm of all, within an ulp."""
    return math.hypot(*(float(v) for a in arrays for v in np.ravel(a)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30, 1e-200, 1e200])
def test_the_norm_is_that_of_all_arrays_of_the_group(backend, scale):
    """Of both dtypes, whatever they are; the rest of the parameters have a norm of their own."""
    small = min(max(scale, 1e-30), 1e30)
    grads = {
        "a": numbers("float64", 5000, 1) * scale,
        "b": {"c": (numbers("float32", 300, 2) * np.float32(small)), "d": np.array(3.0 * scale)},
        "e": np.ones((0, 3)),
        "r": np.array([30.0, 40.0]) * scale,
    }
    params = {
        "a": np.zeros(5000),
        "b": {"c": np.zeros(300, "float32"), "d": np.array(0.0)},
        "e": np.ones((0, 3)),
        "r": np.zeros(2),
    }
    limit = 0.5
    optimizer = Optimizer(
        "gd",
        1.0,
        backend=backend,
        clip_norm=limit,
        groups={"one": {}},
        label=lambda path: None if path == "r" else "one",
    )
    optimizer.step(params, grads)
    of_one, of_rest = norm(grads["a"], grads["b"]["c"], grads["b"]["d"]), norm(grads["r"])
    factor, of_rest = (min(1.0, limit / size) for size in (of_one, of_rest))
    # The sum, the root and the quotient in float64; then the product in each dtype, and in float32
    # the factor rounded.
    assert_allclose(params["a"], -factor * grads["a"], rtol=16 * 2**-53)
    assert_allclose(params["b"]["d"], -factor * grads["b"]["d"], rtol=16 * 2**-53)
    assert_allclose(params["r"], -of_rest * grads["r"], rtol=16 * 2**-53)
    if factor > np.finfo("float32").tiny:
        exact = -factor * grads["b"]["c"].astype("float64")
        assert_allclose(params["b"]["c"], exact, rtol=3 * 2**-24)


def test_ascent_with_clipping_by_norm():
    x = np.zeros(2)
    Optimizer("gd", 1.0, clip_norm=1.0, maximize=True).step(x, np.array([3.0, 4.0]))
    assert_allclose(x, [0.6, 0.8], rtol=4 * 2**-53)


def test_clipping_by_norm_as_pytorch_does_it():
    torch = pytest.importorskip("torch")
    grads = [numbers("float64", 700, 1).copy(), numbers("float64", 33, 2).copy()]
    params = [np.zeros(700), np.zeros(33)]
    theirs = [torch.zeros(g.shape, dtype=torch.float64) for g in grads]
    for tensor, g in zip(theirs, grads, strict=True):
        tensor.grad = torch.from_numpy(g.copy())
    size = float(torch.nn.utils.clip_grad_norm_(theirs, 2.5))
    Optimizer("gd", 1.0, clip_norm=2.5).step(params, grads)
    # PyTorch divides by the norm + 1e-6.
    for x, tensor in zip(params, theirs, strict=True):
        assert_allclose(-x, tensor.grad.numpy() * ((size + 1e-6) / size), rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "size"), [("float32", 1e30), ("float64", 1e200)])
def test_huge_gradients_are_brought_down_to_the_norm(method, kind, size, backend):
    """Their squares overflow, which without clipping freezes n at infinity."""
    x, y = np.ones(3, kind), np.ones(3, kind)
    unit = np.array([0.6, -0.8, 0.0], kind)
    optimizer = Optimizer(method, 0.1, clip_norm=1.0, backend=backend)
    other = Optimizer(method, 0.1, backend=backend)
    for _ in range(3):
        optimizer.step(x, unit * np.asarray(size, kind))
        other.step(y, unit)
    assert np.isfinite(x).all()
    # Clipped gradients are within 4 roundings of the unit vector; each rule is of degree 0 or 1 in
    # them, and its condition is below 16 here.
    assert_allclose(x, y, rtol=64 * np.finfo(kind).eps)
    assert (x[:2] != 1.0).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_zero_gradients(method, dtype, backend):
    """On the first step nothing moves; without epsilon 0/0 is NaN, in that element alone."""
    x = np.array([1.0, 2.0], dtype)
    Optimizer(method, 0.1, backend=backend).step(x, np.zeros(2, dtype))
    assert x.tolist() == [1.0, 2.0]
    if method in ("gd", "momentum", "nag"):
        return
    Optimizer(method, 0.125, backend=backend, eps=0.0).step(x, np.array([0.0, 1.0], dtype))
    assert np.isnan(x[0])
    assert np.isfinite(x[1])
