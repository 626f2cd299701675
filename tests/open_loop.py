"""What the tests against the paper share: gradients, nadamkit's run on them, the verdict."""

from dataclasses import replace
from functools import cache

import numpy as np

from conformance.reference.bounded import Vector
from conformance.reference.family import METHODS, family
from conformance.reference.setting import Setting, Trajectory, dozat
from nadamkit import registry
from nadamkit.loops.stepper import Stepper
from tests.grading import Worst

STEPS = 60
BACKENDS = ("numpy", "serial")
DTYPES = ("float32", "float64")


@cache
def stream(dtype: str) -> np.ndarray:
    """Gradients of 60 steps and 9 coordinates.

    The scales are where each place of epsilon shows: 1e-6, its root 1e-4, 1e-2, 1, 1e2; then
    mixed scales, two spikes among zeros, one sign, and nothing but zeros.
    """
    rng = np.random.default_rng(2015)
    g = rng.uniform(0.1, 1.0, (STEPS, 9)) * rng.choice([-1.0, 1.0], (STEPS, 9))
    g[:, :5] *= [1e-6, 1e-4, 1e-2, 1.0, 1e2]
    g[:, 5] *= 10.0 ** rng.uniform(-5.0, 2.0, STEPS)
    g[[t for t in range(STEPS) if t not in (2, 40)], 6] = 0.0
    g[:, 7] = abs(g[:, 7])
    g[:, 8] = 0.0
    return g.astype(dtype)


def exact(gradients: np.ndarray) -> list[Vector]:
    """The same gradients as exact numbers."""
    return [Vector.of(map(float, g)) for g in gradients]


def origin() -> Vector:
    return Vector.of([0] * stream("float64").shape[1])


def nadam(source, theta, eta, mu=0.99, nu=0.999, eps=1e-8, mu_t=None, **knobs) -> Trajectory:
    """Algorithm 8 with knobs, in the reference; with the paper's schedule if none is given."""
    setting = Setting(source, theta, eta, mu, nu, eps, mu_t or dozat(mu))
    return family(setting, replace(METHODS["nadam"], **knobs))


def run(method, dtype, backend, *, gradients=None, start=0.0, learning_rate=1.0, **hyper):
    """Theta and slots after each step of nadamkit."""
    gradients = stream(dtype) if gradients is None else gradients
    x = np.full(gradients.shape[1], start, dtype)
    stepper = Stepper(method, x, backend=backend, learning_rate=learning_rate, **hyper)
    for g in gradients:
        stepper.step(g)
        yield {"theta": x.copy(), **named_slots(method, stepper)}


def named_slots(method: str, stepper: Stepper) -> dict[str, np.ndarray]:
    return dict(zip(registry.get(method).slots, np.array(stepper.slots), strict=True))


def check(found: Worst) -> None:
    """Within the bound, and by no more than a factor of 1000: a vacuous bound shows nothing."""
    assert found.ratio <= 1.0, found
    assert found.ratio >= 1e-3, f"the bound is vacuous: {found}"
