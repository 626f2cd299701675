"""What makes an optimizer of torch a fused one: its step in one compiled call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import is_
from typing import Any, ClassVar

import torch
from torch import Tensor

from nadamkit.errors import OptionError
from nadamkit.loops.groups import Group
from nadamkit.momentum import Dozat
from nadamkit.torch._part import KINDS, Owner, Part, computes_in
from nadamkit.torch._products import continued
from nadamkit.torch._rules import MEANINGS, Meaning, settings
from nadamkit.torch._state import State


class Fused(torch.optim.Optimizer):
    """The step of all the classes here; they add torch's constructor, or one like it."""

    #: Name in `nadamkit.torch._rules.MEANINGS`.
    _name: ClassVar[str]
    # GradScaler then leaves the scale and what it found to `step`.
    _step_supports_amp_scaling = True
    grad_scale: Tensor | None
    found_inf: Tensor | None
    _parts: list[Part] | None
    _rates: list[float]
    _keys: list[tuple[Any, ...]]
    _taken: list[Tensor]
    _held: list[Tensor]

    @property
    def _meaning(self) -> Meaning:
        return MEANINGS[self._name]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a param group, as in torch.

        Parameters
        ----------
        param_group : dict
            Parameters, under ``"params"``, and settings of their own.

        Raises
        ------
        OptionError
            For what a fused step cannot compute; nothing is added then.
        """
        before = len(self.param_groups)
        super().add_param_group(param_group)
        try:
            check_group(self._name, self.param_groups[-1])
        except BaseException:
            del self.param_groups[before:]
            raise
        self._parts = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a state, as in torch."""
        super().__setstate__(state)
        self._step_supports_amp_scaling = True
        self._parts = None

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state of this class or of torch's class of the same name.

        Parameters
        ----------
        state_dict : dict
            From `state_dict`. It is copied.
        """
        super().load_state_dict(state_dict)
        for own in self.state.values():
            for name, value in own.items() if isinstance(own, dict) else ():
                if isinstance(value, Tensor):
                    own[name] = value.clone()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Parameters
        ----------
        closure : callable, optional
            Computes the gradients and returns the loss.

        Returns
        -------
        object
            What the closure returned, or None.

        Raises
        ------
        RuntimeError
            If a CUDA graph is to capture the first step, or one with other settings or parameters.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._step()
        return loss

    @torch.compiler.disable
    def _step(self) -> None:
        found = getattr(self, "found_inf", None)
        if found is not None and float(found) != 0.0:
            return
        parts, renewed = self._parts, False
        if parts is None or self._changed():
            self._parts = None
            parts, renewed = self._partition(), True
        if any(part.on_gpu for part in parts) and torch.cuda.is_current_stream_capturing():
            _capture(parts, renewed)
            return
        self._set_rates(parts)
        factor = self._factor()
        for part in parts:
            part.take()
        began = [part.prepare(factor) for part in parts]
        if renewed or any(began):
            self._held = list(self._tensors())
        self._parts = parts
        for part in parts:
            part.launch()

    def before_replay(self) -> None:
        """Get the next step of a CUDA graph ready; to be called before each replay, on its stream.

        A graph captures the launch of a `step`, but not the coefficients, which the host sends.

        Raises
        ------
        RuntimeError
            If no step was made, or settings other than learning rates, or the parameters that have
            a gradient, are not what they were when the graph was captured.
        """
        parts = self._parts
        if parts is None:
            raise RuntimeError(
                "no step was made with the param groups and state as they are now; make one, and "
                "then capture the graph again."
            )
        if self._changed():
            raise RuntimeError("settings or parameters have changed; capture the graph again.")
        self._set_rates(parts)
        for part in parts:
            part.prepare(None)
        if not all([part.upload() for part in parts]):
            raise RuntimeError(
                "the table of parameters has moved, where the graph does not find it; capture the "
                "graph again."
            )

    def _changed(self) -> bool:
        """Whether someone else changed settings, parameters or the state."""
        return (
            [self._key(group) for group in self.param_groups] != self._keys
            or not _same(self._params(), self._taken)
            or not _same(self._tensors(), self._held)
        )

    def _params(self) -> Iterator[Tensor]:
        return chain.from_iterable([group["params"] for group in self.param_groups])

    def _tensors(self) -> Iterator[Tensor]:
        """What the state consists of."""
        # People may keep other things there than states of parameters.
        states = [own.values() for own in self.state.values() if isinstance(own, dict)]
        return chain.from_iterable(states)

    def _factor(self) -> float | None:
        """What gradients are multiplied by for a GradScaler."""
        scale = getattr(self, "grad_scale", None)
        return None if scale is None else 1.0 / float(scale)

    def _key(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(group.get(key) for key in self._meaning.keys)

    def _set_rates(self, parts: list[Part]) -> None:
        """Take over learning rates, which schedulers change."""
        rates = [float(group["lr"]) for group in self.param_groups]
        if rates != self._rates:
            self._rates = rates
            for part in parts:
                for (number, _), group in part.groups.items():
                    group.rate = self._rate(number)

    def _partition(self) -> list[Part]:
        """Sort the parameters into parts, each for one call."""
        self._keys = [self._key(group) for group in self.param_groups]
        self._rates = [float(group["lr"]) for group in self.param_groups]
        self._taken = list(self._params())
        chosen = [settings(self._meaning, group) for group in self.param_groups]
        sorts: dict[Any, list[tuple[Owner, Tensor]]] = {}
        for number, (group, (rule, hyper)) in enumerate(
            zip(self.param_groups, chosen, strict=True)
        ):
            for p in group["params"]:
                owner = number, self._schedule(hyper, p)
                sorts.setdefault((rule.step, p.dtype, p.device), []).append((owner, p))
        return [self._part(chosen, members) for members in sorts.values()]

    def _schedule(self, hyper: dict[str, Any], p: Tensor) -> Any:
        """The momentum schedule of a parameter."""
        schedule = hyper.get("schedule")
        if isinstance(schedule, Dozat):
            return continued(schedule, hyper["mu"], self.state.get(p, {}))
        return schedule

    def _part(self, chosen: Sequence[Any], members: Sequence[tuple[Owner, Tensor]]) -> Part:
        """The part of these parameters."""
        (first, _), p = members[0]
        rule, dtype = chosen[first][0], computes_in(p.dtype)
        groups = {}
        for number, schedule in dict.fromkeys(owner for owner, _ in members):
            hyper = chosen[number][1] | ({"schedule": schedule} if schedule is not None else {})
            groups[number, schedule] = Group(rule, hyper, self._rate(number), dtype)
        states = [
            State(self._meaning, rule, self.param_groups[number], self.state, p)
            for (number, _), p in members
        ]
        return Part(rule, groups, members, states)

    def _rate(self, number: int) -> Any:
        """Learning rate of a param group: a number, or Adagrad's that decays."""
        rate, decay = self._rates[number], float(self.param_groups[number].get("lr_decay", 0.0))
        return (lambda t: rate / (1.0 + (t - 1) * decay)) if decay else rate


def _same(some: Iterable[Any], others: Iterable[Any]) -> bool:
    """Whether two sequences hold the same objects."""
    return all(map(is_, chain(some, (None,)), chain(others, (None,))))


def _capture(parts: list[Part], renewed: bool) -> None:
    """Let a CUDA graph capture a step."""
    if renewed:
        raise RuntimeError(
            "make one step before a CUDA graph captures one, so that state and table exist."
        )
    for part in parts:
        part.take()
    for part in parts:
        part.relaunch()


def check_group(name: str, group: dict[str, Any]) -> None:
    """Refuse what the class of this name cannot compute, before the first step."""
    settings(MEANINGS[name], group)
    if len(set(map(id, group["params"]))) < len(group["params"]):
        raise OptionError(
            "a parameter is there twice in a param group; give the optimizer each one once."
        )
    if group.get("differentiable"):
        raise OptionError(
            "differentiable=True is not possible with a fused step; use torch's own class for it."
        )
    for p in group["params"]:
        if p.dtype not in KINDS:
            raise OptionError(
                f"a parameter has dtype {p.dtype}, but must have one of "
                f"{', '.join(str(kind) for kind in KINDS)}; convert it."
            )
        if p.device.type not in ("cpu", "cuda"):
            raise OptionError(
                f"a parameter is on device {p.device}, but steps run on 'cpu' and 'cuda' only; "
                "move the model, or use torch's own class."
            )
