"""`Optimizer` with gradients of JAX; `test_foreign` runs this file in its own process."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nadamkit import Optimizer
from nadamkit.errors import OptionError
from tests.backends.trajectories import numbers


def loss(params):
    return jnp.sum((params["w"] - 2.0) ** 2) + params["b"] ** 4


def by_hand(params):
    w, b = params["w"], params["b"]
    return {"w": np.float32(2.0) * (w - np.float32(2.0)), "b": np.array(4.0, "float32") * b**3}


@pytest.mark.parametrize("backend", ["numpy", "serial", "parallel"])
def test_a_loop_with_gradients_of_jax(backend):
    ours, wanted = (
        {"w": numbers("float32", 33, 0).copy(), "b": np.array(0.5, "float32")} for _ in range(2)
    )
    pointers = [a.__array_interface__["data"] for a in ours.values()]
    one, other = Optimizer("nadam", 0.1, backend=backend), Optimizer("nadam", 0.1)
    for _ in range(5):
        one.step(ours, jax.grad(loss)(ours))
        other.step(wanted, by_hand(wanted))
    assert [a.__array_interface__["data"] for a in ours.values()] == pointers
    # JAX may round b**3 otherwise; each step's condition is below 16.
    for name, a in ours.items():
        np.testing.assert_allclose(a, wanted[name], rtol=5 * 16 * 2**-24)


def test_gradients_are_not_copied(monkeypatch):
    x, g = np.zeros(33, "float32"), jnp.arange(33, dtype="float32")
    seen = []
    from nadamkit.optimizer import batch

    original = batch.Batch.take
    monkeypatch.setattr(
        batch.Batch,
        "take",
        lambda self, gradients, places: (
            seen.extend(gradients),
            original(self, gradients, places),
        )[1],
    )
    Optimizer("gd", 1.0).step(x, g)
    assert seen[0].__array_interface__["data"][0] == g.unsafe_buffer_pointer()
    assert (x == -np.arange(33)).all()


def test_parameters_of_jax_cannot_change():
    with pytest.raises(OptionError, match="is read-only, and a step updates it in place"):
        Optimizer("nadam").init({"w": jnp.ones(3)})
