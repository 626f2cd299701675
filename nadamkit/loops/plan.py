"""How far a noisy run goes, how its steps shrink, and what its end means."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.backends.reduce import norm
from nadamkit.errors import ObjectiveError, described
from nadamkit.loops import noisy_state as noisy
from nadamkit.loops.stopping import (
    CALLBACK,
    DIVERGED,
    MAXITER,
    MAXTIME,
    NIT,
    NOISE_FLOOR,
    NONFINITE,
    PATIENCE,
    RESTARTED,
    RUNNING,
)
from nadamkit.loops.task import Estimate, Outcome
from nadamkit.objectives.bounds import Box
from nadamkit.objectives.returns import scalar

#: Iterations unless the user says otherwise.
HORIZON = 2000
#: Where no horizon is known, a run that is asked to end goes on for this share of its iterations,
#: while the steps shrink to nothing.
COOLDOWN = 0.25
#: Iterations between two validations where there are no epochs.
VALIDATE_EVERY = 100
#: Standard deviations of noise alone by which the gradient at the end exceeds it.
SIGNIFICANT = 3.0
#: Share of the last values above the noise of the start that shows a run has gone astray.
MOSTLY = 0.9
#: Without a horizon the steps fall as 1/(1 + k/SLOW): the excess is 1.7 times that of tuned
#: settings. With (1 + k/30)**-0.7, (1 + k/10)**-0.5 and a constant it is 2.0, 2.3 and 6.6 times.
SLOW = 100.0
#: Evaluations that are compared with the start where no horizon is known.
STRETCH = 50.0


def cosine_squared(done: Any) -> Any:
    """``((1 + cos(pi*done))/2)**2``.

    The scale is a bound of a distance and may be far too large for a step; the fourth-order end
    forgives that. Powers 1, 1.5, 2 and 3 leave 1.64, 1.34, 1.16 and 1.36 times the excess of tuned
    settings.
    """
    share = (0.5 + 0.5 * np.cos(np.pi * done)) ** 2
    # Mathematics libraries differ in the last digit, which single precision does not have.
    return np.float32(share).astype(np.float64)


@dataclass(frozen=True)
class Noise:
    """What the user wants of a noisy run.

    Parameters
    ----------
    horizon : float
        Iterations; infinity where the run ends by other means.
    average : float
        As in `nadamkit.loops.noisy_state.State`.
    validation : callable, optional
        ``validation(x) -> float``, whose lowest point is returned.
    every : int
        Iterations between validations.
    patience : float
        Validations without a lower value after which the run ends.
    race : bool
        Let fixed rates compete, instead of learning the scale.
    calls : int
        Calls of the function in an iteration: more than one with finite differences.
    limited : bool
        Whether the user set the horizon, so that iterations before the noise was noticed count.
    """

    horizon: float = HORIZON
    average: float = 0.0
    validation: Callable[[Any], Any] | None = None
    every: int = VALIDATE_EVERY
    patience: float = math.inf
    race: bool = False
    calls: int = 1
    limited: bool = True

    def within(self, maxfun: float, calls: int | None = None) -> Noise:
        """The same with at most `maxfun` calls, of which an iteration takes `calls`."""
        calls = calls or self.calls
        horizon = self.horizon
        if math.isfinite(maxfun):
            horizon = min(horizon, float(maxfun // calls))
        return replace(self, horizon=horizon, calls=calls)


#: How the steps of a run are scaled: by what is learned, by a rate of a race, or by the user.
LEARNED, RACED, GIVEN = "learned", "raced", "given"


class Plan:
    """The course of one noisy run.

    Parameters
    ----------
    noise : Noise
        What the user wants.
    kind : {LEARNED, RACED, GIVEN}
        How steps are scaled.
    shape : callable, optional
        The factor of a step as a function of the share of the run that is done.
    """

    def __init__(
        self, noise: Noise, kind: str, shape: Callable[[Any], Any] = cosine_squared
    ) -> None:
        self.noise, self.kind = noise, kind
        self.open = kind == LEARNED and math.isinf(noise.horizon)
        self.end = noise.horizon
        self._shape = shape
        self._cooling_from, self._cooling_share = math.inf, 1.0
        self._reason = MAXITER
        self._waited, self._validated_at = 0, -1
        self.validated = math.inf
        self.valid_x: NDArray[Any] | None = None

    @property
    def stretch(self) -> float:
        """Evaluations whose mean is compared with the start's."""
        return STRETCH if self.open else float(max(20.0, self.end // 40))

    @property
    def cooling(self) -> bool:
        """Whether the run comes to an end ahead of its horizon."""
        return self._cooling_from < math.inf

    def rows(self, done: int, rows: int) -> int:
        """At most `rows` steps, to the end or the next validation; none where it is over."""
        if self.noise.validation is not None:
            rows = min(rows, self.noise.every - done % self.noise.every)
        return int(min(rows, self.end - done))

    def shares(self, first: int, rows: int) -> NDArray[np.float64]:
        """The factors of the steps ``first .. first + rows - 1``, counted from 1."""
        k = np.arange(first - 1, first - 1 + rows)
        if self.end <= 0:
            return np.zeros(rows)
        if self.cooling:
            left = 1.0 - (k - self._cooling_from) / (self.end - self._cooling_from)
            return np.asarray(self._cooling_share * left**2)
        if self.open:
            return np.asarray(1.0 / (1.0 + k / SLOW))
        return np.asarray(self._shape(k / self.end))

    def after(self, status: int, done: int, x: NDArray[Any]) -> int:
        """The status after some steps, the average `x` of which is validated."""
        again = status == CALLBACK and self.cooling and self._reason == CALLBACK
        if status == RESTARTED or again:
            status = RUNNING
        impatient = status == RUNNING and self._validates(done) and self._impatient(x)
        if status == RUNNING and done >= self.end:
            return self._reason
        if impatient:
            status = PATIENCE if not self.cooling else RUNNING
        if self._cools(status):
            self._cooling_share = float(self.shares(done + 1, 1)[0])
            self._reason = status
            self._cooling_from = done
            self.end = min(self.end, done + max(1, math.ceil(COOLDOWN * done)))
            return RUNNING
        return status

    def _cools(self, status: int) -> bool:
        """Whether to shrink the steps to nothing before the run ends so."""
        if self.kind != LEARNED or self.cooling:
            return False
        return status == PATIENCE or (self.open and status in (NOISE_FLOOR, CALLBACK, MAXTIME))

    def finish(
        self, outcome: Outcome, state: noisy.State, last: NDArray[Any], box: Box | None
    ) -> None:
        """Fill in what a run that has ended returns; `last` is the last point with a value."""
        steps = int(outcome.counts[NIT])
        found = estimate(state, steps, box)
        outcome.estimate = found
        outcome.x, outcome.g = state.mean_x, state.mean_g
        if self.noise.validation is not None and self._validated_at != steps:
            self._impatient(state.mean_x)
        if state.scalars[noisy.SEEN] == 0.0:
            outcome.g = np.full_like(state.mean_g, np.nan)
        if self.valid_x is not None:
            outcome.x, outcome.validated = self.valid_x, self.validated
        elif found.worse:
            outcome.status, outcome.x = DIVERGED, state.start
            outcome.g = np.full_like(state.mean_g, np.nan)
            start = float(state.scalars[noisy.START])
            outcome.estimate = replace(found, fun=start, error=found.first_error)
        elif outcome.status == NONFINITE:
            outcome.x = last
        if outcome.status == MAXITER and found.signal <= _significant(outcome.x.size):
            outcome.status = NOISE_FLOOR

    def _validates(self, done: int) -> bool:
        last = done >= self.end
        due = done > 0 and (done % self.noise.every == 0 or last)
        if self.noise.validation is None or not due:
            return False
        self._validated_at = done
        return True

    def _impatient(self, x: NDArray[Any]) -> bool:
        assert self.noise.validation is not None
        returned = self.noise.validation(x.copy())
        try:
            value = scalar(returned)
        except ObjectiveError:
            raise ObjectiveError(
                f"validation returned {described(returned)}; it must return a number, the lower "
                "the better."
            ) from None
        self._waited += 1
        if value < self.validated:
            self.validated, self.valid_x, self._waited = value, x.copy(), 0
        return self._waited >= self.noise.patience


def _significant(n: int) -> float:
    """Signal of n components that noise alone exceeds by three standard deviations only."""
    return math.sqrt(1.0 + SIGNIFICANT * math.sqrt(2.0 / max(n, 1)))


def estimate(state: noisy.State, steps: int, box: Box | None = None) -> Estimate:
    """What the averages of a run say; on a bound only of the directions that x is free to go."""
    s = state.scalars
    if s[noisy.SEEN] == 0.0:
        return Estimate(math.nan, math.nan, math.nan, math.nan, False)
    # Number of equal weights that average as well as the weights t**POWER do.
    count = max(1.0, steps * (2 * noisy.POWER + 1) / (noisy.POWER + 1) ** 2)
    error = math.sqrt(max(s[noisy.VAR], 0.0) / count)
    first = noisy.start_error(s, s[noisy.VAR])
    g, x = state.mean_g, state.mean_x
    free = g
    if box is not None:
        free = np.where(((x <= box.lower) & (g > 0)) | ((x >= box.upper) & (g < 0)), 0, g)
    size = s[noisy.SIZE] or 1.0
    noise = max(s[noisy.SQUARE] - (norm(g) / size) ** 2, 0.0) / count
    mean = norm(free) / size
    signal = mean / math.sqrt(noise) if noise > 0.0 else math.inf if mean > 0.0 else 0.0
    excess = s[noisy.MEAN] - s[noisy.START]
    worse = excess > noisy.ABOVE * math.sqrt(error**2 + first) or s[noisy.HIGH] > MOSTLY
    if s[noisy.SEEN] < 2.0:
        error = signal = math.nan  # one value says nothing of its noise
    worse = bool(steps >= 2 * noisy.HOLD and worse)
    return Estimate(float(s[noisy.MEAN]), error, math.sqrt(first), signal, worse)
