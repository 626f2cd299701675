"""`Stepper`: what it takes, refuses and counts; that its steps are right is shown elsewhere."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import schedules
from nadamkit.errors import BackendUnavailable, OptionError
from nadamkit.loops.stepper import CHUNK, Stepper

SHAPES = {
    "vector": lambda a: a[:6].copy(),
    "matrix": lambda a: a[:6].reshape(2, 3).copy(),
    "Fortran": lambda a: np.asfortranarray(a[:6].reshape(2, 3)),
    "strided": lambda a: a.copy()[::2],
    "reversed": lambda a: a.copy()[::-1],
    "column": lambda a: a.reshape(6, 2).copy()[:, 1],
    "transposed part": lambda a: a.reshape(3, 4).copy().T[1:3],
    "one number": lambda a: np.array(a[3]),
    "empty": lambda a: np.empty((0, 4), a.dtype),
    "one": lambda a: a[:1].copy(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_step_is_elementwise_on_any_layout(shape, dtype, backend):
    numbers = np.arange(1.0, 13.0).astype(dtype)
    x, g = SHAPES[shape](numbers), SHAPES[shape](numbers[::-1].copy())
    wanted = x - x.dtype.type(0.5) * g
    wanted = wanted - x.dtype.type(0.5) * g
    stepper = Stepper("gd", x, learning_rate=0.5, **backend)
    g.flags.writeable = False
    stepper.step(g)
    stepper.step(g)
    assert_array_equal(x, wanted)
    assert stepper.x is x
    assert stepper.t == 2
    assert stepper.slots.shape == (0, x.size)


def test_gradient_may_have_another_layout(backend):
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    g = np.ones((3, 4)).cumsum(axis=0).T[::2]
    wanted = x - g
    Stepper("gd", x, learning_rate=1.0, **backend).step(g)
    assert_array_equal(x, wanted)


def test_gradient_may_be_x_itself(backend):
    x = np.array([4.0, -8.0])
    Stepper("gd", x, learning_rate=0.25, **backend).step(x)
    assert_array_equal(x, [3.0, -6.0])


def test_x_may_be_changed_between_steps(backend):
    for x in (np.zeros(3), np.zeros(6)[::2], np.array(0.0)):
        stepper = Stepper("gd", x, learning_rate=1.0, **backend)
        stepper.step(np.ones_like(x))
        x[...] = 10.0
        stepper.step(np.ones_like(x))
        assert_array_equal(x, np.full_like(x, 9.0))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            np.arange(3),
            r"^x must be a float32 or float64 NumPy array, but is an ndarray of .* int64",
        ),
        (np.ones(3, np.float16), r"and dtype float16; convert it"),
        (np.ones(3, complex), r"and dtype complex128"),
        (np.ones(3, ">f8"), r"^x must be a float32 or float64"),
        ([1.0, 2.0], r"^x must be .*but is a list"),
        (1.0, r"^x must be .*but is a float"),
        (np.float64(1.0), r"^x must be .*but is a float64"),
        (np.broadcast_to(1.0, 3), r"^x is read-only, and a step updates it in place; pass a copy"),
    ],
)
def test_refused_parameters(x, message):
    with pytest.raises(OptionError, match=message):
        Stepper("nadam", x)


@pytest.mark.parametrize(
    "g",
    [
        np.ones(3),
        np.ones((3, 2)),
        np.ones((1, 2, 3)),
        np.ones((2, 3), np.float32),
        np.ones((2, 3), int),
        np.array(1.0),
        [[1.0, 1.0, 1.0]] * 2,
        1.0,
        None,
    ],
    ids=repr,
)
def test_refused_gradient_changes_nothing(g, backend):
    x = np.arange(6.0).reshape(2, 3)
    stepper = Stepper("nadam", x, learning_rate=0.1, clip_norm=1.0, **backend)
    stepper.step(np.ones((2, 3)))
    before, slots = x.copy(), stepper.slots.copy()
    with pytest.raises(OptionError, match=r"^the gradient .*\(2, 3\)"):
        stepper.step(g)
    assert_array_equal(x, before)
    assert_array_equal(stepper.slots, slots)
    assert stepper.t == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "adm"}, r"^Unknown solver adm; did you mean 'adam'"),
        ({"backend": "seriel"}, r"^Unknown backend 'seriel'; did you mean 'serial'"),
        ({"mu": 1.0}, r"^mu=1\.0 is not allowed"),
        ({"muu": 0.5}, r"^method 'nadam' has no hyperparameter 'muu'; did you mean 'mu'\?"),
        ({"learning_rate": "auto"}, r"^learning_rate='auto' is not allowed"),
        ({"learning_rate": -1.0}, r"^learning_rate=-1\.0 is not allowed"),
        ({"learning_rate": np.ones(2)}, r"^learning_rate has shape \(2,\), .* shape \(3,\)"),
        ({"threads": 0, "backend": "parallel"}, r"thread"),
        ({"threads": 10**6, "backend": "parallel"}, r"thread"),
    ],
    ids=repr,
)
def test_refused_options(options, message):
    given = {"method": "nadam"} | options
    with pytest.raises(ValueError, match=message):
        Stepper(x=np.ones(3), **given)


def test_missing_numba(monkeypatch):
    from nadamkit import backends
    from nadamkit._runtime import numba

    def missing():
        raise BackendUnavailable("compiled backends need numba")

    monkeypatch.setattr(numba, "numba", missing)
    monkeypatch.setattr(backends, "_kernel", backends._kernel.__wrapped__)
    with pytest.raises(BackendUnavailable, match="need numba"):
        Stepper("nadam", np.ones(3), backend="serial")
    Stepper("nadam", np.ones(3)).step(np.ones(3))


def test_rate_of_each_parameter(dtype, backend):
    rates = np.array([[0.5, 0.25], [0.0, 2.0]])
    for given in (rates, np.asfortranarray(rates), rates.tolist()):
        x = np.ones((2, 2), dtype)
        Stepper("gd", x, learning_rate=given, **backend).step(np.full((2, 2), 2, dtype))
        assert_array_equal(x, 1 - 2 * rates)


def test_rates_are_copied():
    rates, x = np.ones(2), np.zeros(2)
    stepper = Stepper("gd", x, learning_rate=rates)
    rates[:] = 100.0
    stepper.step(np.ones(2))
    assert_array_equal(x, [-1.0, -1.0])


def test_schedule_is_called_with_1_2_3(backend):
    seen = []

    def rate(t):
        seen.append(t)
        return 2.0 ** -(t % 5)

    x = np.zeros(1)
    stepper = Stepper("gd", x, learning_rate=rate, **backend)
    steps = CHUNK + 10
    for _ in range(steps):
        stepper.step(np.ones(1))
    assert seen[:steps] == list(range(1, steps + 1))
    assert all(type(t) is int for t in seen)
    assert len(seen) == len(set(seen))
    assert x[0] == -sum(2.0 ** -(t % 5) for t in range(1, steps + 1))


def test_a_failing_schedule_fails_each_time_and_changes_nothing():
    def rate(t):
        if t > CHUNK:
            raise KeyError("mine")
        return 0.5

    x = np.zeros(1)
    stepper = Stepper("gd", x, learning_rate=rate)
    for _ in range(CHUNK):
        stepper.step(np.ones(1))
    before = x.copy()
    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            stepper.step(np.ones(1))
        assert_array_equal(x, before)
        assert stepper.t == CHUNK


def test_momentum_schedule_is_called_in_order():
    seen = []

    def mu(t):
        seen.append(t)
        return 0.5

    stepper = Stepper("nadam", np.zeros(2), schedule=mu)
    for _ in range(3):
        stepper.step(np.ones(2))
    assert seen == sorted(set(seen))
    assert seen[0] == 1


def test_named_schedule():
    x = np.zeros(1)
    stepper = Stepper("gd", x, learning_rate=schedules.warmup(1.0, 4))
    for _ in range(5):
        stepper.step(np.ones(1))
    assert x[0] == -(0.25 + 0.5 + 0.75 + 1 + 1)


def test_clipping_by_norm(dtype, backend):
    x = np.zeros(2, dtype)
    stepper = Stepper("gd", x, learning_rate=1.0, clip_norm=5.0, **backend)
    stepper.step(np.array([3, 4], dtype))  # at the limit
    assert_array_equal(x, [-3, -4])
    stepper.step(np.array([24, 32], dtype))  # norm 40
    assert_array_equal(x, [-6, -8])
    stepper.step(np.array([0, 0], dtype))
    assert_array_equal(x, [-6, -8])
    huge = np.finfo(dtype).max / 4
    stepper.step(np.array([-huge, 0], dtype))
    np.testing.assert_allclose(x, [-1, -8], rtol=1e-6)


def test_clipping_by_norm_when_maximising(backend):
    x = np.zeros(2)
    stepper = Stepper("gd", x, learning_rate=1.0, clip_norm=5.0, maximize=True, **backend)
    stepper.step(np.array([30.0, 40.0]))
    assert_array_equal(x, [3.0, 4.0])


def test_two_steppers_do_not_disturb_each_other():
    a, b, both = np.zeros(3), np.zeros(3), np.zeros(3)
    first, second = Stepper("nadam", a), Stepper("nadam", b, mu=0.5)
    alone = Stepper("nadam", both)
    for t in range(5):
        g = np.arange(3.0) + t
        first.step(g)
        second.step(g)
        alone.step(g)
    assert_array_equal(a, both)
    assert (a != b)[1:].all()


def test_slots_begin_at_zero_or_n0():
    assert_array_equal(Stepper("adam", np.ones(3)).slots, np.zeros((2, 3)))
    assert_array_equal(Stepper("adagrad", np.ones(3), n0=0.5).slots, np.full((1, 3), 0.5))
