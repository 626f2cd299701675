"""Variants of a rule: chosen by hyperparameters, safe, and free for those who do not ask."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import minimize, registry
from nadamkit.coefficients import CoefficientTable
from nadamkit.loops.stepper import Stepper
from nadamkit.rule import check_step
from tests.backends.trajectories import digest, gradients, numbers
from tests.loops.njit_problems import START, in_place

#: Options, and the slots that a method has with them.
VARIANTS = [
    ("momentum", {"dampening": 0.5}, ("m",)),
    ("momentum", {"lr_inside": True}, ("m",)),
    ("nag", {"lr_inside": True}, ("m",)),
    ("rmsprop", {"centered": True}, ("n", "a")),
    ("rmsprop", {"momentum": 0.5}, ("n", "b")),
    ("rmsprop", {"momentum": 0.5, "centered": True, "lr_inside": True}, ("n", "a", "b")),
    ("adam", {"amsgrad": True, "nu": 0.9}, ("m", "n", "p")),
]
each = pytest.mark.parametrize(("method", "options", "slots"), VARIANTS)


def chosen(method, options):
    rule = registry.get(method)
    return rule.chosen(rule.validated(options))


@each
def test_variant_is_the_same_method_with_other_slots(method, options, slots):
    rule, variant = registry.get(method), chosen(method, options)
    assert variant is not rule
    assert variant is chosen(method, options)  # one object, so that its kernels are compiled once
    assert variant.slots == slots
    assert variant.name == rule.name
    assert variant.hyperparameters is rule.hyperparameters


def test_plain_rule_is_its_own_variant(method):
    rule = registry.get(method)
    assert chosen(method, {}) is rule
    assert rule.step.__name__ == "step"
    assert Stepper(method, np.zeros(5)).slots.shape == (len(rule.slots), 5)


def test_the_ten_methods_of_the_report_are_there():
    report = "gd momentum adagrad rmsprop adam nag nadam adamax maxaprop nadamax"
    assert set(report.split()) <= set(registry.names())


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@each
def test_step_is_safe(method, options, slots, dtype):
    variant = chosen(method, options)
    names = CoefficientTable(variant, options, np.dtype(dtype)).names
    check_step(variant, names)
    one = np.dtype(dtype).type(0.5)
    x, state = variant.step(one, one, (one,) * len(slots), (one,) * (1 + len(names)))
    assert {np.asarray(v).dtype for v in (x, *state)} == {np.dtype(dtype)}


def bits(method, dtype, options):
    x = numbers(dtype, 257, 0).copy()
    stepper = Stepper(method, x, learning_rate=lambda t: 1 / t, **options)
    for g in gradients(dtype, 257, 60):
        stepper.step(g)
    return [digest(a) for a in (x, *stepper.slots)]


@each
def test_backends_agree(method, options, slots, dtype, other_backend):
    reference = bits(method, dtype, {**options, "backend": "numpy"})
    assert bits(method, dtype, {**options, **other_backend}) == reference
    assert len(set(reference)) == 1 + len(slots)


@each
def test_compiled_loop_takes_it(method, options, slots):
    given = {"learning_rate": 1e-3, "maxiter": 200, **options}
    compiled, plain = (
        minimize(in_place, START, method=method, options=given, backend=backend)
        for backend in ("serial", "numpy")
    )
    assert_array_equal(compiled.x, plain.x)
    without = {k: v for k, v in given.items() if k not in ("amsgrad", "dampening", "centered")}
    if without != given:
        assert minimize(in_place, START, method=method, options=without).fun != plain.fun


@pytest.mark.parametrize("method", ["momentum", "nag"])
def test_constant_rate_inside_is_the_same_but_for_rounding(method):
    ends = []
    for inside in (False, True):
        x = np.zeros(257)
        stepper = Stepper(method, x, learning_rate=0.25, lr_inside=inside)
        for g in gradients("float64", 257, 60):
            stepper.step(g)
        ends.append(x)
    assert_array_equal(*ends)  # a power of two: exact


def test_rate_inside_means_nothing_without_a_sum():
    assert chosen("rmsprop", {"lr_inside": True}) is registry.get("rmsprop")


@pytest.mark.parametrize(("eps_kind", "momentum"), [*product(["in", "out"], [0.0, 0.9])])
def test_variance_is_never_negative(eps_kind, momentum):
    g = np.random.default_rng(0).uniform(0.5, 2.0, 100)
    x = np.zeros_like(g)
    options = {"centered": True, "eps_kind": eps_kind, "momentum": momentum, "nu": 0.5}
    stepper = Stepper("rmsprop", x, backend="numpy", learning_rate=1e-12, **options)
    below = False
    for _ in range(100):
        stepper.step(g)
        n, a = stepper.slots[:2]
        below |= bool((n - a * a < 0.0).any())
    assert below  # without the floor its root would be NaN
    assert np.isfinite(x).all()
    assert np.isfinite(stepper.slots).all()


def test_n0_and_decay_reach_a_variant():
    options = {"centered": True, "n0": 2.0, "weight_decay": 0.5, "clip_norm": 1.0}
    stepper = Stepper("rmsprop", np.ones(2), backend="numpy", learning_rate=0.5, **options)
    assert_array_equal(stepper.slots, [[2.0, 2.0], [0.0, 0.0]])


@pytest.mark.parametrize("split", [0, 1, 7])
def test_dampening_knows_the_first_step_after_a_restart(split):
    """State is slots and t: a run that goes on is the run that never stopped."""
    whole, parts = np.zeros(33), np.zeros(33)
    given = gradients("float64", 33, 20)
    first = Stepper("momentum", whole, dampening=0.5)
    for g in given:
        first.step(g)
    before = Stepper("momentum", parts, dampening=0.5)
    for g in given[:split]:
        before.step(g)
    after = Stepper("momentum", parts, dampening=0.5)
    after.t, after.slots[:] = before.t, before.slots
    for g in given[split:]:
        after.step(g)
    assert_array_equal(parts, whole)
