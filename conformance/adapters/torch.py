"""torch.optim."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import optim

from conformance.adapter import Run, Unsupported

#: torch's names of the slots.
STATE = {
    "gd": {},
    "momentum": {"m": "momentum_buffer"},
    "nag": {"m": "momentum_buffer"},
    "adagrad": {"n": "sum"},
    "rmsprop": {"n": "square_avg"},
    "adam": {"m": "exp_avg", "n": "exp_avg_sq"},
    "adamax": {"m": "exp_avg", "n": "exp_inf"},
    "nadam": {"m": "exp_avg", "n": "exp_avg_sq"},
}


class Torch:
    """The optimizers of torch.optim, on the CPU.

    A run gets every hyperparameter that torch has a parameter for, n before AdaGrad's first step
    and psi of Nadam's schedule among them; an infinite psi makes mu constant. What torch has no
    parameter for is refused: momenta given as numbers, another schedule than
    mu (1 - 0.5 0.96^(psi t)), decoupled weight decay but for Adam and Nadam. Where only the
    algebra is torch's own (the place of epsilon, a constant momentum in NAG) it just runs, and
    the grading tells the difference.

    Clipping is that of ``torch.nn.utils``; what is saved and loaded is the ``state_dict``.

    Parameters
    ----------
    default_dtype : {'float32', 'float64'}
        torch's default dtype during a run. NAdam keeps its step and the product of its momenta
        in it, whatever the dtype of the parameters.
    loop : {'for-loop', 'foreach'}
        Which of its implementations.
    """

    dialect = "torch"
    profile = "standard"
    methods = tuple(STATE)
    dtypes = ("float32", "float64")
    features = (
        "constant_mu",
        "start",
        "rates",
        "l2",
        "decoupled",
        "clip_value",
        "clip_norm",
        "maximize",
    )

    def __init__(self, default_dtype: str = "float32", loop: str = "for-loop") -> None:
        self._default = getattr(torch, default_dtype)
        self._foreach = loop == "foreach"
        name = "torch" if default_dtype == "float32" else f"torch-{default_dtype}"
        self.name = name + "-foreach" * self._foreach
        self.version = str(torch.__version__)
        self.versions = {"cpu": torch.backends.cpu.get_cpu_capability()}

    def start(self, run: Run) -> Session:
        """Begin a run."""
        return Session(run, self._default, self._foreach)


class Session:
    """One parameter and its optimizer."""

    def __init__(self, run: Run, default: Any, foreach: bool) -> None:
        self._run, self._default = run, default
        self._done = self._t = int(run.start.get("t", 0))
        self._dtype = getattr(torch, run.dtype)
        self._theta = torch.tensor(run.theta, dtype=self._dtype, requires_grad=True)
        with _default_dtype(default):
            self._optimizer = _made(run, self._theta, foreach)
            if run.start:
                self._optimizer.load_state_dict(run.start.get("saved") or self._built())

    def _built(self) -> dict[str, Any]:
        """The state that is given by name, as torch would have saved it."""
        run, mu = self._run, self._run.mu
        names = STATE[run.method]
        state = {
            inner: torch.tensor(run.start[name], dtype=self._dtype) for name, inner in names.items()
        }
        if run.method not in ("gd", "momentum", "nag"):
            state["step"] = torch.tensor(float(self._done))
        if run.method == "nadam":
            state["mu_product"] = torch.tensor(mu**self._done)
        return {**self._optimizer.state_dict(), "state": {0: state} if state else {}}

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        self._theta.grad = torch.tensor(g, dtype=self._dtype)
        around = self._run.around
        if "clip_value" in around:
            torch.nn.utils.clip_grad_value_(self._theta, around["clip_value"])
        if "clip_norm" in around:
            torch.nn.utils.clip_grad_norm_(self._theta, around["clip_norm"])
        self._optimizer.param_groups[0]["lr"] = self._run.eta_t[self._t - self._done]
        with _default_dtype(self._default):
            self._optimizer.step()
        self._t += 1
        state, names = self._optimizer.state[self._theta], STATE[self._run.method]
        slots = {name: state[inner].tolist() for name, inner in names.items()}
        return {"theta": self._theta.tolist(), **slots}

    def state(self) -> dict[str, Any]:
        """What torch saves, and theta."""
        saved = copy.deepcopy(self._optimizer.state_dict())
        return {"t": self._t, "theta": self._theta.tolist(), "saved": saved}


@contextmanager
def _default_dtype(dtype: Any) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _made(run: Run, theta: Any, foreach: bool) -> Any:
    """The optimizer of a run."""
    decoupled = run.around.get("wd_kind") == "decoupled"
    if decoupled and run.method not in ("adam", "nadam"):
        raise Unsupported(f"torch.optim has no {run.method} with decoupled weight decay")
    kinds = {
        "gd": optim.SGD,
        "momentum": optim.SGD,
        "nag": optim.SGD,
        "adagrad": optim.Adagrad,
        "rmsprop": optim.RMSprop,
        "adam": optim.AdamW if decoupled else optim.Adam,
        "adamax": optim.Adamax,
        "nadam": optim.NAdam,
    }
    options = {
        "lr": run.eta,
        "weight_decay": run.around.get("weight_decay", 0.0),
        "maximize": bool(run.around.get("maximize")),
        "foreach": foreach,
    }
    if run.method == "nadam":
        options |= {"momentum_decay": _psi(run), "decoupled_weight_decay": decoupled}
    return kinds[run.method]([theta], **options, **_hyper(run))


def _hyper(run: Run) -> dict[str, Any]:
    """Hyperparameters by torch's names."""
    match run.method:
        case "gd":
            return {}
        case "momentum" | "nag":
            return {"momentum": run.mu, "nesterov": run.method == "nag"}
        case "adagrad":
            return {"initial_accumulator_value": run.knobs.get("n0", 0.0), "eps": run.eps}
        case "rmsprop":
            return {"alpha": run.nu, "eps": run.eps}
    return {"betas": (run.mu, run.nu), "eps": run.eps}


def _psi(run: Run) -> float:
    """NAdam's ``momentum_decay``."""
    if run.schedule == "constant":
        return math.inf
    if run.schedule == "table":
        raise Unsupported("torch.optim.NAdam takes no momenta, only the psi of its schedule")
    if (run.schedule["kappa"], run.schedule["base"]) != ("0.5", "0.96"):
        raise Unsupported("torch.optim.NAdam has the schedule mu (1 - 0.5 0.96^(psi t))")
    return float(run.schedule["psi"])
