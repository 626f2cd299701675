"""Schedules: the learning rate eta_t and the momentum mu_t as functions of the step t = 1, 2, ...

A learning rate is a number, an array with one rate per parameter, one of the schedules below, or
any callable of t. A momentum schedule is `Dozat` (the paper's), `Constant`, or any callable of t.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nadamkit.doubledouble import power
from nadamkit.errors import OptionError, shown
from nadamkit.momentum import Constant, Dozat, Schedule, number, power_of

__all__ = ["Constant", "Dozat", "constant", "cosine", "exponential", "one_cycle", "warmup"]


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

    Raises
    ------
    OptionError
        If the rate is not a finite number >= 0.

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
    initial : float
        Rate of the first step.
    steps : int
        Number of steps T.
    final : float, default 0.0
        Rate of the last step and of all later ones.

    Returns
    -------
    callable
        ``eta(t)``.

    Raises
    ------
    OptionError
        If a rate is not a finite number >= 0, or `steps` no whole number >= 1.

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

    Raises
    ------
    OptionError
        If the rate is not a finite number >= 0, `decay` is not in (0, 1], or `every` is no whole
        number >= 1.

    Examples
    --------
    >>> exponential(1.0, 0.5, every=10)(21)
    0.25
    """
    initial, every = _rate("initial", initial), _steps(every, "every")
    if not 0.0 < number(decay) <= 1.0:
        raise OptionError(f"decay={shown(decay)} is not allowed: it must be in (0, 1].")
    factor = power_of(Fraction(decay), Fraction(1, every))
    return lambda t: initial * float(power(factor, max(int(t) - 1, 0)).hi)


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

    Raises
    ------
    OptionError
        If the rate is not a finite number >= 0, a share is outside its range, or `steps` is no
        whole number >= 1.

    Examples
    --------
    >>> [round(one_cycle(1.0, 11)(t), 4) for t in (1, 4, 11)]
    [0.04, 1.0, 0.0]
    """
    peak, steps = _rate("peak", peak), _steps(steps)
    if not 0.0 < number(rise) < 1.0:
        raise OptionError(f"rise={shown(rise)} is not allowed: it must be in (0, 1).")
    if not 0.0 <= number(start) <= 1.0:
        raise OptionError(f"start={shown(start)} is not allowed: it must be in [0, 1].")
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

    Raises
    ------
    OptionError
        If the rate is not a finite number >= 0, or `steps` no whole number >= 1.

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
    values = np.array([number(value) for value in returned])
    bad = ~(np.isfinite(values) & (values >= 0.0))
    if bad.any():
        i = int(np.argmax(bad))
        raise OptionError(
            f"the learning-rate schedule returned {shown(returned[i])} for t = {t + i}; "
            "a rate must be a finite number >= 0."
        )
    return values


def _blend(first: float, last: float, share: float) -> float:
    weight = _half_cosine(min(max(share, 0.0), 1.0))
    return weight * first + (1.0 - weight) * last


#: Coefficients of the sine's Taylor series from u^17 down to u^3; the next is lost in rounding.
_SINE = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(8, 0, -1))


def _sine(u: float) -> float:
    """The sine of at most pi/4, made of sums and products alone.

    Libraries of mathematics differ in the last digit, and with them the iterates would.
    """
    series = 0.0
    for coefficient in _SINE:
        series = (series + coefficient) * (u * u)
    return u + u * series


def _half_cosine(share: float) -> float:
    """``(1 + cos(pi*share))/2``, exact at 0, 1/2 and 1."""
    if abs(share - 0.5) <= 0.25:
        return 0.5 + 0.5 * _sine(math.pi * (0.5 - share))
    low = _sine(0.5 * math.pi * min(share, 1.0 - share)) ** 2
    return low if share > 0.5 else 1.0 - low


def _rate(name: str, value: float) -> float:
    if not 0.0 <= number(value) < math.inf:
        raise OptionError(f"{name}={shown(value)} is not allowed: a rate is a finite number >= 0.")
    return float(value)


def _steps(value: int, name: str = "steps") -> int:
    if not (number(value) >= 1.0 and number(value).is_integer()):
        raise OptionError(f"{name}={shown(value)} is not allowed: it is a whole number >= 1.")
    return int(value)
