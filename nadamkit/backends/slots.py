"""Adapters between a rule's tuples and the arrays they live in, for each number of slots.

State is one (k, n) array for k slots, coefficients one row of a table. Compiled code needs tuples
of known length, so there is one plain function per length; this keeps each backend to one loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def gather0(s, i):
    return ()


def gather1(s, i):
    return (s[0, i],)


def gather2(s, i):
    return (s[0, i], s[1, i])


def gather3(s, i):
    return (s[0, i], s[1, i], s[2, i])


def scatter0(s, i, v):
    pass


def scatter1(s, i, v):
    s[0, i] = v[0]


def scatter2(s, i, v):
    s[0, i] = v[0]
    s[1, i] = v[1]


def scatter3(s, i, v):
    s[0, i] = v[0]
    s[1, i] = v[1]
    s[2, i] = v[2]


def row0(k, r):
    return ()


def row1(k, r):
    return (k[r, 1],)


def row2(k, r):
    return (k[r, 1], k[r, 2])


def row3(k, r):
    return (k[r, 1], k[r, 2], k[r, 3])


def row4(k, r):
    return (k[r, 1], k[r, 2], k[r, 3], k[r, 4])


def row5(k, r):
    return (k[r, 1], k[r, 2], k[r, 3], k[r, 4], k[r, 5])


def row6(k, r):
    return (k[r, 1], k[r, 2], k[r, 3], k[r, 4], k[r, 5], k[r, 6])


def row7(k, r):
    return (k[r, 1], k[r, 2], k[r, 3], k[r, 4], k[r, 5], k[r, 6], k[r, 7])


def row8(k, r):
    return (k[r, 1], k[r, 2], k[r, 3], k[r, 4], k[r, 5], k[r, 6], k[r, 7], k[r, 8])


def row9(k, r):
    return (k[r, 1], k[r, 2], k[r, 3], k[r, 4], k[r, 5], k[r, 6], k[r, 7], k[r, 8], k[r, 9])


#: ``gather(s, i)`` reads the slots of element i as a tuple, ``scatter(s, i, values)`` writes them.
GATHER: tuple[Function, ...] = (gather0, gather1, gather2, gather3)
SCATTER: tuple[Function, ...] = (scatter0, scatter1, scatter2, scatter3)
#: ``row(k, r)`` is row r of the table without its first column, the learning rate.
ROW: tuple[Function, ...] = (row0, row1, row2, row3, row4, row5, row6, row7, row8, row9)


def views0(view, addresses, t, first, begin, n):
    return ()


def views1(view, addresses, t, first, begin, n):
    return (view(addresses[t, first] + begin, n),)


def views2(view, addresses, t, first, begin, n):
    return (
        view(addresses[t, first] + begin, n),
        view(addresses[t, first + 1] + begin, n),
    )


def views3(view, addresses, t, first, begin, n):
    return (
        view(addresses[t, first] + begin, n),
        view(addresses[t, first + 1] + begin, n),
        view(addresses[t, first + 2] + begin, n),
    )


def take0(load, s, i):
    return ()


def take1(load, s, i):
    return (load(s[0], i),)


def take2(load, s, i):
    return (load(s[0], i), load(s[1], i))


def take3(load, s, i):
    return (load(s[0], i), load(s[1], i), load(s[2], i))


def put0(store, s, i, v):
    pass


def put1(store, s, i, v):
    store(s[0], i, v[0])


def put2(store, s, i, v):
    store(s[0], i, v[0])
    store(s[1], i, v[1])


def put3(store, s, i, v):
    store(s[0], i, v[0])
    store(s[1], i, v[1])
    store(s[2], i, v[2])


#: The same for slots that are arrays of their own, n elements from byte `begin` of what lies at the
#: addresses in row t from column `first` on.
VIEWS: tuple[Function, ...] = (views0, views1, views2, views3)
TAKE: tuple[Function, ...] = (take0, take1, take2, take3)
PUT: tuple[Function, ...] = (put0, put1, put2, put3)
