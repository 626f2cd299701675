"""The ten algorithms in plain NumPy, one line of code per line of the paper.

Written from the paper alone. What correct programs do differently is collected in `Forms`: how a
mean is formed, in which type scalars are, how powers come about; `conformance.mutants.variants`
names some. The mutants are made from this file by changing single expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np

from conformance.adapter import FEATURES, Run, Unsupported


@dataclass(frozen=True)
class Forms:
    """What correct programs do differently.

    Parameters
    ----------
    lerp : bool
        Whether decaying means and sums are corrections of the old ones; else they are as printed.
    right : bool
        Whether eta x / y is formed from the right.
    narrow : bool
        Whether scalars are of the arrays' type; else they are doubles, rounded where they meet an
        array.
    running : bool
        Whether powers are products, with one more factor in each step.
    wide : bool
        Whether arrays are float32 in storage only.
    methods : mapping
        Methods that are written in another way.
    """

    lerp: bool = False
    right: bool = False
    narrow: bool = False
    running: bool = False
    wide: bool = False
    methods: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def mean(self, c: Any, old: Any, new: Any) -> Any:
        """Decaying mean."""
        return old + (1 - c) * (new - old) if self.lerp else c * old + (1 - c) * new

    def total(self, c: Any, old: Any, new: Any) -> Any:
        """Decaying sum."""
        return old + (new - (1 - c) * old) if self.lerp else c * old + new

    def quotient(self, eta: Any, x: Any, y: Any) -> Any:
        """Quotient eta x / y."""
        return eta * (x / y) if self.right else eta * x / y


def gd(s: Scalars, f: Forms, t: int, g: Any, theta: Any) -> Any:
    """Algorithm 1."""
    theta = theta - s.eta(t) * g
    return (theta,)


def momentum(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any) -> Any:
    """Algorithm 2."""
    m = f.total(s.mu, m, g)
    theta = theta - s.eta(t) * m
    return theta, m


def nag(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any) -> Any:
    """Algorithm 7."""
    m = f.total(s.mu_(t), m, g)
    m_bar = g + s.mu_(t + 1) * m
    theta = theta - s.eta(t) * m_bar
    return theta, m


def adagrad(s: Scalars, f: Forms, t: int, g: Any, theta: Any, n: Any) -> Any:
    """Algorithm 4."""
    n = n + g * g
    theta = theta - f.quotient(s.eta(t), g, np.sqrt(n + s.eps))
    return theta, n


def rmsprop(s: Scalars, f: Forms, t: int, g: Any, theta: Any, n: Any) -> Any:
    """Algorithm 5."""
    n = f.mean(s.nu, n, g * g)
    theta = theta - f.quotient(s.eta(t), g, np.sqrt(n + s.eps))
    return theta, n


def maxaprop(s: Scalars, f: Forms, t: int, g: Any, theta: Any, n: Any) -> Any:
    """Section 2.3: Algorithm 5 with the n and the division of AdaMax."""
    n = np.maximum(s.nu * n, np.abs(g))
    theta = theta - f.quotient(s.eta(t), g, n + s.eps)
    return theta, n


def adam(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any, n: Any) -> Any:
    """Algorithm 6."""
    m = f.mean(s.mu, m, g)
    m_hat = m / (1 - s.power(s.mu, t))
    n = f.mean(s.nu, n, g * g)
    n_hat = n / (1 - s.power(s.nu, t))
    theta = theta - f.quotient(s.eta(t), m_hat, np.sqrt(n_hat + s.eps))
    return theta, m, n


def adamax(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any, n: Any) -> Any:
    """Section 2.3: Algorithm 6 with a maximum for n, which is not corrected."""
    m = f.mean(s.mu, m, g)
    m_hat = m / (1 - s.power(s.mu, t))
    n = np.maximum(s.nu * n, np.abs(g))
    theta = theta - f.quotient(s.eta(t), m_hat, n + s.eps)
    return theta, m, n


def nadam(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any, n: Any) -> Any:
    """Algorithm 8."""
    g_hat = g / (1 - s.product(t))
    m = f.mean(s.mu, m, g)
    m_hat = m / (1 - s.product(t + 1))
    n = f.mean(s.nu, n, g * g)
    n_hat = n / (1 - s.power(s.nu, t))
    m_bar = (1 - s.mu_(t)) * g_hat + s.mu_(t + 1) * m_hat
    theta = theta - f.quotient(s.eta(t), m_bar, np.sqrt(n_hat + s.eps))
    return theta, m, n


def nadamax(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any, n: Any) -> Any:
    """Section 3.2: Algorithm 8 with a maximum for n, which is not corrected."""
    g_hat = g / (1 - s.product(t))
    m = f.mean(s.mu, m, g)
    m_hat = m / (1 - s.product(t + 1))
    n = np.maximum(s.nu * n, np.abs(g))
    m_bar = (1 - s.mu_(t)) * g_hat + s.mu_(t + 1) * m_hat
    theta = theta - f.quotient(s.eta(t), m_bar, n + s.eps)
    return theta, m, n


METHODS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (gd, momentum, nag, adagrad, rmsprop, maxaprop, adam, adamax, nadam, nadamax)
}
SLOTS = {name: [p for p in signature(f).parameters if p in "mn"] for name, f in METHODS.items()}


class Scalars:
    """Hyperparameters, schedules and products of a run."""

    mu: Any
    nu: Any
    eps: Any

    def __init__(self, run: Run, forms: Forms) -> None:
        self._run, self._running = run, forms.running
        self._number: Any = np.float32 if forms.narrow and run.dtype == "float32" else float
        self.mu, self.nu, self.eps = map(self._number, (run.mu, run.nu, run.eps))
        done = int(run.start.get("t", 0))
        #: Steps made before this run.
        self.done = done
        self._products = {done: self._number(run.start.get("product", self.mu**done))}
        self._powers: dict[Any, Any] = {}

    def eta(self, t: int) -> Any:
        """Learning rate."""
        return self._number(self._run.eta_t[t - 1 - self.done])

    def mu_(self, t: int) -> Any:
        """mu_t."""
        schedule = self._run.schedule
        if schedule == "constant":
            return self.mu
        if schedule == "table":
            return self._number(self._run.mu_t[t - 1 - self.done])
        kappa, base, psi = (self._number(schedule[key]) for key in ("kappa", "base", "psi"))
        return self.mu * (1 - kappa * base ** (psi * t))

    def product(self, t: int) -> Any:
        """mu_1 mu_2 ... mu_t."""
        if t not in self._products:
            self._products[t] = self.product(t - 1) * self.mu_(t)
        return self._products[t]

    def power(self, x: Any, t: int) -> Any:
        """x^t."""
        if not self._running:
            return x**t
        done, value = self._powers.get(x, (self.done, x**self.done))
        for _ in range(done, t):
            value = value * x
        self._powers[x] = t, value
        return value


class Session:
    """A run: theta, the slots, t."""

    def __init__(self, run: Run, forms: Forms) -> None:
        self.run, self.forms = run, forms
        self.scalars = Scalars(run, forms)
        self.t = int(run.start.get("t", 0))
        self.theta = np.array(run.theta, run.dtype)
        zero = [0.0] * len(run.theta)
        self.slots = {k: np.array(run.start.get(k, zero), run.dtype) for k in SLOTS[run.method]}

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        self.t += 1
        working = "float64" if self.forms.wide else self.run.dtype
        theta, *slots = (x.astype(working) for x in (self.theta, *self.slots.values()))
        with np.errstate(all="ignore"):
            gradient = self.modified(np.array(g, working), theta)
            theta = self.decayed(theta)
            update = self.forms.methods.get(self.run.method, METHODS[self.run.method])
            theta, *slots = update(self.scalars, self.forms, self.t, gradient, theta, *slots)
            self.store(theta, slots)
        return self.seen()

    def store(self, theta: Any, slots: list[Any]) -> None:
        """Keep what a step gave."""
        self.theta = theta.astype(self.run.dtype)
        self.slots = {k: x.astype(self.run.dtype) for k, x in zip(self.slots, slots, strict=True)}

    def modified(self, g: Any, theta: Any) -> Any:
        """The gradient, turned, clipped, and with weight decay."""
        around = self.run.around
        if around.get("maximize"):
            g = -g
        if "clip_norm" in around:
            norm = np.sqrt(np.sum(g * g))
            if norm > around["clip_norm"]:
                g = g * (around["clip_norm"] / norm)
        if "clip_value" in around:
            g = np.clip(g, -around["clip_value"], around["clip_value"])
        if around.get("wd_kind") == "l2":
            g = g + around["weight_decay"] * theta
        return g

    def decayed(self, theta: Any) -> Any:
        """Theta after weight decay beside the step."""
        if self.run.around.get("wd_kind") != "decoupled":
            return theta
        return theta * (1 - self.scalars.eta(self.t) * self.run.around["weight_decay"])

    def seen(self) -> dict[str, list[float]]:
        """What is graded."""
        return {"theta": self.theta.tolist(), **{k: x.tolist() for k, x in self.slots.items()}}

    def state(self) -> dict[str, Any]:
        """Everything there is."""
        product = float(self.scalars.product(self.t))
        return {"t": self.t, "product": product, **self.seen()}


class Plain:
    """The adapter.

    Parameters
    ----------
    forms : Forms, optional
        How it computes.
    """

    name, version = "plain", np.__version__
    methods = tuple(METHODS)
    dtypes = ("float32", "float64")
    features = tuple(FEATURES)

    def __init__(self, forms: Forms | None = None) -> None:
        self._forms = forms or Forms()

    def start(self, run: Run) -> Session:
        """Begin a run."""
        if run.knobs:
            raise Unsupported("only the paper's own algorithms are written here")
        return Session(run, self._forms)
