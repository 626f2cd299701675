"""Mistakes of the loop around a right step: where the gradient is taken, what is returned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from conformance.adapter import Run
from conformance.adapters.plain import Plain
from conformance.mutants.mutant import Mutant
from conformance.runner import gradient

Point = list[float]
Outputs = Iterator[dict[str, Point]]


def quadratic(x: Point) -> float:
    """The function whose gradient `problems.quadratic` is."""
    a, b, c = x
    return 2 * a * a + a * b + b * b + b * c / 2 + c * c / 2 - a + c


def rosenbrock(x: Point) -> float:
    """The function whose gradient `problems.rosenbrock` is."""
    valley, slope = x[1] - x[0] * x[0], 1 - x[0]
    return 100 * valley * valley + slope * slope


VALUES = {f.__name__: f for f in (quadratic, rosenbrock)}


class Loop:
    """An adapter with a loop of its own.

    Parameters
    ----------
    closed : callable
        The loop where the gradient depends on theta: of the run and a session.
    """

    name, version, profile = "loop", "0", "standard"
    methods, dtypes = Plain.methods, Plain.dtypes
    features = tuple(feature for feature in Plain.features if feature != "start")

    def __init__(self, closed: Callable[[Run, Any], Outputs]) -> None:
        self._closed = closed

    def trajectory(self, run: Run) -> Outputs:
        """Yield the state after each step."""
        session = Plain().start(run)
        if run.problem is not None:
            yield from self._closed(run, session)
        for row in run.gradients or ():
            yield session.step(list(row))


def _right(run: Run, session: Any) -> Outputs:
    theta = run.theta
    for t in range(run.steps):
        output = session.step(gradient(run, t, theta))
        theta = output["theta"]
        yield output


def _stale(run: Run, session: Any) -> Outputs:
    before = theta = run.theta
    for t in range(run.steps):
        output = session.step(gradient(run, t, before))
        before, theta = theta, output["theta"]
        yield output


def _best(run: Run, session: Any) -> Outputs:
    value, best = VALUES[str(run.problem)], run.theta
    for output in _right(run, session):
        best = min(best, output["theta"], key=value)
        yield {**output, "theta": best}


def _averaged(run: Run, session: Any) -> Outputs:
    mean = [0.0] * len(run.theta)
    for t, output in enumerate(_right(run, session), 1):
        mean = [a + (x - a) / t for a, x in zip(mean, output["theta"], strict=True)]
        yield {**output, "theta": mean}


def _stopping(run: Run, session: Any) -> Outputs:
    theta = run.theta
    output: dict[str, list[float]] = {}
    for t in range(run.steps):
        g = gradient(run, t, theta)
        if not output or max(map(abs, g)) > 1e-5:
            output = session.step(g)
        theta = output["theta"]
        yield output


def _reused(run: Run, session: Any) -> Outputs:
    theta = run.theta
    g: list[float] = []
    for t in range(run.steps):
        g = gradient(run, t, theta) if t % 2 == 0 else g
        output = session.step(g)
        theta = output["theta"]
        yield output


def _differences(run: Run, session: Any) -> Outputs:
    value, theta, h = VALUES[str(run.problem)], run.theta, 2.0**-10
    for _ in range(run.steps):
        g = []
        for i in range(len(theta)):
            ahead, behind = ([*theta[:i], theta[i] + d, *theta[i + 1 :]] for d in (h, -h))
            g.append((value(ahead) - value(behind)) / (2 * h))
        output = session.step(g)
        theta = output["theta"]
        yield output


def _capped(run: Run, session: Any) -> Outputs:
    theta = run.theta
    for t in range(run.steps):
        output = session.step([max(-100.0, min(100.0, x)) for x in gradient(run, t, theta)])
        theta = output["theta"]
        yield output


def _loop(closed: Callable[[Run, Any], Outputs]) -> Callable[[], Loop]:
    return partial(Loop, closed)


_of = partial(Mutant, flags=["loop"])

MUTANTS = (
    _of("nadam", "stale", "the gradient is taken one point late", make=_loop(_stale)),
    _of("momentum", "stale", "the gradient is taken one point late", make=_loop(_stale)),
    _of("adam", "best", "the best point is returned for the last", make=_loop(_best)),
    _of("nag", "best", "the best point is returned for the last", make=_loop(_best)),
    _of("gd", "averaged", "the mean of all points is returned", make=_loop(_averaged)),
    _of("rmsprop", "reused", "a gradient serves two steps", make=_loop(_reused)),
    _of("rmsprop", "stopping", "it stops where the gradient is small", make=_loop(_stopping)),
    _of(
        "gd", "differences", "central differences for the gradient given", make=_loop(_differences)
    ),
    _of("adamax", "capped", "large gradients are clipped unasked", make=_loop(_capped)),
)
