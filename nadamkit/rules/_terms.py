"""Coefficients that several rules share: bias corrections and the place of epsilon."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nadamkit.coefficients import Sequences

Hyper = SimpleNamespace


def decay(h: Hyper, s: Sequences) -> Any:
    """``1 - mu`` or ``1 - mu_t``: the weight of g in m."""
    return 1 - (s.mu_t if h.m_coef == "mu_t" else s.mu)


def momentum_bias(h: Hyper, s: Sequences) -> tuple[Any, Any]:
    """Divisors of g and of m: ``1 - prod_t`` and ``1 - prod_{t+1}``, as ``m_bias`` has it."""
    if h.m_bias == "none":
        return 1.0, 1.0
    last = s.prod_next if h.m_bias == "t+1" else s.prod_t
    return 1 - s.prod_t, 1 - last


def norm_bias(h: Hyper, s: Sequences) -> Any:
    """Factor that turns n into n-hat: ``1/(1 - nu^t)``, as ``n_bias`` has it."""
    if h.n_bias == "none":
        return 1.0
    return (s.nu if h.n_bias == "nu" else 1.0) / (1 - s.nu_power)


def root_epsilons(h: Hyper, s: Sequences) -> tuple[Any, Any]:
    """What is added inside and outside the square root."""
    if h.eps_kind == "in":
        return h.eps + h.eps_root, 0.0
    if h.eps_kind == "out_raw":
        return h.eps_root, h.eps / (1 - s.nu_power).sqrt()
    return h.eps_root, h.eps


def maximum_epsilons(h: Hyper) -> tuple[float, float]:
    """What is added to ``|g|`` inside the maximum, and to n outside."""
    return (h.eps, 0.0) if h.eps_kind == "max" else (0.0, h.eps)
