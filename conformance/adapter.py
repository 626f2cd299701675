"""What the suite asks of an implementation: the contract of an adapter.

An adapter is an object, or a class without arguments, with

``name``, ``version`` : str
    For the report.
``methods``, ``dtypes`` : sequence of str
    What it implements.
``start(run)``
    Begin a run and return a session. ``session.step(g)`` takes a gradient, a list of floats, and
    returns a dict with ``theta``, a list of floats, and, if they can be seen, the slots by name
    (``m``, ``n``). Raise `Unsupported` for a run that it cannot do; it is counted as skipped.

and, where it can do more,

``dialect`` : str
    The dialect it is graded in by default; "paper" if absent.
``profile`` : {'standard', 'strict'}
    How well it claims to know its scalars; "standard" if absent.
``features`` : collection of str
    Of `FEATURES`. Cases that need others are counted as skipped.
``versions`` : dict
    Versions of what it stands on.
``session.state()``
    With the feature "start": everything that has to be saved, a dict with ``t``, ``theta`` and what
    else the adapter likes. It comes back as ``run.start`` and ``run.theta``.
``trajectory(run)``
    For implementations that own the loop: yield the dict of each step. It is used instead of
    ``start``, and takes its gradients from ``run.gradients`` or ``run.problem``.
``close()``
    Called when all is done.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

#: What a case may need beyond gradients and constant hyperparameters.
FEATURES = {
    "mu_table": "a momentum mu_t given as numbers",
    "constant_mu": "a constant momentum where the printed algorithm has mu_t",
    "start": "starting from a given state, and saving it",
    "rates": "a learning rate for each step",
    "l2": "weight decay added to the gradient",
    "decoupled": "weight decay beside the step",
    "clip_value": "clipping each component of the gradient",
    "clip_norm": "clipping the norm of the gradient",
    "maximize": "ascent",
}


# An answer, and not an error: hence the name.
class Unsupported(Exception):  # noqa: N818
    """Raised by an adapter that cannot do a run; the message says why."""


class AdapterError(Exception):
    """The adapter does not keep the contract: nothing can be said about the implementation."""


@dataclass(frozen=True)
class Run:
    """What an implementation is asked to run.

    Parameters
    ----------
    method, dtype : str
        Which algorithm, and 'float32' or 'float64'. All numbers given are exact in that type, but
        for hyperparameters, which are doubles.
    theta : list of float
        Where to start.
    eta, mu, nu, eps : float
        Hyperparameters.
    steps : int
        How many steps will be made.
    mu_t : list of float
        Momentum of each step from here on, and of the one after the last, as doubles.
    schedule : {'constant', 'table'} or dict
        Where `mu_t` comes from; a dict has kappa, base and psi of mu (1 - kappa base^(psi t)), as
        decimal strings.
    eta_t : list of float
        Learning rate of each step from here on.
    knobs : dict
        What differs from the printed algorithm; empty for the paper's.
    around : dict
        weight_decay and wd_kind, clip_value, clip_norm, maximize.
    start : dict
        Empty, or the state to start from: ``t`` steps were made, slots by name.
    gradients : list of list of float or None
        Prescribed gradients; None in a closed loop.
    problem : str or None
        Whose gradient to take in a closed loop; see ``reference/problems.py``.
    """

    method: str
    dtype: str
    theta: list[float]
    eta: float
    mu: float
    nu: float
    eps: float
    steps: int
    mu_t: list[float]
    schedule: Any
    eta_t: list[float]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    around: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    gradients: Sequence[Sequence[float]] | None = None
    problem: str | None = None


class Session(Protocol):
    """A run in progress."""

    def step(self, g: list[float]) -> Mapping[str, Sequence[float]]:
        """Apply one gradient."""


class Adapter(Protocol):
    """What is required; the rest is read with `getattr`."""

    name: str
    version: str
    methods: Sequence[str]
    dtypes: Sequence[str]

    def start(self, run: Run) -> Session:
        """Begin a run."""


def load(name: str) -> Any:
    """Find an adapter.

    Parameters
    ----------
    name : str
        One of `conformance.adapters.NAMES`, ``module:Class``, or ``exec:COMMAND``, a program that
        talks the protocol of PROTOCOL.md.

    Raises
    ------
    AdapterError
        If there is none, it cannot be imported, or it lacks something.
    """
    from conformance import adapters

    arguments: tuple[str, ...] = ()
    if name.startswith("exec:"):
        target, arguments = "conformance.adapters.subprocess:Program", (name[5:],)
    elif ":" in name:
        target = name
    elif name in adapters.NAMES:
        target, arguments = adapters.NAMES[name][0], adapters.NAMES[name][1:]
    else:
        known = ", ".join(adapters.NAMES)
        raise AdapterError(
            f"there is no adapter {name!r}. Known are {known}; your own is given as module:Class, "
            "a program in another language as exec:COMMAND."
        )
    return _checked(name, _made(target, arguments))


def _made(target: str, arguments: Any) -> Any:
    module, _, attribute = target.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # your own module lies in the current folder
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise AdapterError(f"{target} cannot be loaded: {error}") from error
    return found(*arguments) if isinstance(found, type) or arguments else found


def _checked(name: str, adapter: Any) -> Any:
    required = ("name", "version", "methods", "dtypes")
    missing = [what for what in required if not hasattr(adapter, what)]
    if not (hasattr(adapter, "start") or hasattr(adapter, "trajectory")):
        missing.append("start")
    if missing:
        raise AdapterError(f"adapter {name} has no {', '.join(missing)}; see conformance/README.md")
    unknown = set(getattr(adapter, "features", ())) - set(FEATURES)
    if unknown:
        raise AdapterError(
            f"adapter {name} claims {', '.join(sorted(unknown))}; "
            f"features are {', '.join(FEATURES)}"
        )
    return adapter
