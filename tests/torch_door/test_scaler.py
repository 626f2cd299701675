"""`torch.amp.GradScaler`: scaled gradients, and steps that are left out."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

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
SCALE = 2.0**12


def scaler():
    return torch.amp.GradScaler("cpu", init_scale=SCALE, growth_interval=3)


def step(net, optimizer, scaled, t, clip=None):
    optimizer.zero_grad()
    scaled.scale(loss_of(net, t)).backward()
    if clip is not None:
        scaled.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
    scaled.step(optimizer)
    scaled.update()


@pytest.mark.parametrize("name", SETTINGS)
def test_powers_of_two_change_no_bit(name):
    net, plain = model(), model()
    optimizer, scaled = made(nadamkit.torch, name, net), scaler()
    for t in range(8):
        step(net, optimizer, scaled, t)
    train(plain, made(nadamkit.torch, name, plain), range(8))
    assert far(net, plain) == 0.0
    assert scaled.get_scale() == SCALE * 4.0


@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"maximize": True}])
def test_as_with_torch_after_clipping(settings):
    def scenario(library, after):
        net = model()
        optimizer, scaled = library.NAdam(net.parameters(), **settings), scaler()
        for t in range(8):
            step(net, optimizer, scaled, t, clip=0.1)
            after(optimizer)
        return net

    agree(scenario)


@pytest.mark.parametrize("clip", [None, 0.1])
@pytest.mark.parametrize("name", SETTINGS)
def test_an_overflow_leaves_everything_as_it_was(name, clip):
    net = model()
    optimizer, scaled = made(nadamkit.torch, name, net), scaler()
    step(net, optimizer, scaled, 0, clip)
    before = copy.deepcopy((net.state_dict(), optimizer.state_dict()))
    optimizer.zero_grad()
    scaled.scale(loss_of(net, 1)).backward()
    net[0].weight.grad[1, 2] = torch.inf
    if clip is not None:
        scaled.unscale_(optimizer)
    scaled.step(optimizer)
    scaled.update()
    assert same_bits(dict(net.state_dict()), dict(before[0]))
    assert same_bits(optimizer.state_dict(), before[1])
    assert scaled.get_scale() == SCALE / 2.0
    assert getattr(optimizer, "grad_scale", None) is None
    step(net, optimizer, scaled, 1, clip)
    assert far(net, model()) > 0.0


def test_the_first_step_may_overflow():
    net = model()
    optimizer, scaled = made(nadamkit.torch, "NAdam", net), scaler()
    scaled.scale(loss_of(net, 0)).backward()
    net[0].bias.grad[0] = torch.nan
    scaled.step(optimizer)
    assert optimizer.state_dict()["state"] == {}
    assert far(net, model()) == 0.0


def test_float16_gradients_are_unscaled_in_float32():
    """In float16 they would be zero."""
    w = torch.nn.Parameter(torch.zeros(4, dtype=torch.float16))
    optimizer, scaled = nadamkit.torch.SGD([w], lr=2.0**10), scaler()
    w.grad = torch.full((4,), 2.0**-20, dtype=torch.float16)
    scaled.scale(torch.ones(1))
    scaled.step(optimizer)
    assert w.tolist() == [-(2.0**-22)] * 4
