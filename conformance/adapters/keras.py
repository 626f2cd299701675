"""Keras 3, on JAX."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from conformance.adapter import AdapterError, Run, Unsupported
from conformance.adapters._third_party import precision

#: How the names of Keras' variables end, by slot. SGD's velocity, -eta m, is not among them.
STATE = {
    "gd": {},
    "momentum": {},
    "nag": {},
    "adagrad": {"n": "accumulator"},
    "rmsprop": {"n": "velocity"},
    "adam": {"m": "momentum", "n": "velocity"},
    "adamax": {"m": "momentum", "n": "norm"},
    "nadam": {"m": "momentum", "n": "velocity"},
}


class Keras:
    """The optimizers of Keras 3, jitted as its training loop has them, with JAX on the CPU.

    A run gets every hyperparameter that Keras has a parameter for, n before AdaGrad's first step
    among them. What Keras has no parameter for is refused: a constant momentum for Nadam. Where
    only the algebra is its own (the place of epsilon, the schedule 0.96^t, a constant momentum in
    NAG, the learning rate inside the velocity) it just runs, and the grading tells the
    difference.

    ``floatx`` is the dtype of the run. JAX has 64-bit types on for float64 only, as its users
    have it.
    """

    name = "keras"
    dialect = "keras"
    profile = "standard"
    methods = tuple(STATE)
    dtypes = ("float32", "float64")
    features = ("constant_mu", "start", "rates", "decoupled", "clip_value", "clip_norm")

    def __init__(self) -> None:
        os.environ.setdefault("KERAS_BACKEND", "jax")
        import jax
        import jaxlib
        import keras

        if keras.backend.backend() != "jax":
            raise AdapterError(
                f"Keras stands on {keras.backend.backend()} here; this adapter runs it on JAX: "
                "KERAS_BACKEND=jax"
            )
        self.version = keras.__version__
        self.versions = {"jax": jax.__version__, "jaxlib": jaxlib.__version__}

    def start(self, run: Run) -> Session:
        """Begin a run."""
        if run.method == "nadam" and run.schedule == "constant":
            raise Unsupported("keras.optimizers.Nadam has no constant mu, only its schedule")
        return Session(run)


class Session:
    """The variables of an optimizer and of what it optimizes, as Keras' stateless form has them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._done = self._t = int(run.start.get("t", 0))
        self._theta: Any = np.array(run.theta, run.dtype)
        with _floatx(run.dtype):
            self._names, state, self._update = _compiled(_asked(run))
        self._state = list(run.start.get("saved") or state)
        if run.start and "saved" not in run.start:
            self._state[0] = np.array(self._t, np.int32)
            for name, ending in STATE[run.method].items():
                self._state[self._index(ending)] = np.array(run.start[name], run.dtype)
            if run.method in ("momentum", "nag"):
                velocity = -run.eta * np.array(run.start["m"], run.dtype)
                self._state[self._index("momentum")] = velocity

    def _index(self, ending: str) -> int:
        return next(i for i, name in enumerate(self._names) if name.endswith(ending))

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        rate = np.array(self._run.eta_t[self._t - self._done], self._run.dtype)
        self._state[self._names.index("learning_rate")] = rate
        with _floatx(self._run.dtype):
            gradient = np.array(g, self._run.dtype)
            (self._theta,), self._state = self._update(self._state, [gradient], [self._theta])
        self._t += 1
        names = STATE[self._run.method].items()
        slots = {name: self._state[self._index(ending)].tolist() for name, ending in names}
        return {"theta": self._theta.tolist(), **slots}

    def state(self) -> dict[str, Any]:
        """The optimizer's own variables, and theta."""
        saved = [np.asarray(x) for x in self._state]
        return {"t": self._t, "theta": self._theta.tolist(), "saved": saved}


@contextmanager
def _floatx(dtype: str) -> Iterator[None]:
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        with precision(dtype):
            yield
    finally:
        keras.config.set_floatx(before)


class _Asked(NamedTuple):
    """All that a compiled step depends on, to make it once."""

    method: str
    dtype: str
    size: int
    eta: float
    mu: float
    nu: float
    eps: float
    n0: float
    around: tuple[tuple[str, Any], ...]


def _asked(run: Run) -> _Asked:
    return _Asked(
        run.method,
        run.dtype,
        len(run.theta),
        run.eta,
        run.mu,
        run.nu,
        run.eps,
        run.knobs.get("n0", 0.0),
        tuple(run.around.items()),
    )


@functools.lru_cache(maxsize=64)
def _compiled(asked: _Asked) -> tuple[list[str], list[Any], Any]:
    """The names of an optimizer's variables, their first values, and its step."""
    import jax
    import keras

    optimizer = _made(asked)
    optimizer.build([keras.Variable(np.zeros(asked.size, asked.dtype), name="theta")])
    variables = optimizer.variables
    first = [np.asarray(x.value) for x in variables]
    return [x.name for x in variables], first, jax.jit(optimizer.stateless_apply)


def _made(asked: _Asked) -> Any:
    from keras import optimizers

    around, eps = dict(asked.around), {"epsilon": asked.eps}
    betas = {"beta_1": asked.mu, "beta_2": asked.nu, **eps}
    kind, options = {
        "gd": (optimizers.SGD, {}),
        "momentum": (optimizers.SGD, {"momentum": asked.mu}),
        "nag": (optimizers.SGD, {"momentum": asked.mu, "nesterov": True}),
        "adagrad": (optimizers.Adagrad, {"initial_accumulator_value": asked.n0, **eps}),
        "rmsprop": (optimizers.RMSprop, {"rho": asked.nu, **eps}),
        "adam": (optimizers.Adam, betas),
        "adamax": (optimizers.Adamax, betas),
        "nadam": (optimizers.Nadam, betas),
    }[asked.method]
    return kind(
        learning_rate=asked.eta,
        weight_decay=around.get("weight_decay"),
        clipvalue=around.get("clip_value"),
        clipnorm=around.get("clip_norm"),
        **options,
    )
