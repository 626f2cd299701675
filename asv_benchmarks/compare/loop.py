"""The compiled loop on Rosenbrock's function, stopping tests on, against optax in one jit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np

from asv_benchmarks.compare.measure import Effort, Neighbours, Row, compared, interleaved
from nadamkit import coefficients, minimize

try:
    import jax
    import jax.numpy as jnp
    import optax
except ImportError:
    jax = None

SECTION = "loop"
RATE = 1e-3
KEPT, FRESH = "nadamkit", "nadamkit, first call"
NOTES = {
    KEPT: "whole call, table of coefficients kept from an earlier one",
    FRESH: "whole call, the first with its hyperparameters: computes the table",
}


def rows(effort: Effort) -> Iterator[Row]:
    """Time per iteration: 2 and 100 variables, Adam and Nadam."""
    if jax is None:
        yield Row(SECTION, "against optax", note="skipped: jax or optax is not installed")
    for n in (2, 100):
        for method in ("adam", "nadam"):
            yield from _contest(n, method, effort)


def _contest(n: int, method: str, effort: Effort) -> Iterator[Row]:
    kept, nit = ours(n, method, effort.iterations)

    def fresh() -> None:
        coefficients._blocks.clear()
        kept()

    calls = {KEPT: kept, FRESH: fresh}
    if jax is not None:
        calls["optax"], theirs = optax_loop(n, method, effort.iterations)
        assert theirs == nit
    neighbours = Neighbours()
    seconds = interleaved(calls, effort, pause=0.0)
    others = neighbours.cores()
    scale, what = 1e9 / nit, f"{method}, n = {n}"
    for name, note in NOTES.items():
        yield Row(
            *(SECTION, what, "", float(np.median(seconds[name])) * scale, np.nan, "ns"),
            goal=f"loop n={n}, ns",
            note=f"{note}; least {seconds[name].min() * scale:.3g}; others {others:.2f} cores",
            others=others,
        )
    if jax is not None:
        del seconds[FRESH]
        yield from compared(SECTION, what, seconds, scale, "ns")


def _start(n: int) -> np.ndarray:
    return np.resize([-1.2, 1.0], n)


def ours(n: int, method: str, iterations: int) -> tuple[Callable[[], Any], int]:
    """One call of `minimize` with a compiled objective."""
    fun = rosen_2 if n == 2 else rosen
    # Circling around the minimum goes on: all do the same number of iterations.
    options = {"learning_rate": RATE, "maxiter": iterations, "gtol": 0.0, "patience": None}

    def call() -> Any:
        return minimize(fun, _start(n), method=method, options=options)

    return call, call().nit


@numba.njit(error_model="numpy")
def rosen_2(x, g):
    d = x[1] - x[0] * x[0]
    e = 1.0 - x[0]
    g[0] = -400.0 * x[0] * d - 2.0 * e
    g[1] = 200.0 * d
    return 100.0 * d * d + e * e


@numba.njit(error_model="numpy")
def rosen(x, g):
    f = 0.0
    g[0] = 0.0
    for i in range(x.size - 1):
        d = x[i + 1] - x[i] * x[i]
        e = 1.0 - x[i]
        f += 100.0 * d * d + e * e
        g[i] += -400.0 * x[i] * d - 2.0 * e
        g[i + 1] = 200.0 * d
    return f


def optax_loop(n: int, method: str, iterations: int) -> tuple[Callable[[], Any], int]:
    """``lax.while_loop`` that ends on the gradient or the count, compiled beforehand."""
    jax.config.update("jax_enable_x64", True)
    rule = getattr(optax, method)(RATE)

    def fun(x: Any) -> Any:
        return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    def gradient_2(x: Any) -> tuple[Any, Any]:
        d, e = x[1] - x[0] * x[0], 1.0 - x[0]
        g = jnp.stack([-400.0 * x[0] * d - 2.0 * e, 200.0 * d])
        return 100.0 * d * d + e * e, g

    evaluate = gradient_2 if n == 2 else jax.value_and_grad(fun)

    def more(carry: Any) -> Any:
        _, _, g, _, i = carry
        return (jnp.max(jnp.abs(g)) > 0.0) & (i < iterations)

    def iterate(carry: Any) -> Any:
        x, state, g, _, i = carry
        updates, state = rule.update(g, state, x)
        x = optax.apply_updates(x, updates)
        f, g = evaluate(x)
        return x, state, g, f, i + 1

    @jax.jit
    def run(x: Any) -> Any:
        f, g = evaluate(x)
        return jax.lax.while_loop(more, iterate, (x, rule.init(x), g, f, 0))

    x = jnp.asarray(_start(n))
    nit = int(run(x)[4])
    return lambda: run(x)[0].block_until_ready(), nit


#: Makers of a whole run ``(n, method, iterations) -> (call, iterations done)``.
LIBRARIES = {"nadamkit": ours, "optax": optax_loop}
