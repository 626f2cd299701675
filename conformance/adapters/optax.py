"""Optax."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from conformance.adapter import Run, Unsupported
from conformance.adapters._third_party import precision

#: optax's names of the slots.
STATE = {
    "gd": {},
    "momentum": {"m": "trace"},
    "nag": {"m": "trace"},
    "adagrad": {"n": "sum_of_squares"},
    "rmsprop": {"n": "nu"},
    "adam": {"m": "mu", "n": "nu"},
    "adamax": {"m": "mu", "n": "nu"},
    "nadam": {"m": "mu", "n": "nu"},
}


class Optax:
    """The optimizers of Optax, jitted, with JAX on the CPU.

    A run gets every hyperparameter that Optax has a parameter for, among them the place of
    epsilon (``eps_root``, ``eps_in_sqrt``), n before AdaGrad's first step and n-hat in RMSProp:
    AdaGrad, RMSProp and Adam are the paper's where the case is. What Optax has no parameter for
    is refused: decoupled weight decay but for Adam, AdaMax and Nadam. Where only the algebra is
    Optax's own (a constant momentum in NAG and Nadam, epsilon inside the maximum) it just runs,
    and the grading tells the difference.

    L2 weight decay is ``add_decayed_weights`` before the optimizer, a learning rate for each
    step is a schedule. JAX has 64-bit types on for float64 only, as its users have it.
    """

    name = "optax"
    dialect = "optax"
    profile = "standard"
    methods = tuple(STATE)
    dtypes = ("float32", "float64")
    features = ("constant_mu", "start", "rates", "l2", "decoupled", "clip_value", "clip_norm")

    def __init__(self) -> None:
        import jax
        import jaxlib
        import optax

        self.version = optax.__version__
        self.versions = {"jax": jax.__version__, "jaxlib": jaxlib.__version__}

    def start(self, run: Run) -> Session:
        """Begin a run."""
        return Session(run)


class Session:
    """Parameters and the state of their optimizer."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._t = int(run.start.get("t", 0))
        self._theta: Any = np.array(run.theta, run.dtype)
        with precision(run.dtype):
            optimizer, self._update = _compiled(_asked(run))
            self._state = run.start.get("saved") or optimizer.init(self._theta)
            if run.start and "saved" not in run.start:
                self._state = _set(self._state, run)

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        with precision(self._run.dtype):
            gradient = np.array(g, self._run.dtype)
            self._theta, self._state, slots = self._update(gradient, self._state, self._theta)
        self._t += 1
        return {"theta": self._theta.tolist(), **{name: x.tolist() for name, x in slots.items()}}

    def state(self) -> dict[str, Any]:
        """The optimizer's own state, and theta."""
        import jax

        saved = jax.tree.map(np.asarray, self._state)
        return {"t": self._t, "theta": self._theta.tolist(), "saved": saved}


def _set(state: Any, run: Run) -> Any:
    """A state with what is given by name, and with t where there is a count."""
    from optax import tree_utils

    names = STATE[run.method].items()
    given = {inner: np.array(run.start[name], run.dtype) for name, inner in names}
    if tree_utils.tree_get_all_with_path(state, "count"):
        given["count"] = np.array(run.start["t"], np.int32)
    return tree_utils.tree_set(state, **given) if given else state


class _Asked(NamedTuple):
    """All that an optimizer is made of, to compile it once."""

    method: str
    rates: tuple[float, ...]
    done: int
    mu: float
    nu: float
    eps: float
    knobs: tuple[tuple[str, Any], ...]
    around: tuple[tuple[str, Any], ...]


def _asked(run: Run) -> _Asked:
    constant = len(set(run.eta_t)) == 1
    done = 0 if constant or not run.start else int(run.start["t"])
    rates = (run.eta,) if constant else tuple(run.eta_t)
    around = tuple(run.around.items())
    return _Asked(
        run.method, rates, done, run.mu, run.nu, run.eps, tuple(run.knobs.items()), around
    )


@functools.lru_cache(maxsize=64)
def _compiled(asked: _Asked) -> tuple[Any, Any]:
    """An optimizer, and its step with the slots by name."""
    import jax
    import optax

    optimizer, names = _made(asked), STATE[asked.method]

    def update(gradient: Any, state: Any, theta: Any) -> tuple[Any, Any, Any]:
        updates, state = optimizer.update(gradient, state, theta)
        slots = {name: optax.tree_utils.tree_get(state, inner) for name, inner in names.items()}
        return optax.apply_updates(theta, updates), state, slots

    return optimizer, jax.jit(update)


def _made(asked: _Asked) -> Any:
    """The optimizer, with what comes before it."""
    import optax

    around, before = dict(asked.around), []
    decay = around.get("weight_decay", 0.0)
    if "clip_value" in around:
        before.append(optax.clip(around["clip_value"]))
    if "clip_norm" in around:
        before.append(optax.clip_by_global_norm(around["clip_norm"]))
    if around.get("wd_kind") == "l2":
        before.append(optax.add_decayed_weights(decay))
    decoupled = {"weight_decay": decay} if around.get("wd_kind") == "decoupled" else {}
    if decoupled and asked.method not in ("adam", "adamax", "nadam"):
        raise Unsupported(f"optax has no {asked.method} with decoupled weight decay")
    return optax.chain(*before, _optimizer(asked, decoupled))


def _optimizer(asked: _Asked, decoupled: dict[str, float]) -> Any:
    import optax

    knobs, eps = dict(asked.knobs), asked.eps
    inside = knobs.get("eps_kind", "in") == "in"
    betas: dict[str, float] = {"b1": asked.mu, "b2": asked.nu, **decoupled}
    roots = {"eps": 0.0, "eps_root": eps} if inside else {"eps": eps}
    corrected = knobs.get("n_bias", "none") != "none"
    n0 = knobs.get("n0", 0.0)
    kind, options = {
        "gd": (optax.sgd, {}),
        "momentum": (optax.sgd, {"momentum": asked.mu}),
        "nag": (optax.sgd, {"momentum": asked.mu, "nesterov": True}),
        "adagrad": (optax.adagrad, {"initial_accumulator_value": n0, "eps": eps}),
        "rmsprop": (
            optax.rmsprop,
            {"decay": asked.nu, "eps": eps, "eps_in_sqrt": inside, "bias_correction": corrected},
        ),
        "adam": (optax.adamw if decoupled else optax.adam, betas | roots),
        "adamax": (optax.adamaxw if decoupled else optax.adamax, betas | {"eps": eps}),
        "nadam": (optax.nadamw if decoupled else optax.nadam, betas | roots),
    }[asked.method]
    return kind(_rate(asked), **options)


def _rate(asked: _Asked) -> Any:
    """The learning rate, or the schedule of it; Optax counts steps from 0."""
    if len(asked.rates) == 1:
        return asked.rates[0]
    import jax.numpy as jnp

    return lambda count: jnp.asarray(asked.rates)[count - asked.done]
