"""The optimizers: torch's classes with a fused step, and two that torch does not have."""

from __future__ import annotations

from typing import Any

import torch

from nadamkit.torch._fused import Fused

# PR01: torch documents their arguments, which differ from one of its versions to the next.


class NAdam(Fused, torch.optim.NAdam):  # numpydoc ignore=PR01
    """Nadam as `torch.optim.NAdam` computes it, fused.

    Arguments are those of `torch.optim.NAdam`.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam", Algorithm 8, with epsilon outside the
    root.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import NAdam
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = NAdam([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.8944, 1.8944]
    """

    _name = "NAdam"


class Adam(Fused, torch.optim.Adam):  # numpydoc ignore=PR01
    """Adam as `torch.optim.Adam` computes it, fused.

    Arguments are those of `torch.optim.Adam`.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import Adam
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = Adam([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.9, 1.9]
    """

    _name = "Adam"


class AdamW(Fused, torch.optim.AdamW):  # numpydoc ignore=PR01
    """Adam with decoupled weight decay, as in `torch.optim.AdamW`, fused.

    Arguments are those of `torch.optim.AdamW`.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import AdamW
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.89, 1.88]
    """

    _name = "AdamW"


class RMSprop(Fused, torch.optim.RMSprop):  # numpydoc ignore=PR01
    """RMSProp as `torch.optim.RMSprop` computes it, fused.

    Arguments are those of `torch.optim.RMSprop`.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import RMSprop
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = RMSprop([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.0, 1.0]
    """

    _name = "RMSprop"


class Adagrad(Fused, torch.optim.Adagrad):  # numpydoc ignore=PR01
    """AdaGrad as `torch.optim.Adagrad` computes it, fused.

    Arguments are those of `torch.optim.Adagrad`.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import Adagrad
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.9, 1.9]
    """

    _name = "Adagrad"


class Adamax(Fused, torch.optim.Adamax):  # numpydoc ignore=PR01
    """AdaMax as `torch.optim.Adamax` computes it, fused.

    Arguments are those of `torch.optim.Adamax`.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import Adamax
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = Adamax([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.9, 1.9]
    """

    _name = "Adamax"


class SGD(Fused, torch.optim.SGD):  # numpydoc ignore=PR01
    """Gradient descent, momentum and NAG as in `torch.optim.SGD`, fused.

    Arguments are those of `torch.optim.SGD`.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import SGD
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9, nesterov=True)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.62, 1.24]
    """

    _name = "SGD"


class NadaMax(NAdam):  # numpydoc ignore=PR01
    """NadaMax, Nadam with the L-infinity norm, which torch does not have.

    Arguments are those of `torch.optim.NAdam`.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam", section 3.2.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import NadaMax
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = NadaMax([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.8944, 1.8944]
    """

    _name = "NadaMax"


class MaxaProp(Fused):
    """MaxaProp, RMSProp with the L-infinity norm, which torch does not have.

    Parameters
    ----------
    params : iterable
        Parameters, named parameters or param groups.
    lr : float, default 0.01
        Learning rate.
    alpha : float, default 0.99
        Decay of the norm.
    eps : float, default 1e-8
        Added to the norm.
    weight_decay : float, default 0
        Added to the gradient times the parameter.
    maximize : bool, default False
        Climb instead of descend.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam", section 2.3.

    Examples
    --------
    >>> import torch
    >>> from nadamkit.torch import MaxaProp
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    >>> optimizer = MaxaProp([w], lr=0.1)
    >>> w.square().sum().backward()
    >>> optimizer.step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.9, 1.9]
    """

    _name = "MaxaProp"

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        # torch's RMSprop says what is wrong with these.
        torch.optim.RMSprop([torch.zeros(())], lr, alpha, eps, weight_decay)
        super().__init__(params, defaults)
