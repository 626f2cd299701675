"""Options that are another library's: each against its formula, to a derived rounding bound.

Those with slots of their own are variants of a rule: another step, and no cost for those who do
not ask for it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from conformance.reference.bounded import Vector, maximum, scalar, sqrt
from conformance.reference.family import METHODS, family
from conformance.reference.setting import Setting, Trajectory, dozat
from nadamkit import registry
from nadamkit.loops.stepper import Stepper
from tests.grading import Step, expected, worst
from tests.open_loop import BACKENDS, DTYPES, STEPS, check, exact, origin, stream

#: A rate for each step, powers of two: which tells whether it stands inside the sum.
RATES = [2.0 ** -(t % 3) for t in range(STEPS)]


def mean(old: Vector, new: Vector, decay: Any) -> Vector:
    return decay * old + (1 - decay) * new | old + (1 - decay) * (new - old)


def total(old: Vector, new: Vector, decay: Any) -> Vector:
    return decay * old + new | old + (new - (1 - decay) * old)


def momentum(s: Setting, dampening: float = 0.0, inside: bool = False) -> Trajectory:
    """torch.optim.SGD and keras.optimizers.SGD."""
    theta, m = s.state("m")
    weight = 1 - scalar(dampening)
    for t, gradient in s.steps():
        g = gradient(theta)
        g = s.eta(t) * g if inside else g
        m = total(m, weight * g if t > 1 else g, s.mu)
        theta = theta - (m if inside else s.eta(t) * m)
        yield theta, {"m": m}


def nag(s: Setting) -> Trajectory:
    """Algorithm 7 with the learning rate inside."""
    theta, m = s.state("m")
    for t, gradient in s.steps():
        g = s.eta(t) * gradient(theta)
        m = total(m, g, s.mu_(t))
        theta = theta - (g + s.mu_(t + 1) * m)
        yield theta, {"m": m}


def rmsprop(s: Setting, centered: bool, decay: float, inside: bool, out: bool) -> Trajectory:
    """torch.optim.RMSprop, and with the rate and epsilon inside keras.optimizers.RMSprop."""
    theta, n, a, b = s.state("n", "a", "b")
    for t, gradient in s.steps():
        g = gradient(theta)
        n, a = mean(n, g**2, s.nu), mean(a, g, s.nu)
        variance = n - a**2 if centered else n
        root = sqrt(variance) + s.eps if out else sqrt(variance + s.eps)
        scaled = (s.eta(t) * g if inside else g) / root
        if decay:
            b = total(b, scaled, scalar(decay))
            scaled = b
        theta = theta - (scaled if inside and decay else s.eta(t) * scaled)
        slots = {"n": n} | ({"a": a} if centered else {}) | ({"b": b} if decay else {})
        yield theta, slots


def amsgrad(s: Setting) -> Trajectory:
    """Algorithm 6 with the largest n."""
    theta, m, n, p = s.state("m", "n", "p")
    for t, gradient in s.steps():
        g = gradient(theta)
        m, n = mean(m, g, s.mu), mean(n, g**2, s.nu)
        p = maximum(p, n)
        m_hat, p_hat = m / (1 - s.product(t)), p / (1 - s.nu**t)
        theta = theta - s.eta(t) * m_hat / sqrt(p_hat + s.eps)
        yield theta, {"m": m, "n": n, "p": p}


def biased(method: str, kind: str, **knobs: Any) -> Callable[[Setting], Trajectory]:
    return lambda s: family(s, replace(METHODS[method], m_bias=kind, **knobs))


#: Method, options, formula, and whether mu_t is the paper's schedule.
KNOBS: dict[str, tuple[str, dict[str, Any], Callable[[Setting], Trajectory], bool]] = {
    "dampening": ("momentum", {"dampening": 0.25}, lambda s: momentum(s, 0.25), False),
    "momentum inside": ("momentum", {"lr_inside": True}, lambda s: momentum(s, inside=True), False),
    "both": (
        *("momentum", {"dampening": 0.75, "lr_inside": True}),
        *(lambda s: momentum(s, 0.75, True), False),
    ),
    "nag inside": ("nag", {"lr_inside": True}, nag, True),
    "centered": ("rmsprop", {"centered": True}, lambda s: rmsprop(s, True, 0, False, False), False),
    "centered out": (
        *("rmsprop", {"centered": True, "eps_kind": "out", "eps": 1e-3}),
        *(lambda s: rmsprop(s, True, 0, False, True), False),
    ),
    "rmsprop momentum": (
        *("rmsprop", {"momentum": 0.5}),
        *(lambda s: rmsprop(s, False, 0.5, False, False), False),
    ),
    "rmsprop inside": (
        *("rmsprop", {"momentum": 0.5, "lr_inside": True}),
        *(lambda s: rmsprop(s, False, 0.5, True, False), False),
    ),
    "rmsprop all": (
        *("rmsprop", {"momentum": 0.5, "lr_inside": True, "centered": True}),
        *(lambda s: rmsprop(s, True, 0.5, True, False), False),
    ),
    "amsgrad": ("adam", {"amsgrad": True, "nu": 0.9}, amsgrad, False),
    "nadam dup": ("nadam", {"m_bias": "dup"}, biased("nadam", "dup"), True),
    "nadam frozen1": ("nadam", {"m_bias": "frozen1"}, biased("nadam", "frozen1"), True),
    "nadam frozen1 eps-hat": (
        *("nadam", {"m_bias": "frozen1", "eps_kind": "out_raw", "n_bias": "nu"}),
        *(biased("nadam", "frozen1", eps_kind="out_raw", n_bias="nu"), True),
    ),
    "nadamax dup": ("nadamax", {"m_bias": "dup"}, biased("nadamax", "dup"), True),
    "nadamax frozen1": ("nadamax", {"m_bias": "frozen1"}, biased("nadamax", "frozen1"), True),
}
#: What a setting of the reference takes.
PLAIN = ("mu", "nu", "eps")


def hyper_of(knob: str) -> dict[str, Any]:
    method, options, *_ = KNOBS[knob]
    return registry.get(method).validated(options)


@cache
def reference(knob: str, dtype: str) -> list[Step]:
    _, _, formula, scheduled = KNOBS[knob]
    hyper = hyper_of(knob)
    own = {name: hyper[name] for name in PLAIN if name in hyper}
    mu_t = dozat(hyper["mu"]) if scheduled else None
    setting = Setting(exact(stream(dtype)), origin(), RATES, mu_t=mu_t, **own)
    return expected(formula(setting), dtype)


def run(knob: str, dtype: str, backend: dict[str, Any]):
    method, options, *_ = KNOBS[knob]
    gradients = stream(dtype)
    x = np.zeros(gradients.shape[1], dtype)
    stepper = Stepper(method, x, learning_rate=lambda t: RATES[t - 1], **backend, **options)
    slots = registry.get(method).chosen(hyper_of(knob)).slots
    for g in gradients:
        stepper.step(g)
        yield {"theta": x.copy(), **dict(zip(slots, np.array(stepper.slots), strict=True))}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("knob", KNOBS)
def test_knob(knob: str, dtype: str, backend: str) -> None:
    check(worst(run(knob, dtype, {"backend": backend}), reference(knob, dtype)))
