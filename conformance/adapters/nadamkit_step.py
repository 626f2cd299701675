"""nadamkit's steps, on any backend."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Any

import numpy as np

from conformance.adapter import FEATURES, AdapterError, Run, Unsupported


class Stepping:
    """nadamkit's step on one backend.

    Parameters
    ----------
    backend : str
        'numpy', 'serial', 'parallel', 'cuda', or 'cudasim' for the simulator of it.
    threads : str, optional
        Threads of the parallel backend.
    """

    profile = "strict"
    dialect = "all"
    dtypes = ("float32", "float64")
    features = tuple(FEATURES)

    def __init__(self, backend: str, threads: str | None = None) -> None:
        self._simulated = backend == "cudasim"
        if self._simulated:
            if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1" and "numba" in sys.modules:
                raise AdapterError("numba is loaded without its simulator: NUMBA_ENABLE_CUDASIM=1")
            os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
        import nadamkit
        from nadamkit import registry

        self._threads = int(threads) if threads else None
        self._backend = "cuda" if self._simulated else backend
        self.name = f"nadamkit-{backend}" + ("-1" if threads == "1" else "")
        self.version = nadamkit.__version__
        self.methods = registry.names()
        self.versions = versions()
        if self._backend == "cuda":
            from nadamkit._runtime import cuda

            self.device = "simulator" if self._simulated else cuda.status()[1]

    def start(self, run: Run) -> Any:
        """Begin a run."""
        return Session(run, self._backend, self._threads)


class Session:
    """A `Stepper`, and its state by name."""

    def __init__(self, run: Run, backend: str, threads: int | None) -> None:
        from nadamkit import registry
        from nadamkit.loops.stepper import Stepper

        self._slots = registry.get(run.method).slots
        self._dtype = run.dtype
        self._stepper = Stepper(
            run.method,
            np.array(run.theta, run.dtype),
            backend=backend,
            threads=threads,
            learning_rate=rate(run),
            **options(run),
        )
        if run.start:
            self._stepper.t = int(run.start["t"])
            for row, name in zip(self._stepper.slots, self._slots, strict=True):
                row[:] = run.start[name]

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        self._stepper.step(np.array(g, self._dtype))
        slots = zip(self._slots, np.asarray(self._stepper.slots).tolist(), strict=True)
        return {"theta": self._stepper.x.tolist(), **dict(slots)}

    def state(self) -> dict[str, Any]:
        """Everything there is."""
        slots = zip(self._slots, np.asarray(self._stepper.slots).tolist(), strict=True)
        return {"t": self._stepper.t, "theta": self._stepper.x.tolist(), **dict(slots)}


def rate(run: Run) -> Any:
    """The learning rate as nadamkit takes it."""
    done = int(run.start.get("t", 0))
    constant = len(set(run.eta_t)) == 1
    return run.eta if constant else lambda t: run.eta_t[t - 1 - done]


def options(run: Run) -> dict[str, Any]:
    """Hyperparameters and knobs of a run that its method has.

    Raises
    ------
    Unsupported
        For a knob that the method does not have at that value.
    """
    from nadamkit import registry
    from nadamkit.errors import OptionError

    rule = registry.get(run.method)
    hyper = {"mu": run.mu, "nu": run.nu, "eps": run.eps, "schedule": momentum(run)}
    given = {k: v for k, v in hyper.items() if k in rule.hyperparameters}
    given |= {**run.knobs, **run.around}
    try:
        rule.validated(given)
    except OptionError as reason:
        raise Unsupported(str(reason)) from reason
    return given


def momentum(run: Run) -> Any:
    """The momentum schedule as nadamkit takes it."""
    from fractions import Fraction

    from nadamkit import schedules

    if run.schedule == "constant":
        return "constant"
    if run.schedule == "table":
        done = int(run.start.get("t", 0))
        return lambda t: run.mu_t[t - 1 - done]
    return schedules.Dozat(**{name: Fraction(x) for name, x in run.schedule.items()})


def versions() -> dict[str, str]:
    """Versions of what nadamkit stands on."""
    return {package: metadata.version(package) for package in ("numpy", "numba", "scipy")}
