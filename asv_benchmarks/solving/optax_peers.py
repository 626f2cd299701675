"""optax' Adam and Nadam at five settings each: a compiled update, called from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.solving.trace import Array, Bounds, Objective


class Setting(NamedTuple):
    """A learning rate, constant or along half a cosine to 0 at the end of the budget."""

    rate: float
    cosine: bool = False

    def __str__(self) -> str:
        return f"{self.rate:g}".lstrip("0") + (" cosine" if self.cosine else "")


SETTINGS = (*map(Setting, (0.001, 0.01, 0.1, 1.0)), Setting(0.1, cosine=True))


def solver(name: str, setting: Setting) -> Callable[..., None]:
    """``run(fun, x0, budget, bounds)`` of ``optax.<name>`` at a setting."""

    def run(fun: Objective, x0: Array, budget: int, bounds: Bounds | None = None) -> None:
        last_point(name, setting, fun, x0, budget)

    return run


def last_point(name: str, setting: Setting, fun: Objective, x0: Array, budget: int) -> Array:
    """The iterate after `budget` updates by ``optax.<name>``."""
    import jax.numpy as jnp

    with _float64():
        init, step = _compiled(name, setting, budget)
        x = jnp.asarray(x0)
        state = init(x)
        for _ in range(budget):
            x, state = step(jnp.asarray(fun(np.array(x))[1]), state, x)
        return np.array(x)


@cache
def _compiled(name: str, setting: Setting, budget: int) -> tuple[Any, Any]:
    import jax
    import optax

    rate = optax.cosine_decay_schedule(setting.rate, budget) if setting.cosine else setting.rate
    method = getattr(optax, name)(rate)

    def step(g, state, x):
        change, state = method.update(g, state, x)
        return optax.apply_updates(x, change), state

    return method.init, jax.jit(step)


@contextmanager
def _float64() -> Iterator[None]:
    """JAX in double precision meanwhile."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
