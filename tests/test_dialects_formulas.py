"""Every method of every dialect against the library's formula, written by hand, in mpmath.

The learning rate changes from step to step, which tells where it stands. The bound is 1e-15 of the
displacement, over 200 steps, and in an ordinary run besides the rounding of theta in each step.
"""

import numpy as np
import pytest

from conformance.reference import paper
from nadamkit import dialects, registry
from tests import dialect_formulas as f
from tests import dialect_nadams as n
from tests.dialect_runs import BOUND, GRADIENTS, ORIGIN, SMALL, STEPS, distance, exact, rate_of, run
from tests.open_loop import exact as vectors

#: Of float64.
UNIT = 2.0**-53
#: Where a library has no learning rate.
RATE = 0.003
CASES = {
    ("torch", "gd"): (0.001, f.torch_sgd()),
    ("torch", "momentum"): (0.001, f.torch_sgd(0.9)),
    ("torch", "nag"): (0.001, f.torch_sgd(0.9, nesterov=True)),
    ("torch", "adagrad"): (0.01, f.torch_adagrad()),
    ("torch", "rmsprop"): (0.01, f.torch_rmsprop()),
    ("torch", "adam"): (0.001, f.torch_adam()),
    ("torch", "adamax"): (0.002, f.torch_adamax()),
    ("torch", "nadam"): (0.002, n.torch_nadam()),
    ("keras", "gd"): (0.01, f.torch_sgd()),
    ("keras", "momentum"): (0.01, f.keras_sgd(0.9)),
    ("keras", "nag"): (0.01, f.keras_sgd(0.9, nesterov=True)),
    ("keras", "adagrad"): (0.001, f.keras_adagrad()),
    ("keras", "rmsprop"): (0.001, f.keras_rmsprop()),
    ("keras", "adam"): (0.001, f.keras_adam()),
    ("keras", "adamax"): (0.001, f.keras_adamax()),
    ("keras", "nadam"): (0.001, n.keras_nadam()),
    ("tf-keras", "nadam"): (0.001, n.keras_nadam()),
    ("tf-keras-legacy", "nadam"): (0.001, n.torch_nadam(eps=1e-7)),
    ("keras-2", "nadam"): (0.002, n.torch_nadam(eps=1e-7)),
    ("tensorflow-kernel", "momentum"): (None, f.torch_sgd(0.9)),
    ("tensorflow-kernel", "adam"): (0.001, f.keras_adam(epsilon=1e-8)),
    ("tensorflow-kernel", "nadam"): (0.001, n.tensorflow_nadam()),
    ("optax", "gd"): (None, f.torch_sgd()),
    ("optax", "momentum"): (None, f.torch_sgd(0.9)),
    ("optax", "nag"): (None, f.torch_sgd(0.9, nesterov=True)),
    ("optax", "adagrad"): (None, f.keras_adagrad()),
    ("optax", "rmsprop"): (None, f.keras_rmsprop(epsilon=1e-8)),
    ("optax", "adam"): (None, f.torch_adam()),
    ("optax", "adamax"): (None, f.torch_adamax()),
    ("optax", "nadam"): (None, n.optax_nadam()),
    ("timm-nadamw", "nadam"): (0.001, f.decoupled(n.timm_nadamw(), 0.01)),
    ("timm-nadam-legacy", "nadam"): (0.002, n.torch_nadam()),
    ("ensmallen", "gd"): (0.01, f.torch_sgd()),
    ("ensmallen", "momentum"): (0.01, f.keras_sgd(0.5)),
    ("ensmallen", "nag"): (0.01, f.keras_sgd(0.5, nesterov=True)),
    ("ensmallen", "adagrad"): (0.01, f.torch_adagrad(1e-8)),
    ("ensmallen", "rmsprop"): (0.01, f.torch_rmsprop()),
    ("ensmallen", "adam"): (0.001, f.keras_adam(epsilon=1e-8)),
    ("ensmallen", "adamax"): (0.001, f.keras_adamax(epsilon=1e-8)),
    ("ensmallen", "nadam"): (0.001, n.ensmallen_nadam()),
    ("ensmallen", "nadamax"): (0.001, n.ensmallen_nadam(largest=True)),
    ("optimlib", "gd"): (0.1, f.torch_sgd()),
    ("optimlib", "momentum"): (0.1, f.keras_sgd(0.9)),
    ("optimlib", "adagrad"): (0.1, f.torch_adagrad(1e-5)),
    ("optimlib", "rmsprop"): (0.1, f.torch_rmsprop(0.9, 1e-5)),
    ("optimlib", "adam"): (0.1, f.keras_adam(epsilon=1e-5)),
    ("optimlib", "adamax"): (0.1, f.keras_adamax(epsilon=1e-5)),
    ("optimlib", "nadam"): (0.1, n.timm_nadamw(eps=1e-5)),
    ("optimlib", "nadamax"): (0.1, n.optimlib_nadamax()),
    ("optimisers-jl", "gd"): (0.1, f.torch_sgd()),
    ("optimisers-jl", "momentum"): (0.01, f.keras_sgd(0.9)),
    ("optimisers-jl", "nag"): (0.001, f.julia_nesterov(0.9)),
    ("optimisers-jl", "adagrad"): (0.1, f.torch_adagrad(1e-8, 1e-8)),
    ("optimisers-jl", "rmsprop"): (0.001, f.torch_rmsprop(0.9)),
    ("optimisers-jl", "adam"): (0.001, f.torch_adam()),
    ("optimisers-jl", "adamax"): (0.001, f.keras_adamax(epsilon=1e-8)),
    ("optimisers-jl", "nadam"): (0.001, n.julia_nadam()),
    ("dl4j", "adam"): (0.001, f.keras_adam(epsilon=1e-8)),
    ("dl4j", "nadam"): (0.001, n.dl4j_nadam()),
    ("mxnet", "nadam"): (0.001, n.torch_nadam()),
    ("paddle", "nadam"): (0.002, n.torch_nadam()),
    ("lucid", "nadam"): (0.002, n.torch_nadam()),
    ("river", "nadam"): (0.1, n.timm_nadamw()),
    ("candle-optimisers", "nadam"): (0.002, n.torch_nadam()),
    ("dozat-2016", "nadam"): (None, n.dozat_2016()),
    ("tdozat", "nadam"): (0.002, n.tdozat()),
    ("torch-1", "nadam"): (0.002, n.torch_nadam(next_of=lambda p, mu, after: p * mu * after)),
    ("torchsharp-2023", "nadam"): (0.002, n.torchsharp_nadam()),
    ("flux-2019", "nadam"): (0.001, n.julia_nadam(frozen=True)),
    ("adam-for-nadam", "nadam"): (0.001, f.torch_adam(eps=1e-7)),
}


def test_every_method_of_every_dialect_has_a_formula():
    known = {(name, m) for name in dialects.names() for m in dialects.get(name).methods}
    assert known == {*CASES, *(("paper", method) for method in registry.names())}


@pytest.mark.parametrize(("dialect", "method"), CASES)
def test_dialect_is_the_librarys_formula(dialect, method):
    first, formula = CASES[dialect, method]
    preset = dialects.get(dialect).methods[method]
    assert preset.learning_rate == first
    rate = rate_of(first or RATE)
    decays = "weight_decay" in preset.hyper
    points = SMALL if decays else ORIGIN
    reference = f.displacements(formula, GRADIENTS, rate, points)
    assert distance(run(method, dialect, GRADIENTS, rate, points), reference) < BOUND
    if not decays:
        ordinary = run(method, dialect, GRADIENTS, rate, None)
        assert distance(ordinary, reference) < BOUND + STEPS * UNIT


def test_paper_is_the_defaults(method):
    ours = run(method, "paper", GRADIENTS, RATE, None)
    for path, gradients in zip(ours, zip(*GRADIENTS, strict=True), strict=True):
        flat = [g.reshape(-1) for g in gradients]
        reference = paper.run(method, vectors(flat), vectors([0.0 * flat[0]])[0], RATE)
        points = exact(np.array([[x.value for x in theta] for theta, _ in reference]))
        assert distance([path.reshape(STEPS, -1)], [points]) < BOUND + STEPS * UNIT


#: Options of a library, ours by our names.
OPTIONS = [
    ("torch", "momentum", {"dampening": 0.4}, f.torch_sgd(0.9, 0.4)),
    ("torch", "rmsprop", {"centered": True}, f.torch_rmsprop(centered=True)),
    ("torch", "rmsprop", {"momentum": 0.9}, f.torch_rmsprop(momentum=0.9)),
    (
        *("torch", "rmsprop", {"momentum": 0.8, "centered": True}),
        f.torch_rmsprop(momentum=0.8, centered=True),
    ),
    ("torch", "adam", {"amsgrad": True, "nu": 0.9}, f.torch_adam(beta2=0.9, amsgrad=True)),
    ("torch", "nadam", {"weight_decay": 0.1}, f.with_l2(n.torch_nadam(), 0.1)),
    (
        *("torch", "nadam", {"weight_decay": 0.1, "wd_kind": "decoupled"}),
        f.decoupled(n.torch_nadam(), 0.1),
    ),
    ("keras", "rmsprop", {"centered": True}, f.keras_rmsprop(centered=True)),
    ("keras", "rmsprop", {"momentum": 0.9}, f.keras_rmsprop(momentum=0.9)),
    (
        *("keras", "rmsprop", {"momentum": 0.8, "centered": True}),
        f.keras_rmsprop(momentum=0.8, centered=True),
    ),
    ("keras", "adam", {"amsgrad": True, "nu": 0.9}, f.keras_adam(beta2=0.9, amsgrad=True)),
    ("keras", "nag", {"weight_decay": 50.0}, f.decoupled(f.keras_sgd(0.9, nesterov=True), 50.0)),
    ("optax", "nadam", {"eps_root": 1e-6}, n.optax_nadam(eps_root=1e-6)),
    ("optax", "nadam", {"weight_decay": 0.1}, f.decoupled(n.optax_nadam(), 0.1)),
]


@pytest.mark.parametrize(("dialect", "method", "given", "formula"), OPTIONS)
def test_options_are_the_librarys(dialect, method, given, formula):
    rate = rate_of(RATE)
    points = SMALL if "weight_decay" in given else ORIGIN
    ours = run(method, dialect, GRADIENTS, rate, points, **given)
    assert distance(ours, f.displacements(formula, GRADIENTS, rate, points)) < BOUND
    assert distance(ours, run(method, dialect, GRADIENTS, rate, points)) > 1e-9
