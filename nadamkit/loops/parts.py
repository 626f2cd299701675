"""What a loop is made of: the functions it calls and the arrays it works on."""

from __future__ import annotations

from typing import Any, NamedTuple


class Parts(NamedTuple):
    """The functions a loop calls.

    Parameters
    ----------
    evaluate, count : callable
        ``evaluate(fun, args, x, g) -> f`` fills g; ``count(fun, counts)`` notes the calls so far.
    kernel : callable
        One step; see `nadamkit.backends.pieces`.
    examine, largest, move, project, restrict, distance : callable
    dot, sum_abs, combine, subtract, scale, clear, clip : callable
        The functions of `nadamkit.loops.plain`, or those of `nadamkit.loops.arrays`.
    copy : callable
        ``copy(to, source)``.
    better, verdict, record : callable
        Of `nadamkit.loops.stopping`, and the history.
    hook : callable
        ``hook(x, counts, values) -> status``: callback and time limit of the Python loop.
    borrow : callable
        ``borrow(arrays) -> arrays``, which compiled code can hand on at no cost.
    token : str
        Changes when one of the functions is edited, so that a cached loop is compiled anew.
    """

    evaluate: Any
    count: Any
    kernel: Any
    examine: Any
    largest: Any
    move: Any
    project: Any
    restrict: Any
    distance: Any
    dot: Any
    sum_abs: Any
    combine: Any
    subtract: Any
    scale: Any
    clear: Any
    clip: Any
    copy: Any
    better: Any
    verdict: Any
    record: Any
    hook: Any
    borrow: Any
    token: str = ""


class Work(NamedTuple):
    """The arrays of a run, all of x's dtype and C-contiguous.

    Parameters
    ----------
    x, g : ndarray of shape (n,)
        The point and its gradient.
    s : ndarray of shape (number of slots, n)
        State of the rule.
    best_x, best_g : ndarray of shape (n,)
        The best point seen and its gradient; in a noisy run the last point with a finite value.
    old_x : ndarray of shape (n,)
        The point before this one; for the search the accepted point.
    old_g, p, d, step, bend, spare : ndarray of shape (n,), or (0,) without a search
        For the search, the gradient at the accepted point, the direction of the method's metric,
        the one that is tried, the last step, the change of the gradient along it, and room.
    lower, upper : ndarray of shape (n,) or (0,)
        Bounds.
    rates, mods : ndarray
        Learning rate of each parameter and modifiers; see `nadamkit.backends.pieces`.
    """

    x: Any
    g: Any
    s: Any
    best_x: Any
    best_g: Any
    old_x: Any
    old_g: Any
    p: Any
    d: Any
    step: Any
    bend: Any
    spare: Any
    lower: Any
    upper: Any
    rates: Any
    mods: Any


class Records(NamedTuple):
    """The history of a chunk.

    Parameters
    ----------
    scalars : ndarray of shape (room, 4)
        Iteration, calls, value and gradient norm.
    xs : ndarray of shape (room, n)
        The points.
    """

    scalars: Any
    xs: Any
