"""`Optimizer` as an object: containers, arrays left out, copies, memory and threads."""

import copy
import gc
import pickle
import sys
import threading
import tracemalloc
from collections import namedtuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nadamkit
from nadamkit import Optimizer
from tests.backends.trajectories import numbers
from tests.optimizer.common import BACKENDS, FEWER_BACKENDS, bits, contents, refused, unchanged

Layer = namedtuple("Layer", "weight bias")


def test_it_is_public():
    assert nadamkit.Optimizer is Optimizer
    assert Optimizer.update is Optimizer.step


def test_any_containers():
    def tree(sign):
        return {
            "layers": [Layer(np.array([1.0, 2.0]) * sign, None), Layer(np.array(3 * sign), [])],
            "scale": (np.ones((2, 0)), {"deep": {1: np.array([sign * 4.0])}}),
        }

    params, grads = tree(1.0), tree(-1.0)
    grads["layers"][0], grads["layers"][1] = (list(layer) for layer in grads["layers"])
    Optimizer("gd", 0.5).step(params, dict(reversed(grads.items())))
    assert params["layers"][0].weight.tolist() == [1.5, 3.0]
    assert params["layers"][1].weight == 4.5
    assert params["scale"][1]["deep"][1] == 6.0


def test_nothing_at_all():
    optimizer = Optimizer("nadam")
    optimizer.step({}, {})
    optimizer.step({}, None)
    assert optimizer.t == 0
    assert optimizer.state_dict() == {"format": 1, "method": "nadam"}


def test_what_it_says_of_itself():
    x = np.ones(3)
    optimizer = Optimizer("nadam", 0.1)
    assert (optimizer.method, optimizer.t, optimizer.skipped) == ("nadam", 0, 0)
    optimizer.step(x, x)
    assert repr(optimizer) == "Optimizer('nadam', learning_rate=0.1, t=1)"
    assert optimizer.init(x) is optimizer
    assert optimizer.t == 0


def test_init_changes_no_parameter_and_steps_read_them_anew(dtype):
    for x in (np.ones(6, dtype), np.ones(12, dtype)[::2], np.array(1.0, dtype)):
        optimizer = Optimizer("gd", 1.0).init(x)
        assert (x == 1.0).all()
        optimizer.step(x, np.ones(x.shape, dtype)[()])
        x[...] = 10.0
        optimizer.step(x, np.ones(x.shape, dtype)[()])
        assert (x == 9.0).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_may_be_written_over(method, backend):
    """The same arrays with other numbers, which is how fast loops go."""
    x, y = numbers("float64", 40, 0).copy(), numbers("float64", 40, 0).copy()
    g = np.empty(40)
    ours, other = Optimizer(method, 0.1, backend=backend), Optimizer(method, 0.1, backend=backend)
    for t in range(4):
        g[:] = numbers("float64", 40, t)
        ours.step(x, g)
        other.step(y, g.copy())
    assert bits(x) == bits(y)
    assert bits(g) == bits(numbers("float64", 40, 3))


@pytest.mark.parametrize("backend", FEWER_BACKENDS)
def test_no_gradient_leaves_an_array_alone(method, dtype, backend):
    """And its state, its average and the number of its steps; from the first step on, too."""
    params = {name: numbers(dtype, 40, i).copy() for i, name in enumerate("abc")}
    optimizer = Optimizer(method, 0.1, average=0.5, backend=backend)
    apart = {name: Optimizer(method, 0.1, average=0.5) for name in params}
    wanted = {name: a.copy() for name, a in params.items()}
    for t, absent in enumerate(["a", "ab", "", "abc", "bc", ""]):
        grads = {n: None if n in absent else numbers(dtype, 40, 10 + t) for n in params}
        before = optimizer.state_dict() if t else {}
        optimizer.step(params, grads)
        after = optimizer.state_dict()
        for name, g in grads.items():
            if g is not None:
                apart[name].step(wanted[name], g)
            elif before:
                mine = [key for key in before if key.endswith(f"/{name}")]
                assert [bits(before[key]) for key in mine] == [bits(after[key]) for key in mine]
            assert bits(params[name]) == bits(wanted[name])
            assert after[f"t/{name}"] == apart[name].t
    assert optimizer.t == 4
    assert [apart[name].t for name in "abc"] == [3, 3, 4]


def test_a_whole_branch_may_be_left_out():
    params = {"a": [np.ones(2), np.ones(2)], "b": np.ones(2)}
    Optimizer("gd", 1.0).step(params, {"a": None, "b": np.ones(2)})
    assert [a.tolist() for a in (*params["a"], params["b"])] == [[1, 1], [1, 1], [0, 0]]


@pytest.mark.parametrize("kind", ["learning_rate", "schedule"])
@pytest.mark.parametrize("fault", ["raises", "returns nan", "returns a word"])
def test_a_schedule_that_fails_changes_nothing(kind, fault):
    """Not even in arrays that come before, and the next step is possible."""
    broken = []

    def schedule(t):
        if not broken or t < 3:
            return 0.1
        if fault == "raises":
            raise KeyError("mine")
        return np.nan if fault == "returns nan" else "word"

    params = {"a": np.ones(3), "b": np.ones(3, "float32"), "c": np.ones(2)}
    reference = {name: a.copy() for name, a in params.items()}
    settings = {"groups": {"c": {kind: schedule}}, "average": 0.5}
    optimizer, other = Optimizer("nadam", 0.1, **settings), Optimizer("nadam", 0.1, **settings)
    for _ in range(2):
        optimizer.step(params, params)
        other.step(reference, reference)
    broken.append(True)
    error = KeyError if fault == "raises" else ValueError
    for _ in range(2):
        with refused(optimizer, "mine|t = [34]", *params.values(), error=error):
            optimizer.step(params, params)
    broken.clear()
    optimizer.step(params, params)
    other.step(reference, reference)
    assert contents(optimizer, *params.values())[:3] == contents(other, *reference.values())[:3]


def test_it_cannot_be_copied_once_it_has_begun():
    """It holds addresses; a copy would write where nothing of its own is."""
    fresh = Optimizer("nadam", 0.1)
    x = np.ones(3)
    copy.deepcopy(fresh).step(x, x)
    assert fresh.t == 0
    fresh.step(x, x)
    with unchanged(fresh, x):
        for make in (copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match=r"cannot be copied or pickled; make another one"):
                make(fresh)


@pytest.mark.parametrize("backend", ["serial", "parallel"])
@pytest.mark.parametrize("options", [{}, {"clip_norm": 1.0, "average": 0.9}], ids=repr)
def test_a_step_needs_no_memory(dtype, backend, options):
    params = {"a": np.ones((1000, 900), dtype), "b": np.ones(100_000, dtype)}
    grads = {name: np.ones_like(a) for name, a in params.items()}
    optimizer = Optimizer("nadam", 0.1, backend=backend, **options)
    optimizer.step(params, grads)
    gc.collect()
    tracemalloc.start()
    for _ in range(3):
        optimizer.step(params, grads)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024


@pytest.mark.parametrize("backend", BACKENDS)
def test_memory_does_not_grow(backend):
    params = {"a": np.ones(100), "b": np.ones(31)[::-1]}
    settings = {"nonfinite": "skip", "clip_norm": 1.0, "average": 0.9, "backend": backend}
    # Of a method without coefficients, of which some are kept for all runs to come.
    optimizer = Optimizer("gd", lambda t: 1.0 / t, **settings)

    def steps(count):
        for t in range(count):
            left_out = None if t % 7 == 3 else np.ones(31)
            optimizer.step(
                params, {"a": np.full(100, np.nan if t % 5 == 2 else 1.0), "b": left_out}
            )
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before = steps(300)
    after = steps(1000)
    tracemalloc.stop()
    # NumPy keeps some freed memory to use it again; this is less than a float for each step.
    assert after - before < 1000 * sys.getsizeof(1.0)


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_gradients_are_not_kept_alive(value):
    """Large ones, after a step or after one that was skipped."""
    x = np.ones(100_000)
    optimizer = Optimizer("gd", 0.1, nonfinite="skip").init(x)
    tracemalloc.start()
    optimizer.step(x, np.full(100_000, value))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < x.nbytes / 10


def test_threads_of_python(method):
    """Two with an optimizer each, as bits of each alone; kernels in parallel are called in turn."""

    def run(seed, found):
        x = numbers("float64", 70_000, seed).copy()
        optimizer = Optimizer(method, 0.1, backend="parallel", clip_norm=100.0)
        for t in range(20):
            optimizer.step(x, numbers("float64", 70_000, seed)[::-1] * (1 + t % 3))
        found[seed] = bits(x)

    alone, together = {}, {}
    for seed in (0, 1):
        run(seed, alone)
    threads = [threading.Thread(target=run, args=(seed, together)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
    assert_array_equal(list(alone), [0, 1])
