"""nadamkit's loops: the trajectory of a whole ``minimize``, seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from conformance.adapter import FEATURES, Run, Unsupported
from conformance.adapters.nadamkit_step import options, rate, versions
from conformance.reference.problems import GRADIENTS


class Loop:
    """`minimize` with a given learning rate; theta is seen, the slots are not.

    Parameters
    ----------
    kind : {'compiled', 'python'}
        The loop for ``@njit`` objectives, or for any callable.
    """

    profile = "strict"
    dialect = "all"
    dtypes = ("float32", "float64")
    features = tuple(name for name in FEATURES if name != "start")

    def __init__(self, kind: str) -> None:
        import nadamkit
        from nadamkit import registry

        self.name = f"nadamkit-{kind}-loop"
        self.version = nadamkit.__version__
        self.versions = versions()
        self.methods = registry.names()
        self._objective = _compiled if kind == "compiled" else _interpreted

    def trajectory(self, run: Run) -> Iterator[dict[str, list[float]]]:
        """Yield theta after each step."""
        import nadamkit

        rows = np.array(run.gradients or [run.theta], run.dtype)
        if not np.isfinite(rows).all():
            raise Unsupported("minimize stops at a gradient that is not finite, by contract")
        wanted = {"learning_rate": rate(run), "maxiter": run.steps, "gtol": None, "patience": None}
        result = nadamkit.minimize(
            self._objective(run),
            np.array(run.theta, run.dtype),
            args=(rows, np.zeros(1, np.int64)),
            method=run.method,
            jac=True,
            options={**wanted, "return_all": True, **options(run)},
        )
        for x in result.allvecs[1:]:
            yield {"theta": x.tolist()}


# An objective gives prescribed gradients by counting its calls, so that one form, and so one
# compiled loop, serves open and closed loops.


def _interpreted(run: Run) -> Callable[..., Any]:
    if run.problem is not None:
        gradient = GRADIENTS[run.problem]
        return lambda x, rows, calls: (0.0, np.array(gradient(x.tolist()), x.dtype))

    def prescribed(x: Any, rows: Any, calls: Any) -> tuple[float, Any]:
        calls[0] += 1
        return 0.0, rows[min(calls[0], len(rows)) - 1].copy()

    return prescribed


def _compiled(run: Run) -> Callable[..., Any]:
    return _objectives()[run.problem]


def _objectives() -> dict[str | None, Callable[..., Any]]:
    """The objectives as ``@njit`` functions, made once."""
    if not _made:
        import numba

        _made[None] = numba.njit(_prescribed)
        for name, gradient in GRADIENTS.items():
            _made[name] = numba.njit(_evaluated(numba.njit(gradient)))
    return _made


def _prescribed(x, rows, calls):
    calls[0] += 1
    return 0.0, rows[min(calls[0], len(rows)) - 1].copy()


def _evaluated(gradient):
    """In double and rounded once, like the gradients that the suite hands to a session."""

    def objective(x, rows, calls):
        g = np.empty_like(x)
        for i, value in enumerate(gradient(x.astype(np.float64))):
            g[i] = value
        return 0.0, g

    return objective


_made: dict[str | None, Callable[..., Any]] = {}
