"""`minimize` with a given learning rate walks the paper's path.

The reference is the transcription in mpmath, in a closed loop: it takes the gradient at its own
iterates. Every rounding of the update and of the gradient is carried from step to step, so that the
bound is derived and no tolerance is chosen. The gradient is written once for arrays and for exact
numbers, with integer constants, which are exact in both.
"""

from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from conformance.reference import paper
from conformance.reference.bounded import Vector
from conformance.reference.setting import dozat
from nadamkit import minimize, registry, schedules
from tests.grading import expected, worst
from tests.open_loop import check, nadam

STEPS = 50
#: Each error is carried on, so that the work grows with the square of the steps.
FEW = 12
START = [1.0, -2.0, 0.5]
ETA = 2.0**-6
DTYPES = ["float32", "float64"]


def gradient(x):
    """Of (10 x0^2 + 3 x1^2 + x2^2)/2 + x0 x1 - x1 x2 - 2 x2."""
    return [10 * x[0] + x[1], 3 * x[1] + x[0] - x[2], x[2] - x[1] - 2]


def value(x):
    a, b, c = map(float, x)
    return 5 * a * a + 1.5 * b * b + 0.5 * c * c + a * b - b * c - 2 * c


def jac(x):
    return np.array(gradient(x), x.dtype)


def exact(theta):
    return Vector(gradient(theta))


def path(method, dtype, rate=ETA, steps=STEPS, **options):
    """The points of a run, its start left out."""
    given = {"learning_rate": rate, "maxiter": steps, "gtol": None, "return_all": True}
    x0 = np.array(START, dtype)
    result = minimize(value, x0, method=method, jac=jac, options=given | options)
    assert result.nit == steps
    assert_array_equal(result.allvecs[0], x0)
    return [{"theta": x} for x in result.allvecs[1:]]


def thetas(trajectory, steps):
    return ((theta, {}) for theta, _ in islice(trajectory, steps))


def graded(method, reference, **options):
    run = path(method, "float64", steps=FEW, **options)
    check(worst(run, expected(thetas(reference, FEW), "float64")))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", registry.names())
def test_every_method_at_its_defaults(method, dtype):
    reference = thetas(paper.run(method, exact, START, ETA), STEPS)
    check(worst(path(method, dtype), expected(reference, dtype)))


HYPER = {
    "momentum": {"mu": 0.5},
    "nag": {"mu": 0.75},
    "rmsprop": {"nu": 0.5, "eps": 0.25},
    "adagrad": {"eps": 0.25},
    "maxaprop": {"nu": 0.5, "eps": 0.25},
    "adam": {"mu": 0.25, "nu": 0.5, "eps": 0.125},
    "adamax": {"mu": 0.25, "nu": 0.5, "eps": 0.125},
    "nadam": {"mu": 0.25, "nu": 0.5, "eps": 0.125},
    "nadamax": {"mu": 0.25, "nu": 0.5, "eps": 0.125},
}


@pytest.mark.parametrize("method", HYPER)
def test_hyperparameters_reach_the_rule(method):
    reference = paper.run(method, exact, START, ETA, **HYPER[method])
    graded(method, reference, **HYPER[method])


def jagged(t):
    return 0.75 - 0.25 * (t % 3)


SCHEDULES = {
    "constant": ("constant", None),
    "Constant()": (schedules.Constant(), None),
    "Dozat()": (schedules.Dozat(), dozat(0.99)),
    "Dozat(kappa=0.25, base=0.5, psi=0.125)": (
        schedules.Dozat(kappa=0.25, base=0.5, psi=0.125),
        dozat(0.99, kappa="0.25", base="0.5", psi="0.125"),
    ),
    "callable": (jagged, jagged),
}


@pytest.mark.parametrize("method", ["nag", "nadam", "nadamax"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_momentum_schedules(name, method):
    ours, theirs = SCHEDULES[name]
    reference = paper.run(method, exact, START, ETA, mu_t=theirs)
    graded(method, reference, schedule=ours)


KNOBS = {
    "m_coef": {"m_coef": "mu_t"},
    "eps_kind": {"eps_kind": "out"},
    "n_bias": {"n_bias": "none"},
    "m_bias": {"m_bias": "t"},
    "lookahead": {"lookahead": False},
}


@pytest.mark.parametrize("knob", KNOBS)
def test_knobs_reach_the_rule(knob):
    reference = nadam(exact, START, ETA, **KNOBS[knob])
    graded("nadam", reference, **KNOBS[knob])


# --- learning rates -------------------------------------------------------------------------------
# With a power of two for each step and gradient descent, what a rate does is exact to write down.


def descended(rates, dtype="float64", clip=None):
    """Gradient descent in plain NumPy, one rate or array of rates a step."""
    x = np.array(START, dtype)
    points = []
    for rate in rates:
        x = x - np.asarray(rate, dtype) * jac(x)
        if clip is not None:
            x = np.clip(x, *clip)
        points.append(x)
    return points


def assert_same(run, points):
    assert_array_equal([step["theta"] for step in run], points)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rate", [ETA, np.float32(ETA), np.array(ETA), 0])
def test_rate_is_a_number(rate, dtype):
    assert_same(path("gd", dtype, rate), descended([float(rate)] * STEPS, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [list, tuple, np.array, np.float32])
def test_rate_of_each_parameter(kind, dtype):
    rates = [2.0**-6, 2.0**-4, 0.0]
    assert_same(path("gd", dtype, kind(rates)), descended([rates] * STEPS, dtype))


def test_rate_is_a_callable_of_t():
    seen = []

    def rate(t):
        seen.append(t)
        return 2.0 ** -(6 + t % 3)

    expected_rates = [2.0 ** -(6 + t % 3) for t in range(1, STEPS + 1)]
    assert_same(path("gd", "float64", rate), descended(expected_rates))
    # Each once and in order, and none beyond the last step: a table of rates may end there.
    assert seen == list(range(1, STEPS + 1))


def cosine(t):
    return ETA * (1 + np.cos(np.pi * (t - 1) / 39)) / 2 if t <= 40 else 0.0


def one_cycle(t):
    s, top = t - 1, 0.25 * 40
    if s < top:
        return ETA * (0.04 + 0.96 * (1 - np.cos(np.pi * s / top)) / 2)
    return ETA * (1 + np.cos(np.pi * min(1, (s - top) / 30))) / 2


NAMED = {
    "constant": (schedules.constant(ETA), lambda t: ETA),
    "cosine": (schedules.cosine(ETA, 40), cosine),
    "exponential": (
        schedules.exponential(ETA, 0.5, every=10),
        lambda t: ETA * 0.5 ** ((t - 1) / 10),
    ),
    "one_cycle": (schedules.one_cycle(ETA, 41, rise=0.25), one_cycle),
    "warmup": (schedules.warmup(ETA, 8), lambda t: min(1, t / 8) * ETA),
    "warmup to cosine": (
        schedules.warmup(schedules.cosine(ETA, 40), 8),
        lambda t: min(1, t / 8) * cosine(t),
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_schedules(name):
    ours, formula = NAMED[name]
    got = np.array([step["theta"] for step in path("gd", "float64", ours)])
    wanted = descended([formula(t) for t in range(1, STEPS + 1)])
    # A rate is off by at most 8 roundings; the path is a contraction, so that errors only add.
    np.testing.assert_allclose(got, wanted, rtol=0, atol=STEPS * 8 * 2.0**-53 * 20 * ETA)


def test_projected_after_each_step():
    lower, upper = np.array([-1.0, -2.0, 0.0]), np.array([0.75, -0.25, 1.0])
    given = {"learning_rate": ETA, "maxiter": STEPS, "gtol": None, "return_all": True}
    bounds = list(zip(lower, upper, strict=True))
    result = minimize(value, START, method="gd", jac=jac, bounds=bounds, options=given)
    x = np.clip(START, lower, upper)
    points = [x]
    for _ in range(STEPS):
        x = np.clip(x - ETA * jac(x), lower, upper)
        points.append(x)
    assert_array_equal(result.allvecs, points)


@pytest.mark.parametrize("kind", ["l2", "decoupled"])
def test_weight_decay_and_clipping(kind):
    decay, limit = 2.0**-3, 1.0
    run = path("gd", "float64", weight_decay=decay, wd_kind=kind, clip_value=limit)
    x, points = np.array(START), []
    for _ in range(STEPS):
        g = np.clip(jac(x), -limit, limit)
        x = x - ETA * (g + decay * x) if kind == "l2" else x - ETA * decay * x - ETA * g
        points.append(x)
    assert_same(run, points)


def test_clipping_by_norm():
    run = path("gd", "float64", clip_norm=0.5)
    x = np.array(START)
    for step in run:
        g = jac(x)
        x = x - ETA * min(1.0, 0.5 / np.linalg.norm(g)) * g
        np.testing.assert_allclose(step["theta"], x, rtol=1e-13)
        x = step["theta"]
