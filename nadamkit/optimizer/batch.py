"""The arrays that one compiled call updates: those of one dtype whose rule has the same slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import backends
from nadamkit._runtime.addresses import address
from nadamkit.backends.measure import Sizes, measure, new_sizes
from nadamkit.backends.sweep import MEAN, RATES, SLOTS, G, X
from nadamkit.errors import OptionError
from nadamkit.loops.groups import Group
from nadamkit.loops.leaves import Leaves
from nadamkit.optimizer.arrays import Leaf, named
from nadamkit.optimizer.device import stream_of
from nadamkit.optimizer.groups import Settings


class Batch:
    """Arrays, their state and their gradients.

    Parameters
    ----------
    leaves : sequence of Leaf
        The arrays, of one dtype.
    settings : mapping of str to Settings
        Of each group, all with the same rule.
    owners : sequence of str
        Name of each array's group.
    rates : sequence of (ndarray or None)
        Learning rate of each element, where arrays have their own.
    decay : float or None
        Of the moving average.
    backend : str
        As the user gave it.

    Attributes
    ----------
    slots : list of list of ndarray
        State of each array, in the order of the rule's slots.
    means : list of ndarray
        Moving averages, if there are any.
    """

    def __init__(
        self,
        leaves: Sequence[Leaf],
        settings: Mapping[str, Settings],
        owners: Sequence[str],
        rates: Sequence[NDArray[Any] | None],
        decay: float | None,
        backend: str,
    ) -> None:
        self.leaves = list(leaves)
        names = list(dict.fromkeys(owners))
        own = [settings[name] for name in names]
        self.rule = rule = own[0].rule
        dtype = leaves[0].dtype
        self.groups = dict(
            zip(names, (Group(rule, s.hyper, s.rate, dtype, decay) for s in own), strict=True)
        )
        lengths = [leaf.size for leaf in leaves]
        self._storage = dtype.name  # a slow property
        self._owners = list(owners)
        self._clipped = any(s.hyper["clip_norm"] is not None for s in own)
        self._on_gpu = leaves[0].on_gpu
        self._backend = _backend(leaves, backend)
        rated = any(rate is not None for rate in rates)
        self.engine = Leaves(
            *(rule, list(self.groups.values()), [names.index(name) for name in owners], lengths),
            *(self._storage, self._backend),
            rated=rated,
            mean=decay is not None,
        )
        starts = [settings[name].hyper.get("n0", 0.0) for name in owners]
        self.slots = [
            [leaf.filled(n0 if slot == "n" else 0.0) for slot in rule.slots]
            for leaf, n0 in zip(leaves, starts, strict=True)
        ]
        self.means = [leaf.filled(0.0) for leaf in leaves] if decay is not None else []
        self._rates = [np.ones(0)] * len(leaves)
        if rated:
            self._rates = [
                leaf.filled(1.0) if rate is None else rate
                for leaf, rate in zip(leaves, rates, strict=True)
            ]
        self._gradients: list[NDArray[Any] | None] = []
        self._active: NDArray[np.bool_] | None = None
        self._sizes = new_sizes(0)
        self._copied = [leaf for leaf in leaves if leaf.copied]
        self.locate()

    def adopt(self, leaves: Sequence[Leaf]) -> None:
        """Other arrays of the same shapes and dtypes in place of those before."""
        for i, leaf in enumerate(leaves):
            self.slots[i] = [leaf.laid_out(slot) for slot in self.slots[i]]
            if self.means:
                self.means[i] = leaf.laid_out(self.means[i])
            if self._rates[i].size:
                self._rates[i] = leaf.laid_out(self._rates[i])
        self.leaves = list(leaves)
        self._copied = [leaf for leaf in leaves if leaf.copied]
        self.locate()

    def locate(self) -> None:
        """Write down where everything is but the gradients."""
        table = self.engine.table
        for row, leaf, slots, rate in zip(table, self.leaves, self.slots, self._rates, strict=True):
            row[X], row[RATES] = address(leaf.flat), address(rate)
            row[SLOTS:] = [address(slot) for slot in slots]
        for row, mean in zip(table, self.means, strict=False):
            row[MEAN] = address(mean)

    def take(self, gradients: list[NDArray[Any] | None], places: list[int]) -> None:
        """Take the gradients of a step, laid out like the parameters, and their addresses.

        None leaves an array out; its address is 0.
        """
        table = self.engine.table
        if len(places) == 1:  # writing one number costs less
            table[0, G] = places[0]
        else:
            table[:, G] = places
        all_here = not any(g is None for g in gradients)
        self._active = None if all_here else np.array([g is not None for g in gradients])
        self._gradients = gradients

    def prepare(self) -> None:
        """Get ready for the step; changes no parameter and no state."""
        self.engine.prepare(self._active)

    def measure(self) -> bool:
        """Measure the gradients, after `prepare`; whether all are finite."""
        blocks = self.engine.blocks
        if len(self._sizes.tops) != len(blocks):
            self._sizes = new_sizes(len(blocks))
        where = self.engine.table, G, blocks, self._storage, self._backend, self._sizes
        if self._on_gpu:
            return isfinite(self._measured_there())
        return isfinite(measure(*where, squares=self._clipped))

    def _measured_there(self) -> float:
        from nadamkit.backends import measure_cuda

        where = self.engine.table, G, self.engine.blocks, self._storage, self._sizes
        return measure_cuda.measure(*where, self._stream())

    def _stream(self) -> int | None:
        """The stream of the gradients."""
        return next((stream_of(g) for g in self._gradients if g is not None), None)

    def culprit(self) -> str:
        """The first array whose gradient, as measured, is not finite."""
        block = int(np.argmin(np.isfinite(self._sizes.tops)))
        return named(self.leaves[self.engine.blocks[block, 0]].path)

    def release(self) -> None:
        """Let go of the gradients."""
        self._gradients = []

    def sizes(self, name: str) -> tuple[Sizes, Callable[[], list[NDArray[Any]]]]:
        """What was measured of the gradients of a group, and what gives them on the host."""
        mine = np.array([owner == name for owner in self._owners])
        chosen = mine[self.engine.blocks[:, 0]]

        def gradients() -> list[NDArray[Any]]:
            given = zip(self.leaves, self._gradients, mine, strict=True)
            return [leaf.host(g) for leaf, g, own in given if own and g is not None]

        return Sizes(self._sizes.squares[chosen], self._sizes.tops[chosen]), gradients

    def scale(self, name: str, factor: float) -> None:
        """Multiply the gradients of a group by a factor in this step; after `prepare`."""
        for phase in self.engine.phases:
            if phase.group is self.groups.get(name):
                phase.rows.mods[0] = factor

    def launch(self) -> None:
        """Make the step."""
        for leaf in self._copied:
            leaf.read()
        if self._on_gpu:
            self.engine.launch(self._stream())
        else:
            self.engine.launch()
        for leaf in self._copied:
            leaf.write()


def _backend(leaves: Sequence[Leaf], asked: str) -> str:
    """Where arrays are updated."""
    if not leaves[0].on_gpu:
        return backends.choose(asked, sum(leaf.size for leaf in leaves))
    if asked != "auto":
        raise OptionError(
            f"{named(leaves[0].path)} is on a GPU, where backend={asked!r} does not compute; "
            "leave the backend out."
        )
    return "cuda"
