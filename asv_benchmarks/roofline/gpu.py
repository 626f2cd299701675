"""The contestants on a GPU, with all arrays there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import cuda

from asv_benchmarks.roofline import stream
from asv_benchmarks.roofline.contestants import Calls, kernel_alone
from nadamkit import Optimizer
from nadamkit._runtime import cuda as runtime
from nadamkit.loops.stepper import Stepper

#: Launches before the host waits for the device, so that it is the device that is timed wherever
#: it needs longer for a step than Python for a launch.
LAUNCHES = 20
#: Threads of a block of the stream, which has a thread for each parameter: its grid is not that of
#: our kernels, whose choice is on trial too.
THREADS = 256


def contestants(method: str, g: np.ndarray) -> Calls:
    """The contestants; each call is `LAUNCHES` steps."""
    stepper = Stepper(method, np.ones_like(g), backend="cuda")
    # Like Stepper it reads the gradient once; on a GPU a stepper would copy all arrays there.
    optimizer = Optimizer(method, nonfinite="propagate")
    x, there = runtime.on_device(np.ones_like(g)), runtime.on_device(g)
    calls = {
        "step": lambda: optimizer.step(x, there),
        "kernel": kernel_alone(stepper, g, runtime.on_device),
        "stream": _stream(g, len(stepper.slots)),
    }
    return {name: _finished(call) for name, call in calls.items()}


@cache
def compiled(slots: int) -> Any:
    """The loop of `asv_benchmarks.roofline.stream` as a kernel."""

    @cuda.jit
    def kernel(x, g, s, c):
        i = cuda.grid(1)
        if i < x.size:
            gi = g[i]
            x[i] = c * x[i] + gi
            for j in range(slots):
                s[j, i] = c * s[j, i] + gi

    return kernel


def _stream(g: np.ndarray, slots: int) -> Callable[[], Any]:
    *arrays, c = stream.state(g, slots)
    there = [runtime.on_device(a) for a in arrays]
    launch = runtime._quiet(compiled(slots), -(-g.size // THREADS), THREADS)
    return lambda: launch(*there, c)


def _finished(call: Callable[[], Any]) -> Callable[[], None]:
    def batch() -> None:
        for _ in range(LAUNCHES):
            call()
        cuda.synchronize()

    return batch
