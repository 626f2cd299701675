"""Hyperparameters that some arrays share, as rows of coefficients at fixed addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import schedules
from nadamkit._runtime.addresses import address
from nadamkit.backends import pieces
from nadamkit.backends.sweep import WEIGHTS
from nadamkit.coefficients import CoefficientTable
from nadamkit.doubledouble import DD, power, powers
from nadamkit.rule import Rule

#: Rows of the table that are prepared at a time.
CHUNK = 256
#: `modified` with these changes nothing.
NEUTRAL = (1.0, np.inf, 0.0, 0.0)


class Group:
    """Settings that some arrays share.

    Parameters
    ----------
    rule : Rule
        The update rule.
    hyper : mapping
        All its hyperparameters, validated.
    rate : float or callable of t
        Learning rate; may be replaced between steps.
    dtype : dtype
        What is computed with.
    decay : float, optional
        Of the moving average of the iterates.

    Attributes
    ----------
    table : CoefficientTable
        The coefficients.
    modified : bool
        Whether there is clipping, weight decay or maximisation.
    mods : ndarray of shape (5,)
        The numbers of `modified`, and the weight of the newest iterate in the moving average.
    """

    def __init__(
        self,
        rule: Rule,
        hyper: Mapping[str, Any],
        rate: Any,
        dtype: Any,
        decay: float | None = None,
    ) -> None:
        self.hyper, self.rate, self.decay = dict(hyper), rate, decay
        self.table = CoefficientTable(rule, hyper, dtype)
        own = pieces.modifiers(self.hyper, np.dtype(dtype))
        self.modified = own.size > 0
        self.mods = np.zeros(WEIGHTS, dtype)
        self.mods[:4] = own if self.modified else NEUTRAL


class Rows:
    """Coefficients of the steps that lie ahead of arrays of one group that have made equally many.

    Parameters
    ----------
    group : Group
        Their settings.
    """

    def __init__(self, group: Group) -> None:
        self._group = group
        # A user's schedule is asked for a step when that step is made.
        self._chunk = CHUNK if group.table.pure and not callable(group.rate) else 1
        self._k = np.empty((self._chunk, 1 + len(group.table.names)), group.mods.dtype)
        self._first = -self._chunk
        self._rate: Any = None
        self._base, self._stride = address(self._k), self._k.strides[0]
        #: Weights of the moving average, for the steps from the first on.
        self._means, self._mean_first = np.empty(0), -CHUNK
        #: The group's numbers, the first of which clipping by norm changes.
        self.mods = group.mods.copy()
        #: Where they are.
        self.mods_address = address(self.mods)

    def at(self, t: int) -> int:
        """Address of the row of step t, from 1."""
        rate, row = self._group.rate, t - self._first
        if not 0 <= row < self._chunk or rate != self._rate:
            rates = schedules.rates(rate, t, self._chunk)
            self._group.table.fill(self._k, t)
            self._k[:, 0] = rates
            self._first, self._rate, row = t, rate, 0
        if self._group.decay is not None:
            self.mods[4] = self._mean_weight(self._group.decay, t)
        return self._base + row * self._stride

    def _mean_weight(self, decay: float, t: int) -> float:
        first = t - (t - 1) % CHUNK
        if first != self._mean_first:
            self._means, self._mean_first = mean_weights(decay, first, CHUNK), first
        return float(self._means[t - first])


def mean_weights(decay: float, t: int, count: int) -> NDArray[np.float64]:
    """Weights of the iterates t, t + 1, ... of a moving average without a bias towards the start.

    ``(1 - d) / (1 - d^t)``: the mean of the first t iterates with weights ``d^(t-i)``. Made of
    sums, products and a division alone, which have the same bits everywhere.
    """
    left = powers(DD(decay), count) * power(DD(decay), t)
    return ((1.0 - DD(decay)) / (1.0 - left)).hi
