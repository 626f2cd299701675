"""Where tensors lie in memory, and gradients brought into the order of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

import torch
from torch import Tensor

_numel, _contiguous = Tensor.numel, Tensor.is_contiguous
_negated, _conjugated = Tensor.is_neg, Tensor.is_conj


def dense(a: Tensor) -> bool:
    """Whether a tensor's numbers fill one piece of memory, in whatever order, as they are."""
    if a.is_neg() or a.is_conj():
        return False
    expected = 1
    for stride, n in sorted(zip(a.stride(), a.shape, strict=True)):
        if n == 0:
            return True
        if n > 1 and stride != expected:
            return False
        expected *= n
    return True


class Layout:
    """Where parameters lie.

    Parameters
    ----------
    params : sequence of Tensor
        Parameters of one dtype and device.
    """

    def __init__(self, params: Sequence[Tensor]) -> None:
        self._params = params
        self._numels = list(map(_numel, params))
        self._device, self._complex = params[0].device, params[0].is_complex()
        self._where: list[int] = []
        self._order: list[Any] | None = None
        self._dense = True
        self._copies: list[tuple[Tensor, Tensor]] = []
        self._kept: list[Tensor] = []

    def changed(self) -> bool:
        """Whether they lie elsewhere than at the last call; refuses what is not possible."""
        where = [p.data_ptr() for p in self._params]
        order = None if self._plain(self._params) else list(map(_order, self._params))
        same = where == self._where and order == self._order
        if same and list(map(_numel, self._params)) == self._numels:
            return False
        self._check(where)
        self._where, self._order = where, order
        self._dense = order is None or all(map(dense, self._params))
        return True

    def addresses(self, grads: Sequence[Tensor | None]) -> tuple[list[int], list[int]]:
        """Addresses of the parameters, and of gradients in the same order.

        Parameters
        ----------
        grads : sequence of Tensor or None
            The gradient of each parameter.
        """
        self._copies, self._kept = [], []
        here = [g is not None for g in grads]
        given = list(compress(grads, here))
        if list(map(_numel, given)) != list(compress(self._numels, here)):
            raise RuntimeError(
                "a gradient has another shape than its parameter; set it to None, or compute it "
                "anew."
            )
        if not self._dense or not self._alike(given, here):
            return self._beside(grads)
        values = [0 if g is None else g.data_ptr() for g in grads]
        if 0 in values and 0 in compress(values, map(min, self._numels, here)):
            raise RuntimeError("a gradient has no memory of its own; assign its .clone() instead.")
        return self._where, values

    def read(self) -> None:
        """Copy parameters that are not dense."""
        for p, own in self._copies:
            own.copy_(p)

    def write(self) -> None:
        """Copy them back."""
        for p, own in self._copies:
            p.copy_(own)
        self._copies, self._kept = [], []

    def _plain(self, tensors: Sequence[Tensor]) -> bool:
        """Whether all numbers lie as they are, in the order of their indices."""
        bent = any(map(_negated, tensors)) or (self._complex and any(map(_conjugated, tensors)))
        return not bent and all(map(_contiguous, tensors))

    def _alike(self, given: Sequence[Tensor], here: Sequence[bool]) -> bool:
        """Whether gradients have the order of their parameters."""
        if self._order is None:
            return self._plain(given)
        return list(map(_order, given)) == list(compress(self._order, here))

    def _check(self, where: Sequence[int]) -> None:
        """Parameters may have moved, but only as a whole."""
        params = self._params
        moved = any(p.device != self._device for p in params)
        if moved or list(map(_numel, params)) != self._numels:
            raise RuntimeError(
                "a parameter has another shape or device than when the optimizer was made; make a "
                "new optimizer after changing a model."
            )
        filled = [address for address, n in zip(where, self._numels, strict=True) if n]
        if 0 in filled:
            raise RuntimeError(
                "a parameter has no memory of its own, like a DTensor; use torch's own class."
            )
        twice = any(n > 1 and stride == 0 for p in params if p.numel() for n, stride in _axes(p))
        if twice or len(set(filled)) < len(filled):
            raise RuntimeError(
                "parameters share memory, so that a step would count twice; give the optimizer "
                "each number once, and clone tensors made by expand()."
            )

    def _beside(self, grads: Sequence[Tensor | None]) -> tuple[list[int], list[int]]:
        """Copies of what does not lie as it should."""
        where, values = list(self._where), [0] * len(grads)
        for i, (p, g) in enumerate(zip(self._params, grads, strict=True)):
            if g is None:
                continue
            own = p.detach()
            if not dense(own):
                own = torch.empty_like(own)
                self._copies.append((p.detach(), own))
                where[i] = own.data_ptr()
            if g.numel() and (not dense(g) or g.stride() != own.stride()):
                g = torch.empty_like(own).copy_(g.detach())
                self._kept.append(g)
            values[i] = g.data_ptr()
        return where, values


def _order(a: Tensor) -> tuple[Any, ...]:
    return a.stride(), a.is_neg(), a.is_conj()


def _axes(a: Tensor) -> Any:
    return zip(a.shape, a.stride(), strict=True)
