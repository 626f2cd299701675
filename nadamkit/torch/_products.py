"""NAdam's products of momenta: what the state says of them, and what the settings in use do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from nadamkit.doubledouble import DD
from nadamkit.momentum import Dozat

#: 1 minus a product below this is 1.
VANISHED = 2.0**-60


@dataclass(frozen=True)
class Continued(Dozat):
    """Dozat's schedule after steps with other momenta, which gave its products a factor."""

    factor: float = 1.0

    def product(self, mu: float, t: int) -> DD:
        """``mu_1 * ... * mu_t``, as they were."""
        return super().product(mu, t) * DD(self.factor)


def momentum(schedule: Dozat, mu: float) -> Callable[[int], float]:
    """``mu_t`` in floating point."""
    kappa, base, psi = float(schedule.kappa), float(schedule.base), float(schedule.psi)
    return lambda t: mu * (1.0 - kappa * base ** (t * psi))


@lru_cache
def running(schedule: Dozat, mu: float, t: int) -> float:
    """Product of the momenta of t steps, bit for bit as it is when counted step by step."""
    product, at = 1.0, momentum(schedule, mu)
    for i in range(1, t + 1):
        product *= at(i)
        if product == 0.0:
            break
    return product


def continued(schedule: Dozat, mu: float, own: Mapping[str, Any]) -> Dozat:
    """The schedule that goes on from a state.

    Parameters
    ----------
    schedule : Dozat
        What the settings in use say.
    mu : float
        Its limit.
    own : mapping
        The state of a parameter.

    Returns
    -------
    Dozat
        The same, unless momenta were others before.
    """
    stored = own.get("mu_product")
    if stored is None or not VANISHED < float(stored) < 1.0:
        return schedule
    t = int(own["step"])
    ratio = float(stored) / running(schedule, mu, t)
    kind = stored.dtype if isinstance(stored, torch.Tensor) else torch.float64
    # Each step rounded the momentum and the product.
    rounding = 2 * (t + 1) * torch.finfo(kind).eps
    if abs(ratio - 1.0) <= rounding:
        return schedule
    return Continued(schedule.kappa, schedule.base, schedule.psi, ratio)
