"""What torch's optimizers compute, in the terms of the rules here, and their names of the state."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nadamkit import registry
from nadamkit.errors import OptionError
from nadamkit.hyperparameters import validated
from nadamkit.momentum import Dozat
from nadamkit.rule import Rule

Group = Mapping[str, Any]
#: torch's names of a rule's slots, by the rule's.
ADAM = {"m": "exp_avg", "n": "exp_avg_sq", "p": "max_exp_avg_sq"}
ADAMAX = {"m": "exp_avg", "n": "exp_inf"}
RMSPROP = {"n": "square_avg", "a": "grad_avg", "b": "momentum_buffer"}
SGD = {"m": "momentum_buffer"}
ADAGRAD = {"n": "sum"}
#: torch's names of hyperparameters, with betas and without.
_BETAS = {"mu": "betas[0]", "nu": "betas[1]"}
_OTHERS = {"mu": "momentum", "nu": "alpha", "n0": "initial_accumulator_value"}


class Meaning(NamedTuple):
    """One optimizer of torch in the terms of a rule.

    Parameters
    ----------
    keys : tuple of str
        Entries of a param group, other than ``lr``, on which the rule depends.
    rule : callable
        ``rule(group) -> (method, hyperparameters)``.
    state : dict
        Names of the state by the slots of the rule.
    counted : bool
        Whether the state has a ``step``.
    """

    keys: tuple[str, ...]
    rule: Callable[[Group], tuple[str, dict[str, Any]]]
    state: Mapping[str, str]
    counted: bool = True


def around(group: Group) -> dict[str, Any]:
    """What is done around a step."""
    return {
        "weight_decay": float(group["weight_decay"]),
        "wd_kind": "decoupled" if group.get("decoupled_weight_decay") else "l2",
        "maximize": bool(group["maximize"]),
    }


def _means(group: Group) -> dict[str, Any]:
    mu, nu = group["betas"]
    return {"mu": float(mu), "nu": float(nu), "eps": float(group["eps"])}


def _schedule(group: Group) -> Dozat:
    """The momentum schedule of NAdam."""
    psi = float(group["momentum_decay"])
    if not 0.0 <= psi < math.inf:
        raise OptionError(
            f"momentum_decay={psi!r} is not allowed: momentum_decay must be a finite number >= 0."
        )
    return Dozat(psi=psi)


def _sgd(group: Group) -> tuple[str, dict[str, Any]]:
    mu = float(group["momentum"])
    if mu == 0.0:
        return "gd", around(group)
    if group["nesterov"]:
        return "nag", {"mu": mu, "schedule": "constant", **around(group)}
    return "momentum", {"mu": mu, "dampening": float(group["dampening"]), **around(group)}


def _adagrad(group: Group) -> tuple[str, dict[str, Any]]:
    n0 = float(group["initial_accumulator_value"])
    eps = float(group["eps"])
    return "adagrad", {"eps": eps, "eps_kind": "out", "n0": n0, **around(group)}


def _rmsprop(group: Group) -> tuple[str, dict[str, Any]]:
    own = {
        "nu": float(group["alpha"]),
        "eps": float(group["eps"]),
        "eps_kind": "out",
        "momentum": float(group["momentum"]),
        "centered": bool(group["centered"]),
    }
    return "rmsprop", {**own, **around(group)}


def _adam(group: Group) -> tuple[str, dict[str, Any]]:
    own = {"eps_kind": "out", "amsgrad": bool(group["amsgrad"])}
    return "adam", {**_means(group), **own, **around(group)}


def _adamw(group: Group) -> tuple[str, dict[str, Any]]:
    """Decoupled whatever the group says; before torch 2.7 it said nothing."""
    method, own = _adam(group)
    return method, own | {"wd_kind": "decoupled"}


def _adamax(group: Group) -> tuple[str, dict[str, Any]]:
    return "adamax", {**_means(group), "eps_kind": "max", **around(group)}


def _nadam(group: Group) -> tuple[str, dict[str, Any]]:
    own = {"eps_kind": "out", "schedule": _schedule(group)}
    return "nadam", {**_means(group), **own, **around(group)}


def _nadamax(group: Group) -> tuple[str, dict[str, Any]]:
    return "nadamax", {**_means(group), "schedule": _schedule(group), **around(group)}


def _maxaprop(group: Group) -> tuple[str, dict[str, Any]]:
    return "maxaprop", {"nu": float(group["alpha"]), "eps": float(group["eps"]), **around(group)}


_AROUND = ("weight_decay", "maximize")
_MEANS = ("betas", "eps", *_AROUND)
_NESTEROV = ("momentum_decay", "decoupled_weight_decay", *_MEANS)

MEANINGS: Mapping[str, Meaning] = {
    "SGD": Meaning(("momentum", "dampening", "nesterov", *_AROUND), _sgd, SGD, counted=False),
    "Adagrad": Meaning(("lr_decay", "eps", *_AROUND), _adagrad, ADAGRAD),
    "RMSprop": Meaning(("alpha", "eps", "momentum", "centered", *_AROUND), _rmsprop, RMSPROP),
    "Adam": Meaning(("amsgrad", "decoupled_weight_decay", *_MEANS), _adam, ADAM),
    "AdamW": Meaning(("amsgrad", *_MEANS), _adamw, ADAM),
    "Adamax": Meaning(_MEANS, _adamax, ADAMAX),
    "NAdam": Meaning(_NESTEROV, _nadam, ADAM),
    "NadaMax": Meaning(_NESTEROV, _nadamax, ADAMAX),
    "MaxaProp": Meaning(("alpha", "eps", *_AROUND), _maxaprop, ADAMAX),
}


def settings(meaning: Meaning, group: Group) -> tuple[Rule, dict[str, Any]]:
    """The rule of a param group and its hyperparameters, all checked."""
    try:
        method, given = meaning.rule(group)
    except KeyError as error:
        raise OptionError(
            f"a param group has no {error}; load a state that an optimizer of the same class saved."
        ) from None
    rule = registry.get(method)
    called = _BETAS if "betas" in meaning.keys else _OTHERS
    hyper = validated(method, rule.hyperparameters, given, called)
    return rule.chosen(hyper), hyper
