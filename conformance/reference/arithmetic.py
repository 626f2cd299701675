"""What is assumed of a program's arithmetic: the only place where an allowance is a number.

Two assumptions about the scalars of a step (mu_t, 1 - nu^t, ...) give two bounds:

strict
    Every coefficient that meets an array is the exact one, rounded: once in float32, where it can
    be computed in float64; to 1 ulp in float64. Decimal hyperparameters get nothing: 0.9 is the
    double 0.9, in float32 too.
standard
    Scalars are computed like everything else, in the type of the arrays, from hyperparameters
    rounded to that type, each operation with its rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mpmath

CONTEXT = mpmath.MPContext()
CONTEXT.prec = 256
mpf = CONTEXT.mpf

#: A computed mu_t, in units of u: a power (2, that is 1 ulp) and two more operations.
MU_T = 4.0
#: A power with a large exponent, in units of u, as ``pow`` gives it: 2 ulp.
POW = 4.0


@dataclass(frozen=True)
class Arithmetic:
    """A floating-point type and how well the scalars of a step are known.

    Parameters
    ----------
    bits : int
        Bits of the significand; ``u = 2**-bits`` is half an ulp of 1.
    smallest : float
        Smallest normal number. A product or quotient below it is off by ``u * smallest``.
    coefficient : float or None
        Relative error of a scalar that meets an array, in units of u; None for scalars computed
        in the type itself.
    tracked : bool
        Whether errors are followed at all; without, values come several times faster.
    """

    bits: int
    smallest: float
    coefficient: float | None
    tracked: bool = True

    @property
    def u(self) -> Any:
        """Half an ulp of 1."""
        return mpf(2) ** -self.bits

    def holds(self, value: Any) -> bool:
        """Tell whether the type holds `value` exactly."""
        mantissa = mpf(value).man
        return int(mantissa).bit_length() <= self.bits


PROFILES = {
    ("float32", "strict"): Arithmetic(24, 2.0**-126, 1.0),
    ("float32", "standard"): Arithmetic(24, 2.0**-126, None),
    ("float64", "strict"): Arithmetic(53, 2.0**-1022, 2.0),
    ("float64", "standard"): Arithmetic(53, 2.0**-1022, None),
}
VALUES_ONLY = Arithmetic(53, 0.0, 1.0, tracked=False)

_current = [PROFILES["float64", "strict"]]


def current() -> Arithmetic:
    """Return the arithmetic assumed now."""
    return _current[-1]


@contextmanager
def assuming(arithmetic: Arithmetic) -> Iterator[None]:
    """Assume an arithmetic for the length of a ``with`` statement."""
    _current.append(arithmetic)
    try:
        yield
    finally:
        _current.pop()
