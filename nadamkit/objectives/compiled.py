"""An ``@njit`` objective in any spelling, as one first-class function for the compiled loop.

The loop takes ``fun(x, g, address) -> f``, which fills g; the address is that of the arguments, so
that the loop need not know their types. A small adapter in that form is compiled around the user's
function for each new objective; the loop itself is compiled once and cached on disk.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from nadamkit._runtime import handles, numba
from nadamkit.errors import CompileWarning, ObjectiveError, OptionError, warn
from nadamkit.objectives import compiled_batches
from nadamkit.objectives.samples import Batches, Draws, Samples


class CompiledObjective(NamedTuple):
    """A compiled objective.

    Parameters
    ----------
    function : numba dispatcher
        ``function(x, g, address) -> float``.
    handle : Handle
        Has the address of its further arguments, and keeps them.
    signature : numba signature
        Of `function`.
    """

    function: Any
    handle: handles.Handle
    signature: Any


def is_compiled(fun: Any) -> bool:
    """Whether `fun` is an ``@njit`` function; never imports numba."""
    return hasattr(fun, "py_func") and hasattr(fun, "get_call_template")


def is_inplace(fun: Any, jac: Any, args: tuple[Any, ...]) -> bool:
    """Whether an ``@njit`` `fun` is ``fun(x, g, *args) -> f``, which fills the gradient g."""
    if not is_compiled(fun) or not (jac is None or isinstance(jac, bool)):
        return False
    return _required(fun.py_func) == 2 + len(args)


@lru_cache(maxsize=64)
def _required(function: Callable[..., Any]) -> int:
    """Number of arguments that have to be given."""
    parameters = inspect.signature(function).parameters.values()
    return sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters)


def has_gradient(fun: Any, jac: Any, args: tuple[Any, ...], samples: Samples | None = None) -> bool:
    """Whether value and gradient are both ``@njit`` code, so that the loop may be compiled.

    With samples, compiled code cuts batches, and functions that give value and gradient at once
    draw from a generator; the rest takes Python.
    """
    if not is_compiled(fun):
        return False
    at_once = jac is True or is_inplace(fun, jac, args)
    if isinstance(samples, Draws):
        return at_once and not samples.frozen
    return (at_once or is_compiled(jac)) and (samples is None or isinstance(samples, Batches))


def compile_objective(
    fun: Any, jac: Any, args: tuple[Any, ...], dtype: Any, samples: Samples | None = None
) -> CompiledObjective | None:
    """Compile an objective for the compiled loop.

    Parameters
    ----------
    fun, jac, args
        As given to `minimize`, in a form that `has_gradient`.
    dtype : dtype
        float32 or float64.
    samples : Samples, optional
        Where args come from; `args` are its example then.

    Returns
    -------
    CompiledObjective or None
        None, after a `CompileWarning`, if Numba cannot compile it.
    """
    nb = numba.numba()
    frozen = tuple(_frozen(a) for a in args)
    form = "inplace" if is_inplace(fun, jac, args) else "pair" if jac is True else "separate"
    try:
        array = nb.types.Array(nb.from_dtype(np.dtype(dtype)), 1, "C")
        signature = nb.float64(array, array, nb.intp)
        if isinstance(samples, Batches):
            one = _adapted(form, fun, jac, nb.float64(array, array, nb.typeof(frozen)), None)
            frozen = compiled_batches.state(samples)
            function = _in_batches(one, samples.cut, signature, nb.typeof(frozen))
        else:
            function = _adapted(form, fun, jac, signature, nb.typeof(frozen))
        return CompiledObjective(function, handles.Handle(frozen), signature)
    except OptionError:
        raise
    except (nb.core.errors.NumbaError, ValueError, TypeError) as error:
        warn(_reason(fun, error), CompileWarning)
        return None


def runs(fun: Any, jac: Any, args: tuple[Any, ...], dtype: Any) -> bool:
    """Whether the ``@njit`` functions among `fun` and `jac` compile, for the loop in Python.

    What they compile here they would have compiled at their first call. A failure is reported by a
    `CompileWarning`.
    """
    compiled = [f for f in (fun, jac) if is_compiled(f)]
    if not compiled:
        return True
    nb = numba.numba()
    array = nb.types.Array(nb.from_dtype(np.dtype(dtype)), 1, "C")
    arrays = (array, array) if is_inplace(fun, jac, args) else (array,)
    for function in compiled:
        try:
            function.compile((*arrays, *map(nb.typeof, args)))
        except (nb.core.errors.NumbaError, ValueError, TypeError) as error:
            warn(_reason(function, error), CompileWarning)
            return False
    return True


@lru_cache(maxsize=64)
def _adapted(form: str, fun: Any, jac: Any, signature: Any, stored: Any) -> Any:
    """The compiled adapter, which gets the arguments, or the address of what is `stored`.

    A second run with the same functions compiles nothing.
    """
    adapters: dict[str, Any] = {"inplace": _inplace, "pair": _pair, "separate": _separate}
    functions = (fun, jac) if form == "separate" else (fun,)
    load = numba.inlinable(_same) if stored is None else handles.loader(stored)
    return numba.adapter(adapters[form](*functions, load), signature)


@lru_cache(maxsize=64)
def _in_batches(function: Any, cut: tuple[bool, ...], signature: Any, stored: Any) -> Any:
    adapter = compiled_batches.adapted(function, cut, handles.loader(stored))
    return numba.adapter(adapter, signature)


def interpreted(fun: Any) -> Any:
    """The Python function behind an ``@njit`` one, for the loop in Python."""
    return fun.py_func if is_compiled(fun) else fun


def _frozen(value: Any) -> Any:
    """Numbers and arrays as they are; lists become arrays, since compiled code copies a list."""
    return np.asarray(value) if isinstance(value, list) else value


def _same(args):
    return args


def _inplace(fun: Callable[..., Any], load: Callable[..., Any]) -> Callable[..., Any]:
    def adapter(x, g, place):
        return np.float64(fun(x, g, *load(place)))

    return adapter


def _pair(fun: Callable[..., Any], load: Callable[..., Any]) -> Callable[..., Any]:
    def adapter(x, g, place):
        f, gradient = fun(x, *load(place))
        if gradient.size != g.size:
            raise ObjectiveError(
                "The gradient that fun returns has another number of elements than x. Return one "
                "partial derivative for each variable."
            )
        g[:] = gradient
        return np.float64(f)

    return adapter


def _separate(
    fun: Callable[..., Any], jac: Callable[..., Any], load: Callable[..., Any]
) -> Callable[..., Any]:
    def adapter(x, g, place):
        args = load(place)
        f = np.float64(fun(x, *args))
        gradient = jac(x, *args)
        if gradient.size != g.size:
            raise ObjectiveError(
                "The gradient that jac returns has another number of elements than x. Return one "
                "partial derivative for each variable."
            )
        g[:] = gradient
        return f

    return adapter


def _reason(fun: Any, error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Failed in", "During:", "File ", "- "))]
    cause = next(
        (line for line in told if "rror" in line or line.startswith(("No ", "Cannot", "Unknown"))),
        told[0] if told else type(error).__name__,
    )
    if cause.endswith(":"):
        cause += " " + next(iter(lines[lines.index(cause) + 1 :]), "")
    name = getattr(fun, "__name__", "fun")
    return (
        f"the @njit function {name!r} cannot be compiled for this x and args: {cause[:200]}\n"
        "The run goes on in the Python loop, with the function uncompiled, which is much slower; "
        "call it yourself with the same arguments to see the whole message."
    )
