"""Memory that a step takes beyond state, parameters and gradient. Runs in a process of its own."""

from __future__ import annotations

import json
import resource
import tracemalloc
from collections.abc import Iterator

import numpy as np

from asv_benchmarks.compare.measure import Effort, Row
from asv_benchmarks.compare.processes import python
from nadamkit.loops.stepper import Stepper

SECTION = "memory"
BACKENDS = ("serial", "parallel")


def rows(effort: Effort) -> Iterator[Row]:
    """Bytes that are allocated during a step, as Python and as the system see it."""
    for backend, found in json.loads(python(f"from {__name__} import report; report()")).items():
        yield Row(
            *(SECTION, f"a step, {backend}", "", found["large"] - found["small"], np.nan, "bytes"),
            goal="step memory, bytes",
            note=f"traced peak at n = 1e6 less that at n = 1e3, which is {found['small']:.0f}",
        )
        yield Row(
            *(SECTION, f"a step, {backend}", "", found["resident"], np.nan, "bytes"),
            goal="step memory, bytes",
            note="growth of the resident set's peak at n = 1e7",
        )


def report() -> None:
    """Print what was measured in this process."""
    sizes = {"small": 1000, "large": 1_000_000}
    found = {b: {name: _traced(b, size) for name, size in sizes.items()} for b in BACKENDS}
    for backend in BACKENDS:
        found[backend]["resident"] = _resident(backend, 10_000_000)
    print(json.dumps(found))


def _prepared(backend: str, size: int) -> tuple[Stepper, np.ndarray]:
    g = np.ones(size, np.float32)
    stepper = Stepper("nadam", np.ones_like(g), backend=backend)
    stepper.slots[:] = 0.0  # zeroed memory has no pages before it is written
    Stepper("nadam", np.ones(1, np.float32), backend=backend).step(g[:1])  # loads the kernel
    return stepper, g


def _traced(backend: str, size: int) -> float:
    stepper, g = _prepared(backend, size)
    tracemalloc.start()
    try:
        stepper.step(g)
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def _resident(backend: str, size: int) -> float:
    """Growth in the first step; no larger arrays were alive before."""
    stepper, g = _prepared(backend, size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stepper.step(g)
    return 1024.0 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
