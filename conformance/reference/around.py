"""What every method has around its update: maximisation, clipping, weight decay.

Each function turns prescribed gradients, or a whole trajectory, into what the option makes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from conformance.reference.arithmetic import current, mpf
from conformance.reference.bounded import Bounded, Vector, scalar
from conformance.reference.setting import Trajectory

Rows = Iterable[Vector]


def maximized(rows: Rows) -> Rows:
    """Gradients of -f."""
    return (-g for g in rows)


def clipped_by_value(rows: Rows, value: float) -> Rows:
    """Each component held in [-value, value]; where it binds, it is a coefficient."""
    limit, bound = mpf(value), Bounded.lift(scalar(value))
    for g in rows:
        close = [abs(abs(x.value) - limit) <= current().u * x.bound for x in g if x.form]
        assert not any(close), "rounding may decide whether it binds"
        yield Vector(x if abs(x.value) <= limit else bound if x.value > 0 else -bound for x in g)


def clipped_by_norm(rows: Rows, value: float) -> Rows:
    """Scaled by min(1, value/|g|), for a sum of squares added up in any order.

    Each square is rounded once and goes through at most n - 1 additions of numbers of one sign: n
    roundings.
    """
    for g in rows:
        total = sum(x.value**2 for x in g)
        square = Bounded(total)
        for _ in g:
            square.rounded()
        yield g if total <= mpf(value) ** 2 else g * (scalar(value) / square.sqrt())


def decayed_l2(rows: Rows, decay: float) -> Callable[[Vector], Vector]:
    """Weight decay in the gradient: g + decay * theta."""
    remaining = iter(rows)
    return lambda theta: Vector.of(next(remaining)) + scalar(decay) * theta


def decayed_decoupled(
    trajectory: Trajectory, theta: Vector, eta: float, decay: float
) -> Trajectory:
    """Weight decay beside the step: theta <- (1 - eta decay) theta - step, prescribed gradients.

    The steps do not depend on theta then, so they are the differences of the plain trajectory.
    """
    plain, eta_, decay_ = theta, scalar(eta), scalar(decay)
    for after, slots in trajectory:
        step, plain = plain - after, after
        theta = (1 - eta_ * decay_) * theta - step | theta - eta_ * (decay_ * theta) - step
        yield theta, slots
