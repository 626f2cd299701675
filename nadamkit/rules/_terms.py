"""Coefficients that several rules share: bias corrections and the place of epsilon."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.coefficients import Sequences

Hyper = SimpleNamespace


def decay(h: Hyper, s: Sequences) -> Any:
    """``1 - mu`` or ``1 - mu_t``: the weight of g in m."""
    return 1 - (s.mu_t if h.m_coef == "mu_t" else s.mu)


def from_second(s: Sequences, value: float) -> NDArray[np.float64]:
    """1 at the first step, and `value` from the second on."""
    return np.where(s.t == 1, 1.0, value)


def corrections(h: Hyper, s: Sequences) -> Sequences:
    """What bias corrections are made of: those of t = 1 for ever if m_bias is "frozen1"."""
    return Sequences(vars(h), 1, 1) if h.m_bias == "frozen1" else s


def momentum_bias(h: Hyper, s: Sequences) -> tuple[Any, Any]:
    """Divisors of g and of m: ``1 - prod_t`` and ``1 - prod_{t+1}``, as ``m_bias`` has it."""
    if h.m_bias == "none":
        return 1.0, 1.0
    if h.m_bias == "dup":
        return 1 - s.prod_t, 1 - s.prod_t * s.mu_t * s.mu_next
    return 1 - s.prod_t, 1 - (s.prod_t if h.m_bias == "t" else s.prod_next)


def rate_place(h: Hyper) -> dict[str, float]:
    """Where eta stands: ``outer + inner * eta`` before the sum, ``inner + outer * eta`` after it.

    One of the two is eta and the other 1, both exactly.
    """
    return {"inner": 1.0, "outer": 0.0} if h.lr_inside else {"inner": 0.0, "outer": 1.0}


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
