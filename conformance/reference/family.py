"""All ten algorithms as one, with a knob for everything in which implementations differ.

At the knobs of `METHODS` it is `paper.py`; other knobs make the dialects of the frameworks and the
known misreadings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.reference.arithmetic import CONTEXT, mpf
from conformance.reference.bounded import Bounded, Vector, absolute, maximum, scalar, sqrt
from conformance.reference.setting import Setting, Trajectory


@dataclass(frozen=True)
class Knobs:
    """How the parts of an update are computed.

    Parameters
    ----------
    momentum : {'none', 'sum', 'mean'}
        Of the gradients: not kept, a decaying sum, or a decaying mean.
    norm : {'none', 'sum', 'mean', 'max'}
        Of the gradients: not kept, a sum of squares, their decaying mean, or a decaying maximum.
    m_coef : {'mu', 'mu_t'}
        What m decays with.
    lookahead : bool
        The Nesterov term.
    m_bias : {'t+1', 't', 'none', 'dup', 'frozen1'}
        The divisor of m: 1 - prod_{t+1}; 1 - prod_t; 1; 1 - prod_t mu_t mu_{t+1} (PyTorch before
        2.0); those of t = 1 for ever, in n-hat too (Flux before 2019).
    n_bias : {'std', 'nu', 'none'}
        n-hat: n / (1 - nu^t), nu n / (1 - nu^t), or n.
    eps_kind : {'in', 'out', 'out_raw', 'max'}
        Inside the root; outside; outside and divided by sqrt(1 - nu^t); inside the maximum.
    eps_root : float
        A second epsilon, inside the root.
    n0 : float
        n before the first step.
    """

    momentum: str = "none"
    norm: str = "none"
    m_coef: str = "mu"
    lookahead: bool = False
    m_bias: str = "t+1"
    n_bias: str = "none"
    eps_kind: str = "in"
    eps_root: float = 0.0
    n0: float = 0.0


_ADAM: dict[str, Any] = {"momentum": "mean", "norm": "mean", "n_bias": "std"}
_MAX: dict[str, Any] = {"norm": "max", "eps_kind": "out"}
METHODS = {
    "gd": Knobs(),
    "momentum": Knobs(momentum="sum"),
    "nag": Knobs(momentum="sum", m_coef="mu_t", lookahead=True),
    "adagrad": Knobs(norm="sum"),
    "rmsprop": Knobs(norm="mean"),
    "maxaprop": Knobs(**_MAX),
    "adam": Knobs(**_ADAM),
    "adamax": Knobs(momentum="mean", **_MAX),
    "nadam": Knobs(**_ADAM, lookahead=True),
    "nadamax": Knobs(momentum="mean", lookahead=True, **_MAX),
}


def family(s: Setting, k: Knobs) -> Trajectory:
    """The algorithm that the knobs `k` describe."""
    theta, m, n = s.state("m", "n")
    if k.n0 and not any(x.value for x in n):
        n = Vector.of([Bounded.lift(scalar(k.n0))] * len(theta))
    for t, gradient in s.steps():
        g = gradient(theta)
        m = _momentum(s, k, t, g, m)
        n = _norm(s, k, g, n)
        terms = _numerator(s, k, t, g, m)
        root = None if k.norm == "none" else _denominator(s, k, t, n)
        theta = _updated(theta, s.eta(t), terms, root)
        slots = {"m": m} if k.momentum != "none" else {}
        yield theta, slots | ({"n": n} if k.norm != "none" else {})


def _momentum(s: Setting, k: Knobs, t: int, g: Vector, m: Vector) -> Vector:
    mu = s.mu_(t) if k.m_coef == "mu_t" else s.mu
    if k.momentum == "sum":
        return mu * m + g | m + (g - (1 - mu) * m)
    if k.momentum == "mean":
        return mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
    return m


def _norm(s: Setting, k: Knobs, g: Vector, n: Vector) -> Vector:
    nu = s.nu
    if k.norm == "sum":
        return n + g**2
    if k.norm == "mean":
        return nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
    if k.norm == "max":
        size = absolute(g)
        if k.eps_kind == "max":
            size = Vector(x + s.eps for x in size)
        return maximum(nu * n | n - (1 - nu) * n, size)
    return n


def _updated(theta: Vector, eta: Any, terms: list[Vector], root: Vector | None) -> Vector:
    """Theta after the step; two terms over a root may be added or subtracted one by one."""
    whole = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    if root is None:
        return theta - eta * whole
    if len(terms) == 1:
        return theta - eta * whole / root
    return theta - eta * whole / root | theta - eta * terms[0] / root - eta * terms[1] / root


def _numerator(s: Setting, k: Knobs, t: int, g: Vector, m: Vector) -> list[Vector]:
    """The terms of m-bar."""
    if k.momentum == "none":
        return [g]
    if k.momentum == "sum":
        return [g, s.mu_(t + 1) * m] if k.lookahead else [m]
    if k.m_bias == "none":
        return [(1 - s.mu_(t)) * g, s.mu_(t + 1) * m] if k.lookahead else [m]
    now, after = _products(s, k, t)
    if not k.lookahead:
        return [m / (1 - now)]
    return [(1 - s.mu_(t)) * (g / (1 - now)), s.mu_(t + 1) * (m / (1 - after))]


def _products(s: Setting, k: Knobs, t: int) -> tuple[Any, Any]:
    """The products in the divisors of g and of m."""
    if k.m_bias == "frozen1":
        return s.product(1), s.product(2)
    now = s.product(t)
    if k.m_bias == "dup":
        return now, now * s.mu_(t) * s.mu_(t + 1)
    return now, s.product(t + 1) if k.m_bias == "t+1" else now


def _denominator(s: Setting, k: Knobs, t: int, n: Vector) -> Vector:
    if k.norm == "max":
        return n if k.eps_kind == "max" else n + s.eps
    power = s.nu ** (1 if k.m_bias == "frozen1" else t)
    if k.n_bias != "none":
        n = n / (1 - power)
    if k.n_bias == "nu":
        n = s.nu * n
    if k.eps_root:
        n = n + scalar(k.eps_root)
    if k.eps_kind == "in":
        return sqrt(n + s.eps)
    return sqrt(n) + (s.eps if k.eps_kind == "out" else s.eps / _root(1 - power))


def _root(x: Any) -> Any:
    """Square root of a scalar, in whichever form the arithmetic assumed has it."""
    return x.sqrt() if isinstance(x, Bounded) else CONTEXT.sqrt(mpf(x))
