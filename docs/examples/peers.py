"""What the examples share: SciPy's solvers restarted to a budget, optax tuned, and the table.

Every solver gets the same noisy function ``fun(x, rng)`` and may call it equally often. The best
point is not chosen by noisy values, which would reward luck: what counts is where a solver stands
when its budget is spent, and the table shows the exact objective there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.optimize

#: Every solver runs once with each of these seeds; the table has the medians.
SEEDS = (0, 1, 2)
#: The grid of learning rates for optax.
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)


class Row(NamedTuple):
    """A row of the table; for the figure, the end of the first seed and the paths of all."""

    name: str
    cost: str
    excess: float | None
    x: np.ndarray | None = None
    paths: list | None = None


class Spent(Exception):  # noqa: N818  it is no error
    """The budget is used up."""


class Meter:
    """Passes `calls` calls on to ``fun(x, rng)``, then raises `Spent`; notes where it was."""

    def __init__(self, fun, calls, seed):
        self.fun, self.calls = fun, calls
        self.rng = np.random.default_rng(seed)
        self.path = []

    def __call__(self, x):
        if len(self.path) == self.calls:
            raise Spent
        self.path.append(np.array(x))
        return self.fun(x, self.rng)


def repeated(name, cost, excess, solve):
    """The row of ``solve(seed) -> x, path``: the median of the excess over the seeds."""
    ends = [solve(seed) for seed in SEEDS]
    median = float(np.median([excess(x) for x, _ in ends]))
    return Row(name, cost, median, ends[0][0], [path for _, path in ends])


def scipy_restarted(method, fun, x0, calls, seed, **keywords):
    """Where a solver of SciPy stands when the calls are spent; it goes on where it stopped.

    Noise makes a line search fail, or a simplex shrink, long before the budget is spent, so one
    run alone would be an unfair comparison.
    """
    meter = Meter(fun, calls, seed)
    x = np.array(x0)
    finished = False

    def note(xk):
        nonlocal x
        # Restarts begin with large steps, so a run cut short counts only if there is no other.
        if not finished:
            x = np.array(xk)

    try:
        while True:
            x = scipy.optimize.minimize(meter, x, method=method, callback=note, **keywords).x
            finished = True
    except Spent:
        return x, meter.path


def scipy_row(method, cost, excess, fun, x0, calls, **keywords):
    """The row of a solver of SciPy."""
    return repeated(
        f"SciPy {method}, restarted",
        cost,
        excess,
        lambda seed: scipy_restarted(method, fun, x0, calls, seed, **keywords),
    )


def tuned_adam(cost, excess, fun, x0, calls, lowest=-np.inf):
    """The row of ``optax.adam`` with cosine decay, at the best of `RATES`.

    The best is the one with the lowest exact excess, which no user could know beforehand; and the
    search for it costs a whole budget for each rate.
    """
    try:
        import optax  # noqa: F401  the import is the question
    except ModuleNotFoundError:
        return Row("optax adam, tuned", "not installed", None)
    rows = [
        repeated(
            f"optax adam, best rate of {len(RATES)}: {rate:g}",
            f"{len(RATES)} x {cost}",
            excess,
            lambda seed, rate=rate: adam(fun, x0, calls, seed, rate, lowest),
        )
        for rate in RATES
    ]
    return min(rows, key=lambda row: row.excess)


def adam(fun, x0, calls, seed, rate, lowest=-np.inf):
    """Run ``optax.adam``; `lowest` is a lower bound of the variables, kept by projection."""
    import jax
    import optax

    # SciPy and nadamkit compute in double precision.
    jax.config.update("jax_enable_x64", True)
    method = optax.adam(optax.cosine_decay_schedule(rate, calls))

    @jax.jit
    def step(gradient, state, x):
        change, state = method.update(gradient, state, x)
        return optax.apply_updates(x, change), state

    meter = Meter(fun, calls, seed)
    x = np.array(x0, float)
    state = method.init(x)
    for _ in range(calls):
        x, state = step(meter(x)[1], state, x)
        x = np.maximum(x, lowest)
    return x, meter.path


def print_table(title, unit, rows):
    """The rows, in the order given, with the excess also as a multiple of the first row's."""
    print(f"{title}; medians of {len(SEEDS)} seeds\n")
    print(f"{'solver':<36}{unit:>16}{'excess':>11}{'relative':>10}")
    for row in rows:
        if row.excess is None:
            print(f"{row.name:<36}{row.cost:>16}{'-':>11}{'-':>10}")
            continue
        relative = row.excess / rows[0].excess
        print(f"{row.name:<36}{row.cost:>16}{row.excess:>11.2e}{relative:>10.2g}")


def label_ends(axes, ends, gap=13.0):
    """Write ``(x, y, name, colour)`` beside the ends of curves, at least `gap` points apart.

    Where the axes have their limits, so that it is known how near the ends are.
    """
    axes.figure.draw_without_rendering()
    points = 72.0 / axes.figure.dpi
    above = -np.inf
    for x, y, name, colour in sorted(ends, key=lambda end: end[1]):
        height = points * axes.transData.transform((x, y))[1]
        above = max(height, above + gap)
        place = {"xytext": (6, above - height), "textcoords": "offset points", "va": "center"}
        axes.annotate(name, (x, y), color=colour, **place)
