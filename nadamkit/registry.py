"""The list of methods: every module of `nadamkit.rules` that defines ``RULE``.

Nothing else lists the methods; tests, documentation, benchmarks and the command line ask here.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from nadamkit.errors import OptionError, RuleError, shown
from nadamkit.hyperparameters import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nadamkit.rule import Rule

__all__ = ["get", "names", "rules"]


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by name, in the order of the file names.

    Returns
    -------
    mapping of str to Rule
        Read-only.

    Raises
    ------
    RuleError
        If two rule files define the same method.

    Examples
    --------
    >>> "nadam" in rules()
    True
    """
    package = importlib.import_module("nadamkit.rules")
    found: dict[str, Rule] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        rule = importlib.import_module(f"nadamkit.rules.{info.name}").RULE
        if rule.name in found:
            raise RuleError(f"two rule files define the method {rule.name!r}; rename one")
        found[rule.name] = rule
    return MappingProxyType(found)


def names() -> tuple[str, ...]:
    """Names of all methods.

    Returns
    -------
    tuple of str
        What `minimize` and `Optimizer` take as method, in alphabetical order.

    Examples
    --------
    >>> "nadam" in names()
    True
    """
    return tuple(rules())


def get(name: str) -> Rule:
    """The rule of a method, by its name in any case.

    Parameters
    ----------
    name : str
        For example ``"nadam"``.

    Returns
    -------
    Rule
        What the method is: its source, state, hyperparameters, coefficients and step.

    Raises
    ------
    OptionError
        For an unknown name, with the closest known one.

    Examples
    --------
    >>> get("Nadam").source
    'Dozat (2015), Algorithm 8'
    """
    key = name.lower() if isinstance(name, str) else name
    if not isinstance(name, str) or key not in rules():
        raise OptionError(
            f"Unknown solver {name if isinstance(name, str) else shown(name)}"
            f"{did_you_mean(str(name), names())} "
            f"Choose one of: {', '.join(names())}."
        )
    return rules()[key]
