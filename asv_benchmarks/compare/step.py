"""One Nadam step on float32 arrays, against PyTorch's and a plain stream of the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np

from asv_benchmarks.compare.goals import GOALS
from asv_benchmarks.compare.measure import Effort, Neighbours, Row, compared, interleaved
from asv_benchmarks.roofline import stream
from asv_benchmarks.roofline.contestants import kernel_alone
from nadamkit import backends
from nadamkit.loops.stepper import Stepper

try:
    import torch
except ImportError:
    torch = None

SECTION = "step"
STREAM = "stream of the same bytes"
OPTIMISERS = {
    "torch NAdam for-loop": ("NAdam", {"foreach": False}),
    "torch NAdam foreach": ("NAdam", {"foreach": True}),
    "torch Adam fused": ("Adam", {"fused": True}),
}


def rows(effort: Effort) -> Iterator[Row]:
    """All figures of a step."""
    for threads in (1, 2):
        if threads > numba.config.NUMBA_NUM_THREADS:
            yield Row(SECTION, f"{threads} threads", note="skipped: fewer cores")
            continue
        for size in effort.sizes:
            yield from _contest(size, threads, effort)
    if torch is None:
        yield Row(SECTION, "against PyTorch", note="skipped: torch is not installed")


def _contest(size: int, threads: int, effort: Effort) -> Iterator[Row]:
    numba.set_num_threads(threads)
    g = np.random.default_rng(0).standard_normal(size).astype(np.float32)
    stepper = Stepper("nadam", np.ones_like(g), backend="auto")
    calls: dict[str, Callable[[], Any]] = {"nadamkit": lambda: stepper.step(g)}
    calls["our kernel alone"] = kernel_alone(stepper, g)
    if torch is not None:
        torch.set_num_threads(threads)
        for name, (kind, options) in OPTIMISERS.items():
            calls[name] = _torch_step(kind, options, g)
    parallel = threads > 1 and size >= backends.PARALLEL_FROM
    calls[STREAM] = stream.on_cpu(g, len(stepper.slots), parallel)
    chosen = backends.choose("auto", size)
    what = f"n = {size:.0e}".replace("e+0", "e") + f", {threads} thread{'s'[: threads - 1]}"
    neighbours = Neighbours()
    seconds = interleaved(calls, effort)
    others = neighbours.cores()
    for row in compared(SECTION, what, seconds, 1e6, "us"):
        goal, note = _goal(size, row.peer, threads), f"{chosen} kernel; others {others:.2f} cores"
        yield row._replace(goal=goal, note=note, others=others)
    if size == 1000 and threads == 1:
        yield Row(
            *(SECTION, what, "", float(np.median(seconds["nadamkit"])) * 1e6, np.nan, "us"),
            goal="step 1e3, us",
            note=f"from Python, with the table; least {seconds['nadamkit'].min() * 1e6:.3g}",
            others=others,
        )


def _goal(size: int, peer: str, threads: int) -> str:
    """The goals are for all of the goals' two cores."""
    short = peer.removeprefix("torch ").removesuffix(" of the same bytes")
    key = f"step {size:.0e} / {short}".replace("e+0", "e")
    return key if threads == 2 and key in GOALS else ""


def _torch_step(kind: str, options: dict[str, bool], g: np.ndarray) -> Callable[[], Any]:
    parameter = torch.ones(g.size, requires_grad=True)
    parameter.grad = torch.from_numpy(g)
    return getattr(torch.optim, kind)([parameter], **options).step
