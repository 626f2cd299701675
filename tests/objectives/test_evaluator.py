"""Evaluation in other processes and by the user's own map, as finite differences use it."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import rosen

from nadamkit.errors import ObjectiveError, OptionError
from nadamkit.objectives.finite_differences import METHODS, FiniteDifference

# Forking is unsafe only if a thread holds a lock, which none of the tests' threads does.
forks = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def gradient(fun, method, x, f0=None, **kwargs):
    out = np.full(x.shape, np.nan, x.dtype)
    differences = FiniteDifference(fun, method, None, **kwargs)
    differences(x, fun(x) if f0 is None else f0, out)
    return out, differences.nfev


@forks
@pytest.mark.parametrize("method", METHODS)
def test_processes_give_the_same_bits(method):
    x = np.linspace(-1, 2, 5)
    serial, nfev = gradient(rosen, method, x)
    differences = FiniteDifference(rosen, method, None, workers=2)
    out = np.empty(5)
    before = len(multiprocessing.active_children())
    try:
        assert len(multiprocessing.active_children()) == before  # none before the first use
        for calls in (1, 2):
            differences(x, rosen(x), out)
            np.testing.assert_array_equal(out, serial)
            assert differences.nfev == calls * nfev
            assert len(multiprocessing.active_children()) == before + 2
    finally:
        differences.close()
    assert len(multiprocessing.active_children()) == before
    differences.close()


def test_number_of_processes(monkeypatch):
    asked = []

    class Pool:
        def __init__(self, processes):
            asked.append(processes)
            self.map = lambda fun, points: list(map(fun, points))

        def terminate(self):
            asked.append("terminated")

        def join(self):
            asked.append("joined")

    monkeypatch.setattr(multiprocessing, "Pool", Pool)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    for workers in (1, None, np.int64(1), 3, -1):
        differences = FiniteDifference(rosen, "2-point", None, workers=workers)
        for _ in range(2):
            differences(np.ones(3), 0.0, np.empty(3))
        differences.close()
    assert asked == [3, "terminated", "joined", 7, "terminated", "joined"]


@pytest.mark.parametrize("lazy", [True, False])
def test_map_like(lazy):
    calls = []

    def mapper(fun, points):
        calls.append(fun)
        return map(fun, points) if lazy else [fun(point) for point in points]

    x = np.linspace(-1, 2, 4)
    found, nfev = gradient(rosen, "3-point", x, workers=mapper)
    np.testing.assert_array_equal(found, gradient(rosen, "3-point", x)[0])
    assert calls == [rosen]
    assert nfev == 8


def test_map_of_threads():
    threads = set()

    def fun(x):
        threads.add(threading.get_ident())
        return rosen(x)

    x = np.linspace(-1, 2, 33)
    with ThreadPoolExecutor(2) as pool:
        found, _ = gradient(fun, "2-point", x, f0=rosen(x), workers=pool.map)
    np.testing.assert_array_equal(found, gradient(rosen, "2-point", x)[0])
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("change", [lambda r: r[:-1], lambda r: r + r[:1]])
def test_a_map_that_miscounts(change):
    def mapper(fun, points):
        return change([fun(point) for point in points])

    with pytest.raises(OptionError, match=r"^workers returned \d values for 3 points; it must act"):
        gradient(rosen, "2-point", np.ones(3), workers=mapper)


def test_a_function_that_cannot_be_sent():
    message = "^workers=2 sends the objective function to other processes, but it cannot be pickled"
    with pytest.raises(
        ObjectiveError, match=message + ".*top level of a module, or pass workers=1"
    ):
        gradient(lambda z: 0.0, "2-point", np.ones(2), workers=2)


@pytest.mark.parametrize("workers", [0, -2, 1.5, "2"])
def test_refused_workers(workers):
    with pytest.raises(
        OptionError, match=r"^workers is .*; pass a number of processes, -1 for one"
    ):
        FiniteDifference(rosen, "2-point", None, workers=workers)
