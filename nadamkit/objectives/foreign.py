"""Starts that are arrays of PyTorch, JAX, CuPy or Numba: the user meets that kind only.

The loops work on NumPy arrays in the host's memory. Around them each point goes to the user's
functions as an array of the kind, dtype and device of x0, and what they return comes back: for a
device array one transfer each way for each evaluation, for PyTorch and JAX on the CPU none.

The converted arrays may share memory with the NumPy arrays they are made from. Those are copies
that the loop makes for the call and never touches again, so that the user may keep or change them.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nadamkit.errors import OptionError
from nadamkit.objectives.compiled import is_compiled

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["Kind", "kind_for", "unpacked"]

Array = npt.NDArray[Any]


class Kind:
    """Arrays of NumPy, which need no conversion.

    Attributes
    ----------
    name : str
        Of the library.
    """

    name = "numpy"

    def array(self, x: Array) -> Any:
        """`x` as an array of this kind, of the same dtype; it may share the memory."""
        return x

    def host(self, value: Any) -> Any:
        """`value` with arrays of this kind as NumPy arrays, those in a tuple or list too."""
        return value

    def precision(self, dtype: npt.DTypeLike) -> AbstractContextManager[Any]:
        """Where functions of arrays of this dtype are to be called."""
        return nullcontext()

    def function(self, function: Any) -> Any:
        """A function of an array of this kind as one of a NumPy array."""
        return function

    def callback(self, function: Any) -> Any:
        """Likewise a callback, in either of SciPy's signatures."""
        return function

    def result(self, result: OptimizeResult) -> OptimizeResult:
        """The result, with its points and gradient as arrays of this kind."""
        return result


class _Foreign(Kind, ABC):
    """What all kinds have in common that do need conversion.

    Parameters
    ----------
    x0 : array, optional
        Of this kind; others are put where it is, or where the library puts them.
    """

    def __init__(self, x0: Any = None) -> None:
        pass

    @abstractmethod
    def is_own(self, value: Any) -> bool:
        """Whether `value` is an array of this kind."""

    @abstractmethod
    def fetched(self, array: Any) -> Array:
        """An array of this kind as a NumPy array."""

    def host(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(self.host, value))
        if isinstance(value, list):
            return list(map(self.host, value))
        return self.fetched(value) if self.is_own(value) else value

    def function(self, function: Any) -> Any:
        if is_compiled(function):
            raise OptionError(
                f"an @njit function takes NumPy arrays, but here it would get {self.name} arrays. "
                "Pass x0 as a NumPy array, or the function without @njit."
            )
        # What is no function is refused where functions are checked.
        return _Converted(self, function) if callable(function) else function

    def callback(self, function: Any) -> Any:
        if not callable(function):
            return function

        @functools.wraps(function)  # its signature says how it is to be called
        def converted(x: Any = None, intermediate_result: Any = None) -> Any:
            if intermediate_result is None:
                with self.precision(x.dtype):
                    return function(self.array(x))
            with self.precision(intermediate_result.x.dtype):
                intermediate_result.x = self.array(intermediate_result.x)
                return function(intermediate_result=intermediate_result)

        return converted

    def result(self, result: OptimizeResult) -> OptimizeResult:
        with self.precision(result.x.dtype):
            result.x, result.jac = self.array(result.x), self.array(result.jac)
            if "allvecs" in result:
                result.allvecs = [self.array(x) for x in result.allvecs]
        return result


class _Converted:
    """A function between conversions; a class, so that it can be sent to another process."""

    def __init__(self, kind: _Foreign, function: Callable[..., Any]) -> None:
        self._kind, self._function = kind, function

    def __call__(self, x: Array, *args: Any) -> Any:
        with self._kind.precision(x.dtype):
            return self._kind.host(self._function(self._kind.array(x), *args))


class _Torch(_Foreign):
    """Tensors of PyTorch."""

    name = "torch"

    def __init__(self, x0: Any = None) -> None:
        self._device = None if x0 is None else x0.device

    def array(self, x: Array) -> Any:
        return import_module("torch").as_tensor(x, device=self._device)

    def is_own(self, value: Any) -> bool:
        return isinstance(value, import_module("torch").Tensor)

    def fetched(self, array: Any) -> Array:
        fetched: Array = array.numpy(force=True)  # detached, and on the CPU
        return fetched


class _Jax(_Foreign):
    """Arrays of JAX."""

    name = "jax"

    def __init__(self, x0: Any = None) -> None:
        # An array that was put nowhere on purpose follows the others it is computed with.
        self._place = x0.sharding if getattr(x0, "committed", x0 is not None) else None

    def array(self, x: Array) -> Any:
        return import_module("jax").device_put(x, self._place)

    def is_own(self, value: Any) -> bool:
        return isinstance(value, import_module("jax").Array)

    def fetched(self, array: Any) -> Array:
        return np.asarray(array)

    def precision(self, dtype: npt.DTypeLike) -> AbstractContextManager[Any]:
        """Under JAX's 64-bit mode where the dtype takes it, whatever the user's setting."""
        if str(dtype) not in ("float64", "complex128"):
            return nullcontext()
        jax = import_module("jax")
        # Before JAX 0.8 it is an experimental name, which later versions have no more.
        place = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
        mode: AbstractContextManager[Any] = place.enable_x64(True)
        return mode


class _CuPy(_Foreign):
    """Arrays of CuPy."""

    name = "cupy"

    def __init__(self, x0: Any) -> None:
        self._device = x0.device

    def array(self, x: Array) -> Any:
        with self._device:
            return import_module("cupy").asarray(x)

    def is_own(self, value: Any) -> bool:
        return isinstance(value, import_module("cupy").ndarray)

    def fetched(self, array: Any) -> Array:
        fetched: Array = array.get()
        return fetched


class _Numba(_Foreign):
    """Device arrays of Numba, in the current CUDA context."""

    name = "numba"

    def __init__(self, x0: Any) -> None:
        self._type = type(x0)

    def array(self, x: Array) -> Any:
        from nadamkit._runtime import cuda

        return cuda.on_device(x)

    def is_own(self, value: Any) -> bool:
        return isinstance(value, self._type)

    def fetched(self, array: Any) -> Array:
        fetched: Array = array.copy_to_host()
        return fetched


#: The kinds by the package that their classes come from.
_KINDS: dict[str, type[_Foreign]] = {
    "torch": _Torch,
    "jax": _Jax,
    "jaxlib": _Jax,
    "cupy": _CuPy,
    "numba": _Numba,
    "numba_cuda": _Numba,
}


def unpacked(x0: Any) -> tuple[Kind, Any]:
    """The kind of `x0`, and `x0` for NumPy.

    No library is imported to find out.

    Parameters
    ----------
    x0 : array_like
        As given to `minimize`.

    Returns
    -------
    kind : Kind
        That of its own array, NumPy's for anything that is of no other.
    x0 : array_like
        As given, or a NumPy array, which may share its memory.

    Raises
    ------
    OptionError
        For an array of another library that is neither float32 nor float64, so that what the user
        gets could not be of its dtype, or whose elements cannot be had.

    Examples
    --------
    >>> kind, x0 = unpacked([1.0, 2.0])
    >>> kind.name, x0
    ('numpy', [1.0, 2.0])
    """
    packages = [c.__module__.partition(".")[0] for c in type(x0).__mro__]
    found = next((_KINDS[package] for package in packages if package in _KINDS), None)
    if found is None or not hasattr(x0, "dtype"):
        return Kind(), x0
    dtype = str(x0.dtype).rpartition(".")[2]
    if dtype not in ("float32", "float64") and "complex" not in dtype:
        convert = "x0.to(torch.float64)" if found is _Torch else "x0.astype('float64')"
        raise OptionError(
            f"x0 is a {found.name} array of dtype {dtype}, but the methods run in float32 or "
            f"float64. Convert it, for example with {convert}."
        )
    try:
        kind = found(x0)
        return kind, kind.host(x0)
    except (AttributeError, TypeError, RuntimeError) as error:
        raise OptionError(
            f"The elements of x0, a {found.name} array, cannot be copied to the host ({error}). "
            "Pass a dense array that has its data; inside jax.jit none has."
        ) from error


def kind_for(library: str, kind: Kind) -> Kind:
    """What functions written in a library take: `kind` if it is of it, else its default arrays."""
    return kind if library == kind.name else _KINDS.get(library, Kind)()
