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
        wanted = {"learning_rate": rate(run), "maxiter": run.steps, "gtol": None}
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

        _made.update({name: numba.njit(f) for name, f in _SOURCES.items()})
    return _made


def _prescribed(x, rows, calls):  # type: ignore[no-untyped-def]
    calls[0] += 1
    return 0.0, rows[min(calls[0], len(rows)) - 1].copy()


# In double and rounded once, like the gradients that the suite hands to a session.


def _quadratic(x, rows, calls):  # type: ignore[no-untyped-def]
    a, b, c = np.float64(x[0]), np.float64(x[1]), np.float64(x[2])
    g = np.empty_like(x)
    g[0] = 4 * a + b - 1
    g[1] = a + 2 * b + c / 2
    g[2] = b / 2 + c + 1
    return 0.0, g


def _rosenbrock(x, rows, calls):  # type: ignore[no-untyped-def]
    a, b = np.float64(x[0]), np.float64(x[1])
    g = np.empty_like(x)
    valley = b - a * a
    g[0] = -400 * (a * valley) - 2 * (1 - a)
    g[1] = 200 * valley
    return 0.0, g


_SOURCES = {None: _prescribed, "quadratic": _quadratic, "rosenbrock": _rosenbrock}
_made: dict[str | None, Callable[..., Any]] = {}
