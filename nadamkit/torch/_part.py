"""Parameters of torch that one compiled call updates: of one dtype and device, under one rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nadamkit import backends
from nadamkit._runtime import cuda, numba
from nadamkit.backends.storage import STORAGE
from nadamkit.backends.sweep import SLOTS, G, X
from nadamkit.loops.groups import Group
from nadamkit.loops.leaves import Leaves
from nadamkit.momentum import Dozat
from nadamkit.rule import Rule
from nadamkit.torch._layout import Layout
from nadamkit.torch._products import Continued, momentum, running
from nadamkit.torch._state import State

#: How the numbers of a tensor are kept; a complex one is a pair of real ones.
KINDS: dict[Any, str] = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.bfloat16: "bfloat16",
    torch.float16: "float16",
    torch.complex64: "float32",
    torch.complex128: "float64",
}


_address = Tensor.data_ptr
#: Number of a param group, and the momentum schedule, if there is one.
Owner = tuple[int, Any]


class Part:
    """Tensors and their state.

    Parameters
    ----------
    rule : Rule
        The update rule.
    groups : dict of (int, schedule) to Group
        Settings, by the number of the param group and the momentum schedule.
    members : sequence of ((int, schedule), Tensor)
        These of each parameter, and the parameter.
    states : sequence of State
        The state of each.
    """

    def __init__(
        self,
        rule: Rule,
        groups: dict[Owner, Group],
        members: Sequence[tuple[Owner, Tensor]],
        states: Sequence[State],
    ) -> None:
        self.groups, self._states = groups, states
        self.params = [p for _, p in members]
        self._owners = [groups[owner] for owner, _ in members]
        numbers, first = list(groups), self.params[0]
        self.dtype, self._device = first.dtype, first.device
        pair = 2 if first.is_complex() else 1
        lengths = [p.numel() * pair for p in self.params]
        self._total = sum(lengths)
        self._threads, self._most_threads = 0, numba.max_threads()
        self.engine = Leaves(
            *(rule, list(groups.values()), [numbers.index(owner) for owner, _ in members]),
            *(lengths, KINDS[self.dtype], self._backend()),
        )
        self._layout = Layout(self.params)
        self._where: list[int] = []
        self._values: list[int] = []
        self._active: NDArray[np.bool_] | None = None
        self._begun = np.zeros(len(self.params), np.bool_)
        self._slots: list[Tensor] = []
        self._addresses: list[int] = []
        # The dtype that torch gives them. One array each, so that counting costs the same however
        # many tensors there are; each state has a view of its element.
        double = torch.get_default_dtype() == torch.float64
        self._steps = np.zeros(len(self.params), np.float64 if double else np.float32)
        self._products = np.ones_like(self._steps)
        self._exact_products = np.ones(len(self.params))
        self._momenta = {group: _momentum(group) for group in groups.values()}
        self._begin([i for i, state in enumerate(states) if state.begun])

    @property
    def on_gpu(self) -> bool:
        """Whether the tensors are on a GPU."""
        return not self._threads

    def _backend(self) -> str:
        """Where to compute: on as many threads as torch does."""
        if self._device.type == "cuda":
            return "cuda"
        self._threads = torch.get_num_threads()
        return backends.choose("auto" if self._threads > 1 else "serial", self._total)

    def take(self) -> None:
        """Take the gradients of a step; changes no parameter."""
        if self._threads and torch.get_num_threads() != self._threads:
            self.engine.use(self._backend())
        grads = [p.grad for p in self.params]
        given = [g for g in grads if g is not None]
        here = [g is not None for g in grads] if len(given) < len(grads) else None
        self._active = None if here is None else np.array(here)
        moved = self._layout.changed()
        self._refuse(given)
        if moved or list(map(_address, self._slots)) != self._addresses:
            self._begin(np.flatnonzero(self._begun))
        where, values = self._layout.addresses(given, here)
        if where != self._where:
            self.engine.table[:, X] = self._where = where
        if values != self._values:
            self.engine.table[:, G] = self._values = values

    def _refuse(self, grads: Sequence[Tensor]) -> None:
        """Say what cannot be computed with."""
        dtype, strided = self.dtype, torch.strided
        for g in grads:
            if g.layout is not strided:
                raise RuntimeError(
                    "sparse gradients are not supported; use torch.optim.SparseAdam for them, or "
                    "gradients made dense with .to_dense()."
                )
            if g.dtype is not dtype:
                raise RuntimeError(
                    f"a gradient has dtype {g.dtype}, but its parameter {dtype}; convert it."
                )

    def prepare(self, factor: float | None) -> bool:
        """Make the state of parameters that get their first gradient, and get ready.

        Parameters
        ----------
        factor : float or None
            What the gradients are multiplied by.

        Returns
        -------
        bool
            Whether there were such parameters.
        """
        began = False
        if not self._all_begun:
            missing = ~self._begun if self._active is None else self._active & ~self._begun
            began = bool(missing.any())
            if began:
                self._begin(np.flatnonzero(missing))
        self.engine.prepare(self._active, factor)
        return began

    def _begin(self, which: Iterable[Any]) -> None:
        """Find or make the state of some parameters."""
        t = self.engine.t
        steps, products = torch.from_numpy(self._steps), torch.from_numpy(self._products)
        for i in which:
            slots, t[i], stored = self._states[i].begin(steps[i], products[i])
            product = _product(self._owners[i], int(t[i]), stored)
            self._steps[i], self._products[i], self._exact_products[i] = t[i], product, product
            self.engine.table[i, SLOTS:] = [slot.data_ptr() for slot in slots]
            self._begun[i] = True
        self.engine.t = t
        self._multiplying = True
        begun = compress(self._states, self._begun.tolist())
        self._slots = [slot for state in begun for slot in state.slots]
        self._addresses = list(map(_address, self._slots))
        self._all_begun = bool(self._begun.all())

    def launch(self) -> None:
        """Make the step."""
        self._layout.read()
        if not self._threads:
            with cuda.using(self._device.index):
                self.engine.launch(self._stream())
        elif self._threads in (1, self._most_threads):
            self.engine.launch()
        else:
            with numba.using_threads(min(self._threads, self._most_threads)):
                self.engine.launch()
        self._layout.write()
        moved = self.params
        if self._active is not None:
            moved = [p for p, here in zip(moved, self._active.tolist(), strict=True) if here]
        torch.autograd.graph.increment_version(moved)
        self._count()

    def relaunch(self) -> None:
        """Launch what was uploaded last, for a CUDA graph."""
        with cuda.using(self._device.index):
            self.engine.relaunch(self._stream())

    def upload(self) -> bool:
        """Make the step that was prepared what a replay makes; whether the graph can do so."""
        with cuda.using(self._device.index):
            possible = self.engine.upload(self._stream())
        self._count()
        return possible

    def _stream(self) -> int:
        return int(torch.cuda.current_stream(self._device).cuda_stream)

    def _count(self) -> None:
        """Write down the steps, and NAdam's products until they have all vanished."""
        for phase in self.engine.phases:
            self._steps[phase.members] = phase.t
            momentum = self._momenta[phase.group]
            if self._multiplying and momentum is not None:
                self._exact_products[phase.members] *= momentum(phase.t)
                self._products[phase.members] = self._exact_products[phase.members]
        self._multiplying = self._multiplying and bool(self._exact_products.any())


def _momentum(group: Group) -> Callable[[int], float] | None:
    """``mu_t`` of NAdam and NadaMax, in floating point, for the product in their state."""
    schedule = group.hyper.get("schedule")
    return momentum(schedule, group.hyper["mu"]) if isinstance(schedule, Dozat) else None


def _product(group: Group, t: int, stored: float) -> float:
    """Product of the momenta of t steps, with more digits than the state has."""
    schedule = group.hyper.get("schedule")
    known = isinstance(schedule, Dozat) and not isinstance(schedule, Continued)
    return running(schedule, group.hyper["mu"], t) if known else stored


def computes_in(dtype: Any) -> Any:
    """The NumPy dtype of the arithmetic."""
    return np.dtype(STORAGE[KINDS[dtype]].dtype)
