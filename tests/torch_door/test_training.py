"""Training a network goes as with torch.optim.NAdam, to rounding.

How much rounding does is measured on torch's own training, in which parameters and state are moved
by 2 ulp in random directions after each step: a step here differs from torch's by no more (see
`tests.torch_door.test_against_torch`). Their effects on the loss add up like independent ones, so
that ours has to be within 6 standard deviations, the largest so far in the run.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

import nadamkit.torch  # noqa: E402
from asv_benchmarks.compare.torch_training import TASKS, prepared  # noqa: E402
from tests.torch_door.twins import Rounding  # noqa: E402

STEPS = 40


def losses(task, dtype, library, after=lambda optimizer: None):
    step, _, optimizer = prepared(task, dtype, lambda p: library.NAdam(p, lr=0.01))
    found = []
    for t in range(STEPS):
        found.append(step(t))
        after(optimizer)
    return np.array(found)


@pytest.fixture
def default_dtype(dtype):
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(dtype)
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("task", TASKS)
def test_losses(task, dtype, default_dtype):
    ours = losses(task, dtype, nadamkit.torch)
    theirs = losses(task, dtype, torch.optim)
    moved = [losses(task, dtype, torch.optim, Rounding(seed)) - theirs for seed in range(8)]
    bound = 6.0 * np.maximum.accumulate(np.sqrt(np.square(moved).mean(axis=0)))
    bound += 4.0 * torch.finfo(dtype).eps * theirs  # of the loss itself
    assert (np.abs(ours - theirs) <= bound).all(), (np.abs(ours - theirs) / bound).max()
    assert bound.max() < (1e-2 if dtype == torch.float32 else 1e-10)
    assert ours[-1] < 0.8 * ours[0]
