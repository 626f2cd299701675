"""A step rewritten for a target with its own words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nadamkit import ops
from nadamkit.backends.retarget import retarget
from nadamkit.errors import RuleError

MEANINGS = {"sqrt": math.sqrt, "absolute": abs, "maximum": max, "minimum": min}


def step(x: np.ndarray, g, slots, k):
    """Everything a step may have, and a type that its copy knows nothing of."""
    (n,) = slots
    eta, d = k
    n = ops.maximum(n - d * n, ops.absolute(g) * d * d)
    return x - eta * g / (-ops.sqrt(n) + d), (n,)


def test_same_arithmetic_with_other_functions():
    arguments = (1.5, -0.25, (0.75,), (0.1, 0.5))
    assert retarget(step, MEANINGS)(*arguments) == step(*arguments)


def test_every_product_becomes_a_call_and_nothing_else_does():
    seen = []

    def product(a, b):
        seen.append((a, b))
        return a * b

    arguments = (1.5, -0.25, (0.75,), (0.1, 0.5))
    assert retarget(step, MEANINGS | {"product": product})(*arguments) == step(*arguments)
    assert seen == [(0.5, 0.75), (0.25, 0.5), (0.125, 0.5), (0.1, -0.25)]


def test_original_is_left_alone():
    retarget(step, dict.fromkeys(MEANINGS))
    assert np.isfinite(step(1.0, 2.0, (3.0,), (0.1, 0.5))[0])


def test_errors_point_to_the_original_line():
    with pytest.raises(TypeError) as error:
        retarget(step, MEANINGS | {"sqrt": None})(1.0, 2.0, (3.0,), (0.1, 0.5))
    place = error.traceback[-1]
    assert str(place.path) == __file__
    assert "ops.sqrt" in str(place.statement)


def test_name_and_module_are_kept():
    copy = retarget(step, MEANINGS)
    assert (copy.__name__, copy.__module__) == ("step", __name__)


def test_without_source_it_says_so():
    namespace = {}
    exec("def typed(x, g, slots, k): return x", namespace)
    with pytest.raises(RuleError, match="source of 'typed' cannot be read"):
        retarget(namespace["typed"], MEANINGS)
