"""Dialects: the ten methods as other libraries have them.

What libraries call Adam or Nadam differs in the place of epsilon, the momentum schedule, the bias
corrections and the defaults. A dialect is the set of hyperparameters with which a rule computes
what a library computes: ``minimize(fun, x0, method="nadam", options={"dialect": "torch"})``. What
is reproduced is the formula with the library's defaults, not its rounding or its bugs; the ``note``
of a dialect says what they are.

``python -c "from nadamkit import dialects; print(dialects.names())"`` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from nadamkit import registry
from nadamkit._dialect_table import TABLE
from nadamkit.errors import OptionError, shown
from nadamkit.hyperparameters import did_you_mean
from nadamkit.rule import Rule

__all__ = ["Dialect", "Preset", "get", "names", "settings"]


@dataclass(frozen=True)
class Preset:
    """One method of a dialect.

    Parameters
    ----------
    symbol : str
        What it is called in the library.
    learning_rate : float or None
        The library's default; None where it has none.
    hyper : mapping
        Hyperparameters that differ from the rule's, and the library's defaults.

    Examples
    --------
    >>> get("torch").methods["rmsprop"].symbol
    'torch.optim.RMSprop'
    """

    symbol: str
    learning_rate: float | None
    hyper: Mapping[str, Any]


@dataclass(frozen=True)
class Dialect:
    """The methods of a library.

    Parameters
    ----------
    name : str
        What the user writes: ``options={"dialect": "torch"}``.
    library, version : str
        The library, and the version that was read and compared.
    methods : mapping of str to Preset
        By the names of the methods here.
    note : str
        What the library does beside the formula: rounding and bugs, which are not reproduced.

    Examples
    --------
    >>> get("optax").version
    '0.2.8'
    """

    name: str
    library: str
    version: str
    methods: Mapping[str, Preset]
    note: str


def names() -> tuple[str, ...]:
    """Names of all dialects.

    Returns
    -------
    tuple of str
        The paper's, which has nothing but the defaults, is the first.

    Examples
    --------
    >>> names()[:3]
    ('paper', 'torch', 'keras')
    """
    return tuple(TABLE)


def get(name: str) -> Dialect:
    """The dialect of this name.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    Dialect
        Its library, the version that was read, and its methods.

    Raises
    ------
    OptionError
        For an unknown name, with the closest known one.

    Examples
    --------
    >>> sorted(get("ensmallen").methods["momentum"].hyper.items())
    [('lr_inside', True), ('mu', 0.5)]
    """
    if not isinstance(name, str) or name not in TABLE:
        raise OptionError(
            f"Unknown dialect {shown(name)}{did_you_mean(str(name), TABLE)} "
            f"Choose one of: {', '.join(TABLE)}."
        )
    return _dialect(name)


def settings(
    method: Rule | str, dialect: str, given: Mapping[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Learning rate and hyperparameters of a method in a dialect.

    Parameters
    ----------
    method : Rule or str
        The method, or its name.
    dialect : str
        One of `names`.
    given : mapping, optional
        What the user chose, which goes before what the library has by default; the learning rate,
        if among them, is ``"learning_rate"``.

    Returns
    -------
    learning_rate
        What was given, the library's default, or None where there is none.
    hyper : dict
        Hyperparameters of the rule, without those that are its defaults anyway.

    Raises
    ------
    OptionError
        For an unknown dialect, or a method that it does not have.

    Examples
    --------
    >>> rate, hyper = settings("adam", "keras", {"mu": 0.5})
    >>> rate, hyper["mu"], hyper["eps"], hyper["eps_kind"]
    (0.001, 0.5, 1e-07, 'out_raw')
    """
    name = method.name if isinstance(method, Rule) else registry.get(method).name
    found = get(dialect)
    if name not in found.methods:
        raise OptionError(
            f"The dialect {dialect!r} has no method {name!r}: of {found.library} it has "
            f"{', '.join(found.methods)}. Choose one of them, or leave the dialect out."
        )
    preset = found.methods[name]
    hyper = {**preset.hyper, **(given or {})}
    return hyper.pop("learning_rate", preset.learning_rate), hyper


@cache
def _dialect(name: str) -> Dialect:
    row = TABLE[name]
    methods = {
        method: Preset(symbol, rate, MappingProxyType(hyper))
        for method, (symbol, rate, hyper) in row.methods.items()
    }
    return Dialect(name, row.library, row.version, MappingProxyType(methods), row.note)
