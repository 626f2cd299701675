"""Algorithm 7 is Algorithm 3 seen from the look-ahead point: theta7 = theta3 - eta mu_{t+1} m.

nadamkit's nag runs on the gradient of a function (a closed loop) and is compared with the shifted
iterates of Algorithm 3 in mpmath. The bound is that of Algorithm 7 on the same gradient, whose
roundings are counted too: the gradient functions below are written once for arrays and for exact
numbers, with integer constants, which are exact in both.
"""

from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest

from nadamkit.loops.stepper import Stepper
from tests.open_loop import BACKENDS, DTYPES, STEPS, check, named_slots
from tests.reference import paper
from tests.reference.bounded import CONTEXT, Vector, mpf
from tests.reference.grading import Step, expected, worst


def quadratic(x: Any) -> list[Any]:
    """Gradient of (10 x0^2 + 3 x1^2 + x2^2)/2 + x0 x1 - x1 x2 - 2 x2."""
    return [10 * x[0] + x[1], 3 * x[1] + x[0] - x[2], x[2] - x[1] - 2]


def rosenbrock(x: Any) -> list[Any]:
    """Gradient of 100 (x1 - x0^2)^2 + (1 - x0)^2."""
    valley = x[1] - x[0] * x[0]
    return [-400 * x[0] * valley - 2 * (1 - x[0]), 200 * valley]


def jagged(t: int) -> float:
    """A momentum that jumps, so that mu_t and mu_{t+1} cannot be confused."""
    return 0.75 - 0.25 * (t % 3)


PROBLEMS: dict[str, tuple[Callable[[Any], list[Any]], list[float], float]] = {
    "quadratic": (quadratic, [1.0, -2.0, 0.5], 0.0625),
    "rosenbrock": (rosenbrock, [-1.25, 1.0], 2.0**-12),
}
# The schedule for nadamkit and for the transcription.
SCHEDULES: dict[str, tuple[Any, Any]] = {
    "dozat": ("dozat", paper.dozat),
    "jagged": (jagged, lambda mu: jagged),
}


def paths(problem: str, schedule: str) -> tuple[list, list]:
    """The trajectories of Algorithms 3 and 7."""
    gradient, start, eta = PROBLEMS[problem]
    source, of_mu = (lambda theta: Vector(gradient(theta))), SCHEDULES[schedule][1]
    three = paper.nag_lookahead(source, Vector.of(start), eta, schedule=of_mu)
    seven = paper.nag(source, Vector.of(start), eta, schedule=of_mu)
    return list(islice(three, STEPS)), list(islice(seven, STEPS))


@cache
def shifted(problem: str, schedule: str, dtype: str) -> list[Step]:
    """Algorithm 3, shifted, with the bounds of Algorithm 7."""
    three, seven = paths(problem, schedule)
    mu_, eta = paper.Momentum(SCHEDULES[schedule][1](0.99)), mpf(PROBLEMS[problem][2])
    reference = list(expected(seven, dtype))
    for t, ((theta, slots), wanted) in enumerate(zip(three, reference, strict=True), 1):
        m = [x.value for x in slots["m"]]
        exact = [x.value - eta * mu_(t + 1) * v for x, v in zip(theta, m, strict=True)]
        for name, values in {"theta": exact, "m": m}.items():
            bounds = [bound for _, bound in wanted[name]]
            wanted[name] = list(zip(values, bounds, strict=True))
    return reference


def run(problem: str, schedule: str, dtype: str, backend: str):
    """Theta and m after each step of nadamkit's nag."""
    gradient, start, eta = PROBLEMS[problem]
    x = np.array(start, dtype)
    stepper = Stepper("nag", x, backend=backend, learning_rate=eta, schedule=SCHEDULES[schedule][0])
    for _ in range(STEPS):
        stepper.step(np.array(gradient(x)))
        yield {"theta": x.copy(), **named_slots("nag", stepper)}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_nag_is_algorithm_3_shifted(problem, schedule, dtype, backend) -> None:
    check(worst(run(problem, schedule, dtype, backend), shifted(problem, schedule, dtype)))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_two_algorithms_are_the_same_method(problem: str, schedule: str) -> None:
    """In exact arithmetic the identity holds to the working precision, times the growth."""
    mu_, eta = paper.Momentum(SCHEDULES[schedule][1](0.99)), mpf(PROBLEMS[problem][2])
    unit = mpf(2) ** (20 - CONTEXT.prec)
    both = zip(*paths(problem, schedule), strict=True)
    for t, ((theta3, slots3), (theta7, _)) in enumerate(both, 1):
        for a, m, b in zip(theta3, slots3["m"], theta7, strict=True):
            difference = a.value - eta * mu_(t + 1) * m.value - b.value
            assert abs(difference) < unit * (1 + b.bound(1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_unshifted_iterates_are_rejected(dtype: str) -> None:
    unshifted = expected(paths("quadratic", "dozat")[0], dtype)
    assert worst(run("quadratic", "dozat", dtype, "numpy"), unshifted).ratio > 1e3
