"""What an optimizer is told beside the settings of its method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nadamkit.errors import OptionError
from nadamkit.hyperparameters import did_you_mean

POLICIES = ("raise", "skip", "propagate")
#: For arrays in the host's memory. Those on a GPU are updated there.
BACKENDS = ("auto", "numpy", "serial", "parallel")


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    """A choice among names, checked."""
    if not isinstance(value, str) or value not in allowed:
        raise OptionError(
            f"{name}={value!r} is not allowed{did_you_mean(str(value), allowed)} "
            f"Choose one of: {', '.join(allowed)}."
        )
    return value


def decay(average: Any) -> float | None:
    """The decay of the moving average, checked; None for none."""
    if average is None:
        return None
    number = hasattr(average, "__float__") and np.ndim(average) == 0
    if not number or not 0.0 <= float(average) < 1.0:
        raise OptionError(
            f"average={average!r} is not allowed: it is the decay of the moving average, a number "
            "in [0, 1), or None."
        )
    return float(average)
