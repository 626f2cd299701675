"""The share of the limit: time of the stream / our time, measured in turn.

Each contestant has arrays of its own; where they happen to lie makes a difference of up to a tenth
at 1e5 to 1e6 parameters, so that a share can be a little above 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from asv_benchmarks.compare.measure import Effort, Neighbours, interleaved
from asv_benchmarks.roofline import contestants, stream
from nadamkit import registry
from nadamkit._runtime import numba


class Place(NamedTuple):
    """Where steps are made: a backend, and its threads on the CPU."""

    backend: str
    threads: int | None = None

    def __str__(self) -> str:
        return self.backend if self.threads is None else f"{self.backend} {self.threads}"


class Share(NamedTuple):
    """One row.

    Parameters
    ----------
    method, dtype, n, backend, threads
        What was measured; no number of threads on a GPU.
    bytes_per_number : int
        Bytes that a step moves for each parameter.
    kernel_us, step_us, stream_us : float
        Least times of our kernel alone, of the step as a user calls it, and of the stream.
    kernel_gbs, stream_gbs : float
        Gigabytes (1e9) per second in the least time.
    kernel_share, step_share : float
        Median over the rounds of the stream's time / ours.
    others : float
        Cores that other processes kept busy meanwhile; NaN where the system does not tell.
    """

    method: str
    dtype: str
    n: int
    backend: str
    threads: int | None
    bytes_per_number: int
    kernel_us: float
    step_us: float
    stream_us: float
    kernel_gbs: float
    stream_gbs: float
    kernel_share: float
    step_share: float
    others: float

    @property
    def place(self) -> Place:
        """Where the steps were made."""
        return Place(self.backend, self.threads)


def shares(
    methods: Sequence[str], dtypes: Sequence[str], places: Sequence[Place], effort: Effort
) -> Iterator[Share]:
    """A row for each combination with each size of the effort."""
    for dtype, place, method, n in product(dtypes, places, methods, effort.sizes):
        yield _measured(method, dtype, n, place, effort)


def _measured(method: str, dtype: str, n: int, place: Place, effort: Effort) -> Share:
    g = _gradient(n, dtype)
    per_call = 1
    with numba.using_threads(place.threads):
        if place.backend == "cuda":
            from asv_benchmarks.roofline import gpu

            calls, per_call = gpu.contestants(method, g), gpu.LAUNCHES
        else:
            calls = contestants.on_cpu(method, g, place.backend)
        neighbours = Neighbours()
        # All contestants have the same threads, so none has to wait until another's are asleep.
        seconds = interleaved(calls, effort, pause=0.0)
        others = neighbours.cores()
    step, kernel, limit = (seconds[name] / per_call for name in ("step", "kernel", "stream"))
    each = stream.words(len(registry.get(method).slots)) * g.itemsize
    return Share(
        *(method, dtype, n, *place, each),
        *(float(times.min()) * 1e6 for times in (kernel, step, limit)),
        *(each * n / float(times.min()) / 1e9 for times in (kernel, limit)),
        *(float(np.median(limit / times)) for times in (kernel, step)),
        others,
    )


@cache
def _gradient(n: int, dtype: str) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(n).astype(dtype)
