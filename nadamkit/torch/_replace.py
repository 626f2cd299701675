"""An optimizer of torch becomes a fused one."""

from __future__ import annotations

import functools
from typing import Any

import torch

from nadamkit.errors import OptionError
from nadamkit.torch import _classes
from nadamkit.torch._fused import Fused, check_group

_NAMES = ("NAdam", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax", "SGD")
#: The class here for each of torch's.
TWINS = {getattr(torch.optim, name): getattr(_classes, name) for name in _NAMES}


def replace(optimizer: torch.optim.Optimizer) -> Any:
    """Give an optimizer of torch a fused step; it keeps its parameters and state.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        One of torch's NAdam, Adam, AdamW, RMSprop, Adagrad, Adamax and SGD. It is changed: learning
        rate schedulers and whatever else holds it go on with it.

    Returns
    -------
    Fused
        The same object, whose class is now the one of the same name here.

    Raises
    ------
    OptionError
        For another class, or what a fused step cannot do; the optimizer is unchanged then.

    Examples
    --------
    >>> import torch
    >>> import nadamkit.torch
    >>> w = torch.nn.Parameter(torch.zeros(3))
    >>> optimizer = nadamkit.torch.replace(torch.optim.NAdam([w]))
    >>> isinstance(optimizer, nadamkit.torch.NAdam)
    True
    """
    if isinstance(optimizer, Fused):
        return optimizer
    twin = TWINS.get(type(optimizer))
    if twin is None:
        raise OptionError(
            f"an optimizer of class {type(optimizer).__name__} cannot be replaced; what can is "
            f"torch.optim's {', '.join(_NAMES)}, but no subclasses of them."
        )
    for group in optimizer.param_groups:
        check_group(twin._name, group)
    before: Any = optimizer.__dict__.pop("step", None)
    optimizer.__class__ = twin
    optimizer.__setstate__({})
    if hasattr(before, "_wrapped_by_lr_sched"):
        _watch(optimizer)
    return optimizer


def _watch(optimizer: Any) -> None:
    """Note each step where a scheduler, which was made before, looks for it."""
    step = type(optimizer).step

    @functools.wraps(step)
    def noted(*args: Any, **kwargs: Any) -> Any:
        optimizer._opt_called = True
        return step(optimizer, *args, **kwargs)

    noted._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = noted
