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

from conformance.reference import paper
from conformance.reference.arithmetic import CONTEXT, mpf
from conformance.reference.bounded import Vector
from conformance.reference.setting import Setting, Trajectory, dozat
from nadamkit.loops.stepper import Stepper
from tests.grading import Step, expected, worst
from tests.open_loop import BACKENDS, DTYPES, STEPS, check, named_slots


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
    "dozat": ("dozat", dozat(0.99)),
    "jagged": (jagged, jagged),
}


def path(algorithm: Callable, problem: str, schedule: str) -> Trajectory:
    """The trajectory of Algorithm 3 or 7."""
    gradient, start, eta = PROBLEMS[problem]
    source, mu_t = (lambda theta: Vector(gradient(theta))), SCHEDULES[schedule][1]
    return islice(algorithm(Setting(source, start, eta, mu=0.99, mu_t=mu_t)), STEPS)


@cache
def shifted(problem: str, schedule: str, dtype: str) -> list[Step]:
    """Algorithm 3, shifted, with the bounds of Algorithm 7."""
    three = path(paper.nag_lookahead, problem, schedule)
    mu_t, eta = SCHEDULES[schedule][1], mpf(PROBLEMS[problem][2])
    reference = expected(path(paper.nag, problem, schedule), dtype)
    for t, ((theta, slots), wanted) in enumerate(zip(three, reference, strict=True), 1):
        m = [x.value for x in slots["m"]]
        exact = [x.value - eta * mu_t(t + 1) * v for x, v in zip(theta, m, strict=True)]
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
    mu_t, eta = SCHEDULES[schedule][1], mpf(PROBLEMS[problem][2])
    unit = mpf(2) ** (20 - CONTEXT.prec)
    both = (path(algorithm, problem, schedule) for algorithm in (paper.nag_lookahead, paper.nag))
    for t, ((theta3, slots3), (theta7, _)) in enumerate(zip(*both, strict=True), 1):
        for a, m, b in zip(theta3, slots3["m"], theta7, strict=True):
            difference = a.value - eta * mu_t(t + 1) * m.value - b.value
            assert abs(difference) < unit * (1 + b.bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_unshifted_iterates_are_rejected(dtype: str) -> None:
    unshifted = expected(path(paper.nag_lookahead, "quadratic", "dozat"), dtype)
    assert worst(run("quadratic", "dozat", dtype, "numpy"), unshifted).ratio > 1e3
