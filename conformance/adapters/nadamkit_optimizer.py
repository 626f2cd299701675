"""`nadamkit.Optimizer`: the same steps on a dict of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.adapter import FEATURES, Run
from conformance.adapters.nadamkit_step import options, rate, versions


class Stepping:
    """nadamkit's `Optimizer`.

    Each run's parameters are in two arrays, where there are two numbers or more.
    """

    name = "nadamkit-optimizer"
    profile = "strict"
    dialect = "all"
    dtypes = ("float32", "float64")
    features = tuple(FEATURES)

    def __init__(self) -> None:
        import nadamkit

        self.version = nadamkit.__version__
        self.methods = nadamkit.registry.names()
        self.versions = versions()

    def start(self, run: Run) -> Any:
        """Begin a run."""
        return Session(run)


class Session:
    """An `Optimizer`, its parameters, and its state by name."""

    def __init__(self, run: Run) -> None:
        import nadamkit

        self._dtype = run.dtype
        self._half = len(run.theta) // 2
        self._params = self._parts(run.theta)
        self._optimizer = nadamkit.Optimizer(
            run.method, rate(run), nonfinite="propagate", **options(run)
        ).init(self._params)
        self._slots = nadamkit.registry.get(run.method).slots
        if run.start:
            self._optimizer.load_state_dict(self._loaded(run.start))

    def _parts(self, numbers: Any) -> dict[str, Any]:
        """Numbers as two arrays, or one."""
        parts = {"first": numbers[: self._half], "second": numbers[self._half :]}
        return {name: np.array(part, self._dtype) for name, part in parts.items() if len(part)}

    def _loaded(self, start: Any) -> dict[str, Any]:
        """A state of the suite as one of the optimizer."""
        state = self._optimizer.state_dict()
        state |= {f"t/{name}": np.int64(start["t"]) for name in self._params}
        for slot in self._slots:
            state |= {f"{slot}/{name}": a for name, a in self._parts(start[slot]).items()}
        return state

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        self._optimizer.step(self._params, self._parts(g))
        return {name: value for name, value in self.state().items() if name != "t"}

    def state(self) -> dict[str, Any]:
        """Everything there is."""
        state = self._optimizer.state_dict()
        parts = {"theta": list(self._params.values())}
        parts |= {slot: [state[f"{slot}/{name}"] for name in self._params] for slot in self._slots}
        found = {name: np.concatenate(arrays).tolist() for name, arrays in parts.items()}
        return {"t": self._optimizer.t, **found}
