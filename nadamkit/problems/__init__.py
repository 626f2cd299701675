"""Test problems with exact gradients: 42 classical ones and 11 whose values are noisy.

Each is compiled code in the in-place form that `minimize` recognises, ``fun(x, g, *args) -> f``,
with a start, its data and the best known value. Nothing is compiled, and no data are loaded, before
a problem needs them. The classical ones are functions of Moré, Garbow and Hillstrom (1981),
valleys, quadratics, atoms and fits to the data sets of scikit-learn; the stochastic ones are
minibatches, shot noise, random projections, random negatives and the draws of variational
inference.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from nadamkit.errors import OptionError, shown
from nadamkit.hyperparameters import did_you_mean
from nadamkit.problems._problem import KINDS, Problem

__all__ = ["Problem", "get", "names"]

#: Modules of this package that define ``PROBLEMS``.
GROUPS = (
    "small",
    "fits",
    "scalable",
    "synthetic",
    "regression",
    "digits",
    "tomography",
    "quantum",
    "embeddings",
    "inference",
)


def names(kind: str | None = None) -> tuple[str, ...]:
    """Names of the problems.

    Parameters
    ----------
    kind : {'classical', 'stochastic'}, optional
        Only these; all by default, the classical ones first.

    Returns
    -------
    tuple of str
        What `get` takes.

    Raises
    ------
    OptionError
        For an unknown kind.

    Examples
    --------
    >>> from nadamkit import problems
    >>> len(problems.names("classical")), len(problems.names("stochastic"))
    (42, 11)
    """
    if kind is not None and kind not in KINDS:
        raise OptionError(
            f"Unknown kind {shown(kind)}{did_you_mean(str(kind), KINDS)} "
            f"Choose from: {', '.join(KINDS)}."
        )
    found = _all().values()
    return tuple(p.name for each in KINDS for p in found if p.kind == each and kind in (None, each))


def get(name: str) -> Problem:
    """A problem by its name.

    Parameters
    ----------
    name : str
        For example ``"rosenbrock2"``.

    Returns
    -------
    Problem
        Its functions, start, data and best known value; made once.

    Raises
    ------
    OptionError
        For an unknown name, with the closest known one.

    Examples
    --------
    >>> import nadamkit
    >>> problem = nadamkit.problems.get("beale")
    >>> result = nadamkit.minimize(problem.fun, problem.x0, args=problem.args)
    >>> bool(result.fun - problem.best < 1e-9)
    True
    """
    if not isinstance(name, str) or name not in _all():
        raise OptionError(
            f"Unknown problem {shown(name)}{did_you_mean(str(name), names())} "
            "nadamkit.problems.names() lists all."
        )
    return _all()[name]


@cache
def _all() -> Mapping[str, Problem]:
    groups = (importlib.import_module(f"nadamkit.problems.{group}").PROBLEMS for group in GROUPS)
    return MappingProxyType({problem.name: problem for group in groups for problem in group})
