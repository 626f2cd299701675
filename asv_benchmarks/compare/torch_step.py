"""A step of `nadamkit.torch` beside those of `torch.optim`, and its share of a training."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numba
import numpy as np

from asv_benchmarks.compare import shapes
from asv_benchmarks.compare.goals import GOALS
from asv_benchmarks.compare.measure import Effort, Neighbours, Row, compared, interleaved

try:
    import torch

    import nadamkit.torch
except ImportError:
    torch = None

SECTION = "torch_step"
MODELS: dict[str, list[shapes.Shape]] = {
    "n = 1e5": [(10**5,)],
    "n = 1e7": [(10**7,)],
    "MLP, 10 tensors": shapes.mlp(),
    "ResNet-50, 161 tensors": shapes.resnet50(),
    "GPT-2 small, 148 tensors": shapes.gpt2(),
}
#: What a quick run leaves out: large models, and the time to compile.
QUICK = ("n = 1e5", "MLP, 10 tensors")
OURS, OUR_ADAM = "nadamkit NAdam", "nadamkit Adam"
FUSED = "torch Adam fused"
#: Steps of a training that are timed in a round.
TRAINED = 20


def rows(effort: Effort) -> Iterator[Row]:
    """Steps of all models on one thread and on two; then training on all."""
    if torch is None:
        yield Row(SECTION, "against PyTorch", note="skipped: torch is not installed")
        return
    thorough = effort.rounds > 5
    for threads in (1, 2):
        if threads > numba.config.NUMBA_NUM_THREADS:
            yield Row(SECTION, f"{threads} threads", note="skipped: fewer cores")
            continue
        torch.set_num_threads(threads)
        for name in MODELS if thorough else QUICK:
            yield from _contest(name, threads, effort, thorough)
    yield from _trainings(effort)


def _contest(name: str, threads: int, effort: Effort, thorough: bool) -> Iterator[Row]:
    """All optimizers on the same parameters and gradients."""
    params = parameters(name)
    calls = steps(params, thorough)
    neighbours = Neighbours()
    seconds = interleaved(calls, effort)
    others = neighbours.cores()
    what = f"{name}, {threads} thread{'s'[: threads - 1]}"
    numbers = sum(p.numel() for p in params)
    note = f"{_rate(seconds[OURS], numbers)}; others {others:.2f} cores"
    nadams = {key: s for key, s in seconds.items() if key != OUR_ADAM}
    for row in compared(SECTION, what, nadams, 1e6, "us"):
        yield row._replace(goal=_goal(name, row.peer, threads), note=note, others=others)
    for row in compared(SECTION, what, {k: seconds[k] for k in (OUR_ADAM, FUSED)}, 1e6, "us"):
        yield row._replace(what=f"{what}, Adam", note=f"others {others:.2f} cores", others=others)


def _goal(model: str, peer: str, threads: int) -> str:
    """The goals are for two cores."""
    key = f"{model.partition(',')[0]} / {peer.removeprefix('torch ')}"
    return key if threads == 2 and key in GOALS else ""


def parameters(model: str) -> list[Any]:
    """Parameters of one of `MODELS`, with gradients."""
    generator = torch.Generator().manual_seed(0)
    params = [torch.nn.Parameter(torch.ones(shape)) for shape in MODELS[model]]
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator)
    return params


def _rate(seconds: np.ndarray, numbers: int) -> str:
    """Memory that a step of NAdam reads and writes, 7 words a number."""
    return f"{28e-9 * numbers / seconds.min():.3g} GB/s"


def steps(params: list[Any], thorough: bool) -> Mapping[str, Callable[[], Any]]:
    """One step of each optimizer; the compiled one only if `thorough`, as it takes a minute."""
    calls = {
        OURS: nadamkit.torch.NAdam(params).step,
        OUR_ADAM: nadamkit.torch.Adam(params).step,
        "torch NAdam for-loop": torch.optim.NAdam(params, foreach=False).step,
        "torch NAdam foreach": torch.optim.NAdam(params, foreach=True).step,
        FUSED: torch.optim.Adam(params, fused=True).step,
    }
    if thorough:
        calls["torch NAdam compiled"] = _compiled(params)
    return calls


def _compiled(params: list[Any]) -> Callable[[], Any]:
    """The step of torch in one compiled graph, warmed up."""
    torch.compiler.reset()
    step = torch.compile(torch.optim.NAdam(params, foreach=True).step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            step()
    return step


def _trainings(effort: Effort) -> Iterator[Row]:
    """Training with our NAdam and with torch's, and the share of the optimizer."""
    from asv_benchmarks.compare.torch_training import TASKS, prepared

    for task in TASKS:
        runs = {}
        try:
            for library in (nadamkit.torch, torch.optim):
                step, _, optimizer = prepared(task, torch.float32, library.NAdam)
                runs[library.__name__] = _Training(step, optimizer)
        except ImportError as error:
            yield Row(SECTION, f"training, {task}", note=f"skipped: {error}")
            continue
        neighbours = Neighbours()
        seconds = interleaved(runs, effort._replace(sample=0.0))
        others = neighbours.cores()
        share, theirs = (f"{100.0 * run.share:.3g} %" for run in runs.values())
        note = f"share of the step {share}, theirs {theirs}; others {others:.2f} cores"
        for row in compared(SECTION, f"training, {task}", seconds, 1e3 / TRAINED, "ms"):
            yield row._replace(peer="torch NAdam for-loop", note=note, others=others)


class _Training:
    """Some steps of a training, and the time that the optimizer takes of them."""

    def __init__(self, step: Callable[[int], float], optimizer: Any) -> None:
        self._step, self._t, self._inner, self._whole = step, 0, 0.0, 0.0
        self._started = 0.0
        optimizer.register_step_pre_hook(self._begin)
        optimizer.register_step_post_hook(self._end)

    def __call__(self) -> None:
        start = time.perf_counter()
        for _ in range(TRAINED):
            self._step(self._t)
            self._t += 1
        self._whole += time.perf_counter() - start

    @property
    def share(self) -> float:
        """Of the optimizer, in the whole time."""
        return self._inner / self._whole

    def _begin(self, *_: Any) -> None:
        self._started = time.perf_counter()

    def _end(self, *_: Any) -> None:
        self._inner += time.perf_counter() - self._started
