"""Any SciPy spelling of an objective in Python, as one internal form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nadamkit.errors import OptionError, described
from nadamkit.objectives.bounds import Box
from nadamkit.objectives.evaluator import Workers
from nadamkit.objectives.finite_differences import FiniteDifference, check_jac
from nadamkit.objectives.returns import pair, scalar, write_gradient
from nadamkit.objectives.samples import Samples

__all__ = ["PythonObjective"]

Array = npt.NDArray[Any]


class PythonObjective:
    """A function of one vector and its gradient, whatever way the user wrote them.

    Nothing is evaluated at construction, and nothing is remembered between calls. The user's
    functions always get a copy of x that they may modify or keep, and their exceptions propagate.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> f``; with ``jac=True`` ``fun(x, *args) -> (f, gradient)``; with `inplace`
        ``fun(x, g, *args) -> f``.
    jac : callable, bool, str or None
        ``jac(x, *args) -> gradient``; True; or '2-point', '3-point' or 'cs' for finite
        differences. None and False mean '2-point'. With `inplace`: None or True.
    args : tuple
        Further arguments of `fun` and `jac`; anything but a tuple is one argument.
    n : int
        The number of variables.
    dtype : dtype
        float32 or float64, the dtype of x and of the gradient.
    box : Box, optional
        Finite differences stay inside; gradient components of fixed variables are set to 0.
    rel_step, workers : optional
        As in `FiniteDifference`; only checked otherwise.
    samples : Samples, optional
        Gives the arguments of each evaluation, in place of `args`.
    inplace : bool, default False
        `fun` writes the gradient into its second argument g, shape (n,). That is the very array
        given to `__call__`. Its contents on entry are finite (here: zeros) but unspecified: `fun`
        must set every component, and must not keep g.

    Attributes
    ----------
    njev : int
        Gradients computed. Where `fun` gives both, each call of it counts in both.

    Raises
    ------
    OptionError
        If `fun` is not callable, `jac` is none of the above, or see `FiniteDifference`.

    Examples
    --------
    >>> objective = PythonObjective(lambda x: ((x - 1) ** 2).sum(), lambda x: 2 * (x - 1), (), 2,
    ...                             np.float64)
    >>> g = np.empty(2)
    >>> objective(np.zeros(2), g), g
    (2.0, array([-2., -2.]))
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        jac: Any,
        args: Any,
        n: int,
        dtype: npt.DTypeLike,
        box: Box | None = None,
        rel_step: npt.ArrayLike | None = None,
        workers: Workers | None = None,
        *,
        samples: Samples | None = None,
        inplace: bool = False,
    ) -> None:
        if not callable(fun):
            raise OptionError(
                f"fun is {described(fun)}, which cannot be called; pass a callable fun(x, *args)."
            )
        self._fun = fun
        self._args = args if isinstance(args, tuple) else (args,)
        self._samples = samples
        self._n = n
        self._dtype = np.dtype(dtype)
        self._fixed = box.fixed if box is not None and box.fixed.any() else None
        self._inplace = inplace
        self._joint = inplace or _is_true(jac)
        self._f_type: Callable[[float], Any] = float
        self._nfev = 0
        self.njev = 0
        self._jac: Callable[..., Any] | None = None
        self._differences: FiniteDifference | None = None
        if inplace:
            _refuse_jac_inplace(jac)
        elif callable(jac):
            self._jac = jac
        elif not self._joint:
            bound = _bound(fun, self._args, samples)
            method = _difference_method(jac)
            self._differences = FiniteDifference(bound, method, box, rel_step, workers, n=n)
        if self._differences is None:
            # Not needed, but bad options are refused all the same.
            FiniteDifference(fun, "2-point", None, rel_step, workers, n=n)

    @property
    def nfev(self) -> int:
        """Calls of the user's function so far, those for finite differences included."""
        if self._differences is None:
            return self._nfev
        return self._nfev + self._differences.nfev

    @property
    def calls(self) -> int:
        """Calls of the user's function that a value and its gradient take."""
        return 1 if self._differences is None else 1 + self._differences.calls(self._n)

    @property
    def differenced(self) -> bool:
        """Whether the gradient comes from finite differences."""
        return self._differences is not None

    def __call__(self, x: Array, g: Array) -> float:
        """Return the value at `x`, shape (n,), and write the gradient into `g`, shape (n,).

        Raises
        ------
        ObjectiveError
            If the user's function returns something unusable.
        """
        if self._joint:
            return self._both(x, g)
        f = self.value(x)
        if self._samples is not None:
            self._args = self._samples.again()
        self.gradient(x, f, g)
        return f

    def value(self, x: Array) -> float:
        """Return the value at `x` alone."""
        if self._joint:
            return self._both(x, np.empty(self._n, self._dtype))
        self._draw()
        self._nfev += 1
        f = self._fun(x.copy(), *self._args)
        if isinstance(f, float):  # float64 scalars too
            return float(f)
        if self._differences is not None and isinstance(f, (np.floating, np.ndarray)):
            self._f_type = f.dtype.type if f.dtype.kind == "f" else float
        return scalar(f)

    def gradient(self, x: Array, f: float, g: Array) -> None:
        """Write the gradient at `x` into `g`, given the value `f` there.

        Where the user's function gives both, it is called again.
        """
        if self._joint:
            self._both(x, g)
            return
        self.njev += 1
        if self._jac is not None:
            _store(self._jac(x.copy(), *self._args), g)
            if self._fixed is not None:
                g[self._fixed] = 0
        elif self._differences is not None:
            self._differences(x, self._f_type(f), g)

    def close(self) -> None:
        """Stop the processes that `workers` started."""
        if self._differences is not None:
            self._differences.close()

    def _draw(self) -> None:
        if self._samples is not None:
            self._args = self._samples.draw()

    def _both(self, x: Array, g: Array) -> float:
        self._draw()
        self._nfev += 1
        self.njev += 1
        if self._inplace:
            g.fill(0)
            f = self._fun(x.copy(), g, *self._args)
        else:
            f, gradient = pair(self._fun(x.copy(), *self._args))
            _store(gradient, g)
        if self._fixed is not None:
            g[self._fixed] = 0
        return float(f) if isinstance(f, float) else scalar(f)


class _WithArgs:
    """``fun(x, *args)`` as a function of x that can be sent to another process."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._fun = fun
        self._args = args

    def __call__(self, x: Array) -> Any:
        return self._fun(x, *self._args)


class _WithSample:
    """``fun(x, *args)`` with the sample of the value that is differenced."""

    def __init__(self, fun: Callable[..., Any], samples: Samples) -> None:
        self._fun = fun
        self._samples = samples

    def __call__(self, x: Array) -> Any:
        return self._fun(x, *self._samples.again())


def _bound(fun: Callable[..., Any], args: tuple[Any, ...], samples: Samples | None) -> Any:
    if samples is not None:
        return _WithSample(fun, samples)
    return _WithArgs(fun, args) if args else fun


def _store(gradient: Any, g: Array) -> None:
    """`write_gradient`, with its checks skipped for the usual case."""
    if type(gradient) is np.ndarray and gradient.shape == g.shape and gradient.dtype == g.dtype:
        g[...] = gradient
    else:
        write_gradient(gradient, g)


def _is_true(jac: Any) -> bool:
    return isinstance(jac, (bool, np.bool_)) and bool(jac)


def _refuse_jac_inplace(jac: Any) -> None:
    if jac is not None and not _is_true(jac):
        raise OptionError(
            f"jac is {described(jac)}, but a function fun(x, g) that fills g gives the gradient "
            "itself; leave jac out."
        )


def _difference_method(jac: Any) -> str:
    """Return the finite-difference scheme that `jac` asks for."""
    if jac is None or isinstance(jac, (bool, np.bool_)):
        return "2-point"
    check_jac(jac)
    return str(jac)
