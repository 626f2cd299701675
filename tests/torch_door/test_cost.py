"""One call however many tensors there are, no Python for each, and no memory."""

from __future__ import annotations

import gc
import sys
import tracemalloc

import pytest

torch = pytest.importorskip("torch")

import nadamkit.torch  # noqa: E402
from nadamkit.loops.leaves import Leaves  # noqa: E402
from tests.torch_door.twins import SETTINGS  # noqa: E402


def prepared(name, count, size=3, dtype=torch.float32, **more):
    params = [torch.nn.Parameter(torch.ones(size, dtype=dtype)) for _ in range(count)]
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer = getattr(nadamkit.torch, name)(params, **({"lr": 0.01} | SETTINGS[name] | more))
    for _ in range(3):
        optimizer.step()
    return params, optimizer


def calls_of(function):
    """Calls of Python functions, without those that a garbage collection makes in between."""
    count = 0

    def profile(frame, event, arg):
        nonlocal count
        count += event == "call"

    gc.collect()
    gc.disable()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


@pytest.mark.parametrize("name", SETTINGS)
def test_python_does_the_same_for_any_number_of_tensors(name):
    few, many = (calls_of(prepared(name, count)[1].step) for count in (10, 1000))
    assert few == many


def test_frozen_tensors_cost_no_calls_either():
    found = []
    for count in (10, 1000):
        params, optimizer = prepared("NAdam", count)
        for p in params[::2]:
            p.grad = None
        optimizer.step()
        found.append(calls_of(optimizer.step))
    assert found[0] == found[1]


def test_one_sweep_for_each_dtype(monkeypatch):
    launched = []
    launch = Leaves.launch
    monkeypatch.setattr(
        Leaves, "launch", lambda self, *stream: (launched.append(self), launch(self, *stream))
    )
    kinds = (torch.float32, torch.float64, torch.bfloat16)
    groups = []
    for kind in kinds:
        for rate in (0.1, 0.2):
            params = [torch.nn.Parameter(torch.ones(5, dtype=kind)) for _ in range(20)]
            groups.append({"params": params, "lr": rate})
    optimizer = nadamkit.torch.NAdam(groups)
    for group in groups:
        for p in group["params"]:
            p.grad = torch.ones_like(p)
    optimizer.step()
    assert len(launched) == len(set(map(id, launched))) == len(kinds)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_step_takes_no_memory(dtype):
    """Neither torch nor NumPy allocates anything that grows with the parameters."""
    _, optimizer = prepared("NAdam", 4, 250_000, dtype)
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        optimizer.step()
    assert sum(max(0, event.self_cpu_memory_usage) for event in profile.key_averages()) == 0
    tracemalloc.start()
    optimizer.step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000
