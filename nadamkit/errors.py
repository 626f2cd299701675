"""The exceptions and warnings of nadamkit.

Every exception derives from `NadamkitError` and from the built-in class that SciPy or NumPy would
raise in the same place, so that ``except ValueError`` written for ``scipy.optimize.minimize`` keeps
working.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = [
    "BackendUnavailable",
    "CompileWarning",
    "DataUnavailable",
    "NadamkitError",
    "NadamkitWarning",
    "ObjectiveError",
    "OptionError",
    "RuleError",
]


class NadamkitError(Exception):
    """Base class: raised only through its subclasses.

    Examples
    --------
    >>> from nadamkit import errors, registry
    >>> try:
    ...     registry.get("gd").validated({"eps": 1e-8})
    ... except errors.NadamkitError as error:
    ...     type(error).__name__
    'OptionError'
    """


class OptionError(NadamkitError, ValueError):
    """Raised when an argument or option is refused, before anything of the user's is called.

    Examples
    --------
    >>> from nadamkit import minimize
    >>> try:
    ...     minimize(abs, 1.0, options={"gtol": -1.0})
    ... except ValueError as error:
    ...     type(error).__name__
    'OptionError'
    """


class ObjectiveError(NadamkitError, ValueError):
    """Raised when the user's function or gradient returns something that cannot be used.

    Examples
    --------
    >>> from nadamkit import minimize
    >>> try:
    ...     minimize(lambda x: [x[0], x[1]], [1.0, 2.0])
    ... except ValueError as error:
    ...     type(error).__name__
    'ObjectiveError'
    """


class RuleError(NadamkitError, TypeError):
    """Raised when a rule is not written as a rule must be.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from nadamkit import registry
    >>> try:
    ...     replace(registry.get("gd"), hyperparameters={"unheard_of": 1.0})
    ... except TypeError as error:
    ...     type(error).__name__
    'RuleError'
    """


class BackendUnavailable(NadamkitError, RuntimeError):  # noqa: N818
    """Raised when the requested backend cannot run here, for want of a package or of a device.

    Examples
    --------
    >>> from nadamkit import minimize
    >>> from nadamkit.errors import BackendUnavailable
    >>> def fun(x):
    ...     return x @ x, 2.0 * x
    >>> try:
    ...     result = minimize(fun, [1.0, 2.0], jac=True, backend="cuda")
    ... except BackendUnavailable:
    ...     result = minimize(fun, [1.0, 2.0], jac=True)
    >>> result.success
    True
    """


# Named for what is the matter, as BackendUnavailable is.
class DataUnavailable(NadamkitError, ImportError):  # noqa: N818
    """Raised when the data of a problem come with a package that cannot be imported.

    Examples
    --------
    >>> from nadamkit import problems
    >>> from nadamkit.errors import DataUnavailable
    >>> problem = problems.get("softmax_digits")
    >>> try:
    ...     data = problem.args
    ... except DataUnavailable:
    ...     data = ()  # without scikit-learn
    """


class NadamkitWarning(UserWarning):
    """Base class of the warnings: issued when a call goes on, but perhaps not as was meant.

    Examples
    --------
    >>> import warnings
    >>> from nadamkit import minimize
    >>> from nadamkit.errors import NadamkitWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", NadamkitWarning)
    ...     result = minimize(lambda x: (x @ x, 2.0 * x), [1.0, 2.0], jac=True)
    >>> result.success
    True
    """


class CompileWarning(NadamkitWarning):
    """Issued when something could not be compiled and a slower path is taken instead.

    Examples
    --------
    >>> import warnings
    >>> from nadamkit import minimize
    >>> from nadamkit.errors import CompileWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", CompileWarning)  # no slower path, then
    ...     result = minimize(lambda x: (x @ x, 2.0 * x), [1.0, 2.0], jac=True)
    >>> result.success
    True
    """


#: A message shows no value whose repr is longer than this.
LONGEST = 80
#: Packages between a warning's cause and the user's line, as SciPy is where it calls a method.
_BETWEEN = ("nadamkit", "scipy")


def shown(value: Any) -> str:
    """A value as the user wrote it, or what it is where that is long.

    Parameters
    ----------
    value : object
        What was given.

    Returns
    -------
    str

    Examples
    --------
    >>> shown(0.5), shown([0] * 1000)
    ('0.5', '<list of length 1000>')
    """
    text = repr(value)
    if len(text) <= LONGEST and "\n" not in text:
        return text
    return f"<{type(value).__name__}{_extent(value)}>"


def described(value: Any) -> str:
    """What a value is, in a few words with an article.

    Parameters
    ----------
    value : object
        What was given.

    Returns
    -------
    str

    Examples
    --------
    >>> described(3), described((1, 2)), described(None)
    ('an int, 3', 'a tuple of length 2', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    article = "an" if name[:1] in "aeiouAEIOU" or name == "ndarray" else "a"
    if extent := _extent(value):
        return f"{article} {name}{extent}"
    text = repr(value)
    plain = len(text) > LONGEST // 2 or text.startswith("<")
    return f"{article} {name}" if plain else f"{article} {name}, {text}"


def _extent(value: Any) -> str:
    """The shape and dtype of an array, the length of a sequence."""
    shape = getattr(value, "shape", ())
    if isinstance(shape, tuple) and shape:
        return f" of shape {tuple(shape)} and dtype {getattr(value, 'dtype', 'unknown')}"
    return f" of length {len(value)}" if isinstance(value, list | tuple) else ""


def warn(message: str, category: type[Warning]) -> None:
    """Warn of something in the line of the user's that led here.

    Parameters
    ----------
    message : str
        What is the matter.
    category : type
        Class of the warning.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
