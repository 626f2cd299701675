"""What a user's function may return, and what is said when it returns something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nadamkit.errors import ObjectiveError, described

__all__ = ["complex_scalar", "pair", "scalar", "write_gradient"]

Array = npt.NDArray[Any]

# SciPy's own sentence, which callers may match on.
NOT_SCALAR = "The user-provided objective function must return a scalar value."


def scalar(value: Any) -> float:
    """Return the objective's value as a float.

    Parameters
    ----------
    value : float, int, NumPy scalar, or anything array-like with one element
        What the user's function returned. NaN and infinities pass.

    Raises
    ------
    ObjectiveError
        If it is not one real number.
    """
    if isinstance(value, (float, int, np.floating)):
        return float(value)
    element = _element(value)
    if isinstance(element, complex):
        raise ObjectiveError(
            f"The objective function returned the complex value {element}. Only a real function "
            "can be minimised; return its real part or its modulus."
        )
    return element


def complex_scalar(value: Any) -> complex:
    """Return the value at a complex point as a complex; raise `ObjectiveError` if it is real.

    A real value shows that the imaginary part, which is the derivative, was lost on the way.
    """
    if isinstance(value, complex):
        return complex(value)
    element = _element(value)
    if isinstance(element, complex):
        return element
    raise ObjectiveError(
        f"jac='cs' calls the objective function at complex points, and there it returned the real "
        f"value {element}, so that the derivative is lost. Write it without abs, real and "
        "conjugates, or use jac='2-point' or '3-point'."
    )


def pair(returned: Any) -> tuple[Any, Any]:
    """Return (f, gradient) out of what a function with ``jac=True`` returned."""
    if isinstance(returned, (tuple, list)) and len(returned) >= 2:
        return returned[0], returned[1]
    raise ObjectiveError(
        "jac=True means that the objective function returns the tuple (f, gradient), but it "
        f"returned {described(returned)}. Return both, or pass the gradient's function as jac."
    )


def write_gradient(gradient: Any, out: Array) -> None:
    """Write a gradient of any accepted form into `out`.

    Parameters
    ----------
    gradient : array_like with n real elements
        What the user's function returned; any shape, read in C order. NaN and infinities pass.
    out : ndarray, shape (n,)
        Where it goes, rounded to the dtype of `out`; too large values become infinite.

    Raises
    ------
    ObjectiveError
        If it has another size or is not real; `out` is then as it was.
    """
    try:
        array = np.asarray(gradient)
        if array.dtype.kind == "O":
            # Not astype, which reads None as NaN.
            array = np.array([float(entry) for entry in array.flat]).reshape(array.shape)
    except (TypeError, ValueError) as error:
        raise ObjectiveError(
            f"The gradient is {described(gradient)}, which is no array of real numbers ({error}). "
            f"Return an array of shape {out.shape}."
        ) from error
    if array.dtype.kind == "c":
        raise ObjectiveError(
            "The gradient is complex. Only a real function can be minimised; return the real part."
        )
    if array.dtype.kind not in "fiub":
        raise ObjectiveError(
            f"The gradient is {described(gradient)}; return an array of real numbers of shape "
            f"{out.shape}."
        )
    if array.size != out.size:
        raise ObjectiveError(
            f"The gradient has shape {array.shape} but x has shape {out.shape}. Return one partial "
            "derivative for each variable."
        )
    with np.errstate(over="ignore"):
        out[...] = array.reshape(out.shape)


def _element(value: Any) -> float | complex:
    """Return the one number in `value`."""
    try:
        array = np.asarray(value)
    except ValueError:  # ragged, as (f, gradient) is
        array = np.empty(0)
    if array.size != 1:
        raise ObjectiveError(f"{NOT_SCALAR} It returned {described(value)}. {_advice(value)}")
    element = array.item()
    if isinstance(element, complex):
        return element
    if array.dtype.kind in "fiubO" and element is not None:
        try:
            return float(element)
        except (TypeError, ValueError):
            pass
    raise ObjectiveError(f"{NOT_SCALAR} It returned {described(value)}. {_advice(value)}")


def _advice(value: Any) -> str:
    if value is None:
        return "Is its return statement missing?"
    if isinstance(value, tuple) and len(value) == 2:
        return "If that is (f, gradient), pass jac=True."
    return "Return one real number, for example a float."
