"""How numbers are kept: what is read from memory, and what is written back.

float32 and float64 are kept as they are computed with. bfloat16 and float16 are kept as their bits,
computed with in float32, and rounded to nearest, ties to even, when they are written (IEEE 754).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Function = Callable[..., Any]


class Storage(NamedTuple):
    """One kind of number in memory.

    Parameters
    ----------
    name : str
        Its name.
    dtype : type
        What is computed with.
    itemsize : int
        Bytes of a number.
    load, store : callable
        ``load(a, i)`` reads element i, ``store(a, i, value)`` writes it.
    """

    name: str
    dtype: Any
    itemsize: int
    load: Function
    store: Function


def load(a, i):
    """As it is."""
    return a[i]


def store(a, i, value):
    """As it is."""
    a[i] = value


def load_bfloat16(a, i):
    """A bfloat16 is the upper half of a float32."""
    return np.uint32(np.uint32(a[i]) << np.uint32(16)).view(np.float32)


def store_bfloat16(a, i, value):
    """To nearest, ties to even; a NaN becomes a quiet one."""
    bits = np.float32(value).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = np.uint32(bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)
    quiet = (bits >> np.uint32(16)) | np.uint32(0x40)
    a[i] = np.uint16(quiet if value != value else rounded)


def load_float16(a, i):
    """The exponent moves from bias 15 to bias 127 by a product, which suits subnormals too."""
    bits = np.uint32(a[i])
    sign = np.uint32((bits & np.uint32(0x8000)) << np.uint32(16))
    rest = np.uint32((bits & np.uint32(0x7FFF)) << np.uint32(13))
    moved = np.float32(np.uint32(rest).view(np.float32) * np.float32(2.0**112)).view(np.uint32)
    special = rest | np.uint32(0x7F800000)
    finite = (bits & np.uint32(0x7C00)) != np.uint32(0x7C00)
    return np.uint32(sign | (moved if finite else special)).view(np.float32)


def store_float16(a, i, value):
    """Subnormals are rounded by adding 1/2, whose last bit is that of the least of them."""
    bits = np.float32(value).view(np.uint32)
    sign = (bits >> np.uint32(16)) & np.uint32(0x8000)
    rest = np.uint32(bits & np.uint32(0x7FFFFFFF))
    odd = (rest >> np.uint32(13)) & np.uint32(1)
    normal = np.uint32(rest - np.uint32(0x38000000) + np.uint32(0xFFF) + odd) >> np.uint32(13)
    raised = np.float32(np.uint32(rest).view(np.float32) + np.float32(0.5)).view(np.uint32)
    subnormal = np.uint32(raised - np.uint32(0x3F000000))
    large = np.uint32(0x7E00 if rest > np.uint32(0x7F800000) else 0x7C00)
    finite = subnormal if rest < np.uint32(0x38800000) else normal
    a[i] = np.uint16(sign | (large if rest >= np.uint32(0x47800000) else finite))


STORAGE: dict[str, Storage] = {
    "float32": Storage("float32", np.float32, 4, load, store),
    "float64": Storage("float64", np.float64, 8, load, store),
    "bfloat16": Storage("bfloat16", np.float32, 2, load_bfloat16, store_bfloat16),
    "float16": Storage("float16", np.float32, 2, load_float16, store_float16),
}
