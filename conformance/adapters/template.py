"""A template: copy it, put your optimiser in the place of gradient descent, delete the rest.

It works as it stands:

    python -m conformance --adapter conformance.adapters.template:Template

The contract is in ``conformance/adapter.py``.
"""

from __future__ import annotations

from typing import Any

from conformance.adapter import Run, Unsupported


class Template:
    """Gradient descent; an adapter is a class without arguments, or an object."""

    # What the report calls your optimiser.
    name = "template"
    version = "1.0"

    # What it implements: names of folders in conformance/cases/v1. Other methods are not run.
    methods = ("gd",)

    # A Python float is a double. For float32, compute in float32 arrays of your library and
    # return array.tolist(), which holds the same numbers as doubles.
    dtypes = ("float64",)

    # What it can do beyond gradients and constant hyperparameters; see the table in the README.
    # Cases that need other features are counted as skipped, so claim only what start() reads.
    features = ("start", "rates")

    # What it is graded as. Another dialect is one of `python -m conformance --list`; the profile
    # "strict" is for implementations that compute their scalars in more digits than they store.
    dialect = "paper"
    profile = "standard"

    def __init__(self) -> None:
        # Import your library here and not above: whoever lists adapters may not have it. Say
        # which versions were graded: self.versions = {"numpy": numpy.__version__}.
        self.versions: dict[str, str] = {}

    def start(self, run: Run) -> Session:
        """Begin a run: make a fresh optimiser with the hyperparameters of `run`."""
        # Refuse what cannot be asked of your optimiser; the case is then skipped, not failed.
        if not run.theta:
            raise Unsupported("there is nothing to minimise over")
        return Session(run)

    def close(self) -> None:
        """Called once, when all is done: end what you started. May be left out."""


class Session:
    """One run. If your optimiser cannot be in two runs at a time, `Template` may be its session."""

    def __init__(self, run: Run) -> None:
        # run.eta, run.mu, run.nu and run.eps are the paper's hyperparameters as doubles, whatever
        # your library calls them. run.mu_t and run.eta_t have the values of each step.
        self._eta_t = run.eta_t
        # Copy what you change in place: run.theta is not yours.
        self._theta = list(run.theta)
        # With the feature "start" a run may begin after t steps, with slots by name. If it is one
        # that was saved, run.start is what state() returned below, without theta.
        self._t = run.start.get("t", 0)
        self._done = 0

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient and return what can be seen."""
        # Here your optimiser is called. A NaN in g is meant: the family nonfinite sends it.
        eta = self._eta_t[self._done]  # run.eta, if you do not claim the feature "rates"
        self._theta = [x - eta * y for x, y in zip(self._theta, g, strict=True)]
        self._t += 1
        self._done += 1
        # Lists of Python floats: theta, and the slots "m" and "n" of methods that have them if
        # yours can be seen. They show in which half of the algorithm an error is.
        return {"theta": self._theta}

    def state(self) -> dict[str, Any]:
        """Everything there is to save, for the feature "start"; else leave it out."""
        return {"t": self._t, "theta": self._theta}
