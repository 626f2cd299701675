"""Groups of parameters: who is in which, and that each does what an optimizer of its own would."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import Optimizer, dialects, schedules
from nadamkit.errors import OptionError
from tests.backends.trajectories import numbers
from tests.ids import plain
from tests.optimizer.common import FEWER_BACKENDS, bits, refused

PATHS = ("layers/0/weight", "layers/0/bias", "layers/1/weight", "layers/1/bias", "scale")


def net(seed):
    """Parameters of two layers, and a number."""
    a = numbers("float64", 200, seed)
    layers = [
        {"weight": a[50 * i :][:12].reshape(3, 4).copy(), "bias": a[50 * i + 12 :][:3].copy()}
        for i in (0, 1)
    ]
    return {"layers": layers, "scale": np.array(a[-1])}


def leaves(tree):
    """Its arrays by path."""
    layers = enumerate(tree["layers"])
    found = {f"layers/{i}/{name}": a for i, layer in layers for name, a in layer.items()}
    return found | {"scale": tree["scale"]}


def moved(**settings):
    """The net after three steps of gradient descent, as the moves over the gradients."""
    params, grads = net(0), net(1)
    before = {path: a.copy() for path, a in leaves(params).items()}
    Optimizer("gd", 1.0, **settings).step(params, grads)
    after, g = leaves(params), leaves(grads)
    return {path: np.round((before[path] - a) / g[path], 6).max() for path, a in after.items()}


@pytest.mark.parametrize(
    ("names", "rates"),
    [
        ({"bias": 2.0}, (1, 2, 1, 2, 1)),
        ({"layers": 3.0}, (3, 3, 3, 3, 1)),
        ({"0": 4.0, "scale": 5.0}, (4, 4, 1, 1, 5)),
        ({"layers/1": 2.0}, (1, 1, 2, 2, 1)),
        ({"layers": 2.0, "layers/1/bias": 3.0}, (2, 2, 2, 3, 1)),
    ],
    ids=repr,
)
def test_by_parts_of_the_path(names, rates):
    groups = {name: {"learning_rate": rate} for name, rate in names.items()}
    assert moved(groups=groups) == dict(zip(PATHS, rates, strict=True))


def test_by_label():
    asked = []

    def label(path):
        asked.append(path)
        return "slow" if path.endswith("bias") else None

    found = moved(groups={"slow": {"learning_rate": 0.25}}, label=label)
    assert found == dict(zip(PATHS, (1, 0.25, 1, 0.25, 1), strict=True))
    assert tuple(asked) == PATHS


@pytest.mark.parametrize("backend", FEWER_BACKENDS)
def test_each_does_what_its_own_optimizer_would(method, dtype, backend):
    """With hyperparameters, schedules and clipping of its own."""
    own = {
        "a": {"weight_decay": 0.1, "maximize": True},
        "b": {"learning_rate": schedules.cosine(0.1, 7), "clip_value": 0.5},
        "c": {"clip_norm": 1.0, "wd_kind": "decoupled"},
    }
    if method in ("adam", "adamax", "momentum", "nadam", "nadamax", "nag"):
        own["b"]["schedule"] = lambda t: 0.9 - 0.5 / t
        own["c"]["mu"] = 0.5
    common = {"weight_decay": 0.01, "average": 0.9, "backend": backend}

    def arrays(seed):
        a = numbers(dtype, 400, seed)
        return {name: a[i * 100 :][: 1 + 30 * i].copy() for i, name in enumerate("rabc")}

    params, wanted = arrays(0), arrays(0)
    together = Optimizer(method, 0.05, groups=own, **common)
    apart = {
        name: Optimizer(method, **{"learning_rate": 0.05, **common, **own.get(name, {})})
        for name in wanted
    }
    for t in range(6):
        grads = arrays(2 + t)
        if t == 3:
            grads["a"] = None
        together.step(params, grads)
        for name, optimizer in apart.items():
            if grads[name] is not None:
                optimizer.step(wanted[name], grads[name])
    for name, optimizer in apart.items():
        assert bits(params[name]) == bits(wanted[name]), name
        assert bits(together.average()[name]) == bits(optimizer.average()), name
        assert together.state_dict()[f"t/{name}"] == optimizer.t


def test_variants_of_a_method_have_slots_of_their_own():
    own = {"b": {"amsgrad": True}}
    params = {"a": np.ones(3), "b": np.ones(3)}
    optimizer = Optimizer("adam", groups=own).init(params)
    assert {k for k in optimizer.state_dict() if k.endswith("/a")} == {"t/a", "m/a", "n/a"}
    assert {k for k in optimizer.state_dict() if k.endswith("/b")} == {"t/b", "m/b", "n/b", "p/b"}


def test_rates_for_elements_and_arrays(dtype):
    x, g, rates = (numbers(dtype, 12, i).reshape(3, 4).copy() for i in (0, 1, 2))
    rates = np.abs(rates)
    for lay in (np.array, np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2]):
        y = lay(x)
        Optimizer("gd", rates).step(y, g)
        assert_array_equal(y, x - rates * g)


def test_a_tree_of_rates(dtype):
    params = {"a": numbers(dtype, 5, 0).copy(), "b": [numbers(dtype, 6, 1).copy(), np.array(2.0)]}
    grads = {"a": numbers(dtype, 5, 2), "b": [numbers(dtype, 6, 3), np.array(0.5)]}
    wanted = {
        "a": params["a"] - params["a"].dtype.type(0.5) * grads["a"],
        "b": params["b"][0] - np.arange(6).astype(dtype) * grads["b"][0],
    }
    optimizer = Optimizer("gd", {"a": 0.5, "b": (np.arange(6), 4.0)})
    optimizer.step(params, grads)
    assert_array_equal(params["a"], wanted["a"])
    assert_array_equal(params["b"][0], wanted["b"])
    assert params["b"][1] == 0.0


@pytest.mark.parametrize("rate", ["float", "callable", "schedule"])
def test_the_rate_may_be_set(rate):
    given = {"float": 0.25, "callable": lambda t: t / 8, "schedule": schedules.constant(2.0)}[rate]
    x, y = np.array(0.0), np.array(0.0)
    optimizer = Optimizer("gd", 1.0, groups={"y": {"learning_rate": 0.5}})

    def step():
        optimizer.step({"x": x, "y": y}, {"x": np.array(-1.0), "y": np.array(-1.0)})

    step()
    optimizer.learning_rate = given
    assert optimizer.learning_rate == given
    step()
    assert (x, y) == (1.0 + {"float": 0.25, "callable": 0.25, "schedule": 2.0}[rate], 1.0)
    optimizer.set_learning_rate(4.0, "y")
    step()
    assert y == 5.0
    assert optimizer.t == 3
    optimizer.init({"x": x, "y": y})
    step()
    assert y == 9.0, "the rate that was set stays when the optimizer begins anew"


def test_a_rate_that_was_set_is_copied():
    x, rate = np.array(0.0), np.array(1.0)
    optimizer = Optimizer("gd").init(x)
    optimizer.learning_rate = rate
    rate[...] = 100.0
    optimizer.step(x, np.array(-1.0))
    assert x == 1.0


def test_schedules_are_asked_for_each_step_once():
    asked = []
    x = {"a": np.ones(3), "b": np.ones(2)}
    optimizer = Optimizer("gd", lambda t: asked.append(t) or 0.1)
    for _ in range(4):
        optimizer.step(x, x)
    assert asked == [1, 2, 3, 4]


@pytest.mark.parametrize("name", dialects.names())
def test_dialects(name):
    """Each is its hyperparameters and its learning rate."""
    for method in dialects.get(name).methods:
        rate, hyper = dialects.settings(method, name)
        x, y, g = np.ones(4), np.ones(4), numbers("float64", 4, 1)
        if rate is None and name != "paper":
            with pytest.raises(OptionError, match="has no default learning rate; pass learning"):
                Optimizer(method, dialect=name)
        given = 0.1 if rate is None else None
        optimizer = Optimizer(method, given, dialect=name)
        other = Optimizer(method, 0.1 if rate is None else rate, **hyper)
        for _ in range(3):
            optimizer.step(x, g)
            other.step(y, g)
        assert bits(x) == bits(y)
        assert optimizer.learning_rate == (0.1 if rate is None else rate)


def test_the_default_rate_is_one_thousandth():
    assert Optimizer("nadam").learning_rate == 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups": {"bais": {}}}, r"^no parameter is in group 'bais'; did you mean 'bias'\?"),
        ({"groups": {"b": {}}}, r"^no parameter is in group 'b'"),
        ({"groups": {"0": {}}, "label": lambda path: "1"}, r"^label\('layers/0/weight'\) returned"),
        ({"groups": {"0": {}}, "label": lambda path: None}, r"^no parameter is in group '0'"),
        (
            {"label": lambda path: 3},
            r"returned 3, which is no group\. The groups are: none; return",
        ),
        ({"learning_rate": {"scale": 1.0}}, r"^learning rates have no 'layers'"),
        ({"learning_rate": [1.0]}, r"^learning rates are a list of length 1, but must be a dict"),
        (
            {"learning_rate": {"layers": None, "scale": 1.0}},
            r"^the learning rate of 'layers/0/weight' is None",
        ),
        ({"learning_rate": np.ones(3)}, r"^learning rates are an ndarray .*, but must be a dict"),
    ],
    ids=plain,
)
def test_what_does_not_fit_the_parameters(settings, message):
    params = net(0)
    optimizer = Optimizer("nadam", **settings)
    with refused(optimizer, message, *leaves(params).values()):
        optimizer.init(params)
    with refused(optimizer, message, *leaves(params).values()):
        optimizer.step(params, net(1))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([("bias", {})], r"^groups must be a dict of names and settings, but is a list .*; for"),
        ({"bias": 0.1}, r"^groups has 'bias': 0\.1, but must have"),
        ({3: {}}, r"^groups has 3: \{\}, but must"),
        ({"": {}}, r"^groups has ''"),
        ({"bias": {"mmu": 0.9}}, r"has no hyperparameter 'mmu'; did you mean 'mu'\?"),
        ({"bias": {"mu": 1.0}}, r"^in group 'bias', mu=1\.0 is not allowed"),
        (
            {"bias": {"learning_rate": -1.0}},
            r"^in group 'bias', learning_rate=-1\.0 is not allowed",
        ),
        ({"bias": {"backend": "numpy"}}, r"has no hyperparameter 'backend'"),
    ],
    ids=repr,
)
def test_what_is_no_group(groups, message):
    with pytest.raises(OptionError, match=message):
        Optimizer("nadam", groups=groups)
