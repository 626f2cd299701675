"""Many arrays under one rule: their state, and steps that update all of them in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import backends
from nadamkit.backends.sweep import COEFFICIENTS, MODS, SLOTS, blocks_of, make_sweep
from nadamkit.loops.groups import Group, Rows
from nadamkit.rule import Rule


class Phase:
    """Arrays of one group that have made equally many steps."""

    def __init__(self, group: Group, t: int, members: Any) -> None:
        self.group, self.t, self.members = group, t, members
        self.rows = Rows(group)


class Leaves:
    """Arrays that one sweep updates.

    Parameters
    ----------
    rule : Rule
        The update rule.
    groups : sequence of Group
        Settings.
    owners : sequence of int
        Number of each array's group.
    lengths : sequence of int
        Number of elements of each array.
    storage : str
        How they are kept: a name from `nadamkit.backends.storage.STORAGE`.
    backend : str
        A name from `nadamkit.backends.BACKENDS`.
    rated, mean : bool
        Whether arrays have learning rates of their own, and moving averages.

    Attributes
    ----------
    table : ndarray of int64
        The addresses, see `nadamkit.backends.sweep`; its user writes all but the first two columns
        and keeps alive what is there.
    blocks : ndarray of int64
        The pieces of the arrays that take part in the step that was prepared.
    phases : list of Phase
        These arrays by group and number of steps.
    """

    def __init__(
        self,
        rule: Rule,
        groups: Sequence[Group],
        owners: Sequence[int],
        lengths: Sequence[int],
        storage: str,
        backend: str,
        *,
        rated: bool = False,
        mean: bool = False,
    ) -> None:
        self.groups = list(groups)
        self._rule, self._storage, self._backend = rule, storage, backend
        self._rated, self._mean = rated, mean
        self._owners = list(owners)
        self.table = np.zeros((len(lengths), SLOTS + len(rule.slots)), np.int64)
        self._blocks = blocks_of(lengths)
        self._t = np.zeros(len(lengths), np.int64)
        self.phases: list[Phase] = []
        self._mask: bytes | None = b""
        self.blocks = self._blocks
        self._sweep: Any = None
        self._scaled = False
        self.refresh()

    def refresh(self) -> None:
        """Choose the sweep anew, after a group was replaced."""
        self._save()
        self._mask = b""
        modified = self._scaled or any(group.modified for group in self.groups)
        variant = backends.Variant(self._rated, modified)
        settings = (self._backend, variant, self._mean, self._storage)
        self._sweep = make_sweep(self._rule, self.groups[0].table.names, *settings)

    def use(self, backend: str) -> None:
        """Compute elsewhere from now on."""
        if backend != self._backend:
            self._backend = backend
            self.refresh()

    @property
    def t(self) -> NDArray[np.int64]:
        """Steps that each array has made; a copy."""
        self._save()
        return self._t.copy()

    @t.setter
    def t(self, steps: Any) -> None:
        self.phases = []
        self._mask = b""
        self._t[:] = steps

    def prepare(self, active: NDArray[np.bool_] | None = None, factor: float | None = None) -> None:
        """Get ready for a step; may call a user's schedule, and changes no array.

        Parameters
        ----------
        active : ndarray of bool, optional
            Which arrays take part; all by default.
        factor : float, optional
            What all gradients are multiplied by.
        """
        if (factor is not None) != self._scaled:
            self._scaled = factor is not None
            self.refresh()
        mask = None if active is None else active.tobytes()
        if mask != self._mask:
            self._save()
            self._arrange(active)
            self._mask = mask
        for phase in self.phases:
            self.table[phase.members, COEFFICIENTS] = phase.rows.at(phase.t + 1)
            if factor is not None:
                phase.rows.mods[0] = factor * phase.group.mods[0]

    def launch(self, *stream: Any) -> None:
        """Make the step that was prepared; on a GPU, in the order of this stream."""
        self._sweep(self.table, self.blocks, *stream)
        self._counted()

    def relaunch(self, stream: int) -> None:
        """Launch on a GPU what was uploaded last; a CUDA graph may capture this."""
        self._sweep.launch(stream)

    def upload(self, stream: int) -> bool:
        """Make the step that was prepared what `relaunch` launches; whether graphs can go on.

        They cannot if what they read is in another place now.
        """
        before = self._sweep.places()
        self._sweep.upload(self.table, self.blocks, stream)
        self._counted()
        return bool(self._sweep.places() == before)

    def _counted(self) -> None:
        for phase in self.phases:
            phase.t += 1

    def _arrange(self, active: NDArray[np.bool_] | None) -> None:
        """Sort the arrays that take part by group and by the steps they have made."""
        found: dict[tuple[int, int], list[int]] = {}
        for leaf, key in enumerate(zip(self._owners, self._t.tolist(), strict=True)):
            if active is None or active[leaf]:
                found.setdefault(key, []).append(leaf)
        whole = len(found) == 1 and active is None
        self.phases = [
            Phase(self.groups[owner], t, slice(None) if whole else np.array(members))
            for (owner, t), members in found.items()
        ]
        for phase in self.phases:
            self.table[phase.members, MODS] = phase.rows.mods_address
        self.blocks = self._blocks if active is None else self._blocks[active[self._blocks[:, 0]]]

    def _save(self) -> None:
        """Write down how many steps were made."""
        for phase in self.phases:
            self._t[phase.members] = phase.t
