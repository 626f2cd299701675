"""`replace`: the same object goes on, with everything that holds it."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

import nadamkit.torch  # noqa: E402
from nadamkit.errors import OptionError  # noqa: E402
from tests.torch_door.twins import SETTINGS, agree, far, made, model, train  # noqa: E402

pytestmark = pytest.mark.usefixtures("double")
schedulers = torch.optim.lr_scheduler


@pytest.mark.parametrize("name", SETTINGS)
def test_it_goes_on_with_its_state(name):
    def scenario(library, after):
        net = model()
        optimizer = made(torch.optim, name, net)
        train(net, optimizer, range(4), lambda: after(optimizer))
        if library is nadamkit.torch:
            state = copy.copy(optimizer.state)
            found = nadamkit.torch.replace(optimizer)
            assert found is optimizer
            assert type(optimizer) is getattr(nadamkit.torch, name)
            assert isinstance(optimizer, getattr(torch.optim, name))
            assert all(optimizer.state[p] is own for p, own in state.items())
        train(net, optimizer, range(4, 10), lambda: after(optimizer))
        return net

    agree(scenario)


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_schedulers_made_before_and_after(first):
    def scenario(library, after):
        net = model()
        optimizer = made(torch.optim, "NAdam", net)
        if first:
            scheduler = schedulers.StepLR(optimizer, 2, 0.5)
        if library is nadamkit.torch:
            nadamkit.torch.replace(optimizer)
        if not first:
            scheduler = schedulers.StepLR(optimizer, 2, 0.5)
        train(net, optimizer, range(7), lambda: (after(optimizer), scheduler.step()))
        assert optimizer.param_groups[0]["lr"] == 0.01 * 0.5**3
        return net

    agree(scenario)


def test_a_scheduler_stepped_first_still_warns():
    net = model()
    optimizer = made(torch.optim, "NAdam", net)
    scheduler = schedulers.StepLR(optimizer, 2)
    nadamkit.torch.replace(optimizer)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()


def test_hooks_stay():
    net, seen = model(), []
    optimizer = made(torch.optim, "Adam", net)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    train(net, nadamkit.torch.replace(optimizer), range(1))
    assert seen == ["before", "after"]


def test_twice_is_once():
    optimizer = nadamkit.torch.replace(made(torch.optim, "Adam", model()))
    assert nadamkit.torch.replace(optimizer) is optimizer


@pytest.mark.parametrize("how", [copy.deepcopy, copy.copy])
def test_a_replaced_one_may_be_copied(how):
    net = model()
    optimizer = made(torch.optim, "NAdam", net)
    scheduler = schedulers.StepLR(optimizer, 2)
    nadamkit.torch.replace(optimizer)
    train(net, optimizer, range(2), scheduler.step)
    both = how({"net": net, "optimizer": optimizer})
    train(both["net"], both["optimizer"], range(2, 4))
    if how is copy.deepcopy:
        assert far(net, both["net"]) > 0.0
        train(net, optimizer, range(2, 4))
    assert far(net, both["net"]) == 0.0


class Own(torch.optim.Adam):
    """Someone's subclass."""


@pytest.mark.parametrize("make", [Own, torch.optim.RAdam, torch.optim.LBFGS])
def test_other_classes_are_refused_unchanged(make):
    optimizer = make(model().parameters())
    before = dict(vars(optimizer))
    with pytest.raises(OptionError, match="cannot be replaced"):
        nadamkit.torch.replace(optimizer)
    assert type(optimizer) is make
    assert vars(optimizer) == before


@pytest.mark.parametrize(
    "settings", [{"differentiable": True}, {"eps": float("inf")}], ids=["differentiable", "eps"]
)
def test_what_cannot_be_fused_is_refused_unchanged(settings):
    optimizer = torch.optim.Adam(model().parameters(), **settings)
    before = dict(vars(optimizer))
    with pytest.raises(OptionError):
        nadamkit.torch.replace(optimizer)
    assert type(optimizer) is torch.optim.Adam
    assert vars(optimizer) == before
