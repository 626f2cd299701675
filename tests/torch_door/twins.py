"""The same small model twice, once with torch's optimizer and once with ours."""

from __future__ import annotations

import copy

import torch

import nadamkit.torch

#: One setting a class. Centred RMSprop is left to the test of single steps: its difference of
#: squares loses all digits in the first steps, so that trajectories mean little.
SETTINGS = {
    "SGD": {"momentum": 0.9, "dampening": 0.1},
    "Adagrad": {"lr_decay": 0.1},
    "RMSprop": {"momentum": 0.5},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "Adamax": {"weight_decay": 0.1},
    "NAdam": {"decoupled_weight_decay": True, "weight_decay": 0.1},
}


def model(dtype=torch.float64, seed=0):
    """Two layers with fixed parameters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)
        return torch.nn.Sequential(*layers).to(dtype)


def made(library, name, net, **more):
    """An optimizer for a model."""
    return getattr(library, name)(net.parameters(), **({"lr": 0.01} | SETTINGS[name] | more))


def twins(name, dtype=torch.float64, **more):
    """Model and optimizer: ours, then torch's."""
    net = model(dtype)
    other = copy.deepcopy(net)
    return (net, made(nadamkit.torch, name, net, **more)), (
        other,
        made(torch.optim, name, other, **more),
    )


def loss_of(net, t):
    """The loss of step t on data of its own."""
    generator = torch.Generator().manual_seed(t)
    first = next(net.parameters())
    x = torch.randn(8, 5, generator=generator, dtype=torch.float64).to(first.dtype)
    return net(x).square().mean() + net(x).sum().sin()


def train(net, optimizer, steps, after=None):
    """Some steps; `steps` is a range, and `after` is called after each."""
    for t in steps:
        optimizer.zero_grad()
        loss_of(net, t).backward()
        optimizer.step()
        if after is not None:
            after()


def far(net, other):
    """Largest difference of two models' parameters."""
    pairs = zip(net.parameters(), other.parameters(), strict=True)
    return max(float((p - q).detach().abs().max()) for p, q in pairs)


class Rounding:
    """Moves all numbers by 2 ulp, in random directions: what two right steps may differ by."""

    def __init__(self, seed):
        self._generator, self.moved = torch.Generator().manual_seed(seed), 0

    @torch.no_grad()
    def __call__(self, optimizer):
        for group in optimizer.param_groups:
            for p in group["params"]:
                own = optimizer.state.get(p, {}).values()
                for a in (p, *(a for a in own if a is not None and a.shape == p.shape)):
                    signs = torch.randint(0, 2, a.shape, generator=self._generator) * 2 - 1
                    a.mul_(1.0 + 2.0 * torch.finfo(a.dtype).eps * signs.to(a.dtype))
                    self.moved += a.numel()


def agree(scenario, ours=nadamkit.torch, theirs=torch.optim):
    """Whether ours ends where torch's does, but for what rounding 2 ulp a step can do.

    The deviation is linear in the N perturbations of a run. Their worst signs give at most sqrt(N)
    times the root mean square over random signs, which is estimated from eight runs.

    Parameters
    ----------
    scenario : callable
        ``scenario(library, after) -> model``; it calls ``after(optimizer)`` after each step.
    """
    wanted = scenario(theirs, lambda optimizer: None)
    roundings = [Rounding(seed) for seed in range(8)]
    squares = [far(scenario(theirs, rounding), wanted) ** 2 for rounding in roundings]
    bound = (roundings[0].moved * sum(squares) / len(squares)) ** 0.5
    assert bound < 1e-8, "the comparison must mean something"
    off = far(scenario(ours, lambda optimizer: None), wanted)
    assert off <= bound, (off, bound)


def same_bits(a, b):
    """Whether two nested states are equal to the last bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_bits(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_bits, a, b))
    return a == b
