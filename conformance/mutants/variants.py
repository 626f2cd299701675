"""Correct programs that compute in different ways: none of them may be flagged."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.adapters.plain import Forms, Scalars


def nadam_in_terms(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any, n: Any) -> Any:
    """Algorithm 8 as PyTorch has it: each term of m-bar is taken from theta by itself."""
    m = f.mean(s.mu, m, g)
    n = f.mean(s.nu, n, g * g)
    root = np.sqrt(n / (1 - s.power(s.nu, t)) + s.eps)
    of_g = s.eta(t) * (1 - s.mu_(t)) / (1 - s.product(t))
    of_m = s.eta(t) * s.mu_(t + 1) / (1 - s.product(t + 1))
    theta = theta - f.quotient(of_g, g, root)
    theta = theta - f.quotient(of_m, m, root)
    return theta, m, n


def nadamax_in_terms(s: Scalars, f: Forms, t: int, g: Any, theta: Any, m: Any, n: Any) -> Any:
    """NadaMax in the same way."""
    m = f.mean(s.mu, m, g)
    n = np.maximum(s.nu * n, np.abs(g))
    of_g = s.eta(t) * (1 - s.mu_(t)) / (1 - s.product(t))
    of_m = s.eta(t) * s.mu_(t + 1) / (1 - s.product(t + 1))
    theta = theta - f.quotient(of_g, g, n + s.eps)
    theta = theta - f.quotient(of_m, m, n + s.eps)
    return theta, m, n


VARIANTS = {
    "textbook": Forms(),
    "lerp": Forms(lerp=True),
    "float32-scalars": Forms(narrow=True, running=True),
    "running-powers": Forms(running=True),
    "quotient-first": Forms(right=True),
    "terms": Forms(lerp=True, methods={"nadam": nadam_in_terms, "nadamax": nadamax_in_terms}),
    "float64-arithmetic": Forms(wide=True),
}
