"""What every kernel is made of: the rule's step, its adapters, and what happens around the step.

A kernel is called as ``kernel(x, g, s, k, r, rates, mods)``:

=========  ===========================================================================
``x, g``   parameters and gradient, (n,), C-contiguous, one dtype; x is updated in place
``s``      state, (number of slots, n)
``k, r``   table of coefficients with the learning rate in column 0, and the row to use
``rates``  factor of the learning rate for each parameter, (n,), or empty
``mods``   the four numbers of `modified`, or empty
=========  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit import ops
from nadamkit.backends import slots
from nadamkit.errors import RuleError
from nadamkit.rule import Rule, check_step

Function = Callable[..., Any]


class Pieces(NamedTuple):
    """The plain functions a kernel loop is built from."""

    step: Function
    gather: Function
    scatter: Function
    row: Function
    rate: Function
    weights: Function
    modify: Function


class Variant(NamedTuple):
    """Which optional parts a kernel has.

    Parameters
    ----------
    rated : bool
        One learning rate per parameter.
    modified : bool
        Clipping, weight decay or maximisation.
    """

    rated: bool = False
    modified: bool = False


@cache
def pieces_of(rule: Rule, names: tuple[str, ...], variant: Variant) -> Pieces:
    """The functions for one rule, after checking that its step is safe on every backend."""
    check_step(rule, names)
    if len(rule.slots) >= len(slots.GATHER) or len(names) >= len(slots.ROW):
        raise RuleError(
            f"rule {rule.name!r} has {len(rule.slots)} slots and {len(names)} coefficients; "
            f"add the next adapter to nadamkit/backends/slots.py"
        )
    return Pieces(
        rule.step,
        slots.GATHER[len(rule.slots)],
        slots.SCATTER[len(rule.slots)],
        slots.ROW[len(names)],
        own_rate if variant.rated else shared_rate,
        four_weights if variant.modified else no_weights,
        modified if variant.modified else unmodified,
    )


def shared_rate(eta, rates, i):
    """One learning rate for all."""
    return eta


def own_rate(eta, rates, i):
    """A learning rate per parameter."""
    return eta * rates[i]


def no_weights(mods):
    return ()


def four_weights(mods):
    return (mods[0], mods[1], mods[2], mods[3])


def unmodified(x, g, eta, w):
    return x, g


def modified(x, g, eta, w):
    """Sign and clipping of the gradient, then weight decay of both kinds."""
    scale, bound, l2, decoupled = w
    g = ops.maximum(ops.minimum(scale * g, bound), -bound) + l2 * x
    return x - (eta * decoupled) * x, g


def modifiers(hyper: dict[str, Any], dtype: Any) -> NDArray[Any]:
    """The four numbers of `modified` from the hyperparameters, or none when all are neutral.

    Clipping by norm changes the first from step to step; the loop writes it.
    """
    decay, kind = hyper["weight_decay"], hyper["wd_kind"]
    bound = np.inf if hyper["clip_value"] is None else hyper["clip_value"]
    sign = -1.0 if hyper["maximize"] else 1.0
    if sign == 1.0 and bound == np.inf and not decay and hyper["clip_norm"] is None:
        return np.empty(0, dtype)
    l2, decoupled = (decay, 0.0) if kind == "l2" else (0.0, decay)
    return np.array([sign, bound, l2, decoupled], dtype)
