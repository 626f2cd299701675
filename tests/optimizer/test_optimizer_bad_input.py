"""What `Optimizer` refuses, each before anything is changed."""

import numpy as np
import pytest

from nadamkit import Optimizer
from nadamkit.errors import OptionError
from tests.ids import plain
from tests.optimizer.common import bits, refused


def read_only():
    a = np.ones(3)
    a.flags.writeable = False
    return a


def writeable_broadcast():
    return np.lib.stride_tricks.as_strided(np.ones(1), (3,), (0,))


SHARED = np.ones(10)

PARAMETERS = {
    "integers": (np.arange(3), r"^the parameter array is an array of dtype int64, but must be"),
    "half": (np.ones(3, "float16"), r"dtype float16, but must be float32 or float64; convert it"),
    "complex": (np.ones(3, complex), r"dtype complex128"),
    "objects": (np.array([1.0, None]), r"dtype object"),
    "big-endian": (np.ones(3, ">f8"), r"dtype >f8"),
    "bool": (np.ones(3, bool), r"dtype bool"),
    "floats": (
        {"w": [1.0, 2.0]},
        r"^the parameter 'w/0' is a float, 1\.0, but parameters must be arrays",
    ),
    "a float": (1.0, r"^the parameter array is a float, .* write numpy\.array"),
    "a number": ({"w": np.float64(1.0)}, r"^the parameter 'w' is a float64, .*, but"),
    "a word": ("weights", r"is a str, 'weights', but"),
    "read-only": ({"w": read_only()}, r"^the parameter 'w' is read-only, and a step updates it"),
    "broadcast, read-only": (np.broadcast_to(1.0, 3), r"is read-only"),
    "broadcast": (writeable_broadcast(), r"elements that share memory \(a broadcast array\)"),
    "twice": ([SHARED, SHARED], r"^the parameter '0' and the parameter '1' share memory"),
    "a part": ({"a": SHARED, "b": SHARED[3:5]}, r"'a' and the parameter 'b' share memory, so a"),
    "partly": ({"a": SHARED[:6], "b": SHARED[5:]}, r"share memory.* pass each array once"),
    "transposed": ([SHARED.reshape(2, 5), SHARED.reshape(2, 5).T], r"share memory"),
    "strided": ([SHARED[::2], SHARED[::3]], r"share memory"),
    "far apart": ([SHARED, np.ones(3), SHARED[9:]], r"'0' and the parameter '2' share memory"),
}


def arrays(tree):
    """What of a tree is an array."""
    values = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else [tree]
    return [a for a in values if isinstance(a, np.ndarray)]


@pytest.mark.parametrize("kind", PARAMETERS)
def test_parameters(kind):
    params, message = PARAMETERS[kind]
    for call in ("init", "step"):
        optimizer = Optimizer("nadam", 0.1)
        with refused(optimizer, message, *arrays(params)):
            optimizer.init(params) if call == "init" else optimizer.step(params, params)
        assert optimizer.t == 0
        optimizer.step(np.ones(2), np.ones(2))


MEMORY = np.arange(1.0, 13.0)


def params():
    memory = MEMORY.copy()
    return memory, {"a": memory[:4], "b": memory[4:8].reshape(2, 2), "s": np.array(1.0)}


def good(**change):
    return {"a": np.ones(4), "b": np.ones((2, 2)), "s": np.array(2.0)} | change


def parts(memory):
    """Gradients in the memory of the parameters."""
    return {
        "another parameter": good(a=memory[4:8]),
        "a part of it": good(a=memory[7:11]),
        "its own, shifted": good(a=memory[1:5]),
    }


GRADIENTS = {
    "another shape": (good(a=np.ones(3)), r"^the gradient of the parameter 'a' is an array of sha"),
    "a row more": (
        good(a=np.ones((1, 4))),
        r"shape \(1, 4\) and dtype float64, but must be .*\(4,\)",
    ),
    "another dtype": (good(b=np.ones((2, 2), "float32")), r"'b' is an array of .* float32, but"),
    "integers": (good(b=np.ones((2, 2), int)), r"dtype int64"),
    "a number": (good(a=1.0), r"'a' is a float, 1\.0, but must be an array of shape \(4,\)"),
    "a word": (good(s="gradient"), r"'s' is a str, 'gradient', but"),
    "a list": (good(a=[1.0] * 4), r"^grads at 'a' are a list of length 4, but must be an array"),
    "a scalar of another dtype": (good(s=np.float32(1.0)), r"dtype float32, but must be"),
    "a key too few": ({"a": np.ones(4), "b": np.ones((2, 2))}, r"^grads have no 's'"),
    "a key too many": (
        good(zz=np.ones(1)),
        r"^grads have 'zz', the parameters do not\. They have: 'a', 'b', 's'\.$",
    ),
    "a list of them": ([np.ones(4)], r"^grads are a list of length 1, but must be a dict"),
    "one array": (np.ones(4), r"^grads are an ndarray .*, but must be a dict"),
}


@pytest.mark.parametrize("kind", GRADIENTS)
@pytest.mark.parametrize("begun", [True, False])
def test_gradients(kind, begun):
    grads, message = GRADIENTS[kind]
    memory, own = params()
    optimizer = Optimizer("nadam", 0.1, average=0.5)
    if begun:
        optimizer.step(own, good())
    with refused(optimizer, message, memory, own["s"]):
        optimizer.step(own, grads)
    optimizer.step(own, good())
    assert optimizer.t == 1 + begun


@pytest.mark.parametrize("kind", parts(MEMORY))
def test_gradients_in_the_memory_of_parameters(kind):
    """They would be read after they were changed."""
    memory, own = params()
    optimizer = Optimizer("nadam", 0.1)
    message = (
        r"^the gradient of the parameter 'a' shares memory with the parameter '[ab]', .*; pass"
    )
    with refused(optimizer, message, memory):
        optimizer.step(own, parts(memory)[kind])
    optimizer.step(own, good(a=memory[8:]))


def test_a_mistyped_key_is_recognised():
    optimizer, x = Optimizer("nadam"), np.ones(3)
    with refused(optimizer, r"^grads have 'wieght', .*; did you mean 'weight'\?", x):
        optimizer.step({"weight": x, "bias": np.ones(1)}, {"wieght": x, "bias": np.ones(1)})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"a": np.ones(3), "b": np.ones((2, 2)), "s": np.array(1.0)}, r"'a' has shape \(3,\) and"),
        (good(a=np.ones(4, "float32")), r"dtype float32 now, but had .* float64; call init to beg"),
        (good(a=None), r"^the parameter 'a' is None, but"),
        (good(a=read_only()), r"^the parameter 'a' is read-only"),
        (good(a=SHARED[:4], b=SHARED[2:6].reshape(2, 2)), r"share memory"),
        ({"a": np.ones(4)}, r"^params have no 'b'.*; pass all .* or call init\(params\)"),
        ([np.ones(4)], r"^params are a list of length 1, but must be a dict"),
        (None, r"^the parameter 'a' is None, but"),
    ],
    ids=range(8),
)
def test_parameters_that_are_not_those_of_before(other, message):
    memory, own = params()
    optimizer = Optimizer("nadam", 0.1)
    optimizer.step(own, good())
    with refused(optimizer, message, memory, own["s"]):
        optimizer.step(other, good())
    before = bits(memory)
    optimizer.step(own, good())
    assert bits(memory) != before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "nadm"}, r"^Unknown solver nadm; did you mean 'nadam'\?"),
        ({"dialect": "torhc"}, r"^Unknown dialect 'torhc'; did you mean 'torch'\?"),
        ({"method": "maxaprop", "dialect": "torch"}, r"^The dialect 'torch' has no method 'maxapr"),
        ({"backend": "seriel"}, r"^backend='seriel' is not allowed; did you mean 'serial'\?"),
        (
            {"backend": "cuda"},
            r"^backend='cuda' is not allowed: an Optimizer updates arrays on a GPU t",
        ),
        ({"backend": None}, r"^backend=None is not allowed"),
        ({"label": "bias"}, r"^label must be callable, but is a str, 'bias'; pass label\(path\)"),
        ({"nonfinite": "rase"}, r"^nonfinite='rase' is not allowed; did you mean 'raise'\?"),
        ({"nonfinite": ["raise"]}, r"^nonfinite=\['raise'\] is not allowed"),
        ({"mmu": 0.9}, r"^method 'nadam' has no hyperparameter 'mmu'; did you mean 'mu'\?"),
        ({"mu": 1.0}, r"^mu=1\.0 is not allowed: mu must be a number in \[0, 1\)"),
        ({"nu": np.nan}, r"^nu=nan is not allowed"),
        ({"eps": np.nan}, r"^eps=nan is not allowed"),
        ({"clip_norm": 0.0}, r"^clip_norm=0\.0 is not allowed"),
        ({"clip_value": -1.0}, r"^clip_value=-1\.0 is not allowed"),
        ({"weight_decay": np.inf}, r"^weight_decay=inf is not allowed"),
        ({"wd_kind": "L2"}, r"^wd_kind='L2' is not allowed"),
        ({"maximize": "yes"}, r"^maximize='yes' is not allowed"),
        ({"schedule": "cosine"}, r"^schedule='cosine' is not allowed"),
    ],
    ids=repr,
)
def test_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Optimizer(**settings)


RATES = [np.nan, np.inf, -1.0, "fast", "auto", 1j, object(), np.array(np.nan)]


@pytest.mark.parametrize("rate", RATES, ids=plain)
def test_learning_rates(rate):
    message = r"^learning_rate=.* is not allowed: it must be a finite number >= 0"
    with pytest.raises(OptionError, match=message):
        Optimizer("nadam", rate)
    x = np.ones(3)
    optimizer = Optimizer("nadam", 0.1, groups={"g": {}}, label=lambda path: "g").init(x)
    for group in ("", "g"):
        with refused(optimizer, message, x):
            optimizer.set_learning_rate(rate, group)
    with refused(optimizer, message, x):
        optimizer.learning_rate = rate
    optimizer.step(x, x)
    with refused(optimizer, r"^there is no group 'h'.* The groups are: g\.", x):
        optimizer.set_learning_rate(0.1, "h")


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_learning_rates_of_elements(bad):
    for rate in ({"w": np.array([0.1, bad])}, {"w": bad}):
        x = np.ones(2)
        optimizer = Optimizer("nadam", rate)
        with refused(optimizer, r"^for the parameter 'w', learning_rate=.* is not allowed", x):
            optimizer.step({"w": x}, {"w": x})
    with refused(optimizer, r"^learning_rate has shape \(3,\), but the parameters have shape", x):
        Optimizer("nadam", np.ones(3)).init(x)


def test_rates_of_elements_stay_what_they_are():
    x = np.ones(2)
    for first, second in ((np.ones(2), 0.1), (0.1, np.ones(2)), (0.1, [0.1, 0.2])):
        optimizer = Optimizer("gd", first).init(x)
        with pytest.raises(OptionError, match=r"^a learning rate for each array or element stays"):
            optimizer.learning_rate = second
        assert optimizer.learning_rate is first or optimizer.learning_rate == first
