"""The table of coefficients: one row a step, each value exact to 1 ulp, for any t up to 1e9.

Everything a step needs beside x, g and its slots is a scalar that depends on t alone. It is
computed here in double-double arithmetic, a block of steps at a time, rounded once to the dtype of
the arrays, and kept: the table is a pure function of the rule and its hyperparameters, so a second
run with the same ones pays nothing. Compiled loops then only read rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import doubledouble as dd
from nadamkit.doubledouble import DD
from nadamkit.momentum import momentum_schedule
from nadamkit.rule import Rule

#: Steps a block. A block costs some hundred array operations whatever its length; for Nadam 1024
#: rows take 1.0 ms (0.42 us a row, once under way), 2048 rows 1.2 ms (0.24 us) and 4096 rows 1.7 ms
#: (0.23 us): longer ones only delay the first step.
BLOCK = 2048
#: Blocks kept in memory: 8 columns * 8 bytes * BLOCK is 128 KiB each, 64 MiB in all.
KEPT_BLOCKS = 512
#: Sets of hyperparameters whose blocks are found again: some schedules change them at each step.
KEPT_KEYS = 1024
_blocks: OrderedDict[Any, NDArray[Any]] = OrderedDict()


class Sequences:
    """The sequences of the paper for the steps ``t, t+1, ..., t+count-1``, in double-double.

    Parameters
    ----------
    hyper : mapping
        Hyperparameters.
    t : int
        First step, from 1.
    count : int
        Number of steps.
    """

    def __init__(self, hyper: Mapping[str, Any], t: int, count: int) -> None:
        self._hyper, self._t, self._count = hyper, t, count
        self._schedule = hyper["schedule"]

    @property
    def t(self) -> NDArray[np.int64]:
        """The steps themselves."""
        return np.arange(self._t, self._t + self._count)

    @cached_property
    def mu(self) -> DD:
        """The constant mu."""
        return DD(self._hyper["mu"])

    @cached_property
    def nu(self) -> DD:
        """The constant nu."""
        return DD(self._hyper["nu"])

    @cached_property
    def nu_power(self) -> DD:
        """``nu**t``."""
        return dd.powers(self.nu, self._count) * dd.power(self.nu, self._t)

    @cached_property
    def mu_t(self) -> DD:
        """The momentum of each step."""
        return self._mus[:-1]

    @cached_property
    def mu_next(self) -> DD:
        """The momentum of the step after each: ``mu_{t+1}``."""
        return self._mus[1:]

    @cached_property
    def prod_t(self) -> DD:
        """``mu_1 * ... * mu_t``."""
        return self._products[:-1] if self._products.hi.ndim else self._products

    @cached_property
    def prod_next(self) -> DD:
        """``mu_1 * ... * mu_{t+1}``."""
        return self._products[1:] if self._products.hi.ndim else self._products

    @cached_property
    def _mus(self) -> DD:
        return self._schedule.sequence(self._hyper["mu"], self._t, self._count + 1)

    @cached_property
    def _products(self) -> DD:
        start = self._schedule.product(self._hyper["mu"], self._t - 1)
        # Once it has vanished, a single zero does for all steps.
        return start if start.hi == 0.0 else dd.cumulative_product(self._mus, start)


class CoefficientTable:
    """Coefficients of a rule, row t for step t.

    Parameters
    ----------
    rule : Rule
        The rule.
    hyper : mapping
        Its hyperparameters, validated.
    dtype : dtype
        float32 or float64: what the rows are rounded to.

    Examples
    --------
    >>> from nadamkit import registry
    >>> table = CoefficientTable(registry.get("adam"), {"mu": 0.5, "nu": 0.5}, "float64")
    >>> table.names
    ('c', 'b', 'd', 'h', 'inside', 'outside')
    >>> table.rows(1, 2)[:, :4].tolist()  # 1-mu, 1/(1-mu^t), 1-nu, 1/(1-nu^t) at t = 1 and 2
    [[0.5, 2.0, 0.5, 2.0], [0.5, 1.3333333333333333, 0.5, 1.3333333333333333]]
    """

    def __init__(self, rule: Rule, hyper: Mapping[str, Any], dtype: Any) -> None:
        self._rule = rule
        self._hyper = rule.validated(hyper)
        self._dtype = np.dtype(dtype)
        schedule = momentum_schedule(self._hyper.get("schedule", "constant"))
        self._hyper["schedule"] = schedule
        #: Whether rows may be computed ahead; a user's callable is asked only when a step needs it.
        self.pure = bool(schedule.pure)
        # Names do not depend on the schedule, and finding them must not call the user's.
        named = {**self._hyper, "schedule": momentum_schedule("constant")}
        self.names = tuple(_columns(rule, named, 1, 1))
        key = (rule.coefficients, self._dtype, *sorted(self._hyper.items(), key=str))
        self._key = _key(key) if self.pure else None

    def rows(self, t: int, count: int) -> NDArray[Any]:
        """Rows for the steps ``t .. t+count-1``.

        Parameters
        ----------
        t : int
            First step, from 1.
        count : int
            Number of rows.

        Returns
        -------
        ndarray of shape (count, len(names))
            A new array.
        """
        out = np.empty((count, 1 + len(self.names)), self._dtype)
        self.fill(out, t)
        return out[:, 1:]

    def fill(self, out: NDArray[Any], t: int) -> None:
        """Write the rows for the steps ``t, t+1, ...``, each after the place of its learning rate.

        Parameters
        ----------
        out : ndarray of shape (count, 1 + len(names))
            The table of a kernel; its column 0 is left with any values.
        t : int
            First step, from 1.
        """
        if not self.pure:
            self._compute(out, t)
            return
        done = 0
        while done < len(out):
            number, offset = divmod(t - 1 + done, BLOCK)
            block = self._block(number)[offset : offset + len(out) - done]
            out[done : done + len(block)] = block
            done += len(block)

    def _block(self, number: int) -> NDArray[Any]:
        key = (self._key, number)
        if key in _blocks:
            _blocks.move_to_end(key)
            return _blocks[key]
        # As wide as a kernel's table, so that rows are copied in one piece.
        out = np.ones((BLOCK, 1 + len(self.names)), self._dtype)
        self._compute(out, number * BLOCK + 1)
        _blocks[key] = out
        if len(_blocks) > KEPT_BLOCKS:
            _blocks.popitem(last=False)
        return out

    def _compute(self, out: NDArray[Any], t: int) -> None:
        values = _columns(self._rule, self._hyper, t, len(out)).values()
        for column, value in enumerate(values, start=1):
            out[:, column] = value.hi if isinstance(value, DD) else value


def _columns(rule: Rule, hyper: Mapping[str, Any], t: int, count: int) -> dict[str, Any]:
    return rule.coefficients(SimpleNamespace(**hyper), Sequences(hyper, t, count))


@lru_cache(maxsize=KEPT_KEYS)
def _key(key: Any) -> object:
    """One object for equal keys: to hash them for each block would cost more than to copy it."""
    return object()
