"""Arrays of any size and layout get, in one call for all, the bits they get alone.

What they are compared with is `Stepper` on a contiguous copy, which other tests compare with the
paper.
"""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import Optimizer, registry
from nadamkit.loops import leaves
from nadamkit.loops.stepper import Stepper
from tests.optimizer.common import BACKENDS, LAYOUTS, bits, tree

STEPS = 3


@pytest.fixture
def calls(monkeypatch):
    """Names of the kernels that were called."""
    made, make = [], leaves.make_sweep

    def counting(rule, *settings):
        sweep = make(rule, *settings)

        def counted(table, blocks):
            made.append((rule.name, settings[-1], len(table)))
            sweep(table, blocks)

        return counted

    monkeypatch.setattr(leaves, "make_sweep", counting)
    return made


def alone(method, a, gradients, rate, **hyper):
    """What a contiguous copy of an array becomes, and the state."""
    x = np.array(a, order="C")
    stepper = Stepper(method, x, backend="serial", learning_rate=rate, **hyper)
    for g in gradients:
        stepper.step(np.array(g, order="C"))
    slots = zip(registry.get(method).slots, stepper.slots, strict=True)
    return x, {slot: values.reshape(x.shape) for slot, values in slots}


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_array_gets_the_bits_it_gets_alone(method, dtype, backend, calls):
    params, grads = tree(dtype, 0), [tree(dtype, seed) for seed in range(1, 1 + STEPS)]
    wanted = {k: alone(method, x, [g[k] for g in grads], 0.01) for k, x in params.items()}
    optimizer = Optimizer(method, 0.01, backend=backend)
    for g in grads:
        optimizer.step(params, g)
    state = optimizer.state_dict()
    for k, (x, slots) in wanted.items():
        assert bits(params[k]) == bits(x), k
        for slot, values in slots.items():
            assert bits(state[f"{slot}/{k}"]) == bits(values), (k, slot)
        assert state[f"t/{k}"] == STEPS
    assert calls == [(method, dtype, len(params))] * STEPS


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_dtypes_in_one_tree(method, backend, calls):
    params = {dtype: tree(dtype, 0) for dtype in ("float32", "float64")}
    grads = {dtype: tree(dtype, 1) for dtype in params}
    optimizer = Optimizer(method, 0.01, backend=backend)
    wanted = {
        (dtype, k): alone(method, x, [grads[dtype][k]], 0.01)[0]
        for dtype, own in params.items()
        for k, x in own.items()
    }
    optimizer.step(params, grads)
    for (dtype, k), x in wanted.items():
        assert bits(params[dtype][k]) == bits(x), (dtype, k)
    count = len(params["float32"])
    assert calls == [(method, "float32", count), (method, "float64", count)]


def sizes():
    """Number of elements of each layout."""
    return {name: lay(np.zeros(60)).size for name, lay in LAYOUTS.items()}


PAIRS = [(a, b) for a, n in sizes().items() for b, other in sizes().items() if n == other]


@pytest.mark.parametrize(("layout", "other"), PAIRS)
def test_gradients_may_be_laid_out_otherwise(layout, other, dtype):
    x = LAYOUTS[layout](np.arange(1.0, 61.0).astype(dtype))
    g = LAYOUTS[other](np.arange(61.0, 1.0, -1.0).astype(dtype)).reshape(x.shape)
    wanted = x - x.dtype.type(0.5) * g
    g.flags.writeable = False
    Optimizer("gd", 0.5).step(x, g)
    assert_array_equal(x, wanted)


@pytest.mark.parametrize("layout", ["strided", "reversed", "column", "part of a transpose"])
def test_nothing_is_written_beside_a_view(layout, dtype):
    x = LAYOUTS[layout](np.full(60, 7.0, dtype))
    owner = x if x.base is None else x.base
    Optimizer("nadam", 0.5).step(x, np.ones_like(x))
    assert (owner == 7.0).sum() == owner.size - x.size
    assert (x != 7.0).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_views_that_share_memory_but_no_element(method, backend):
    memory = np.arange(1.0, 101.0)
    grads = [np.linspace(1.0, 2.0, 50), -np.linspace(3.0, 4.0, 50)]
    wanted = [alone(method, memory[i::2], [grads[i]], 0.1)[0] for i in (0, 1)]
    Optimizer(method, 0.1, backend=backend).step([memory[::2], memory[1::2]], grads)
    assert_array_equal(memory[::2], wanted[0])
    assert_array_equal(memory[1::2], wanted[1])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("around", [{}, {"weight_decay": 0.5, "wd_kind": "decoupled"}], ids=repr)
@pytest.mark.parametrize("layout", ["strided", "Fortran", "no axes", "unaligned"])
def test_gradient_may_be_the_parameter_itself(method, backend, around, layout):
    x = LAYOUTS[layout](np.linspace(-1.0, 2.0, 60))
    wanted = x.copy()
    Optimizer(method, 0.1, backend=backend, **around).step(wanted, x.copy())
    Optimizer(method, 0.1, backend=backend, **around).step(x, x)
    assert_array_equal(x, wanted)


def test_parameters_may_be_replaced_between_steps(method, dtype):
    """By arrays of another memory order; what is given now is updated, and the state stays."""
    numbers = np.arange(1.0, 61.0).astype(dtype).reshape(6, 10)
    g = -np.linspace(1.0, 2.0, 60).astype(dtype).reshape(6, 10)
    rates = np.linspace(0.1, 0.2, 60).reshape(6, 10)
    wanted = alone(method, numbers, [g] * 5, rates)[0]
    optimizer, staying = (Optimizer(method, {"x": rates}, average=0.9) for _ in range(2))
    x, y = numbers.copy(), numbers.copy()
    for _ in range(5):
        staying.step({"x": y}, {"x": g})
    before = []
    kinds = (np.asfortranarray, np.array, lambda a: np.repeat(a, 2, 0)[::2], np.asfortranarray)
    for lay in (*kinds, np.array):
        x = lay(x)
        before.append((x, x.copy()))
        optimizer.step({"x": x}, {"x": g})
    assert_array_equal(x, wanted)
    assert_array_equal(y, wanted)
    assert bits(optimizer.average()["x"]) == bits(staying.average()["x"])
    for (old, _), (new, at_start) in pairwise(before):
        assert old is not new
        assert_array_equal(old, at_start)
