"""What a hyperparameter may be: one table of names, meanings and allowed values.

A rule file says which of these it has and their defaults; validation, documentation and the
command line all read this table.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nadamkit.errors import OptionError, shown


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter: what it means and which values it takes.

    Parameters
    ----------
    meaning : str
        One line for people.
    allowed : str
        The allowed values, in words, for the error message.
    accepts : callable
        True for an allowed value.
    """

    meaning: str
    allowed: str
    accepts: Callable[[Any], bool]


def _number(value: Any) -> bool:
    return hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0


def _real(low: float, high: float = math.inf) -> Callable[[Any], bool]:
    return lambda value: _number(value) and low <= float(value) < high


def _choice(meaning: str) -> Hyperparameter:
    """A knob: each rule lists the values it knows."""
    return Hyperparameter(meaning, "", lambda value: True)


def _positive_or_none(value: Any) -> bool:
    return value is None or (_number(value) and 0.0 < float(value) < math.inf)


def _is_schedule(value: Any) -> bool:
    if isinstance(value, str):
        return value in ("dozat", "constant")
    return callable(value) or (hasattr(value, "sequence") and hasattr(value, "product"))


TABLE: Mapping[str, Hyperparameter] = {
    "mu": Hyperparameter("decay of the momentum m", "a number in [0, 1)", _real(0.0, 1.0)),
    "nu": Hyperparameter("decay of the norm n", "a number in [0, 1)", _real(0.0, 1.0)),
    "eps": Hyperparameter("keeps the denominator from 0", "a finite number >= 0", _real(0.0)),
    "eps_root": Hyperparameter(
        "a second epsilon, always inside the root", "a finite number >= 0", _real(0.0)
    ),
    "n0": Hyperparameter("initial value of the sum n", "a finite number >= 0", _real(0.0)),
    "dampening": Hyperparameter(
        "1 minus the weight of g in the sum m, but for the first step, where it is 1",
        "a number in [0, 1)",
        _real(0.0, 1.0),
    ),
    "momentum": Hyperparameter(
        "decay of the sum b of scaled gradients; 0 for none", "a number in [0, 1)", _real(0.0, 1.0)
    ),
    "schedule": Hyperparameter(
        "momentum schedule mu_t",
        "'dozat', 'constant', nadamkit.schedules.Dozat(...), or a callable t -> mu_t",
        _is_schedule,
    ),
    "m_coef": _choice("decay inside m: the constant mu or the scheduled mu_t"),
    "lookahead": _choice("the Nesterov term"),
    "m_bias": _choice(
        "bias correction of m: with the product to t+1, to t, or none; 'dup': with mu_t twice, as "
        "PyTorch before 2.0; 'frozen1': that of t = 1 for ever, in n too, as Flux before 2019-06"
    ),
    "n_bias": _choice("bias correction of n: n/(1-nu^t), nu*n/(1-nu^t), or none"),
    "eps_kind": _choice(
        "epsilon: inside the root, outside, outside and uncorrected ('eps-hat'), or inside the "
        "maximum"
    ),
    "lr_inside": _choice("the learning rate inside the decaying sum, not in front of it"),
    "centered": _choice("divide by the standard deviation of g: n minus the square of its mean a"),
    "amsgrad": _choice("divide by the largest n so far, p (AMSGrad)"),
    "weight_decay": Hyperparameter("weight decay", "a finite number >= 0", _real(0.0)),
    "wd_kind": _choice("weight decay added to the gradient ('l2') or applied to x ('decoupled')"),
    "clip_norm": Hyperparameter(
        "scale the gradient down to this Euclidean norm", "a number > 0 or None", _positive_or_none
    ),
    "clip_value": Hyperparameter(
        "clip each gradient component to [-value, value]", "a number > 0 or None", _positive_or_none
    ),
    "maximize": _choice("climb instead of descend"),
}

#: What other libraries call what is here.
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("lr", "step_size", "stepsize"), "learning_rate"),
    **dict.fromkeys(("beta1", "beta_1", "b1", "momentum"), "mu"),
    **dict.fromkeys(("beta2", "beta_2", "b2", "alpha", "rho", "decay"), "nu"),
    **dict.fromkeys(("epsilon", "eps_hat"), "eps"),
    "betas": "mu and nu",
    "momentum_decay": "schedule",
    "schedule_decay": "schedule",
    "initial_accumulator_value": "n0",
}

#: What every rule has beside its own hyperparameters.
COMMON: Mapping[str, Any] = {
    "weight_decay": 0.0,
    "wd_kind": ("l2", "decoupled"),
    "clip_norm": None,
    "clip_value": None,
    "maximize": (False, True),
}


def validated(
    method: str,
    own: Mapping[str, Any],
    given: Mapping[str, Any],
    called: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A method's hyperparameters: its defaults updated by what the user gave, each value checked.

    Parameters
    ----------
    method : str
        Name of the method, for messages.
    own : mapping
        The method's hyperparameters: a default, or a tuple of choices with the default first.
    given : mapping
        The user's values.
    called : mapping of str to str, optional
        What the user calls some of them, for messages.

    Returns
    -------
    dict
        Every hyperparameter of the method.

    Raises
    ------
    OptionError
        For a hyperparameter the method does not have, or a value it does not take.
    """
    known = {**own, **COMMON}
    result = {name: v[0] if isinstance(v, tuple) else v for name, v in known.items()}
    for name, value in given.items():
        if name not in known:
            raise OptionError(
                f"method {method!r} has no hyperparameter {name!r}"
                f"{known_as(name, known)} It has: {', '.join(sorted(known))}."
            )
        choices, spec, said = known[name], TABLE[name], called.get(name, name)
        allowed = spec.allowed
        fits = spec.accepts(value)
        if isinstance(choices, tuple):
            allowed = "one of " + ", ".join(repr(choice) for choice in choices)
            fits = isinstance(value, Hashable) and value in choices
        if not fits:
            raise OptionError(f"{said}={shown(value)} is not allowed: {said} must be {allowed}.")
        result[name] = float(value) if isinstance(result[name], float) else value
    return result


def known_as(name: str, known: Iterable[str]) -> str:
    """`did_you_mean`, which also knows what other libraries call things."""
    here = ELSEWHERE.get(name, "")
    if here.partition(" ")[0] in (*known, "learning_rate"):
        return f"; here it is {here!r}."
    return did_you_mean(str(name), known)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the closest known name, or a full stop."""
    as_written = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), as_written, n=1)
    return f"; did you mean {as_written[close[0]]!r}?" if close else "."
