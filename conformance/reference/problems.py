"""Gradients of the closed loops, for whatever numbers compute like numbers.

The order of operations is part of the definition: the rounding bounds follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Components = Sequence[Any]


def quadratic(x: Components) -> list[Any]:
    """Gradient of x'Ax/2 - b'x with A = [4 1 0; 1 2 1/2; 0 1/2 1] and b = (1, 0, -1)."""
    return [
        4 * x[0] + x[1] - 1,
        x[0] + 2 * x[1] + x[2] / 2,
        x[1] / 2 + x[2] + 1,
    ]


def rosenbrock(x: Components) -> list[Any]:
    """Gradient of 100 (y - x^2)^2 + (1 - x)^2."""
    valley = x[1] - x[0] * x[0]
    return [-400 * (x[0] * valley) - 2 * (1 - x[0]), 200 * valley]


GRADIENTS: dict[str, Callable[[Components], list[Any]]] = {
    f.__name__: f for f in (quadratic, rosenbrock)
}
