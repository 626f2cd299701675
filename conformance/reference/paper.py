"""The ten algorithms of Dozat (2015) in mpmath, one line of code per line of the paper.

Independent of nadamkit and of NumPy. Each function is a generator: after step t it yields theta_t
and the state, as `Vector` of `Bounded` numbers that carry their rounding bounds (`bounded.py`).

Conventions
-----------
* ``s`` is the `Setting`: ``s.mu_(t)`` is the paper's mu with the subscript t, ``s.product(t)`` is
  the product of mu_1 to mu_t, ``s.mu`` the mu without a subscript. t counts from 1.
* After ``|`` stands another form in which a line is often computed: decaying means and sums as
  ``m + c (g - m)`` with c = 1 - mu, Nadam's two terms taken from theta one after the other. It is
  the same number with other roundings; the bound is good for both.
* Where the paper's text stands instead of a display (AdaMax, MaxaProp, NadaMax) the docstring says
  how it was read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.bounded import absolute, maximum, sqrt
from conformance.reference.methods import SCHEDULED, defaults
from conformance.reference.setting import Setting, Source, Trajectory, dozat


def gd(s: Setting) -> Trajectory:
    """Algorithm 1, gradient descent."""
    (theta,) = s.state()
    for t, gradient in s.steps():
        g = gradient(theta)
        theta = theta - s.eta(t) * g
        yield theta, {}


def momentum(s: Setting) -> Trajectory:
    """Algorithm 2, classical momentum."""
    theta, m = s.state("m")
    mu = s.mu
    for t, gradient in s.steps():
        g = gradient(theta)
        m = mu * m + g | m + (g - (1 - mu) * m)
        theta = theta - s.eta(t) * m
        yield theta, {"m": m}


def nag_lookahead(s: Setting) -> Trajectory:
    """Algorithm 3, NAG with its gradient at the look-ahead point; mu_t for mu as in Algorithm 7."""
    theta, m = s.state("m")
    for t, gradient in s.steps():
        g = gradient(theta - s.eta(t) * s.mu_(t) * m)
        m = s.mu_(t) * m + g
        theta = theta - s.eta(t) * m
        yield theta, {"m": m}


def adagrad(s: Setting) -> Trajectory:
    """Algorithm 4, AdaGrad."""
    theta, n = s.state("n")
    for t, gradient in s.steps():
        g = gradient(theta)
        n = n + g**2
        theta = theta - s.eta(t) * g / sqrt(n + s.eps)
        yield theta, {"n": n}


def rmsprop(s: Setting) -> Trajectory:
    """Algorithm 5, RMSProp."""
    theta, n = s.state("n")
    nu = s.nu
    for t, gradient in s.steps():
        g = gradient(theta)
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        theta = theta - s.eta(t) * g / sqrt(n + s.eps)
        yield theta, {"n": n}


def maxaprop(s: Setting) -> Trajectory:
    """MaxaProp, section 2.3: Algorithm 5 with the n and the division of AdaMax."""
    theta, n = s.state("n")
    nu = s.nu
    for t, gradient in s.steps():
        g = gradient(theta)
        n = maximum(nu * n | n - (1 - nu) * n, absolute(g))
        theta = theta - s.eta(t) * g / (n + s.eps)
        yield theta, {"n": n}


def adam(s: Setting) -> Trajectory:
    """Algorithm 6, Adam."""
    theta, m, n = s.state("m", "n")
    mu, nu = s.mu, s.nu
    for t, gradient in s.steps():
        g = gradient(theta)
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - mu**t)
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        n_hat = n / (1 - nu**t)
        theta = theta - s.eta(t) * m_hat / sqrt(n_hat + s.eps)
        yield theta, {"m": m, "n": n}


def adamax(s: Setting) -> Trajectory:
    """AdaMax, section 2.3: Algorithm 6 with n and theta as displayed there, without n-hat."""
    theta, m, n = s.state("m", "n")
    mu, nu = s.mu, s.nu
    for t, gradient in s.steps():
        g = gradient(theta)
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - mu**t)
        n = maximum(nu * n | n - (1 - nu) * n, absolute(g))
        theta = theta - s.eta(t) * m_hat / (n + s.eps)
        yield theta, {"m": m, "n": n}


def nag(s: Setting) -> Trajectory:
    """Algorithm 7, NAG rewritten."""
    theta, m = s.state("m")
    for t, gradient in s.steps():
        g = gradient(theta)
        m = s.mu_(t) * m + g | m + (g - (1 - s.mu_(t)) * m)
        m_bar = g + s.mu_(t + 1) * m
        theta = theta - s.eta(t) * m_bar
        yield theta, {"m": m}


def nadam(s: Setting) -> Trajectory:
    """Algorithm 8, Nadam; m decays with mu, without a subscript, as printed."""
    theta, m, n = s.state("m", "n")
    mu, nu = s.mu, s.nu
    for t, gradient in s.steps():
        g = gradient(theta)
        g_hat = g / (1 - s.product(t))
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - s.product(t + 1))
        n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)
        n_hat = n / (1 - nu**t)
        of_g, of_m = (1 - s.mu_(t)) * g_hat, s.mu_(t + 1) * m_hat  # m_bar = of_g + of_m
        root, eta = sqrt(n_hat + s.eps), s.eta(t)
        theta = theta - eta * (of_g + of_m) / root | theta - eta * of_g / root - eta * of_m / root
        yield theta, {"m": m, "n": n}


def nadamax(s: Setting) -> Trajectory:
    """NadaMax, section 3.2: Algorithm 8 with n and the division of AdaMax, without n-hat."""
    theta, m, n = s.state("m", "n")
    mu, nu = s.mu, s.nu
    for t, gradient in s.steps():
        g = gradient(theta)
        g_hat = g / (1 - s.product(t))
        m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)
        m_hat = m / (1 - s.product(t + 1))
        n = maximum(nu * n | n - (1 - nu) * n, absolute(g))
        of_g, of_m = (1 - s.mu_(t)) * g_hat, s.mu_(t + 1) * m_hat  # m_bar = of_g + of_m
        root, eta = n + s.eps, s.eta(t)
        theta = theta - eta * (of_g + of_m) / root | theta - eta * of_g / root - eta * of_m / root
        yield theta, {"m": m, "n": n}


ALGORITHMS: dict[str, Callable[[Setting], Trajectory]] = {
    f.__name__: f
    for f in (gd, momentum, nag, adagrad, rmsprop, maxaprop, adam, adamax, nadam, nadamax)
}


def run(method: str, source: Source, theta: Any, eta: Any = 1.0, **hyper: Any) -> Trajectory:
    """Run an algorithm at its defaults, but for `hyper`."""
    hyper = {**defaults(method), **hyper}
    if method in SCHEDULED:
        hyper.setdefault("mu_t", dozat(hyper["mu"]))
    return ALGORITHMS[method](Setting(source, theta, eta, **hyper))
