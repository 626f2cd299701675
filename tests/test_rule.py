"""What a rule may be: every step is checked, and what could differ between backends is refused."""

import dataclasses
import re

import numpy as np
import pytest

from nadamkit import ops, registry
from nadamkit.coefficients import CoefficientTable
from nadamkit.errors import OptionError, RuleError
from nadamkit.rule import Rule, check_step


def rule(step, slots=("m",)):
    return Rule("scratch", "Scratch", "nowhere", slots, {}, lambda h, s: {"c": 1.0}, step)


def literal(x, g, slots, k):
    (m,) = slots
    eta, c = k
    m = m + c * (g - m)
    return x - eta * m / 2, (m,)


def power(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * g**c, (m,)


def branch(x, g, slots, k):
    (m,) = slots
    eta, c = k
    if g > m:
        m = c
    return x - eta * g, (m,)


def choice(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - (eta if g > m else c), (m,)


def loop(x, g, slots, k):
    (m,) = slots
    eta, c = k
    for c in slots:
        m = m + c
    return x - eta * g, (m,)


def numpy_call(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * np.sqrt(c * g), (m,)


def builtin_call(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * abs(c * g), (m,)


def unknown_operation(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * ops.exp(c * g), (m,)


def subscript(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * g * c, (slots[m],)


def augmented(x, g, slots, k):
    (m,) = slots
    eta, c = k
    m += c * g
    return x - eta * m, (m,)


def floor_division(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * g // c, (m,)


def wrong_order(x, g, slots, k):
    (m,) = slots
    c, eta = k
    return x - eta * g * c, (m,)


def too_few(x, g, slots, k):
    (m,) = slots
    (eta,) = k
    return x - eta * g, (m,)


def other_slot(x, g, slots, k):
    (n,) = slots
    eta, c = k
    return x - eta * c * g, (n,)


def not_unpacked(x, g, slots, k):
    return x - g, slots


HALF = 0.5


def outside(x, g, slots, k):
    (m,) = slots
    eta, c = k
    return x - eta * HALF * c * g, (m,)


anonymous = lambda x, g, slots, k: (x, slots)  # noqa: E731  what is refused


REFUSED = {
    outside: "line 4: 'HALF' comes from outside the step; return it from coefficients",
    anonymous: "must be a function made by `def step",
    literal: "line 5: the literal 2 has a dtype of its own; return it from coefficients",
    power: r"line 4: `\*\*` rounds differently on every backend",
    branch: "If is not allowed: a step is straight-line arithmetic",
    choice: "IfExp is not allowed",
    loop: "For is not allowed",
    numpy_call: "only ops.absolute, ops.maximum, ops.minimum, ops.sqrt may be called",
    builtin_call: "only ops.absolute, ops.maximum, ops.minimum, ops.sqrt may be called",
    unknown_operation: "only ops.absolute",
    subscript: "Subscript is not allowed",
    augmented: "AugAssign is not allowed",
    floor_division: "line 4: FloorDiv is not allowed",
    wrong_order: "must unpack `eta, c = k` in this order, but has c, eta",
    too_few: "must unpack `eta, c = k` in this order, but has eta",
    other_slot: "must unpack `m = slots` in this order, but has n",
    not_unpacked: "must unpack `eta, c = k` in this order, but has no such line",
}


@pytest.mark.parametrize("step", REFUSED, ids=lambda step: step.__name__)
def test_step_is_refused(step):
    with pytest.raises(RuleError, match="step of rule 'scratch'") as error:
        check_step(rule(step), ("c",))
    assert error.match(REFUSED[step])


def allowed(x, g, slots, k):
    """Every operation there is; a docstring is no literal."""
    (m,) = slots
    eta, c = k
    m = ops.maximum(m - c * m, ops.absolute(g) + c)
    return x - eta * ops.minimum(-g, m) / ops.sqrt(m), (m,)


def test_allowed_step_passes():
    check_step(rule(allowed), ("c",))


def test_every_rule_passes(method):
    found = registry.get(method)
    names = CoefficientTable(found, found.validated({}), np.dtype("f8")).names
    check_step(found, names)


def test_step_of_every_rule_keeps_float32(method):
    found = registry.get(method)
    names = CoefficientTable(found, found.validated({}), np.dtype("f4")).names
    one = np.float32(0.5)
    x, slots = found.step(one, one, (one,) * len(found.slots), (one,) * (1 + len(names)))
    assert {np.asarray(v).dtype for v in (x, *slots)} == {np.dtype("f4")}


def test_unknown_hyperparameter_of_a_rule():
    with pytest.raises(RuleError, match="no hyperparameter is called 'gamma'"):
        dataclasses.replace(rule(allowed), hyperparameters={"gamma": 1.0})


def test_hyperparameters_are_validated(method):
    found = registry.get(method)
    assert found.validated({})["weight_decay"] == 0.0
    with pytest.raises(OptionError, match="has no hyperparameter 'gamma'"):
        found.validated({"gamma": 1.0})


@pytest.mark.parametrize(
    ("name", "of", "hint"),
    [
        ("nadam", "lr", "; here it is 'learning_rate'."),
        ("nadam", "beta1", "; here it is 'mu'."),
        ("adam", "betas", "; here it is 'mu and nu'."),
        ("rmsprop", "alpha", "; here it is 'nu'."),
        ("gd", "momentum", ". It has:"),
        ("nadam", "Weight_Decy", "; did you mean 'weight_decay'? It has:"),
        ("nadam", 3, ". It has:"),
    ],
)
def test_names_of_other_libraries_are_known(name, of, hint):
    with pytest.raises(OptionError, match=f"has no hyperparameter {of!r}{re.escape(hint)}"):
        registry.get(name).validated({of: 0.5})
