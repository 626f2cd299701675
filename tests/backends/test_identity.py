"""Every method has the same bits on every backend: x and all its state.

The NumPy backend is the reference; that one is right is shown elsewhere, against the paper. The
simulator runs Python for each element, so the two large sizes have fewer steps there, unless
``NADAMKIT_TEST_FULL=1`` asks for all (over an hour); on a GPU (``NADAMKIT_TEST_GPU=1``) they have
all anyway.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nadamkit import registry
from nadamkit._runtime import cuda
from nadamkit.loops.stepper import Stepper
from tests.backends.trajectories import (
    ABOVE,
    SIZES,
    STEPS,
    digest,
    digests,
    gradients,
    key,
    numbers,
)

ROOT = Path(__file__).parents[2]
FEW = 20


def steps_of(options, size):
    """200, but in the simulator 5 at 4097 elements and 1 at 65,537."""
    full = os.environ.get("NADAMKIT_TEST_FULL") == "1"
    if options["backend"] == "cuda" and cuda.simulated() and not full:
        return {4097: 5, ABOVE: 1}.get(size, STEPS)
    return STEPS


@cache
def reference(method, dtype, size, steps):
    return digests(method, dtype, size, steps, backend="numpy")


@pytest.mark.parametrize("size", SIZES)
def test_backends_agree(method, dtype, size, other_backend):
    steps = steps_of(other_backend, size)
    assert digests(method, dtype, size, steps, **other_backend) == reference(
        method, dtype, size, steps
    )


def test_no_gradient_is_zero_and_all_differ():
    seen = [g for dtype in ("float32", "float64") for g in gradients(dtype, 257, STEPS)]
    assert all(np.count_nonzero(g) == 257 for g in seen)
    assert len({g.tobytes() for g in seen}) == 2 * STEPS


@pytest.fixture(scope="module")
def generic():
    """Digests of a process that compiles for a CPU without vector instructions beyond SSE2."""
    environment = dict(os.environ, NUMBA_CPU_NAME="generic", NUMBA_NUM_THREADS="2")
    environment["NUMBA_CACHE_DIR"] = os.path.join(os.environ["NUMBA_CACHE_DIR"], "generic")
    command = [sys.executable, "-m", "tests.backends.trajectories"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_generic_cpu_agrees(method, dtype, generic):
    for size in SIZES:
        assert generic[key(method, dtype, size)] == reference(method, dtype, size, STEPS), size


#: What stands around a rule; all run in one kernel, together with a learning rate per parameter.
AROUND = {
    "weight decay": {"weight_decay": 0.01},
    "decoupled weight decay": {"weight_decay": 0.01, "wd_kind": "decoupled"},
    "norm clipped": {"clip_norm": 1.0},
    "value clipped": {"clip_value": 0.5},
    "maximised": {"maximize": True},
    "everything": {
        "weight_decay": 0.01,
        "wd_kind": "decoupled",
        "clip_norm": 3.0,
        "clip_value": 0.5,
        "maximize": True,
    },
}


@pytest.mark.parametrize("around", AROUND)
def test_backends_agree_on_what_stands_around_a_rule(method, dtype, around, other_backend):
    options = AROUND[around] | {"learning_rate": abs(numbers("float64", 33, 2))}
    expected = digests(method, dtype, 33, FEW, backend="numpy", **options)
    assert expected != reference(method, dtype, 33, FEW)
    assert digests(method, dtype, 33, FEW, **other_backend, **options) == expected


@pytest.mark.parametrize(
    "options",
    [{"clip_value": 0.5}, {"learning_rate": abs(numbers("float64", 33, 2))}],
    ids=["clipped", "rates"],
)
def test_backends_agree_with_one_part(dtype, options, other_backend):
    expected = digests("nadam", dtype, 33, FEW, backend="numpy", **options)
    assert digests("nadam", dtype, 33, FEW, **other_backend, **options) == expected


def knobs():
    """Each value of each knob of each rule."""
    for name, rule in ((name, registry.get(name)) for name in registry.names()):
        for knob, values in rule.hyperparameters.items():
            for value in values[1:] if isinstance(values, tuple) else ():
                yield pytest.param(name, {knob: value}, id=f"{name}-{knob}={value}")
        if "schedule" in rule.hyperparameters:
            for schedule in ("dozat", "constant"):
                yield pytest.param(name, {"schedule": schedule}, id=f"{name}-{schedule}")
        for number in ("eps", "eps_root", "n0"):
            if number in rule.hyperparameters:
                yield pytest.param(name, {number: 0.125}, id=f"{name}-{number}")


@pytest.mark.parametrize(("name", "options"), list(knobs()))
def test_backends_agree_with_knobs(name, options, dtype, other_backend):
    expected = digests(name, dtype, 33, FEW, backend="numpy", **options)
    assert digests(name, dtype, 33, FEW, **other_backend, **options) == expected


def extremes(dtype):
    """Gradients with NaN, both infinities, both zeros, subnormal and huge numbers."""
    limits = np.finfo(dtype)
    kinds = [np.nan, np.inf, -np.inf, 0.0, -0.0, limits.max, -limits.max, limits.tiny]
    kinds += [limits.smallest_subnormal, -limits.smallest_subnormal, 1.0, -1.0]
    given = [g.copy() for g in gradients(dtype, 33, 8)]
    for t, g in enumerate(given[1:], start=1):
        g[t :: 8 - t] = np.resize(np.roll(kinds, 5 * t), g[t :: 8 - t].size)
    return given


@pytest.mark.parametrize(
    "around", [{}, {"weight_decay": 0.1, "clip_value": 2.0}], ids=["", "around"]
)
def test_extreme_gradients_give_the_same_bits(method, dtype, around, other_backend):
    given = extremes(dtype)
    expected = digests(method, dtype, 33, given=given, backend="numpy", **around)
    assert digests(method, dtype, 33, given=given, **other_backend, **around) == expected


def test_nan_gradient_makes_its_parameter_nan_and_no_other(method, dtype, backend):
    x = numbers(dtype, 33, 0).copy()
    g = numbers(dtype, 33, 1).copy()
    g[[0, 7, 32]] = np.nan
    stepper = Stepper(method, x, **backend)
    for gradient in (numbers(dtype, 33, 2), g, numbers(dtype, 33, 3)):
        stepper.step(gradient)
    assert np.flatnonzero(np.isnan(x)).tolist() == [0, 7, 32]


LAYOUTS = {
    "strided": lambda a: np.repeat(a.reshape(-1), 3)[::3],
    "reversed": lambda a: a.reshape(-1)[::-1].copy()[::-1],
    "Fortran": lambda a: np.asfortranarray(a.reshape(5, 7)),
    "rows of a wider array": lambda a: np.tile(a.reshape(5, 7), 2)[:, :7],
    "three axes, permuted": lambda a: a.reshape(5, 7, 1).copy().transpose(2, 1, 0).copy().T,
    "no axes": lambda a: np.array(a[3]),
    "empty": lambda a: np.empty((0, 3), a.dtype),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_changes_nothing(layout, dtype, backend):
    shaped = LAYOUTS[layout]
    ours, plain = (shaped(numbers(dtype, 35, 0)) for _ in range(2))
    plain = np.array(plain, order="C")
    view, flat = Stepper("nadam", ours, **backend), Stepper("nadam", plain, **backend)
    for raw in gradients(dtype, 35, FEW):
        g = shaped(raw)
        g.flags.writeable = False
        before = g.copy()
        view.step(g)
        flat.step(np.array(g, order="C"))
        assert np.array_equal(g, before)
    assert digest(ours) == digest(plain)
    assert [digest(s) for s in view.slots] == [digest(s) for s in flat.slots]


def test_strided_step_leaves_the_elements_between_alone(dtype, backend):
    whole = numbers(dtype, 99, 0).copy()
    before = whole.copy()
    Stepper("nadam", whole[1::3], **backend).step(numbers(dtype, 33, 1))
    assert np.array_equal(np.delete(whole, np.s_[1::3]), np.delete(before, np.s_[1::3]))
    assert (whole[1::3] != before[1::3]).all()
