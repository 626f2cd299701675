"""What an optimizer is told beside the settings of its method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from nadamkit.errors import OptionError, described, shown
from nadamkit.hyperparameters import did_you_mean

POLICIES = ("raise", "skip", "propagate")
#: For arrays in the host's memory. Those on a GPU are updated there.
BACKENDS = ("auto", "numpy", "serial", "parallel")


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    """A choice among names, checked."""
    if not isinstance(value, str) or value not in allowed:
        raise OptionError(
            f"{name}={shown(value)} is not allowed{did_you_mean(str(value), allowed)} "
            f"Choose one of: {', '.join(allowed)}."
        )
    return value


def host_backend(backend: Any) -> str:
    """Where arrays in the host's memory are updated, checked."""
    if isinstance(backend, str) and backend == "cuda":
        raise OptionError(
            "backend='cuda' is not allowed: an Optimizer updates arrays on a GPU there by itself, "
            "and only such arrays; leave backend out, and pass arrays of CuPy, PyTorch or Numba."
        )
    return one_of("backend", backend, BACKENDS)


def labelling(label: Any) -> Callable[[str], str | None] | None:
    """What says which group a parameter is in, checked; None for its path."""
    if label is not None and not callable(label):
        raise OptionError(
            f"label must be callable, but is {described(label)}; pass label(path), which returns "
            "the name of a group or None, or leave it out."
        )
    return cast("Callable[[str], str | None] | None", label)


def decay(average: Any) -> float | None:
    """The decay of the moving average, checked; None for none."""
    if average is None:
        return None
    number = hasattr(average, "__float__") and np.ndim(average) == 0
    if not number or not 0.0 <= float(average) < 1.0:
        raise OptionError(
            f"average={shown(average)} is not allowed: it is the decay of the moving average, a "
            "number in [0, 1), or None."
        )
    return float(average)
