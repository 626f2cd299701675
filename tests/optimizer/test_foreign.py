"""Tensors of PyTorch and arrays of JAX at the leaves, without copies."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from nadamkit import Optimizer
from tests.backends.trajectories import numbers
from tests.optimizer.common import BACKENDS, bits, refused

ROOT = Path(__file__).parents[2]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("grad", [True, False], ids=["requires_grad", "plain"])
def test_tensors_are_updated_where_they_are(torch, method, dtype, backend, grad):
    x, g = numbers(dtype, 12, 0).reshape(3, 4).copy(), numbers(dtype, 12, 1).reshape(3, 4).copy()
    for lay in (lambda t: t, torch.t, lambda t: t[:, 1:3]):
        tensor, gradient = lay(torch.tensor(x)), lay(torch.tensor(g))
        tensor.requires_grad_(grad)
        where, wanted = tensor.data_ptr(), np.array(tensor.detach().numpy(), order="C")
        ours, other = (Optimizer(method, 0.1, backend=backend) for _ in range(2))
        for _ in range(3):
            ours.step({"w": tensor}, {"w": gradient})
            other.step(wanted, np.array(gradient.numpy(), order="C"))
        assert tensor.data_ptr() == where
        assert bits(tensor.detach().numpy()) == bits(wanted)


def test_gradients_by_autograd(torch):
    """A whole loop, against the same with arrays."""
    w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    x = np.array([1.0, -2.0])
    ours, other = Optimizer("nadam", 0.1), Optimizer("nadam", 0.1)
    for _ in range(5):
        w.grad = None
        (w**2).sum().backward()
        ours.step([w], [w.grad])
        other.step([x], [2.0 * x])
    assert bits(w.detach().numpy()) == bits(x)


def test_gradients_may_be_tensors_and_parameters_arrays(torch):
    x = np.ones(3)
    Optimizer("gd", 1.0).step(x, torch.full((3,), 0.25, dtype=torch.float64))
    assert x.tolist() == [0.75] * 3


def test_a_tensor_whose_numbers_were_put_elsewhere(torch):
    """``tensor.data = ...`` keeps the object; what it holds now is updated, not what it held."""
    tensor = torch.ones(3)
    optimizer = Optimizer("gd", 1.0)
    optimizer.step(tensor, torch.ones(3))
    old = tensor.data
    tensor.data = torch.full((3,), 5.0)
    optimizer.step(tensor, torch.ones(3))
    assert tensor.tolist() == [4.0] * 3
    assert old.tolist() == [0.0] * 3
    tensor.data = torch.ones(3, dtype=torch.float64)
    with refused(optimizer, r"dtype float64 now, but had shape \(3,\) and dtype float32"):
        optimizer.step(tensor, torch.ones(3, dtype=torch.float64))
    assert tensor.tolist() == [1.0] * 3


def test_what_of_pytorch_cannot_be_shared(torch):
    halves = torch.ones(3, dtype=torch.bfloat16)
    optimizer = Optimizer("nadam")
    with refused(optimizer, r"^the parameter array is (a Tensor|an array of dtype)"):
        optimizer.init(halves)
    x = np.ones(3)
    with refused(optimizer, r"^the gradient of the parameter array is a", x):
        optimizer.step(x, halves)
    with refused(optimizer, r"share memory"):
        tensor = torch.ones(4)
        optimizer.init([tensor, tensor[1:]])


@pytest.mark.skipif(not find_spec("jax"), reason="jax is not installed")
def test_arrays_of_jax():
    """In a process of its own: JAX must not be in one that forks."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/optimizer/with_jax.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
