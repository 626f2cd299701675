"""The dialect of torch against torch.optim: all its methods and options, on several tensors.

torch's default dtype is float64 here, as NAdam keeps the product of its momenta in it.
"""

import inspect

import numpy as np
import pytest

from nadamkit import dialects
from nadamkit.loops.stepper import Stepper
from tests import dialect_formulas as f
from tests.dialect_runs import (
    BOUND,
    GRADIENTS,
    ORIGIN,
    SHAPES,
    SMALL,
    cancellation,
    distance,
    rate_of,
    run,
    walk,
)

torch = pytest.importorskip("torch")
RATE = 0.003


@pytest.fixture(autouse=True)
def _double_precision():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def by_torch(kind, options, rate, points):
    """The displacements by an optimizer of torch, of all tensors at once."""
    tensors = [torch.zeros(shape, requires_grad=True) for shape in SHAPES]
    optimizer = getattr(torch.optim, kind)(tensors, lr=RATE, **options)

    def step(t, at, g):
        optimizer.param_groups[0]["lr"] = rate(t)
        for tensor, x, gradient in zip(tensors, at, g, strict=True):
            tensor.data[...] = torch.from_numpy(x)
            tensor.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
        return [tensor.detach().numpy().copy() for tensor in tensors]

    return walk(step, GRADIENTS, points)


#: Ours, then torch's: what is given, the class and its options.
CASES = {
    "gd": ({}, "SGD", {}),
    "gd l2": ({"weight_decay": 50.0}, "SGD", {"weight_decay": 50.0}),
    "momentum": ({}, "SGD", {"momentum": 0.9}),
    "momentum dampening": ({"dampening": 0.4}, "SGD", {"momentum": 0.9, "dampening": 0.4}),
    "momentum l2": (
        {"weight_decay": 50.0, "mu": 0.5},
        "SGD",
        {"momentum": 0.5, "weight_decay": 50.0},
    ),
    "nag": ({}, "SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ({}, "Adagrad", {}),
    "adagrad n0": ({"n0": 0.1}, "Adagrad", {"initial_accumulator_value": 0.1}),
    "rmsprop": ({}, "RMSprop", {}),
    "rmsprop centered": ({"centered": True}, "RMSprop", {"centered": True}),
    "rmsprop momentum": ({"momentum": 0.9}, "RMSprop", {"momentum": 0.9}),
    "rmsprop both": (
        {"momentum": 0.8, "centered": True},
        "RMSprop",
        {"momentum": 0.8, "centered": True},
    ),
    "rmsprop l2": ({"weight_decay": 0.1}, "RMSprop", {"weight_decay": 0.1}),
    "adam": ({}, "Adam", {}),
    "adam quick": ({"nu": 0.9}, "Adam", {"betas": (0.9, 0.9)}),
    "adam amsgrad": ({"amsgrad": True}, "Adam", {"amsgrad": True}),
    "adam amsgrad quick": (
        {"amsgrad": True, "nu": 0.9},
        "Adam",
        {"amsgrad": True, "betas": (0.9, 0.9)},
    ),
    "adam l2": ({"weight_decay": 0.1}, "Adam", {"weight_decay": 0.1}),
    "adam decoupled": (
        {"weight_decay": 0.1, "wd_kind": "decoupled"},
        "AdamW",
        {"weight_decay": 0.1},
    ),
    "adamax": ({}, "Adamax", {}),
    "adamax l2": ({"weight_decay": 0.1}, "Adamax", {"weight_decay": 0.1}),
    "nadam": ({}, "NAdam", {}),
    "nadam quick": ({"nu": 0.9}, "NAdam", {"betas": (0.9, 0.9)}),
    "nadam l2": ({"weight_decay": 0.1}, "NAdam", {"weight_decay": 0.1}),
    "nadam decoupled": (
        {"weight_decay": 0.1, "wd_kind": "decoupled"},
        "NAdam",
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
}


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_torch(name, maximize):
    given, kind, options = CASES[name]
    method, points = name.split()[0], SMALL if "weight_decay" in given else ORIGIN
    rate = rate_of(RATE)
    ours = run(method, "torch", GRADIENTS, rate, points, maximize=maximize, **given)
    theirs = by_torch(kind, {**options, "maximize": maximize}, rate, points)
    nu = given.get("nu", 0.999)
    corrected = method in ("adam", "nadam") and nu == 0.999
    assert distance(ours, theirs) < BOUND + (cancellation(ours, nu) if corrected else 0.0)


def test_powers_of_nu_are_rounded():
    """Why there is an allowance: of the steps of Adam, it is torch's that are off."""
    rate = rate_of(RATE)
    formula = f.displacements(f.torch_adam(), GRADIENTS[:3], rate)
    ours = run("adam", "torch", GRADIENTS[:3], rate)
    theirs = [path[:3] for path in by_torch("Adam", {}, rate, ORIGIN)]
    assert distance(ours, formula) < BOUND < distance(theirs, formula)


def test_defaults_are_torchs():
    names = {"eps": "eps", "n0": "initial_accumulator_value"}
    for method, preset in dialects.get("torch").methods.items():
        kind = getattr(torch.optim, preset.symbol.split("(")[0].split(".")[-1])
        theirs = {name: p.default for name, p in inspect.signature(kind).parameters.items()}
        assert preset.learning_rate == theirs["lr"]
        hyper = {"n0": 0.0, **preset.hyper}
        shared = {ours: name for ours, name in names.items() if name in theirs}
        assert {k: hyper[k] for k in shared} == {k: theirs[v] for k, v in shared.items()}
        if "betas" in theirs:
            assert (hyper["mu"], hyper["nu"]) == theirs["betas"]
        if method == "rmsprop":
            assert hyper["nu"] == theirs["alpha"]
    assert dialects.get("torch").version == torch.__version__.partition("+")[0]


MOMENTS = ("exp_avg", "exp_avg_sq")


@pytest.mark.parametrize(
    ("method", "kind", "options", "names"),
    [
        ("adam", "Adam", {}, MOMENTS),
        ("adam", "Adam", {"amsgrad": True}, (*MOMENTS, "max_exp_avg_sq")),
        ("rmsprop", "RMSprop", {}, ("square_avg",)),
        ("rmsprop", "RMSprop", {"centered": True}, ("square_avg", "grad_avg")),
        ("rmsprop", "RMSprop", {"momentum": 0.9}, ("square_avg", "momentum_buffer")),
        (
            *("rmsprop", "RMSprop", {"momentum": 0.9, "centered": True}),
            ("square_avg", "grad_avg", "momentum_buffer"),
        ),
    ],
)
def test_slots_are_torchs_state(method, kind, options, names):
    tensor = torch.zeros(4, requires_grad=True)
    optimizer = getattr(torch.optim, kind)([tensor], **options)
    rate, hyper = dialects.settings(method, "torch", options)
    stepper = Stepper(method, np.zeros(4), learning_rate=rate, **hyper)
    for g in GRADIENTS:
        tensor.grad = torch.from_numpy(g[0].copy())
        optimizer.step()
        stepper.step(g[0])
    theirs = [optimizer.state[tensor][name].numpy() for name in names]
    assert distance(stepper.slots, theirs) < BOUND
