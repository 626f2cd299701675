"""The gradient by JAX, PyTorch or autograd, for a function that is written in that library.

What comes out is a function of a NumPy array that returns value and gradient, like any that goes
with ``jac=True``. It keeps that function's contract: its x is a copy for this call alone, so that
tensors may share its memory.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from nadamkit.errors import BackendUnavailable, ObjectiveError, OptionError
from nadamkit.objectives.compiled import is_compiled
from nadamkit.objectives.finite_differences import check_jac
from nadamkit.objectives.foreign import Kind, kind_for
from nadamkit.objectives.returns import NOT_SCALAR

__all__ = ["LIBRARIES", "on_host"]

Array = npt.NDArray[Any]
Both = Callable[..., tuple[Any, Any]]
#: What pip is asked for where it is not the library itself: an extra, which has the right version.
_INSTALL = {"torch": '"nadamkit[torch]"'}


def on_host(fun: Any, jac: Any, kind: Kind) -> tuple[Any, Any, Kind]:
    """The user's functions as functions of NumPy arrays.

    Parameters
    ----------
    fun, jac
        As given to `minimize`.
    kind : Kind
        Of x0.

    Returns
    -------
    fun, jac
        For the loops. With `jac` a library's name the new `fun` returns value and gradient, and the
        new `jac` is True.
    kind : Kind
        Of the arrays that the user's `fun` takes.

    Raises
    ------
    OptionError
        For an unknown name, and for ``@njit`` functions, which no such library can differentiate.
    BackendUnavailable
        If the library cannot be imported.

    Examples
    --------
    >>> fun, jac, kind = on_host(len, "2-point", Kind())
    >>> fun, jac, kind.name
    (<built-in function len>, '2-point', 'numpy')
    """
    if not isinstance(jac, str) or jac not in LIBRARIES:
        check_jac(jac, LIBRARIES)
        return kind.function(fun), kind.function(jac), kind
    if is_compiled(fun):
        raise OptionError(
            f"jac={jac!r} differentiates functions written in {jac}, but fun is an @njit function. "
            "Leave @njit out, or pass the gradient as a function."
        )
    kind = kind_for(jac, kind)
    library = _imported(jac)
    return (LIBRARIES[jac](library, fun, kind) if callable(fun) else fun), True, kind


def _jax(jax: Any, fun: Callable[..., Any], kind: Kind) -> Both:
    """By JAX: compiled once for all arguments of the same shapes, dtypes and constants."""

    def value(x: Any, traced: list[Any], constants: _Constants) -> Any:
        f = fun(x, *constants.joined_with(traced))
        if not (isinstance(f, jax.Array) and jax.numpy.issubdtype(f.dtype, np.inexact)):
            _refuse_without_gradient("jax", f)
        return _checked(f, f.size, f.dtype).reshape(())

    plain = jax.value_and_grad(value)
    compiled = jax.jit(plain, static_argnums=2)

    def both(x: Array, *args: Any) -> tuple[Any, Any]:
        with kind.precision(x.dtype):
            leaves, tree = jax.tree_util.tree_flatten(args)
            numbers = [_is_number(leaf, jax.Array) for leaf in leaves]
            traced = [leaf for leaf, number in zip(leaves, numbers, strict=True) if number]
            constants = _Constants(tree, leaves, numbers)
            # Compiled code would repeat the random numbers of the first call.
            chosen = plain if constants.random else compiled
            return kind.host(chosen(kind.array(x), traced, constants))

    return both


def _torch(torch: Any, fun: Callable[..., Any], kind: Kind) -> Both:
    """By PyTorch; ``.grad`` of the user's other tensors is left alone."""

    def both(x: Array, *args: Any) -> tuple[Any, Any]:
        # The caller may have turned gradients off, by no_grad too, which this ends.
        with torch.inference_mode(mode=False):
            point = kind.array(x).requires_grad_()
            f = fun(point, *args)
            if not isinstance(f, torch.Tensor) or not f.requires_grad:
                _refuse_without_gradient("torch", f)
            _checked(f, f.numel(), str(f.dtype))
            (gradient,) = torch.autograd.grad(f, point, allow_unused=True)
        if gradient is None:
            raise ObjectiveError(
                "The value has no gradient: what fun returned was not computed from x. Use x "
                "itself in it, no copy and no tensor of the same values."
            )
        return f.item(), kind.host(gradient)

    return both


def _autograd(autograd: Any, fun: Callable[..., Any], kind: Kind) -> Both:
    """By autograd, which wraps NumPy."""
    tracer = import_module("autograd.tracer")

    def both(x: Array, *args: Any) -> tuple[Any, Any]:
        def value(x: Any) -> Any:
            f = fun(x, *args)
            if not tracer.isbox(f):
                _refuse_without_gradient("autograd", f)
            result = np.asarray(tracer.getval(f))
            return _checked(f, result.size, result.dtype)

        return autograd.value_and_grad(value)(x)

    return both


#: What differentiates, by the name that is its package's too.
LIBRARIES: dict[str, Callable[[Any, Callable[..., Any], Kind], Both]] = {
    "jax": _jax,
    "torch": _torch,
    "autograd": _autograd,
}


class _Constants:
    """What is compiled into a function: its arguments' structure, and those that are no numbers.

    Two are equal if the same code serves both: for objects that may change only if they are the
    same object.
    """

    def __init__(self, tree: Any, leaves: list[Any], numbers: list[bool]) -> None:
        # No leaf is None, which JAX takes as part of the structure.
        pairs = zip(leaves, numbers, strict=True)
        self._tree, self._leaves = tree, [None if number else leaf for leaf, number in pairs]
        self._key = tree, *(leaf if _has_value(leaf) else id(leaf) for leaf in self._leaves)
        self.random = any(
            isinstance(leaf, np.random.Generator | np.random.RandomState) for leaf in leaves
        )

    def joined_with(self, traced: list[Any]) -> tuple[Any, ...]:
        """The arguments, with the numbers where they were."""
        rest = iter(traced)
        joined: tuple[Any, ...] = self._tree.unflatten(
            next(rest) if leaf is None else leaf for leaf in self._leaves
        )
        return joined

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Constants) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _has_value(leaf: Any) -> bool:
    """Whether it is equal to others, and never changes."""
    return isinstance(leaf, bool | np.bool_ | str | bytes)


def _is_number(leaf: Any, own: Any) -> bool:
    """Whether compiled code can take it as an argument; a flag is there to be branched on."""
    if isinstance(leaf, bool | np.bool_):
        return False
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "biufc"
    return isinstance(leaf, int | float | complex | own)


def _imported(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError as error:
        raise BackendUnavailable(
            f"jac={library!r} needs the package {library}, which cannot be imported ({error}). "
            f"Install it with `python -m pip install {_INSTALL.get(library, library)}`, or pass "
            "the gradient as a function."
        ) from error


def _checked(f: Any, size: int, dtype: Any) -> Any:
    """The value `f` that the user's function returned, if it is one real number."""
    if size != 1:
        raise ObjectiveError(
            f"{NOT_SCALAR} It returned an array of {size} elements; return their mean, for example."
        )
    if "complex" in str(dtype):
        raise ObjectiveError(
            f"The objective function returned a complex value, of dtype {dtype}. Only a real "
            "function can be minimised; return its real part or its modulus."
        )
    return f


def _refuse_without_gradient(library: str, returned: Any) -> NoReturn:
    raise ObjectiveError(
        f"The value has no gradient: with jac={library!r} fun has to compute it from x, with "
        f"{library}'s functions alone, but it returned a {type(returned).__name__} that was not. "
        "Leave out what takes numbers out of the library, such as float(), .item(), .detach() and "
        "NumPy, and return one scalar."
    )
