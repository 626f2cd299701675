"""How far a noisy run goes, how its steps shrink, and what its end means."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.backends.reduce import norm
from nadamkit.errors import ObjectiveError
from nadamkit.loops import noisy
from nadamkit.loops.stopping import (
    CALLBACK,
    DIVERGED,
    MAXITER,
    MAXTIME,
    NOISE_FLOOR,
    PATIENCE,
    RUNNING,
)
from nadamkit.loops.task import Estimate, Outcome

#: Iterations unless the user says otherwise.
HORIZON = 2000
#: Where no horizon is known, a run that is asked to end goes on for this share of its iterations,
#: while the steps shrink to nothing.
COOLDOWN = 0.25
#: Iterations between two validations where there are no epochs.
VALIDATE_EVERY = 100
#: Standard errors that tell a mean from zero, and an end that is worse than the start.
SIGNIFICANT, WORSE = 2.0, 3.0


@dataclass(frozen=True)
class Noise:
    """What the user wants of a noisy run.

    Parameters
    ----------
    horizon : float
        Iterations; infinity where the run ends by other means.
    average : float or None
        As in `noisy.State`; None leaves it to the run.
    validation : callable, optional
        ``validation(x) -> float``, whose lowest point is returned.
    every : int
        Iterations between validations.
    patience : float
        Validations without a lower value after which the run ends.
    race : bool
        Let fixed rates compete, instead of learning the scale.
    """

    horizon: float = HORIZON
    average: float | None = None
    validation: Callable[[Any], Any] | None = None
    every: int = VALIDATE_EVERY
    patience: float = math.inf
    race: bool = False


class Plan:
    """The course of one noisy run.

    Parameters
    ----------
    noise : Noise
        What the user wants.
    learned : bool
        Whether the steps shrink by the plan, or follow the user's learning rate.
    """

    def __init__(self, noise: Noise, learned: bool) -> None:
        self.noise, self.learned = noise, learned
        self.open = learned and math.isinf(noise.horizon)
        self.end = noise.horizon
        self._cooling_from = math.inf
        self._reason = MAXITER
        self._waited = 0
        self.validated = math.inf
        self.valid_x: NDArray[Any] | None = None

    @property
    def average(self) -> float:
        """What is averaged; without a horizon the end may come before the steps are small."""
        given = self.noise.average
        return given if given is not None else 1.0 if self.open else 0.0

    @property
    def cooling(self) -> bool:
        """Whether an open run has been asked to end."""
        return self._cooling_from < math.inf

    def rows(self, done: int, rows: int) -> int:
        """At most `rows` steps, to the end or the next validation; none where it is over."""
        if self.noise.validation is not None:
            rows = min(rows, self.noise.every - done % self.noise.every)
        return int(min(rows, self.end - done))

    def shares(self, first: int, rows: int) -> NDArray[np.float64]:
        """The factors of the steps ``first .. first + rows - 1``, counted from 1."""
        k = np.arange(first - 1, first - 1 + rows)
        if self.cooling:
            length = self.end - self._cooling_from
            return np.asarray(1.0 - (k - self._cooling_from) / length)
        if self.open:
            return np.ones(rows)
        return np.asarray(0.5 * (1.0 + np.cos(np.pi * k / self.end)))

    def after(self, status: int, done: int, x: NDArray[Any]) -> int:
        """The status after some steps, the average `x` of which is validated."""
        if status == RUNNING and self._validates(done) and self._impatient(x):
            return PATIENCE
        if status == RUNNING:
            return self._reason if done >= self.end else RUNNING
        if self.open and not self.cooling and status in (NOISE_FLOOR, CALLBACK, MAXTIME):
            self._reason = status
            self._cooling_from = done
            self.end = done + max(1, math.ceil(COOLDOWN * done))
            return RUNNING
        return status

    def finish(self, outcome: Outcome, state: noisy.State, steps: int) -> None:
        """Fill in what a run that has ended returns."""
        found = estimate(state, steps)
        outcome.estimate = found
        outcome.x, outcome.g = state.mean_x, state.mean_g
        if self.valid_x is not None:
            outcome.x, outcome.validated = self.valid_x, self.validated
        elif found.worse:
            outcome.status, outcome.x = DIVERGED, state.start
            outcome.estimate = replace(found, fun=float(state.scalars[noisy.START]))
        if outcome.status == MAXITER and found.signal <= SIGNIFICANT:
            outcome.status = NOISE_FLOOR

    def _validates(self, done: int) -> bool:
        last = done >= self.end
        due = done > 0 and (done % self.noise.every == 0 or last)
        return self.noise.validation is not None and due

    def _impatient(self, x: NDArray[Any]) -> bool:
        assert self.noise.validation is not None
        returned = self.noise.validation(x.copy())
        try:
            value = float(returned)
        except (TypeError, ValueError) as error:
            raise ObjectiveError(
                f"validation returned {returned!r}; it must return a number, the lower the better."
            ) from error
        self._waited += 1
        if value < self.validated:
            self.validated, self.valid_x, self._waited = value, x.copy(), 0
        return self._waited >= self.noise.patience


def estimate(state: noisy.State, steps: int) -> Estimate:
    """What the averages of a run say."""
    s = state.scalars
    # Number of equal weights that average as well as the weights t**POWER do.
    count = max(1.0, steps * (2 * noisy.POWER + 1) / (noisy.POWER + 1) ** 2)
    error = math.sqrt(max(s[noisy.VAR], 0.0) / count)
    first = s[noisy.START_VAR] / min(max(steps, 1), noisy.FIRST)
    size = s[noisy.SIZE] or 1.0
    mean = (norm(state.mean_g) / size) ** 2
    noise = max(s[noisy.SQUARE] - mean, 0.0) / count
    signal = math.sqrt(mean / noise) if noise > 0.0 else math.inf if mean > 0.0 else 0.0
    excess = s[noisy.MEAN] - s[noisy.START]
    worse = steps >= 2 * noisy.FIRST and excess > WORSE * math.sqrt(error**2 + first)
    return Estimate(float(s[noisy.MEAN]), error, signal, bool(worse))
