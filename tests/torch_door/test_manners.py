"""Hooks, closures, schedulers and changed settings: as with torch's own classes."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch")

from torch.optim.optimizer import register_optimizer_step_post_hook  # noqa: E402

import nadamkit.torch  # noqa: E402
from tests.torch_door.twins import (  # noqa: E402
    SETTINGS,
    agree,
    far,
    loss_of,
    made,
    model,
    same_bits,
    train,
)

pytestmark = pytest.mark.usefixtures("double")
schedulers = torch.optim.lr_scheduler
SCHEDULERS = {
    "StepLR": lambda o: schedulers.StepLR(o, 3, 0.5),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 10),
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda t: 1.0 / (1.0 + t)),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.02, total_steps=20),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.001, 0.02, 3),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.ConstantLR(o, 0.1, 4), schedulers.ExponentialLR(o, 0.9)], [4]
    ),
}


@pytest.mark.parametrize("kind", SCHEDULERS)
@pytest.mark.parametrize("name", ["NAdam", "Adam", "SGD"])
def test_schedulers(name, kind):
    def scenario(library, after):
        net = model()
        optimizer = made(library, name, net)
        scheduler = SCHEDULERS[kind](optimizer)
        train(net, optimizer, range(12), lambda: (after(optimizer), scheduler.step()))
        return net

    agree(scenario)


def test_reduce_on_plateau():
    def scenario(library, after):
        net = model()
        optimizer = made(library, "NAdam", net)
        scheduler = schedulers.ReduceLROnPlateau(optimizer, patience=1)
        train(net, optimizer, range(12), lambda: (after(optimizer), scheduler.step(1.0)))
        assert optimizer.param_groups[0]["lr"] < 1e-4
        return net

    agree(scenario)


CHANGES = {
    "betas": ("NAdam", {"betas": (0.5, 0.9)}),
    "momentum_decay": ("NAdam", {"momentum_decay": 0.1}),
    "Adam's betas": ("Adam", {"betas": (0.5, 0.9)}),
    "weight_decay": ("Adam", {"weight_decay": 0.3}),
    "eps": ("RMSprop", {"eps": 0.1}),
    "momentum": ("SGD", {"momentum": 0.5}),
    "nesterov": ("SGD", {"dampening": 0.0, "nesterov": True}),
    "maximize": ("Adamax", {"maximize": True}),
    "lr": ("Adagrad", {"lr": 0.5}),
    "tensor lr": ("NAdam", {"lr": torch.tensor(0.05, dtype=torch.float64)}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_settings_may_change_in_a_run(what):
    name, new = CHANGES[what]

    def scenario(library, after):
        net = model()
        optimizer = made(library, name, net)
        train(net, optimizer, range(4), lambda: after(optimizer))
        optimizer.param_groups[0].update(new)
        train(net, optimizer, range(4, 10), lambda: after(optimizer))
        return net

    agree(scenario)


def test_a_tensor_as_rate_is_read_at_each_step():
    def scenario(library, after):
        net, rate = model(), torch.tensor(0.01)
        optimizer = library.Adam(net.parameters(), lr=rate)
        train(net, optimizer, range(5), lambda: (after(optimizer), rate.mul_(0.5)))
        return net

    agree(scenario)


def test_settings_out_of_range_change_nothing():
    net = model()
    optimizer = nadamkit.torch.NAdam(net.parameters())
    train(net, optimizer, range(1))
    optimizer.param_groups[0]["betas"] = (0.9, 1.5)
    before = [p.detach().clone() for p in net.parameters()]
    for _ in range(2):
        with pytest.raises(ValueError, match=r"1\.5"):
            optimizer.step()
    assert same_bits([p.detach() for p in net.parameters()], before)


def test_a_group_may_be_added():
    def scenario(library, after):
        net = model()
        optimizer = library.NAdam(net[0].parameters(), lr=0.01)
        train(net, optimizer, range(3), lambda: after(optimizer))
        optimizer.add_param_group({"params": net[2].parameters(), "lr": 0.02, "weight_decay": 0.1})
        train(net, optimizer, range(3, 8), lambda: after(optimizer))
        return net

    agree(scenario)


def test_parameters_of_a_group_may_be_exchanged():
    def scenario(library, after):
        net = model()
        optimizer = library.NAdam(net[0].parameters(), lr=0.01)
        train(net, optimizer, range(3), lambda: after(optimizer))
        optimizer.param_groups[0]["params"] = list(net[2].parameters())
        train(net, optimizer, range(3, 8), lambda: after(optimizer))
        return net

    agree(scenario)


def test_hooks_are_called_in_torchs_order():
    net, seen = model(), []
    optimizer = nadamkit.torch.NAdam(net.parameters())
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("save"))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    everywhere = register_optimizer_step_post_hook(
        lambda o, args, kwargs: seen.append("everywhere")
    )
    train(net, optimizer, range(1))
    everywhere.remove()
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["before", "after", "everywhere", "save", "loaded"]


def test_a_closure_is_called_once_with_gradients_enabled():
    net, calls = model(), []
    optimizer = nadamkit.torch.NAdam(net.parameters())

    def closure():
        calls.append(torch.is_grad_enabled())
        optimizer.zero_grad()
        loss = loss_of(net, 0)
        loss.backward()
        return loss

    with torch.no_grad():
        loss = optimizer.step(closure)
    assert calls == [True]
    assert loss.requires_grad
    assert float(loss.detach()) == float(loss_of(model(), 0).detach())
    assert optimizer.step() is None


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    """Without a gradient nothing moves; with zeros, what has momentum does."""
    net = model()
    optimizer = made(nadamkit.torch, "Adam", net)
    train(net, optimizer, range(2))
    before = [p.detach().clone() for p in net.parameters()]
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    moved = not same_bits([p.detach() for p in net.parameters()], before)
    assert moved is not set_to_none
    assert float(optimizer.state[net[0].weight]["step"]) == (2.0 if set_to_none else 3.0)


@pytest.mark.parametrize("name", ["Adam", "NAdam", "SGD"])
def test_named_parameters(name):
    net = model()
    settings = {"lr": 0.01} | SETTINGS[name]
    optimizer = getattr(nadamkit.torch, name)(net.named_parameters(), **settings)
    train(net, optimizer, range(2))
    names = [name for name, _ in net.named_parameters()]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == names


@pytest.mark.parametrize("name", SETTINGS)
def test_a_tiny_rate_leaves_parameters_alone(name):
    net = model()
    optimizer = made(nadamkit.torch, name, net, lr=1e-28)
    train(net, optimizer, range(3))
    assert far(net, model()) == 0.0


def test_a_stale_graph_is_noticed():
    """A step changes parameters in place, which autograd has to know."""
    net = model()
    optimizer = nadamkit.torch.NAdam(net.parameters())
    loss = loss_of(net, 0)
    loss.backward(retain_graph=True)
    versions = [p._version for p in net.parameters()]
    optimizer.step()
    assert all(p._version > v for p, v in zip(net.parameters(), versions, strict=True))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_number_of_threads_does_not_change_a_bit():
    found, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        generator = torch.Generator().manual_seed(0)
        p = torch.nn.Parameter(torch.randn(200_003, generator=generator, dtype=torch.float32))
        optimizer = nadamkit.torch.NAdam([p])
        for _ in range(3):
            p.grad = torch.randn(p.shape, generator=generator, dtype=torch.float32)
            optimizer.step()
        found.append((p.detach(), optimizer.state_dict()))
    torch.set_num_threads(before)
    assert same_bits(*found)


def test_two_threads_of_python_may_step_at_once():
    nets = [model(seed=i) for i in range(2)]
    wanted = [model(seed=i) for i in range(2)]
    for net in wanted:
        train(net, made(nadamkit.torch, "NAdam", net), range(30))
    steps = [
        threading.Thread(target=train, args=(net, made(nadamkit.torch, "NAdam", net), range(30)))
        for net in nets
    ]
    for thread in steps:
        thread.start()
    for thread in steps:
        thread.join()
    assert [far(*both) for both in zip(nets, wanted, strict=True)] == [0.0, 0.0]
