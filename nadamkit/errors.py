"""The exceptions and warnings of nadamkit.

Every exception derives from `NadamkitError` and from the built-in class that SciPy or NumPy would
raise in the same place, so that ``except ValueError`` written for ``scipy.optimize.minimize`` keeps
working.
"""

from __future__ import annotations

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
    """Base class: raised only through its subclasses."""


class OptionError(NadamkitError, ValueError):
    """Raised when an argument or option is refused, before anything of the user's is called."""


class ObjectiveError(NadamkitError, ValueError):
    """Raised when the user's function or gradient returns something that cannot be used."""


class RuleError(NadamkitError, TypeError):
    """Raised when a rule is not written as a rule must be."""


class BackendUnavailable(NadamkitError, RuntimeError):  # noqa: N818
    """Raised when the requested backend cannot run here, for want of a package or of a device."""


# Named for what is the matter, as BackendUnavailable is.
class DataUnavailable(NadamkitError, ImportError):  # noqa: N818
    """Raised when the data of a problem come with a package that cannot be imported."""


class NadamkitWarning(UserWarning):
    """Base class of the warnings: issued when a call goes on, but perhaps not as was meant."""


class CompileWarning(NadamkitWarning):
    """Issued when something could not be compiled and a slower path is taken instead."""
