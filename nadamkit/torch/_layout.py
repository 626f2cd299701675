"""How tensors lie in memory."""

from __future__ import annotations

from torch import Tensor


def dense(a: Tensor) -> bool:
    """Whether a tensor's numbers fill one piece of memory, in whatever order."""
    expected = 1
    for stride, n in sorted(zip(a.stride(), a.shape, strict=True)):
        if n == 0:
            return True
        if n > 1 and stride != expected:
            return False
        expected *= n
    return True
