"""Momentum schedules: mu_t as a function of the step t = 1, 2, ..., in double-double."""

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

from nadamkit import doubledouble as dd
from nadamkit.doubledouble import DD, Number
from nadamkit.errors import OptionError, shown

Schedule = Callable[[int], float]
_DIGITS = Context(prec=60)


@dataclass(frozen=True)
class Constant:
    """Constant momentum, mu_t = mu.

    Examples
    --------
    >>> from nadamkit import minimize, schedules
    >>> from scipy.optimize import rosen, rosen_der
    >>> options = {"schedule": schedules.Constant(), "mu": 0.9, "learning_rate": 0.01}
    >>> minimize(rosen, [-1.2, 1.0], jac=rosen_der, options=options).success
    True
    """

    pure: ClassVar[bool] = True

    def sequence(self, mu: float, t: int, count: int) -> DD:
        """The momenta ``mu_t, ..., mu_{t+count-1}``.

        Parameters
        ----------
        mu : float
            The hyperparameter, in [0, 1).
        t, count : int
            First step, from 1, and number of steps.

        Returns
        -------
        DD of shape (count,)
            In double-double: the numbers are ``hi + lo``.

        Examples
        --------
        >>> Constant().sequence(0.9, 1, 3).hi.tolist()
        [0.9, 0.9, 0.9]
        """
        return DD(np.full(count, mu), np.zeros(count))

    def product(self, mu: float, t: int) -> DD:
        """The product ``mu_1 * ... * mu_t``, which bias corrections need.

        Parameters
        ----------
        mu : float
            The hyperparameter, in [0, 1).
        t : int
            Number of steps.

        Returns
        -------
        DD
            In double-double: the number is ``hi + lo``.

        Examples
        --------
        >>> float(Constant().product(0.5, 3).hi)
        0.125
        """
        return dd.power(DD(mu), t)


@dataclass(frozen=True)
class Dozat:
    r"""The paper's momentum schedule, :math:`\mu_t = \mu\,(1 - \kappa\, b^{\psi t})`.

    Parameters
    ----------
    kappa, base, psi : float or Fraction
        1/2, 0.96 and 1/250 in the paper (section 4), exactly; a float is taken for the number it
        is.

    Raises
    ------
    OptionError
        If mu_t would not rise from mu*(1 - kappa) to mu.

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
        kappa, base, psi = map(number, (self.kappa, self.base, self.psi))
        ok = 0 <= kappa <= 1 and 0 < base <= 1 and 0 <= psi < math.inf
        if not ok:
            raise OptionError(
                f"{self!r}: kappa must be in [0, 1], base in (0, 1] and psi finite and >= 0, "
                "so that mu_t rises from mu*(1 - kappa) to mu."
            )

    def sequence(self, mu: float, t: int, count: int) -> DD:
        """The momenta ``mu_t, ..., mu_{t+count-1}``.

        Parameters
        ----------
        mu : float
            The hyperparameter, in [0, 1).
        t, count : int
            First step, from 1, and number of steps.

        Returns
        -------
        DD of shape (count,)
            In double-double: the numbers are ``hi + lo``.

        Examples
        --------
        >>> Dozat().sequence(0.99, 250, 1).hi.round(6).tolist()  # 0.99 * (1 - 0.5 * 0.96)
        [0.5148]
        """
        ratio = power_of(Fraction(self.base), Fraction(self.psi))
        decayed = dd.powers(ratio, count) * dd.power(ratio, t)
        # mu - (mu kappa) b^(psi t), with mu factored last, keeps all digits.
        return DD(mu) * (1 - DD.exact(self.kappa) * decayed)

    def product(self, mu: float, t: int) -> DD:
        """The product ``mu_1 * ... * mu_t``, which bias corrections need.

        Parameters
        ----------
        mu : float
            The hyperparameter, in [0, 1).
        t : int
            Number of steps.

        Returns
        -------
        DD
            In double-double: the number is ``hi + lo``.

        Examples
        --------
        >>> round(float(Dozat(kappa=0.5, base=1.0).product(0.5, 2).hi), 6)  # (0.5 * 0.5)**2
        0.0625
        """
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
            value = number(returned)
            if not 0.0 <= value < 1.0:
                raise OptionError(
                    f"the momentum schedule returned {shown(returned)} for t = {i}; "
                    "a momentum must be a number in [0, 1)."
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
def power_of(base: Fraction, psi: Fraction) -> DD:
    """``base**psi`` to twice the precision of a float."""
    c = _DIGITS
    exact = c.divide(Decimal(base.numerator), Decimal(base.denominator))
    exponent = c.divide(Decimal(psi.numerator), Decimal(psi.denominator))
    return DD.exact(Fraction(c.exp(c.multiply(c.ln(exact), exponent))))


def number(value: Any) -> float:
    """What a schedule returned as a float, or NaN if it is no real number."""
    if type(value) is float:
        return value
    if isinstance(value, str | bytes | complex | np.complexfloating) or np.ndim(value) != 0:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
