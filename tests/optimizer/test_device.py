"""Parameters on a GPU, or in the simulator: the bits of the host, and errors that help."""

import numpy as np
import pytest

import nadamkit
from nadamkit._runtime import cuda as runtime
from nadamkit.errors import OptionError

pytestmark = pytest.mark.skipif(
    runtime.status()[0] == "missing", reason=f"no CUDA: {runtime.status()[1]}"
)

STEPS = 4
SETTINGS = {
    "plain": {},
    "clip_norm": {"clip_norm": 3.0},
    "average": {"average": 0.9},
    "groups": {"groups": {"b": {"learning_rate": 0.1, "weight_decay": 0.5}}},
    "schedule": {"learning_rate": lambda t: 0.1 / t},
    "everything": {
        "clip_norm": 2.0,
        "average": 0.5,
        "weight_decay": 0.1,
        "wd_kind": "decoupled",
        "maximize": True,
        "groups": {"b": {"learning_rate": 0.1}},
    },
}


def there(tree):
    return {key: runtime.on_device(a.copy()) for key, a in tree.items()}


def back(tree):
    return {key: runtime.fetch(a) for key, a in tree.items()}


def params():
    rng = np.random.default_rng(0)
    shapes = {"w": (3, 5), "b": (4100,), "s": (), "none": (0, 2)}
    found = {key: np.asarray(rng.standard_normal(shape)) for key, shape in shapes.items()}
    return {**found, "b": found["b"].astype(np.float32)}


def gradients(tree, scale=1.0):
    rng = np.random.default_rng(1)
    while True:
        yield {
            key: np.asarray(scale * rng.standard_normal(a.shape), a.dtype)
            for key, a in tree.items()
        }


def same(a, b):
    return all(x.tobytes() == b[key].tobytes() and x.shape == b[key].shape for key, x in a.items())


@pytest.mark.parametrize("given", SETTINGS)
def test_same_bits_as_on_the_host(given):
    host, options = params(), SETTINGS[given]
    device = there(host)
    ours = nadamkit.Optimizer("nadam", backend="numpy", **options).init(host)
    theirs = nadamkit.Optimizer("nadam", **options).init(device)
    for _, g in zip(range(STEPS), gradients(host), strict=False):
        ours.step(host, g)
        theirs.step(device, there(g))
    assert same(host, back(device))
    a, b = ours.state_dict(), theirs.state_dict()
    assert list(a) == list(b)
    assert all(np.array_equal(a[key], b[key]) for key in a)
    if "average" in options:
        assert same(ours.average(), back(theirs.average()))


@pytest.mark.parametrize("scale", [1e-170, 1e170])
def test_norm_of_extreme_gradients(scale):
    host = {"w": np.ones(9)}
    device = there(host)
    ours = nadamkit.Optimizer("gd", 1.0, clip_norm=scale, backend="numpy")
    theirs = nadamkit.Optimizer("gd", 1.0, clip_norm=scale)
    g = next(gradients(host, scale))
    ours.step(host, g)
    theirs.step(device, there(g))
    assert same(host, back(device))
    np.testing.assert_allclose(np.linalg.norm((host["w"] - 1.0) / scale), 1.0 if scale > 1 else 0.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", nadamkit.registry.names())
def test_going_on_on_the_other_side(method, dtype, tmp_path):
    settings = {"learning_rate": lambda t: 0.1 / t, "average": 0.9, "weight_decay": 0.1}
    host = {key: a.astype(dtype) for key, a in params().items() if a.size < 100}
    moved, stream = there(host), gradients(host)
    ours = nadamkit.Optimizer(method, backend="numpy", **settings).init(host)
    theirs = nadamkit.Optimizer(method, **settings).init(moved)
    for _ in range(2):
        g = next(stream)
        ours.step(host, g)
        theirs.step(moved, there(g))
    theirs.save(tmp_path / "device.npz")
    ours.save(tmp_path / "host.npz")
    resumed, again = back(moved), there(host)
    onward = nadamkit.Optimizer(method, backend="numpy", **settings).init(resumed)
    upward = nadamkit.Optimizer(method, **settings).init(again)
    onward.load(tmp_path / "device.npz")
    upward.load(tmp_path / "host.npz")
    g = next(stream)
    ours.step(host, g)
    onward.step(resumed, g)
    upward.step(again, there(g))
    assert same(host, resumed)
    assert same(host, back(again))
    assert same(ours.average(), back(upward.average()))
    assert onward.t == upward.t == 3


@pytest.mark.parametrize("policy", ["raise", "skip"])
def test_gradients_that_are_not_finite_change_nothing(policy):
    host = params()
    device = there(host)
    optimizer = nadamkit.Optimizer("nadam", nonfinite=policy).init(device)
    g = next(gradients(host))
    optimizer.step(device, there(g))
    before, state = back(device), optimizer.state_dict()
    g["b"][-1] = np.nan
    if policy == "raise":
        with pytest.raises(FloatingPointError, match="the parameter 'b' has a NaN or Inf"):
            optimizer.step(device, there(g))
    else:
        optimizer.step(device, there(g))
        assert optimizer.skipped == 1
    assert same(before, back(device))
    after = optimizer.state_dict()
    assert all(np.array_equal(state[key], after[key]) for key in state)


def test_missing_gradients():
    host = params()
    device = there(host)
    ours = nadamkit.Optimizer("momentum", backend="numpy").init(host)
    theirs = nadamkit.Optimizer("momentum").init(device)
    for _, g in zip(range(STEPS), gradients(host), strict=False):
        ours.step(host, {**g, "b": None})
        theirs.step(device, {**there(g), "b": None})
    assert same(host, back(device))


def test_learning_rate_of_each_element():
    device = there({"w": np.zeros(3)})
    optimizer = nadamkit.Optimizer("gd", {"w": np.array([1.0, 2.0, 4.0])})
    optimizer.step(device, there({"w": np.ones(3)}))
    assert back(device)["w"].tolist() == [-1.0, -2.0, -4.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda g: np.ones(3),
            r"is an ndarray of shape \(3,\) .*, but must be an array on the GPU",
        ),
        (lambda g: runtime.on_device(np.ones(4)), r"shape \(4,\).*must be one of shape \(3,\)"),
        (lambda g: runtime.on_device(np.ones(3, "f4")), "dtype float32, but must be one of"),
        (lambda g: runtime.on_device(np.ones(6))[::2], "not C-contiguous"),
    ],
)
def test_gradients_that_do_not_fit(change, message):
    device = there({"w": np.zeros(3)})
    optimizer = nadamkit.Optimizer("nadam").init(device)
    with pytest.raises(OptionError, match=message):
        optimizer.step(device, {"w": change(None)})
    assert back(device)["w"].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: [runtime.on_device(np.arange(3))], "dtype int64, but must be float32 or float64"),
        (lambda: [runtime.on_device(np.ones(6))[::2]], "not C-contiguous"),
        (lambda: [runtime.on_device(np.ones(3))] * 2, "share memory"),
    ],
)
def test_parameters_that_do_not_fit(make, message):
    with pytest.raises(OptionError, match=message):
        nadamkit.Optimizer("nadam").init(make())


def test_backend_is_where_the_arrays_are():
    with pytest.raises(OptionError, match="on a GPU, where backend='serial' does not compute"):
        nadamkit.Optimizer("nadam", backend="serial").init(runtime.on_device(np.ones(3)))


class Movable:
    """An array whose numbers another library may put elsewhere, as ``tensor.data = ...`` does."""

    def __init__(self, values):
        self.array = runtime.on_device(values)

    @property
    def __cuda_array_interface__(self):
        a = self.array
        return getattr(a, "__cuda_array_interface__", None) or dict(a.__array_interface__)


def test_parameters_that_move_are_followed():
    x = Movable(np.zeros(3))
    before = x.array
    optimizer = nadamkit.Optimizer("gd", 1.0)
    optimizer.step(x, runtime.on_device(np.ones(3)))
    x.array = runtime.on_device(np.full(3, 10.0))
    optimizer.step(x, runtime.on_device(np.ones(3)))
    assert runtime.fetch(x.array).tolist() == [9.0] * 3
    assert runtime.fetch(before).tolist() == [-1.0] * 3


def test_gradients_that_move_are_followed():
    x, g = runtime.on_device(np.zeros(3)), Movable(np.ones(3))
    kept = g.array
    optimizer = nadamkit.Optimizer("gd", 1.0)
    optimizer.step(x, g)
    g.array = runtime.on_device(np.full(3, 5.0))
    optimizer.step(x, g)
    assert runtime.fetch(x).tolist() == [-6.0] * 3
    assert runtime.fetch(kept).tolist() == [1.0] * 3
