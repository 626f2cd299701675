"""Which parameters have which settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nadamkit import dialects
from nadamkit.errors import OptionError, described, shown
from nadamkit.hyperparameters import did_you_mean
from nadamkit.loops.stepper import split_rate
from nadamkit.optimizer.trees import SEPARATOR
from nadamkit.rule import Rule

#: Learning rate unless the user or a dialect says otherwise.
RATE = 1e-3
#: Name of the settings of parameters in no other group.
REST = ""


class Settings(NamedTuple):
    """Settings of one group.

    Parameters
    ----------
    rule : Rule
        The rule, in the variant that the hyperparameters ask for.
    hyper : dict
        All hyperparameters.
    rate : float, callable or tree
        Learning rate.
    """

    rule: Rule
    hyper: dict[str, Any]
    rate: Any


def settings(
    rule: Rule, dialect: str | None, rate: Any, hyper: Mapping[str, Any], groups: Any
) -> dict[str, Settings]:
    """The settings of each group, and under `REST` those of all other parameters.

    Parameters
    ----------
    rule : Rule
        The method.
    dialect : str or None
        Whose defaults are used.
    rate : float, callable, tree or None
        Learning rate; None is the default.
    hyper : mapping
        Hyperparameters of all.
    groups : mapping of str to mapping, or None
        What is different in each group.

    Raises
    ------
    OptionError
        For a value that is not allowed.
    """
    if groups is not None and not isinstance(groups, Mapping):
        raise OptionError(
            f"groups must be a dict of names and settings, but is {described(groups)}; for example "
            "{'bias': {'weight_decay': 0.0}}."
        )
    found = {REST: _settings(rule, dialect, rate, hyper)}
    for name, own in (groups or {}).items():
        if not isinstance(name, str) or not name or not isinstance(own, Mapping):
            raise OptionError(
                f"groups has {shown(name)}: {shown(own)}, but must have the name of parameters and "
                "a dict of their settings, for example 'bias': {'weight_decay': 0.0}."
            )
        own = dict(own)
        own_rate = own.pop("learning_rate", rate)
        try:
            found[name] = _settings(rule, dialect, own_rate, {**hyper, **own})
        except OptionError as error:
            raise OptionError(f"in group {name!r}, {error}") from None
    return found


def _settings(rule: Rule, dialect: str | None, rate: Any, hyper: Mapping[str, Any]) -> Settings:
    default, own = dialects.settings(rule, dialect or "paper", hyper)
    full = rule.validated(own)
    if rate is None:
        if default is None and dialect not in (None, "paper"):
            raise OptionError(
                f"dialect {dialect!r} has no default learning rate; pass learning_rate, a number "
                "or a schedule."
            )
        rate = RATE if default is None else default
    if not is_tree(rate):
        rate = rate if callable(rate) else split_rate(rate, (), np.dtype(np.float64))[0]
    return Settings(rule.chosen(full), full, rate)


def is_tree(rate: Any) -> bool:
    """Whether a learning rate is one for each array, or for each element."""
    return isinstance(rate, Mapping | list | tuple) or getattr(rate, "ndim", 0) > 0


def owners(
    paths: Sequence[str], names: Sequence[str], label: Callable[[str], str | None] | None
) -> list[str]:
    """The group of each parameter.

    Parameters
    ----------
    paths : sequence of str
        Paths of the parameters.
    names : sequence of str
        Names of the groups.
    label : callable, optional
        ``label(path)`` is the name of a group, or None for none. Without it a parameter is in the
        group whose name is part of its path; if several are, in that with the longest name.

    Raises
    ------
    OptionError
        For a group that is not known, or one that has no parameters.
    """
    named = [name for name in names if name != REST]
    found = [_labelled(path, named, label) if label else _matched(path, named) for path in paths]
    for name in named:
        if name not in found:
            raise OptionError(
                f"no parameter is in group {name!r}{did_you_mean(name, _parts(paths))} "
                f"The parameters are: {', '.join(path or '(one array)' for path in paths)}."
            )
    return found


def _labelled(path: str, names: list[str], label: Callable[[str], str | None]) -> str:
    name = label(path)
    if name is None:
        return REST
    if name not in names:
        raise OptionError(
            f"label({path!r}) returned {shown(name)}, which is no group"
            f"{did_you_mean(str(name), names)} The groups are: {', '.join(names) or 'none'}; "
            "return None for parameters in no group."
        )
    return name


def _matched(path: str, names: list[str]) -> str:
    inside = f"{SEPARATOR}{path}{SEPARATOR}"
    fits = [name for name in names if f"{SEPARATOR}{name}{SEPARATOR}" in inside]
    return max(fits, key=lambda name: (name.count(SEPARATOR), len(name)), default=REST)


def _parts(paths: Sequence[str]) -> list[str]:
    return [*paths, *{part for path in paths for part in path.split(SEPARATOR)}]


def new_rate(known: Mapping[str, Settings], group: str, rate: Any) -> Settings:
    """Settings of a group with another learning rate, checked."""
    if group not in known:
        names = [name for name in known if name != REST]
        raise OptionError(
            f"there is no group {shown(group)}{did_you_mean(str(group), names)} "
            f"The groups are: {', '.join(names) or 'none'}."
        )
    old = known[group]
    if is_tree(rate) or is_tree(old.rate):
        raise OptionError(
            "a learning rate for each array or element stays as it is: only a number or a callable "
            "can be set, and only in place of one. Make another Optimizer with the new learning "
            "rate, and load this one's state_dict() into it."
        )
    if not callable(rate):
        rate = split_rate(rate, (), np.dtype(np.float64))[0]
    return old._replace(rate=rate)
