"""What the paper leaves open, and what every method has around its update, in mpmath.

`nadam` is Algorithm 8 with the knobs of the literature; at its defaults it is `paper.nadam`. The
other functions turn prescribed gradients, or a whole trajectory, into what weight decay, clipping
and maximisation make of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.reference.bounded import CONTEXT, Bounded, Vector, mpf, sqrt
from tests.reference.paper import Momentum, Source, Trajectory, dozat, steps, zeros

Rows = Iterable[Vector]


def nadam(
    source: Source,
    theta: Vector,
    eta: float,
    mu: float = 0.99,
    nu: float = 0.999,
    eps: float = 1e-8,
    schedule: Any = dozat,
    *,
    m_coef: str = "mu",
    lookahead: bool = True,
    m_bias: str = "t+1",
    n_bias: str = "std",
    eps_kind: str = "in",
) -> Trajectory:
    """Algorithm 8 with knobs; without the look-ahead, m-bar is m over 1 - prod_t, as in Adam."""
    mu_ = Momentum(schedule(mu))
    eta, mu, nu, eps = mpf(eta), mpf(mu), mpf(nu), mpf(eps)
    m = n = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta)
        decay = mu_(t) if m_coef == "mu_t" else mu
        m = decay * m + (1 - decay) * g | m + (1 - decay) * (g - m)
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        now = mu_.product(t) if m_bias != "none" else mpf(0)
        last = mu_.product(t + 1) if m_bias == "t+1" and lookahead else now
        g_hat, m_hat = g / (1 - now), m / (1 - last)
        n_hat = n if n_bias == "none" else n / (1 - nu**t)
        n_hat = nu * n_hat if n_bias == "nu" else n_hat
        m_bar = (1 - mu_(t)) * g_hat + mu_(t + 1) * m_hat if lookahead else m_hat
        inside = eps if eps_kind == "in" else 0
        outside = {"in": 0, "out": eps, "out_raw": eps / CONTEXT.sqrt(1 - nu**t)}[eps_kind]
        theta = theta - eta * m_bar / (sqrt(n_hat + inside) + outside)
        yield theta, {"m": m, "n": n}


def maximized(rows: Rows) -> Rows:
    """Gradients of -f."""
    return (-g for g in rows)


def clipped_by_value(rows: Rows, value: float) -> Rows:
    """Each component held in [-value, value]; where it binds, it is a coefficient."""
    limit = mpf(value)
    for g in rows:
        yield Vector(
            x if abs(x.value) <= limit else Bounded.lift(limit if x.value > 0 else -limit)
            for x in g
        )


def clipped_by_norm(rows: Rows, value: float) -> Rows:
    """Scaled by min(1, value/|g|), for a sum of squares added up in any order.

    Each square is rounded once and goes through at most n - 1 additions of numbers of one sign: n
    roundings.
    """
    for g in rows:
        total = sum(x.value**2 for x in g)
        square = Bounded(total)
        for _ in g:
            square.rounded()
        yield g if total <= mpf(value) ** 2 else g * (mpf(value) / square.sqrt())


def decayed_l2(rows: Rows, decay: float) -> Callable[[Vector], Vector]:
    """Weight decay in the gradient: g + decay * theta."""
    remaining = iter(rows)
    return lambda theta: Vector.of(next(remaining)) + mpf(decay) * theta


def decayed_decoupled(
    trajectory: Trajectory, theta: Vector, eta: float, decay: float
) -> Trajectory:
    """Weight decay beside the step: theta <- (1 - eta decay) theta - step, prescribed gradients.

    The steps do not depend on theta then, so they are the differences of the plain trajectory.
    """
    eta, decay, plain = mpf(eta), mpf(decay), theta
    for after, slots in trajectory:
        step, plain = plain - after, after
        theta = (1 - eta * decay) * theta - step | theta - eta * (decay * theta) - step
        yield theta, slots
