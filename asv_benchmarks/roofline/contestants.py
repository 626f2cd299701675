"""What is timed in turn: the step as a user calls it, its kernel alone, and the stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from asv_benchmarks.roofline import stream
from nadamkit.loops.stepper import Stepper

Calls = dict[str, Callable[[], Any]]


def on_cpu(method: str, g: np.ndarray, backend: str) -> Calls:
    """The contestants on the threads that numba is set to."""
    stepper = Stepper(method, np.ones_like(g), backend=backend)
    return {
        "step": lambda: stepper.step(g),
        "kernel": kernel_alone(stepper, g),
        "stream": stream.on_cpu(g, len(stepper.slots), parallel=backend == "parallel"),
    }


def kernel_alone(
    stepper: Stepper, g: np.ndarray, there: Callable[[np.ndarray], Any] = np.asarray
) -> Callable[[], Any]:
    """The kernel of a stepper, always with the first row of its table of coefficients.

    `there` puts an array where the kernel works. The stepper makes a step, which fills its table
    and compiles the kernel; the kernel has slots of its own.
    """
    stepper.step(g)
    arrays = (there(a) for a in (stepper.x, g, stepper.slots.copy()))
    arguments = (*arrays, stepper._rows, 0, stepper._rates, stepper._mods)
    return lambda: stepper._kernel(*arguments)
