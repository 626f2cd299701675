"""What the functions of Moré, Garbow and Hillstrom have in common."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from nadamkit.problems._problem import Function, Problem


def mgh(
    number: int,
    name: str,
    title: str,
    function: Function,
    start: npt.ArrayLike,
    best: float = 0.0,
    **others: Any,
) -> Problem:
    """A function by its number in "Testing Unconstrained Optimization Software".

    ACM Transactions on Mathematical Software 7(1), 17-41, 1981.
    """
    source = f"Moré, Garbow & Hillstrom (1981), function {number}"
    known = "published" if best else "exact"
    return Problem(name, title, source, function, start, best, known, **others)
