"""The state of one parameter, under torch's names and in torch's form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nadamkit.rule import Rule
from nadamkit.torch._layout import dense
from nadamkit.torch._rules import Group, Meaning


class State:
    """Where an optimizer keeps the state of a parameter.

    Parameters
    ----------
    meaning : Meaning
        Names of the state.
    rule : Rule
        The rule, whose slots it holds.
    group : dict
        The param group.
    states : dict of Tensor to dict
        The optimizer's states.
    p : Tensor
        The parameter.
    """

    def __init__(
        self, meaning: Meaning, rule: Rule, group: Group, states: dict[Tensor, Any], p: Tensor
    ) -> None:
        self._meaning, self._slots, self._group = meaning, rule.slots, group
        self._states, self._p = states, p
        self._names = [meaning.state[slot] for slot in rule.slots]
        #: Once begun, in the order of the rule.
        self.slots: list[Tensor] = []

    @property
    def begun(self) -> bool:
        """Whether there is a state already."""
        own = self._states.get(self._p, {})
        return bool(self._names) and own.get(self._names[0]) is not None

    def begin(self, step: Tensor, product: Tensor) -> tuple[list[Tensor], int, float]:
        """Find the state, or make it, and put the step and NAdam's product there.

        Parameters
        ----------
        step, product : Tensor
            Without axes; they are written from now on.

        Returns
        -------
        slots : list of Tensor
            In the order of the rule.
        t : int
            Steps that were made.
        product : float
            Of the momenta of these steps.
        """
        had = self.begun
        if not self._names:
            return [], 0, 1.0
        own = self._states[self._p]
        t = int(own["step"]) if had and self._meaning.counted else int(had)
        before = float(own.get("mu_product", 1.0))
        if self._meaning.counted:
            own["step"] = step
        if "momentum_decay" in self._group:
            own["mu_product"] = product
        for name in self._names:
            own[name] = self._placed(own.get(name), name)
        self.slots = [own[name] for name in self._names]
        return self.slots, t, before

    def _placed(self, a: Tensor | None, name: str) -> Tensor:
        """A slot with its numbers where those of the parameter are; zeros if there is none."""
        if a is None:
            made = torch.zeros_like(self._p, memory_format=torch.preserve_format)
            n0 = self._group.get("initial_accumulator_value", 0.0) if name == "sum" else 0.0
            return made.fill_(complex(n0, n0) if made.is_complex() else n0) if n0 else made
        if a.shape != self._p.shape:
            raise RuntimeError(
                f"{name} in the state has shape {tuple(a.shape)}, but its parameter "
                f"{tuple(self._p.shape)}; load the state of this model."
            )
        right = torch.empty_like(self._p, memory_format=torch.preserve_format)
        like = (a.dtype, a.device, a.stride()) == (right.dtype, right.device, right.stride())
        return a if like and dense(a) else right.copy_(a)
