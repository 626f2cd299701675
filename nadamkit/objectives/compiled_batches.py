"""Shuffled batches inside the compiled loop: the rows are drawn and gathered in compiled code.

The order is that of `nadamkit.objectives.samples.Batches`, whose arrays it works on, to the bit:
Numba draws from a generator as NumPy does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nadamkit._runtime import numba
from nadamkit.errors import OptionError
from nadamkit.objectives.samples import Batches

Function = Callable[..., Any]


def adapted(objective: Function, cut: tuple[bool, ...], load: Function) -> Function:
    """``adapter(x, g, address) -> f`` around a compiled ``objective(x, g, args) -> f``.

    Parameters
    ----------
    objective : numba dispatcher
        Takes the arguments of a batch as a tuple.
    cut : tuple of bool
        Which of the arguments are arrays that are cut.
    load : callable
        ``load(address) -> state`` gives what `state` returned.

    Raises
    ------
    OptionError
        If there are more arguments than adapters.
    """
    if len(cut) > len(TAKE):
        raise OptionError(
            f"batch_size takes at most {len(TAKE)} arguments in args where fun is an @njit "
            f"function, not {len(cut)}; put some into one array."
        )
    picks = [numba.inlinable(_rows if c else _whole) for c in cut]
    take = numba.inlinable(TAKE[len(picks) - 1](*picks))
    return _adapter(objective, take, load, numba.inlinable(numba.shuffle()))


def state(source: Batches) -> tuple[Any, ...]:
    """What the adapter works on: data, order of the rows, place in the epoch, generator."""
    return source.args, source.order, source.place, source.rng


def _adapter(objective: Function, take: Function, load: Function, shuffle: Function) -> Function:
    def adapter(x, g, address):
        args, order, place, rng = load(address)
        k, count, rows = place[0], place[1], order.size
        if k == 0:
            shuffle(rng, order)
        place[0] = (k + 1) % count
        return objective(x, g, take(args, order[k * rows // count : (k + 1) * rows // count]))

    return adapter


def _rows(array, rows):
    return array[rows]


def _whole(value, rows):
    return value


def _one(p):
    def take(a, rows):
        return (p(a[0], rows),)

    return take


def _two(p, q):
    def take(a, rows):
        return p(a[0], rows), q(a[1], rows)

    return take


def _three(p, q, r):
    def take(a, rows):
        return p(a[0], rows), q(a[1], rows), r(a[2], rows)

    return take


def _four(p, q, r, s):
    def take(a, rows):
        return p(a[0], rows), q(a[1], rows), r(a[2], rows), s(a[3], rows)

    return take


def _five(p, q, r, s, t):
    def take(a, rows):
        return p(a[0], rows), q(a[1], rows), r(a[2], rows), s(a[3], rows), t(a[4], rows)

    return take


def _six(p, q, r, s, t, u):
    def take(a, rows):
        head = p(a[0], rows), q(a[1], rows), r(a[2], rows)
        return (*head, s(a[3], rows), t(a[4], rows), u(a[5], rows))

    return take


#: Compiled code takes tuples of mixed types apart only one by one.
TAKE: tuple[Function, ...] = (_one, _two, _three, _four, _five, _six)
