"""Methods as objects that SciPy's own `minimize`, and what is built on it, take as ``method``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nadamkit import registry
from nadamkit._minimize import minimize

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


#: Keywords of `minimize` that SciPy's has not; a method as an object takes them like options.
KEYWORDS = (
    *("backend", "batch_size", "batches", "epochs"),
    *("progress", "rng", "stochastic", "validation"),
)


class SciPyMethod:
    """A method for ``scipy.optimize.minimize(fun, x0, method=...)``; see `scipy_method`."""

    def __init__(self, name: str, defaults: dict[str, Any]) -> None:
        self.__name__ = registry.get(name).name
        self._defaults = defaults

    def __call__(
        self,
        fun: Any,
        x0: Any,
        args: Any = (),
        *,
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Any = None,
        tol: float | None = None,
        **options: Any,
    ) -> OptimizeResult:
        options = {**self._defaults, **options}
        keywords = {name: options.pop(name) for name in KEYWORDS if name in options}
        fun, jac = _unwrapped(fun, jac)
        return minimize(
            fun,
            x0,
            args,
            method=self.__name__,
            jac=jac,
            hess=hess,
            hessp=hessp,
            bounds=bounds,
            constraints=constraints,
            tol=tol,
            callback=callback,
            options=options,
            **keywords,
        )

    def lower(self) -> str:
        """``"_custom"``, under which `scipy.optimize.shgo` knows methods that are not its own."""
        return "_custom"

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self._defaults.items())
        return f"scipy_method({self.__name__!r}{given})"


def _unwrapped(fun: Any, jac: Any) -> tuple[Any, Any]:
    """The user's function, where SciPy has made two of one with ``jac=True``.

    They remember what was found at the last x, so that no noise is seen there and a batch is not
    looked at; and they are no ``@njit`` code any more.
    """
    memo = type(fun).__name__ == "MemoizeJac" and getattr(jac, "__self__", None) is fun
    return (fun.fun, True) if memo else (fun, jac)


def scipy_method(name: str, **defaults: Any) -> SciPyMethod:
    """A method as an object for SciPy.

    Parameters
    ----------
    name : str
        Name of the method.
    **defaults
        Options of every run, unless the call gives its own, and the keywords of `nadamkit.minimize`
        that SciPy's has not: backend, batch_size, batches, epochs, progress, rng, stochastic and
        validation.

    Returns
    -------
    SciPyMethod
        To be passed as ``method`` to `scipy.optimize.minimize`, or in ``minimizer_kwargs`` to
        `basinhopping`, `dual_annealing` and `shgo`. SciPy hides from such an object what a string
        as ``jac`` asked for; it uses '2-point' differences, also in place of ``"jax"``,
        ``"torch"`` and ``"autograd"``, which `nadamkit.minimize` knows.

    Examples
    --------
    >>> from scipy.optimize import minimize, rosen, rosen_der
    >>> result = minimize(rosen, [-1.2, 1.0], method=scipy_method("nadam"), jac=rosen_der)
    >>> result.x.round(4).tolist()
    [1.0, 1.0]
    """
    return SciPyMethod(name, defaults)
