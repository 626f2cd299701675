"""What a problem is: its function, start, data and best known value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nadamkit._runtime import numba
from nadamkit.errors import OptionError

Array: TypeAlias = npt.NDArray[Any]
Function: TypeAlias = Callable[..., Any]

KINDS = ("classical", "stochastic")


@dataclass(frozen=True, eq=False)
class Problem:
    """An objective with its exact gradient, a start, and the best known value.

    Parameters
    ----------
    name, title : str
        What it is called, in code and in tables.
    source : str
        Where it is from.
    function : callable
        The noise-free objective, ``function(x, g, *args) -> f``: plain Python that Numba compiles.
    start : array_like, or callable that returns it
        The start `x0`.
    lowest : float, or callable that returns it
        The lowest known value of the noise-free objective, `best`. It is rounded down in the
        eleventh digit, so that a run ends above. NaN where it is not known for the data found here.
    known : {'exact', 'published', 'computed'}
        How: by construction; from `source`, with more digits; or by the longest runs of
        ``python -m tests.problems_suite.best``, which computes all of them again.
    kind : {'classical', 'stochastic'}
        Whether values are noisy.
    data : callable, optional
        Loads the arrays `args`.
    noisy : callable, optional
        What is minimised where noise is no matter of minibatches:
        ``noisy(x, g, *args, rng) -> f`` with a `numpy.random.Generator`.
    helpers : tuple of callable, optional
        Plain functions that the functions call.
    batch_size : int, optional
        How many rows of each array in `args` one noisy value takes.

    Notes
    -----
    Compiled functions do not check the size of x; the methods here do.

    Examples
    --------
    >>> from nadamkit import problems
    >>> problem = problems.get("rosenbrock2")
    >>> f, g = problem.value_and_gradient([-1.2, 1.0])
    >>> round(f, 6), g.round(6), problem.best
    (24.2, array([-215.6,  -88. ]), 0.0)

    A seed gives the same noise each time:

    >>> import numpy as np
    >>> problem = problems.get("quad50_noise")
    >>> f, _ = problem.sample(problem.x0, np.random.default_rng(1))
    >>> f == problem.sample(problem.x0, np.random.default_rng(1))[0]
    True
    """

    name: str
    title: str
    source: str = field(repr=False)
    function: Function = field(repr=False)
    start: npt.ArrayLike | Callable[[], Array] = field(repr=False)
    lowest: float | Callable[[], float] = field(repr=False)
    known: str
    kind: str = "classical"
    data: Callable[[], tuple[Array, ...]] = field(default=tuple, repr=False)
    noisy: Function | None = field(default=None, repr=False)
    helpers: tuple[Function, ...] = field(default=(), repr=False)
    batch_size: int | None = None

    @cached_property
    def x0(self) -> npt.NDArray[np.float64]:
        """The start, shape (n,), read-only."""
        start = self.start() if callable(self.start) else self.start
        return frozen(np.array(start, np.float64))

    @cached_property
    def best(self) -> float:
        """The lowest known value of the noise-free objective."""
        return float(self.lowest() if callable(self.lowest) else self.lowest)

    @property
    def n(self) -> int:
        """Number of variables."""
        return self.x0.size

    @cached_property
    def args(self) -> tuple[Array, ...]:
        """The data, read-only arrays; samples run along the first axis where `batch_size` is set.

        Raises
        ------
        DataUnavailable
            If they come with a package that is not installed.
        """
        return tuple(map(frozen, self.data()))

    @property
    def fun(self) -> Any:
        """The objective as an ``@njit`` function, compiled at its first call.

        It is ``fun(x, g, *args) -> f``, or ``fun(x, g, *args, rng) -> f`` where the problem has
        `noisy`; then ``minimize(fun, x0, args=(*args, rng))`` draws from `rng` inside the compiled
        loop. With a `batch_size` it takes any rows of `args`.
        """
        return _compiled(self.noisy or self.function, self.helpers)

    @property
    def exact_fun(self) -> Any:
        """The noise-free objective as an ``@njit`` function, ``exact_fun(x, g, *args) -> f``."""
        return _compiled(self.function, self.helpers)

    def value_and_gradient(self, x: npt.ArrayLike) -> tuple[float, Array]:
        """Noise-free value and gradient.

        Parameters
        ----------
        x : array_like, shape (n,)
            Computed in float32 if it has this dtype, otherwise in float64.

        Returns
        -------
        f : float
            The value at x.
        g : ndarray, shape (n,)
            The gradient at x, in the dtype of the computation.

        Raises
        ------
        OptionError
            If x has another shape.
        """
        return self._call(self.function, x, self.args)

    def exact(self, x: npt.ArrayLike) -> float:
        """Noise-free value, which scores the result of a noisy run.

        Parameters
        ----------
        x : array_like, shape (n,)
            As in `value_and_gradient`.

        Returns
        -------
        float
            The value at x.

        Raises
        ------
        OptionError
            If x has another shape.

        Examples
        --------
        >>> from nadamkit import problems
        >>> problem = problems.get("quad50_noise")
        >>> problem.exact(problem.x0) > problem.best
        True
        """
        return self.value_and_gradient(x)[0]

    def sample(self, x: npt.ArrayLike, rng: np.random.Generator) -> tuple[float, Array]:
        """One noisy value with its gradient; unbiased, and exact for a classical problem.

        Parameters
        ----------
        x : array_like, shape (n,)
            As in `value_and_gradient`.
        rng : numpy.random.Generator
            Equal states give equal bits, so that two points can be compared under the same noise.

        Returns
        -------
        f : float
            The noisy value at x.
        g : ndarray, shape (n,)
            Its gradient, in the dtype of the computation.

        Raises
        ------
        OptionError
            If x has another shape.
        """
        if self.noisy is not None:
            return self._call(self.noisy, x, (*self.args, rng))
        if self.batch_size is None:
            return self.value_and_gradient(x)
        rows = rng.choice(len(self.args[0]), self.batch_size, replace=False)
        # Read-only as `args` are, so that one compiled version serves both.
        return self._call(self.function, x, tuple(frozen(a[rows]) for a in self.args))

    def in_batches(self, size: int) -> Problem:
        """The same objective, of which a sample sees some rows of the data at a time.

        Parameters
        ----------
        size : int
            How many rows of each array in `args`.

        Returns
        -------
        Problem
            A stochastic problem with the same data, start and best value.

        Examples
        --------
        >>> from nadamkit import problems
        >>> problems.get("logreg_bc_std").in_batches(32).batch_size
        32
        """
        return replace(
            self,
            name=f"{self.name}_mini",
            title=f"{self.title}, batches of {size}",
            kind="stochastic",
            batch_size=size,
        )

    def _call(self, function: Function, x: npt.ArrayLike, args: Any) -> tuple[float, Array]:
        point = np.ascontiguousarray(x)
        point = point if point.dtype == np.float32 else point.astype(np.float64)
        if point.shape != self.x0.shape:
            raise OptionError(
                f"problem {self.name!r} takes an x of shape {self.x0.shape}, not {point.shape}; "
                "pass one like its x0."
            )
        gradient = np.empty_like(point)
        if numba.available():
            function = _compiled(function, self.helpers)
        with np.errstate(all="ignore"):
            return float(function(point, gradient, *args)), gradient


def frozen(array: Array) -> Array:
    """The array, which nobody can write to any more."""
    array.flags.writeable = False
    return array


@cache
def _compiled(function: Function, helpers: tuple[Function, ...]) -> Any:
    for helper in helpers:
        _inlinable(helper)
    return numba.jit(function)


@cache
def _inlinable(helper: Function) -> Any:
    return numba.inlinable(helper)
