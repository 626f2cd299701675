"""Saved after ten steps, loaded in another process, ten more: the bits of twenty in one go."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.optimizer import resumed
from tests.optimizer.common import bits

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the other process left."""
    where = tmp_path_factory.mktemp("resumed")
    for run in resumed.RUNS:
        method, dtype, backend, settings = run
        x = resumed.params(dtype)
        made = resumed.optimizer(method, backend, settings)
        resumed.steps(made, x, dtype, 1)
        made.save(where / f"{'-'.join(run)}.state.npz")
        np.savez(where / f"{'-'.join(run)}.params.npz", **resumed.flat(x))
    command = [sys.executable, "-W", "error", "-m", "tests.optimizer.resumed", str(where)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return where


@pytest.mark.parametrize("run", resumed.RUNS, ids="-".join)
def test_the_bits_are_those_of_one_run(run, folder):
    method, dtype, backend, settings = run
    x = resumed.params(dtype)
    made = resumed.optimizer(method, backend, settings)
    resumed.steps(made, x, dtype, 1)
    resumed.steps(made, x, dtype, 1 + resumed.STEPS)
    with np.load(folder / f"{'-'.join(run)}.params.npz") as file:
        for key, a in resumed.flat(x).items():
            assert bits(file[key]) == bits(a), key
    with np.load(folder / f"{'-'.join(run)}.state.npz", allow_pickle=False) as file:
        state = made.state_dict()
        assert set(file.files) == set(state)
        for key, value in state.items():
            assert bits(file[key]) == bits(value), key
    assert (state["t/b"], state["t/w/0"]) == (19, 20)
