"""The gradient by finite differences, within bounds and in the precision at hand.

Steps follow the conventions of ``scipy.optimize``, whose option ``finite_diff_rel_step`` has the
same meaning here. A float32 problem is differenced with float32's steps, at float32 points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nadamkit.errors import OptionError, shown
from nadamkit.hyperparameters import did_you_mean
from nadamkit.objectives.bounds import Box
from nadamkit.objectives.evaluator import Evaluator, Workers
from nadamkit.objectives.returns import complex_scalar, scalar

__all__ = ["METHODS", "FiniteDifference"]

Array = npt.NDArray[Any]
Walls = tuple[Array, Array] | None

# The power of the machine epsilon that balances truncation against rounding.
_POWER = {"2-point": 1 / 2, "3-point": 1 / 3, "cs": 1 / 2}
METHODS = tuple(_POWER)


def check_jac(jac: Any, libraries: Iterable[str] = ()) -> None:
    """Refuse a `jac` that is neither a function nor says how to get the gradient.

    Parameters
    ----------
    jac : object
        As given to `minimize`.
    libraries : iterable of str, optional
        Names of libraries that it may be.

    Raises
    ------
    OptionError
        With the closest name there is.
    """
    known = [*METHODS, *libraries]
    if callable(jac) or jac is None or isinstance(jac, bool | np.bool_):
        return
    if not isinstance(jac, str) or jac not in known:
        hint = did_you_mean(jac, known) if isinstance(jac, str) else "."
        raise OptionError(
            f"Unknown jac {shown(jac)}{hint} Pass a callable, True if fun returns (f, gradient), "
            "'2-point', '3-point' or 'cs' for finite differences, 'jax', 'torch' or 'autograd' "
            "for the gradient by that library, or None for '2-point'."
        )


class FiniteDifference:
    """Gradient of a scalar function by differences of its values.

    Parameters
    ----------
    fun : callable
        ``fun(x) -> f``, with x of shape (n,). Each call gets a copy of x of its own.
    method : {'2-point', '3-point', 'cs'}
        Forward differences (error of order h), central differences (h**2), or the complex step
        (h**2 without cancellation; `fun` must be analytic and is called with complex x).
    box : Box or None
        Points are chosen inside it; fixed variables are not differenced. The complex step does not
        move the real parts and so needs no room.
    rel_step : float or array_like of shape (n,), optional
        The step is ``rel_step * sign(x) * abs(x)``, with sign(0) = 1; '3-point' ignores the sign.
        Where that vanishes, and by default, it is
        ``eps**(1/2) * sign(x) * max(1, abs(x))``, with ``eps**(1/3)`` for '3-point', where eps is
        that of the coarser of the dtypes of x and of f.
    workers : int or map-like, optional
        As in `Evaluator`.
    n : int, optional
        The number of variables, to check the shape of `rel_step` with.

    Raises
    ------
    OptionError
        If `rel_step` or `workers` is not of the kind described.

    Examples
    --------
    >>> gradient = np.empty(2)
    >>> x = np.array([1.0, 2.0])
    >>> FiniteDifference(lambda x: x[0] * x[1] ** 2, "3-point", None)(x, 4.0, gradient)
    >>> np.round(gradient, 6)
    array([4., 4.])
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        method: str,
        box: Box | None,
        rel_step: npt.ArrayLike | None = None,
        workers: Workers | None = None,
        *,
        n: int | None = None,
    ) -> None:
        self._method = method
        self._box = box
        self._rel_step = _checked_rel_step(rel_step, n)
        self._evaluator = Evaluator(fun, workers)

    @property
    def nfev(self) -> int:
        """Evaluations of the function so far."""
        return self._evaluator.nfev

    def calls(self, n: int) -> int:
        """Evaluations that a gradient of n components takes."""
        free = n if self._box is None else int(n - self._box.fixed.sum())
        return 2 * free if self._method == "3-point" else free

    def __call__(self, x: Array, f0: Any, out: Array) -> None:
        """Write the gradient at `x` into `out`.

        Parameters
        ----------
        x : ndarray, shape (n,), float32 or float64
            Where; inside the box. Not modified.
        f0 : float or NumPy floating scalar
            The value at `x`. If its dtype is coarser than that of x, steps are chosen for it.
        out : ndarray, shape (n,)
            Receives the gradient, 0 for fixed variables.

        Raises
        ------
        ObjectiveError
            If `fun` returns no real number, or with 'cs' no complex one, or if it cannot be sent to
            another process.
        """
        box = self._box
        free = np.arange(x.size) if box is None else np.flatnonzero(~box.fixed)
        walls = None if box is None else (box.lower[free], box.upper[free])
        with np.errstate(all="ignore"):
            h = self._steps(x, f0)[free]
        if self._method == "cs":
            slopes = self._complex_step(x, free, h)
        elif self._method == "2-point":
            slopes = self._forward(x, free, h, walls, scalar(f0))
        else:
            slopes = self._central(x, free, h, walls, scalar(f0))
        out.fill(0)
        with np.errstate(over="ignore"):
            out[free] = slopes

    def close(self) -> None:
        """Stop the processes that `workers` started."""
        self._evaluator.close()

    def _steps(self, x: Array, f0: Any) -> Array:
        """Signed steps, shape (n,), in the dtype of x, before bounds are looked at."""
        eps = np.finfo(x.dtype).eps
        kind = getattr(f0, "dtype", None)
        if kind is not None and kind.kind == "f":
            eps = max(eps, np.finfo(kind).eps)
        relative = x.dtype.type(float(eps) ** _POWER[self._method])
        size = np.abs(x)
        default: Array = np.where(x < 0, -relative, relative) * np.maximum(x.dtype.type(1), size)
        if self._rel_step is None:
            return default
        chosen = (self._rel_step * np.where(x < 0, -size, size)).astype(x.dtype)
        return np.where((x + chosen) - x == 0, default, chosen)

    def _forward(self, x: Array, free: Array, h: Array, walls: Walls, f0: float) -> Array:
        start = x[free]
        with np.errstate(all="ignore"):
            if walls is not None:
                h = _turned_inward(start, h, *walls)
            end = _clipped(start + h, walls)
        values = self._values(x, free, end)
        with np.errstate(all="ignore"):
            return (values - f0) / _distance(start, end)

    def _central(self, x: Array, free: Array, h: Array, walls: Walls, f0: float) -> Array:
        start = x[free]
        with np.errstate(all="ignore"):
            h, one_sided = _fitted(start, np.abs(h), walls)
            first = _clipped(start + np.where(one_sided, h, -h), walls)
            second = _clipped(start + np.where(one_sided, 2 * h, h), walls)
        values = self._values(x, np.repeat(free, 2), np.stack((first, second), axis=1).ravel())
        f1, f2 = values[::2], values[1::2]
        with np.errstate(all="ignore"):
            rise = np.where(one_sided, -3.0 * f0 + 4 * f1 - f2, f2 - f1)
            # A box of one unit in the last place has no third point.
            thin = one_sided & ((first == start) | (first == second))
            rise = np.where(thin, f2 - f0, rise)
            return rise / _distance(np.where(one_sided, start, first), second)

    def _complex_step(self, x: Array, free: Array, h: Array) -> Array:
        base = x.astype(np.result_type(x.dtype, np.complex64))
        results = self._evaluate(base, free, x[free] + 1j * h)
        slopes = np.array([complex_scalar(result).imag for result in results], dtype=np.float64)
        with np.errstate(all="ignore"):
            return slopes / h

    def _values(self, x: Array, indices: Array, abscissae: Array) -> Array:
        results = self._evaluate(x, indices, abscissae)
        return np.array([scalar(result) for result in results], dtype=np.float64)

    def _evaluate(self, x: Array, indices: Array, abscissae: Array) -> list[Any]:
        """List what `fun` returns at `x` with one component replaced, for each replacement."""
        return self._evaluator(_replaced(x, indices, abscissae), len(indices))


def _checked_rel_step(rel_step: npt.ArrayLike | None, n: int | None) -> Array | None:
    if rel_step is None:
        return None
    try:
        step = np.asarray(np.nan if isinstance(rel_step, str) else rel_step, dtype=np.float64)
    except (TypeError, ValueError):
        step = np.array(np.nan)
    shapes = ((), (1,), step.shape if n is None else (n,))
    if not np.isfinite(step).all() or step.ndim > 1 or step.shape not in shapes:
        raise OptionError(
            f"finite_diff_rel_step is {shown(rel_step)}; pass a finite number, one such number for "
            "each variable, or None for the default."
        )
    return step


def _replaced(x: Array, indices: Array, abscissae: Array) -> Iterator[Array]:
    for index, abscissa in zip(indices, abscissae, strict=True):
        point = x.copy()
        point[index] = abscissa
        yield point


def _clipped(points: Array, walls: Walls) -> Array:
    """Take back the last bit by which a rounded sum may leave the box."""
    return points if walls is None else np.clip(points, *walls)


def _distance(start: Array, end: Array) -> Array:
    """The step that was really taken, in float64, where it is exact for float32 points."""
    return end.astype(np.float64) - start.astype(np.float64)


def _turned_inward(x: Array, h: Array, lower: Array, upper: Array) -> Array:
    """Reverse the steps that would leave the box; shorten those that fit on neither side."""
    above, below = upper - x, x - lower
    inside = (lower <= x + h) & (x + h <= upper)
    longest = np.where(above >= below, above, -below)
    fitting = np.abs(h) <= np.abs(longest)
    return np.select([inside, fitting], [h, -h], longest)


def _fitted(x: Array, h: Array, walls: Walls) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Fit central steps into the box; return the steps and which of them are one-sided.

    Where the nearer wall is closer than h, two steps of at most h go towards the farther one; but
    if they are no longer than the way to the nearer wall, central steps of that length are better.
    """
    if walls is None:
        return h, np.zeros(h.shape, dtype=np.bool_)
    lower, upper = walls
    above, below = upper - x, x - lower
    nearest = np.minimum(above, below)
    longest = np.where(above >= below, above, -below)
    away = np.copysign(np.minimum(h, 0.5 * np.abs(longest)), longest)
    room = h <= nearest
    narrow = ~room & (np.abs(away) <= nearest)
    return np.select([room, narrow], [h, nearest], away), ~(room | narrow)
