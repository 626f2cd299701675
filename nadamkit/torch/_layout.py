"""Where tensors lie in memory, and gradients brought into the order of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

import torch
from torch import Tensor

# Methods of C, to be mapped over many tensors without Python in between.
_numel, _contiguous, _address = Tensor.numel, Tensor.is_contiguous, Tensor.data_ptr
_negated, _conjugated, _order = Tensor.is_neg, Tensor.is_conj, Tensor.stride


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
        self._dtype, self._device = params[0].dtype, params[0].device
        self._complex = params[0].is_complex()
        self._where: list[int] = []
        self._order: list[Any] | None = None
        self._dense = True
        self._copies: list[tuple[Tensor, Tensor]] = []
        self._kept: list[Tensor] = []

    def changed(self) -> bool:
        """Whether they lie elsewhere than at the last call; refuses what is not possible."""
        params = self._params
        where = list(map(_address, params))
        order = None if all(map(_contiguous, params)) else list(map(_order, params))
        same = where == self._where and order == self._order
        if same and list(map(_numel, params)) == self._numels:
            return False
        self._check(where)
        self._where, self._order = where, order
        self._dense = all(map(dense, params))
        return True

    def addresses(
        self, given: Sequence[Tensor], here: Sequence[bool] | None
    ) -> tuple[list[int], list[int]]:
        """Addresses of the parameters, and of gradients in the same order.

        Parameters
        ----------
        given : sequence of Tensor
            The gradients.
        here : sequence of bool or None
            Which parameters have one; None if all have.
        """
        self._copies, self._kept = [], []
        numels = self._numels if here is None else list(compress(self._numels, here))
        if list(map(_numel, given)) != numels:
            i = next(i for i, g in enumerate(given) if g.numel() != numels[i])
            raise RuntimeError(
                f"a gradient of shape {tuple(given[i].shape)} has another shape than its "
                f"parameter, which has {numels[i]} elements; set it to None, or compute it anew."
            )
        if self._dense and self._alike(given, here):
            where, values = self._where, list(map(_address, given))
        else:
            where, values = self._beside(given, here)
        if 0 in values and 0 in compress(values, numels):
            raise RuntimeError("a gradient has no memory of its own; assign its .clone() instead.")
        if here is None:
            return where, values
        every = iter(values)
        return where, [next(every) if has else 0 for has in here]

    def read(self) -> None:
        """Copy parameters that are not dense."""
        for p, own in self._copies:
            own.copy_(p)

    def write(self) -> None:
        """Copy them back."""
        for p, own in self._copies:
            p.copy_(own)
        self._copies, self._kept = [], []

    def _alike(self, given: Sequence[Tensor], here: Sequence[bool] | None) -> bool:
        """Whether gradients have the order of their parameters."""
        if any(map(_negated, given)) or (self._complex and any(map(_conjugated, given))):
            return False
        if self._order is None:
            return all(map(_contiguous, given))
        order = self._order if here is None else list(compress(self._order, here))
        return list(map(_order, given)) == order

    def _check(self, where: Sequence[int]) -> None:
        """Parameters may have moved, but only as a whole."""
        params = self._params
        for p, n in zip(params, self._numels, strict=True):
            if p.dtype is not self._dtype:
                raise RuntimeError(
                    f"a parameter has dtype {p.dtype} now, but had {self._dtype} before; make a "
                    "new optimizer after converting a model."
                )
            if p.device != self._device or p.numel() != n:
                raise RuntimeError(
                    "a parameter has another shape or device than before: now it has shape "
                    f"{tuple(p.shape)} on {p.device}, and had {n} elements on {self._device}; make "
                    "a new optimizer after changing a model."
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

    def _beside(
        self, given: Sequence[Tensor], here: Sequence[bool] | None
    ) -> tuple[list[int], list[int]]:
        """Copies of what does not lie as it should."""
        where, values = list(self._where), []
        numbers = range(len(where)) if here is None else compress(range(len(where)), here)
        for i, g in zip(numbers, given, strict=True):
            own = self._params[i].detach()
            if not dense(own):
                self._copies.append((own, torch.empty_like(own)))
                own = self._copies[-1][1]
                where[i] = own.data_ptr()
            if g.numel() and (not dense(g) or g.stride() != own.stride()):
                g = torch.empty_like(own).copy_(g.detach())
                self._kept.append(g)
            values.append(g.data_ptr())
        return where, values


def _axes(a: Tensor) -> Any:
    return zip(a.shape, a.stride(), strict=True)
