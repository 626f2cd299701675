"""Schedules: the learning rate eta_t and the momentum mu_t as functions of the step t = 1, 2, ...

A learning rate is a number, an array with one rate per parameter, one of the schedules below, or
any callable of t. A momentum schedule is `Dozat` (the paper's), `Constant`, or any callable of t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nadamkit import doubledouble as dd
from nadamkit.doubledouble import DD, Number
from nadamkit.errors import OptionError

__all__ = ["Constant", "Dozat", "constant", "cosine", "exponential", "one_cycle", "warmup"]

Schedule = Callable[[int], float]
_DIGITS = Context(prec=60)


@dataclass(frozen=True)
class Constant:
    """Constant momentum, mu_t = mu.

    Examples
    --------
    >>> Constant().sequence(0.9, 1, 3).hi.tolist()
    [0.9, 0.9, 0.9]
    """

    pure: ClassVar[bool] = True

    def sequence(self, mu: float, t: int, count: int) -> DD:
        """``mu_t, ..., mu_{t+count-1}``."""
        return DD(np.full(count, mu), np.zeros(count))

    def product(self, mu: float, t: int) -> DD:
        """``mu_1 * ... * mu_t``."""
        return dd.power(DD(mu), t)


@dataclass(frozen=True)
class Dozat:
    r"""The paper's momentum schedule, :math:`\mu_t = \mu\,(1 - \kappa\, b^{\psi t})`.

    Parameters
    ----------
    kappa, base, psi : float or Fraction
        1/2, 0.96 and 1/250 in the paper (section 4), exactly; a float is taken for the number it
        is.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam", section 4.

    Examples
    --------
    >>> round(float(Dozat().sequence(0.99, 250, 1).hi[0]), 6)  # 0.99 * (1 - 0.5 * 0.96)
    0.5148
    """

    kappa: Number = Fraction(1, 2)
    base: Number = Fraction(24, 25)
    psi: Number = Fraction(1, 250)
    pure: ClassVar[bool] = True

    def __post_init__(self) -> None:
        kappa, base, psi = map(_number, (self.kappa, self.base, self.psi))
        ok = 0 <= kappa <= 1 and 0 < base <= 1 and 0 <= psi < math.inf
        if not ok:
            raise OptionError(
                f"{self!r}: kappa must be in [0, 1], base in (0, 1] and psi finite and >= 0, "
                "so that mu_t rises from mu*(1 - kappa) to mu"
            )

    def sequence(self, mu: float, t: int, count: int) -> DD:
        """``mu_t, ..., mu_{t+count-1}``."""
        ratio = _ratio(Fraction(self.base), Fraction(self.psi))
        decayed = dd.powers(ratio, count) * dd.power(ratio, t)
        # mu - (mu kappa) b^(psi t), with mu factored last, keeps all digits.
        return DD(mu) * (1 - DD.exact(self.kappa) * decayed)

    def product(self, mu: float, t: int) -> DD:
        """``mu_1 * ... * mu_t``."""
        if self.kappa == 0 or self.base == 1 or self.psi == 0:
            return dd.power(DD(mu) * DD.exact(1 - Fraction(self.kappa)), t)
        return _long_product(self, mu, t)


class FromCallable:
    """Momentum given as any function of t; called once for each t, in order."""

    pure: ClassVar[bool] = False

    def __init__(self, function: Schedule) -> None:
        self._function = function
        self._values: list[float] = []

    def sequence(self, mu: float, t: int, count: int) -> DD:
        """``mu_t, ..., mu_{t+count-1}``; mu itself is not used."""
        for i in range(len(self._values) + 1, t + count):
            returned = self._function(i)
            value = _number(returned)
            if not 0.0 <= value < 1.0:
                raise OptionError(
                    f"the momentum schedule returned {returned!r} for t = {i}; "
                    "a momentum must be a number in [0, 1)"
                )
            self._values.append(value)
        return DD(np.array(self._values[t - 1 : t - 1 + count]), np.zeros(count))

    def product(self, mu: float, t: int) -> DD:
        """``mu_1 * ... * mu_t``."""
        return _long_product(self, mu, t)


def momentum_schedule(value: Any) -> Any:
    """The schedule object for what the user wrote: a name, a schedule, or a callable of t."""
    if isinstance(value, str):
        return {"dozat": Dozat, "constant": Constant}[value]()
    return value if hasattr(value, "sequence") else FromCallable(value)


_STRIDE = 1024
_checkpoints: WeakKeyDictionary[Any, dict[float, list[DD]]] = WeakKeyDictionary()


def _long_product(schedule: Any, mu: float, t: int) -> DD:
    """``mu_1 * ... * mu_t`` in strides, each computed once, until it has vanished."""
    known = _checkpoints.setdefault(schedule, {}).setdefault(mu, [DD(1.0)])
    whole, rest = divmod(t, _STRIDE)
    while len(known) <= whole and known[-1].hi != 0.0:
        factors = schedule.sequence(mu, (len(known) - 1) * _STRIDE + 1, _STRIDE)
        known.append(dd.cumulative_product(factors, known[-1])[-1])
    start = known[min(whole, len(known) - 1)]
    if not rest or start.hi == 0.0:
        return start
    return dd.cumulative_product(schedule.sequence(mu, whole * _STRIDE + 1, rest), start)[-1]


@lru_cache
def _ratio(base: Fraction, psi: Fraction) -> DD:
    """``base**psi`` to twice the precision of a float."""
    c = _DIGITS
    exact = c.divide(Decimal(base.numerator), Decimal(base.denominator))
    exponent = c.divide(Decimal(psi.numerator), Decimal(psi.denominator))
    return DD.exact(Fraction(c.exp(c.multiply(c.ln(exact), exponent))))


# --- learning rates -------------------------------------------------------------------------------


def constant(rate: float) -> Schedule:
    """The same rate at every step.

    Parameters
    ----------
    rate : float
        Learning rate, finite and >= 0.

    Returns
    -------
    callable
        ``eta(t)``.

    Examples
    --------
    >>> constant(0.1)(7)
    0.1
    """
    rate = _rate("rate", rate)
    return lambda t: rate


def cosine(initial: float, steps: int, final: float = 0.0) -> Schedule:
    r"""From `initial` to `final` along half a cosine, then `final`.

    :math:`\eta_t = \eta_f + (\eta_i-\eta_f)\,(1+\cos(\pi\,(t-1)/(T-1)))/2` (Loshchilov and Hutter
    2016, "SGDR", equation 5).

    Parameters
    ----------
    initial, final : float
        Rate of the first and of the last step.
    steps : int
        Number of steps T.

    Returns
    -------
    callable
        ``eta(t)``.

    Examples
    --------
    >>> [round(cosine(1.0, 5)(t), 4) for t in (1, 2, 3, 4, 5, 6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    initial, final, steps = _rate("initial", initial), _rate("final", final), _steps(steps)
    return lambda t: _blend(initial, final, (t - 1) / max(steps - 1, 1))


def exponential(initial: float, decay: float, every: int = 1) -> Schedule:
    """Multiplied by `decay` every `every` steps, smoothly: ``initial * decay**((t - 1) / every)``.

    Parameters
    ----------
    initial : float
        Rate of the first step.
    decay : float
        Factor, in (0, 1].
    every : int, default 1
        Steps the factor stands for.

    Returns
    -------
    callable
        ``eta(t)``.

    Examples
    --------
    >>> exponential(1.0, 0.5, every=10)(21)
    0.25
    """
    initial, every = _rate("initial", initial), _steps(every, "every")
    if not 0.0 < _number(decay) <= 1.0:
        raise OptionError(f"decay={decay!r} is not allowed: it must be in (0, 1].")
    return lambda t: initial * decay ** ((t - 1) / every)


def one_cycle(peak: float, steps: int, rise: float = 0.3, start: float = 0.04) -> Schedule:
    """Up to `peak` along half a cosine, then down to zero (Smith and Topin 2017).

    Parameters
    ----------
    peak : float
        Largest rate.
    steps : int
        Number of steps.
    rise : float, default 0.3
        Share of the steps on the way up, in (0, 1).
    start : float, default 0.04
        First rate as a share of the peak, in [0, 1].

    Returns
    -------
    callable
        ``eta(t)``.

    Examples
    --------
    >>> [round(one_cycle(1.0, 11)(t), 4) for t in (1, 4, 11)]
    [0.04, 1.0, 0.0]
    """
    peak, steps = _rate("peak", peak), _steps(steps)
    if not (0.0 < _number(rise) < 1.0 and 0.0 <= _number(start) <= 1.0):
        raise OptionError(f"rise={rise!r} must be in (0, 1) and start={start!r} in [0, 1].")
    top = rise * (steps - 1)

    def rate(t: int) -> float:
        if t - 1 < top:
            return _blend(start * peak, peak, (t - 1) / top)
        return _blend(peak, 0.0, (t - 1 - top) / max(steps - 1 - top, 1e-300))

    return rate


def warmup(after: float | Schedule, steps: int) -> Schedule:
    """Linear warm-up over `steps` steps to another schedule: ``min(1, t / steps) * after(t)``.

    Parameters
    ----------
    after : float or callable
        The rate or schedule to reach.
    steps : int
        Length of the warm-up.

    Returns
    -------
    callable
        ``eta(t)``.

    Examples
    --------
    >>> [warmup(0.1, 4)(t) for t in (1, 2, 4, 9)]
    [0.025, 0.05, 0.1, 0.1]
    """
    follow: Schedule = after if callable(after) else constant(after)
    steps = _steps(steps)
    return lambda t: min(1.0, t / steps) * follow(t)


def rates(schedule: float | Schedule, t: int, count: int) -> NDArray[np.float64]:
    """The learning rates of the steps ``t .. t+count-1``, checked.

    Parameters
    ----------
    schedule : float or callable
        Learning rate.
    t, count : int
        First step, from 1, and number of steps.

    Returns
    -------
    ndarray of shape (count,)

    Raises
    ------
    OptionError
        If a rate is not finite and >= 0.
    """
    if not callable(schedule):
        return np.full(count, schedule, dtype=np.float64)
    returned = [schedule(i) for i in range(t, t + count)]
    values = np.array([_number(value) for value in returned])
    bad = ~(np.isfinite(values) & (values >= 0.0))
    if bad.any():
        i = int(np.argmax(bad))
        raise OptionError(
            f"the learning-rate schedule returned {returned[i]!r} for t = {t + i}; "
            "a rate must be a finite number >= 0"
        )
    return values


def _number(value: Any) -> float:
    """What a schedule returned as a float, or NaN if it is no real number."""
    if type(value) is float:
        return value
    if isinstance(value, str | bytes | complex | np.complexfloating) or np.ndim(value) != 0:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _blend(first: float, last: float, share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    weight = 0.5 * (1.0 + math.cos(math.pi * share))
    return weight * first + (1.0 - weight) * last


def _rate(name: str, value: float) -> float:
    if not 0.0 <= _number(value) < math.inf:
        raise OptionError(f"{name}={value!r} is not allowed: a rate is a finite number >= 0.")
    return float(value)


def _steps(value: int, name: str = "steps") -> int:
    if not (_number(value) >= 1.0 and _number(value).is_integer()):
        raise OptionError(f"{name}={value!r} is not allowed: it is a whole number >= 1.")
    return int(value)
