"""What the tests of dialects share: gradients, nadamkit's run on them, and how far two runs are.

A float64 sum of 200 terms is wrong by more than 1e-15 of itself: gradient descent, where nothing
can differ, by 1.2e-15. So each step is taken from a given point, the origin unless weight is to
decay, which shows it with all its digits; the steps are summed exactly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath.ctx_mp import MPContext

from nadamkit import dialects
from nadamkit.loops.stepper import Stepper

CONTEXT = MPContext()
CONTEXT.prec = 160
exact = np.vectorize(lambda x: CONTEXT.mpf(float(x)), otypes=[object])

STEPS = 200
SHAPES = ((4,), (2, 3), (5,))
#: The learning rate of step t is this multiple of the first: exact, and it changes every step.
FACTORS = (0.5, 0.25, 1.0)
#: Of the largest displacement in the tensor.
BOUND = 1e-15

Tensors = list[np.ndarray]


def gradients() -> list[Tensors]:
    """Gradients of three tensors, |g| from 1e-6 to 1e2, for each step.

    The first tensor is where each place of epsilon shows; the second has mixed scales; the third
    large ones, spikes among zeros, and zeros only. Signs flip, but for one coordinate.
    """
    rng = np.random.default_rng(2016)
    scales = (
        [1e-6, 1e-5, 1e-4, 1e-3],
        10.0 ** rng.uniform(-5.0, 1.0, (STEPS, *SHAPES[1])),
        [1.0, 10.0, 100.0, 1.0, 0.0],
    )
    tensors = [
        rng.uniform(0.1, 1.0, (STEPS, *shape)) * rng.choice([-1.0, 1.0], (STEPS, *shape)) * scale
        for shape, scale in zip(SHAPES, scales, strict=True)
    ]
    tensors[0][:, 1] = abs(tensors[0][:, 1])
    tensors[2][[t for t in range(STEPS) if t not in (2, 40, 150)], 3] = 0.0
    return [list(step) for step in zip(*tensors, strict=True)]


def small_points() -> list[Tensors]:
    """Where each step starts when weights decay: parameters of the size of a step."""
    rng = np.random.default_rng(2017)
    return [[rng.uniform(-1.0, 1.0, shape) / 128 for shape in SHAPES] for _ in range(STEPS)]


GRADIENTS = gradients()
ORIGIN = [[np.zeros(shape) for shape in SHAPES]] * STEPS
SMALL = small_points()


def rate_of(first: float) -> Callable[[int], float]:
    """The learning rate as a function of t."""
    return lambda t: first * FACTORS[t % 3]


def run(
    method: str,
    dialect: str,
    grads: list[Tensors],
    rate: Any = None,
    points: list[Tensors] | None = ORIGIN,
    **given: Any,
) -> Tensors:
    """The displacement of each tensor after each step, in nadamkit.

    Without `points` it is that of an ordinary run from the origin.
    """
    default, hyper = dialects.settings(method, dialect, given)
    rate = default if rate is None else rate
    steppers = [
        Stepper(method, np.zeros(shape), backend="numpy", learning_rate=rate, **hyper)
        for shape in SHAPES
    ]

    def step(t: int, tensors: Tensors, g: Tensors) -> Tensors:
        for stepper, x, gradient in zip(steppers, tensors, g, strict=True):
            stepper.x[...] = x
            stepper.step(gradient)
        return [stepper.x.copy() for stepper in steppers]

    return walk(step, grads, points)


def walk(
    step: Callable[[int, Tensors, Tensors], Tensors],
    grads: list[Tensors],
    points: list[Tensors] | None = ORIGIN,
) -> Tensors:
    """The displacements by ``step(t, tensors, gradients) -> tensors``, one row a step.

    The numbers may be exact; what is returned is.
    """
    rows, tensors = [], ORIGIN[0]
    for t, g in enumerate(grads, 1):
        if points is not None:
            tensors = points[t - 1]
        after = step(t, tensors, g)
        pairs = zip(after, tensors, strict=True)
        rows.append(after if points is None else [_exact(a) - _exact(x) for a, x in pairs])
        tensors = after
    paths = [np.array([*map(_exact, path)]) for path in zip(*rows, strict=True)]
    return paths if points is None else [np.cumsum(path, axis=0) for path in paths]


def _exact(x: Any) -> Any:
    return x if x.dtype == object else exact(x)


def distance(ours: Tensors, theirs: Tensors) -> float:
    """The largest difference over the largest displacement, of the worst tensor."""
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        assert np.shape(a) == np.shape(b)
        worst = max(worst, float(np.max(abs(a - b)) / np.max(abs(b))))
    return worst


def cancellation(paths: Tensors, nu: float) -> float:
    """What a library is off by, at most, that computes ``1 - nu**t`` in float64.

    The power is rounded to within an ulp, 2**-53, and the difference keeps that error: at t = 2,
    1 - 0.999**2 is wrong by 1.4e-14 of itself, and a step by half of that.
    """
    t = np.arange(1, STEPS + 1)
    errors = 0.5 * 2.0**-53 / (1.0 - nu**t)
    worst = 0.0
    for path in paths:
        steps = abs(np.diff(path, axis=0, prepend=0 * path[:1])).reshape(STEPS, -1)
        off = (steps.astype(float).T * errors).sum(axis=1)
        worst = max(worst, float(off.max() / np.max(abs(path))))
    return worst
