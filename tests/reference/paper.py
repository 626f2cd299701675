"""The ten algorithms of Dozat (2015) in mpmath, one line of code per line of the paper.

Independent of nadamkit and of NumPy. Each function is a generator: after step t it yields theta_t
and the state, as `Vector` of `Bounded` numbers that carry their rounding bounds (`bounded.py`).

Conventions
-----------
* Hyperparameters are the exact values of the Python floats given. The constants of the schedule
  mu_t = mu (1 - 0.5 * 0.96^(t/250)) are the paper's decimals, exact. t counts from 1.
* A gradient source is either the rows g_1, g_2, ... (an open loop) or a function of theta.
* After ``|`` stands the form in which a decaying mean or sum is often computed, ``m + c (g - m)``
  with c = 1 - mu: the same number, other roundings; the bound is good for both.
* Where the paper's text stands instead of a display (AdaMax, MaxaProp, NadaMax) the docstring says
  how it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from tests.reference.bounded import Vector, absolute, maximum, mpf, sqrt

Gradient = Callable[[Vector], Vector]
Source = Gradient | Iterable[Iterable[Any]]
Trajectory = Iterator[tuple[Vector, dict[str, Vector]]]


class Momentum:
    """A momentum schedule mu_t and its products.

    Parameters
    ----------
    of_t : callable
        t -> mu_t for t = 1, 2, ...
    """

    def __init__(self, of_t: Callable[[int], Any]) -> None:
        self._of_t = of_t
        self._mu = [mpf(0)]
        self._product = [mpf(1)]

    def __call__(self, t: int) -> Any:
        """Return mu_t."""
        while len(self._mu) <= t:
            self._mu.append(mpf(self._of_t(len(self._mu))))
        return self._mu[t]

    def product(self, t: int) -> Any:
        """Return mu_1 mu_2 ... mu_t."""
        while len(self._product) <= t:
            self._product.append(self._product[-1] * self(len(self._product)))
        return self._product[t]


def dozat(mu: float) -> Callable[[int], Any]:
    """Return the schedule of section 4."""
    return lambda t: mpf(mu) * (1 - mpf("0.5") * mpf("0.96") ** (mpf(t) / 250))


def constant(mu: float) -> Callable[[int], Any]:
    """Return mu_t = mu."""
    return lambda t: mpf(mu)


def steps(source: Source) -> Iterator[tuple[int, Gradient]]:
    """Yield t and the gradient of step t as a function of theta."""
    if callable(source):
        yield from ((t, source) for t in count(1))
    else:
        for t, row in enumerate(source, 1):
            g = Vector.of(row)
            yield t, lambda theta, g=g: g  # type: ignore[misc]


def zeros(theta: Vector) -> Vector:
    """Return the initial state."""
    return Vector.of([0] * len(theta))


def gd(source: Source, theta: Vector, eta: float) -> Trajectory:
    """Algorithm 1, gradient descent."""
    eta = mpf(eta)
    for _, gradient in steps(source):
        g = gradient(theta)
        theta = theta - eta * g
        yield theta, {}


def momentum(source: Source, theta: Vector, eta: float, mu: float = 0.9) -> Trajectory:
    """Algorithm 2, classical momentum."""
    eta, mu = mpf(eta), mpf(mu)
    m = zeros(theta)
    for _, gradient in steps(source):
        g = gradient(theta)
        m = mu * m + g | m + (g - (1 - mu) * m)
        theta = theta - eta * m
        yield theta, {"m": m}


def nag_lookahead(
    source: Gradient, theta: Vector, eta: float, mu: float = 0.99, schedule: Any = dozat
) -> Trajectory:
    """Algorithm 3, NAG with its gradient at the look-ahead point; mu_t for mu as in Algorithm 7."""
    eta, mu_ = mpf(eta), Momentum(schedule(mu))
    m = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta - eta * mu_(t) * m)
        m = mu_(t) * m + g
        theta = theta - eta * m
        yield theta, {"m": m}


def adagrad(source: Source, theta: Vector, eta: float, eps: float = 1e-8) -> Trajectory:
    """Algorithm 4, AdaGrad."""
    eta, eps = mpf(eta), mpf(eps)
    n = zeros(theta)
    for _, gradient in steps(source):
        g = gradient(theta)
        n = n + g**2
        theta = theta - eta * g / sqrt(n + eps)
        yield theta, {"n": n}


def rmsprop(
    source: Source, theta: Vector, eta: float, nu: float = 0.999, eps: float = 1e-8
) -> Trajectory:
    """Algorithm 5, RMSProp."""
    eta, nu, eps = mpf(eta), mpf(nu), mpf(eps)
    n = zeros(theta)
    for _, gradient in steps(source):
        g = gradient(theta)
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        theta = theta - eta * g / sqrt(n + eps)
        yield theta, {"n": n}


def maxaprop(
    source: Source, theta: Vector, eta: float, nu: float = 0.999, eps: float = 1e-8
) -> Trajectory:
    """MaxaProp, section 2.3: Algorithm 5 with the n and the division of AdaMax."""
    eta, nu, eps = mpf(eta), mpf(nu), mpf(eps)
    n = zeros(theta)
    for _, gradient in steps(source):
        g = gradient(theta)
        n = maximum(nu * n | n - (1 - nu) * n, absolute(g))
        theta = theta - eta * g / (n + eps)
        yield theta, {"n": n}


def adam(
    source: Source,
    theta: Vector,
    eta: float,
    mu: float = 0.9,
    nu: float = 0.999,
    eps: float = 1e-8,
) -> Trajectory:
    """Algorithm 6, Adam."""
    eta, mu, nu, eps = mpf(eta), mpf(mu), mpf(nu), mpf(eps)
    m = n = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta)
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - mu**t)
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        n_hat = n / (1 - nu**t)
        theta = theta - eta * m_hat / sqrt(n_hat + eps)
        yield theta, {"m": m, "n": n}


def adamax(
    source: Source,
    theta: Vector,
    eta: float,
    mu: float = 0.9,
    nu: float = 0.999,
    eps: float = 1e-8,
) -> Trajectory:
    """AdaMax, section 2.3: Algorithm 6 with n and theta as displayed there, without n-hat."""
    eta, mu, nu, eps = mpf(eta), mpf(mu), mpf(nu), mpf(eps)
    m = n = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta)
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - mu**t)
        n = maximum(nu * n | n - (1 - nu) * n, absolute(g))
        theta = theta - eta * m_hat / (n + eps)
        yield theta, {"m": m, "n": n}


def nag(
    source: Source, theta: Vector, eta: float, mu: float = 0.99, schedule: Any = dozat
) -> Trajectory:
    """Algorithm 7, NAG rewritten."""
    eta, mu_ = mpf(eta), Momentum(schedule(mu))
    m = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta)
        m = mu_(t) * m + g | m + (g - (1 - mu_(t)) * m)
        m_bar = g + mu_(t + 1) * m
        theta = theta - eta * m_bar
        yield theta, {"m": m}


def nadam(
    source: Source,
    theta: Vector,
    eta: float,
    mu: float = 0.99,
    nu: float = 0.999,
    eps: float = 1e-8,
    schedule: Any = dozat,
) -> Trajectory:
    """Algorithm 8, Nadam; m decays with mu, without a subscript, as printed."""
    mu_ = Momentum(schedule(mu))
    eta, mu, nu, eps = mpf(eta), mpf(mu), mpf(nu), mpf(eps)
    m = n = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta)
        g_hat = g / (1 - mu_.product(t))
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - mu_.product(t + 1))
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        n_hat = n / (1 - nu**t)
        m_bar = (1 - mu_(t)) * g_hat + mu_(t + 1) * m_hat
        theta = theta - eta * m_bar / sqrt(n_hat + eps)
        yield theta, {"m": m, "n": n}


def nadamax(
    source: Source,
    theta: Vector,
    eta: float,
    mu: float = 0.99,
    nu: float = 0.999,
    eps: float = 1e-8,
    schedule: Any = dozat,
) -> Trajectory:
    """NadaMax, section 3.2: Algorithm 8 with n and the division of AdaMax, without n-hat."""
    mu_ = Momentum(schedule(mu))
    eta, mu, nu, eps = mpf(eta), mpf(mu), mpf(nu), mpf(eps)
    m = n = zeros(theta)
    for t, gradient in steps(source):
        g = gradient(theta)
        g_hat = g / (1 - mu_.product(t))
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - mu_.product(t + 1))
        n = maximum(nu * n | n - (1 - nu) * n, absolute(g))
        m_bar = (1 - mu_(t)) * g_hat + mu_(t + 1) * m_hat
        theta = theta - eta * m_bar / (n + eps)
        yield theta, {"m": m, "n": n}


ALGORITHMS: dict[str, Callable[..., Trajectory]] = {
    f.__name__: f
    for f in (gd, momentum, adagrad, rmsprop, maxaprop, adam, adamax, nag, nadam, nadamax)
}
