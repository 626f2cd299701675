"""The vocabulary of a step: the only functions an update rule may call.

They are NumPy's own, so that one scalar step runs on arrays (NumPy backend), on scalars inside
compiled CPU code, and, with the names bound to their CUDA counterparts, on a GPU. Each is
correctly rounded or exact in IEEE 754, which is why every backend gives the same bits.

===========  =====================================================================
``sqrt``     correctly rounded square root; ``sqrt(-1)`` is NaN
``absolute`` exact; ``absolute(NaN)`` is NaN
``maximum``  exact; NaN if either operand is NaN, whatever their order
``minimum``  exact; NaN if either operand is NaN, whatever their order
===========  =====================================================================
"""

from numpy import absolute, maximum, minimum, sqrt

__all__ = ["absolute", "maximum", "minimum", "sqrt"]
