"""Checkpoints go from torch to us and back, and resuming gives the same bits as going on."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import nadamkit.torch  # noqa: E402
from tests.torch_door.twins import (  # noqa: E402
    SETTINGS,
    agree,
    far,
    made,
    model,
    same_bits,
    train,
    twins,
)

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("first", [nadamkit.torch, torch.optim], ids=["ours", "torch"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_checkpoint_of_either_goes_on_in_the_other(name, first):
    other = torch.optim if first is nadamkit.torch else nadamkit.torch

    def scenario(library, after):
        """`other` all the time, or from step 10 on."""
        net = model()
        optimizer = made(first if library is not torch.optim else torch.optim, name, net)
        train(net, optimizer, range(10), lambda: after(optimizer))
        kept = copy.deepcopy(optimizer.state_dict())
        second = made(other if library is not torch.optim else torch.optim, name, net)
        second.load_state_dict(kept)
        train(net, second, range(10, 20), lambda: after(second))
        return net

    agree(scenario)


@pytest.mark.parametrize("name", SETTINGS)
def test_states_have_torchs_names_and_forms(name):
    (net, ours), (other, theirs) = twins(name)
    train(net, ours, range(3))
    train(other, theirs, range(3))
    a, b = ours.state_dict(), theirs.state_dict()
    assert a["state"].keys() == b["state"].keys()
    for mine, wanted in zip(a["state"].values(), b["state"].values(), strict=True):
        assert mine.keys() == wanted.keys()
        for key, value in wanted.items():
            assert mine[key].shape == value.shape
            assert mine[key].dtype == value.dtype
            assert mine[key].stride() == value.stride()
    assert a["param_groups"] == b["param_groups"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", SETTINGS)
def test_resuming_gives_the_same_bits(name, dtype, tmp_path):
    net = model(dtype)
    ours = made(nadamkit.torch, name, net)
    train(net, ours, range(10))
    path = tmp_path / "checkpoint.pt"
    torch.save({"net": net.state_dict(), "optimizer": ours.state_dict()}, path)
    again = model(dtype, seed=1)
    resumed = made(nadamkit.torch, name, again)
    kept = torch.load(path, weights_only=True)
    again.load_state_dict(kept["net"])
    resumed.load_state_dict(kept["optimizer"])
    train(net, ours, range(10, 20))
    train(again, resumed, range(10, 20))
    assert same_bits(net.state_dict(), again.state_dict())
    assert same_bits(ours.state_dict(), resumed.state_dict())


SCRIPT = """
import sys, torch
torch.set_default_dtype(torch.float64)
import nadamkit.torch
from tests.torch_door.twins import made, model, train
kept = torch.load(sys.argv[1], weights_only=True)
net = model(torch.float32, seed=1)
optimizer = made(nadamkit.torch, "NAdam", net)
net.load_state_dict(kept["net"])
optimizer.load_state_dict(kept["optimizer"])
train(net, optimizer, range(10, 20))
torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, sys.argv[1])
"""


def test_a_new_process_goes_on_with_the_same_bits(tmp_path):
    net = model(torch.float32)
    ours = made(nadamkit.torch, "NAdam", net)
    train(net, ours, range(10))
    path = tmp_path / "checkpoint.pt"
    torch.save({"net": net.state_dict(), "optimizer": ours.state_dict()}, path)
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", SCRIPT, str(path)], cwd=root, check=True)
    train(net, ours, range(10, 20))
    found = torch.load(path, weights_only=True)
    assert same_bits(found["net"], dict(net.state_dict()))
    assert same_bits(found["optimizer"], ours.state_dict())


@pytest.mark.parametrize("name", SETTINGS)
def test_a_loaded_state_is_copied(name):
    (net, ours), (other, theirs) = twins(name)
    train(other, theirs, range(3))
    kept = theirs.state_dict()
    before = copy.deepcopy(kept)
    ours.load_state_dict(kept)
    train(net, ours, range(3))
    assert same_bits(kept, before)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
@pytest.mark.parametrize("name", SETTINGS)
def test_copies_go_on_by_themselves(name, how):
    net = model()
    ours = made(nadamkit.torch, name, net)
    train(net, ours, range(3))
    both = how({"net": net, "optimizer": ours})
    again, other = both["net"], both["optimizer"]
    assert type(other) is type(ours)
    before = copy.deepcopy(ours.state_dict())
    train(again, other, range(3, 6))
    assert same_bits(ours.state_dict(), before)
    train(net, ours, range(3, 6))
    assert same_bits(ours.state_dict(), other.state_dict())
    assert far(net, again) == 0.0


def test_old_checkpoints_have_a_number_as_step():
    net = model()
    ours = made(nadamkit.torch, "Adam", net)
    train(net, ours, range(5))
    old = copy.deepcopy(ours.state_dict())
    for own in old["state"].values():
        own["step"] = int(own["step"])
    again = copy.deepcopy(net)
    resumed = made(nadamkit.torch, "Adam", again)
    resumed.load_state_dict(old)
    train(net, ours, range(5, 8))
    train(again, resumed, range(5, 8))
    assert same_bits(ours.state_dict(), resumed.state_dict())
    assert far(net, again) == 0.0


def test_amsgrad_may_come_later():
    """Its maximum then begins with the next mean; torch's class wants to be told so."""

    def scenario(library, after):
        net = model()
        optimizer = library.Adam(net.parameters())
        train(net, optimizer, range(3), lambda: after(optimizer))
        optimizer.param_groups[0]["amsgrad"] = True
        if library is torch.optim:
            for p in net.parameters():
                optimizer.state[p]["max_exp_avg_sq"] = torch.zeros_like(p)
        train(net, optimizer, range(3, 8), lambda: after(optimizer))
        assert all("max_exp_avg_sq" in own for own in optimizer.state.values())
        return net

    agree(scenario)


def test_a_state_of_another_shape_is_refused():
    net = model()
    ours = nadamkit.torch.Adam(net.parameters())
    train(net, ours, range(1))
    kept = copy.deepcopy(ours.state_dict())
    kept["state"][0]["exp_avg"] = torch.zeros(2)
    ours.load_state_dict(kept)
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(RuntimeError, match=r"exp_avg in the state has shape \(2,\)"):
        train(net, ours, range(1))
    assert same_bits(net.state_dict(), before)


@pytest.mark.parametrize("change", ["clear", "new", "one", "tensor", "moved"])
def test_a_state_that_someone_changed_is_used(change):
    """As torch does, which reads it at each step."""

    def scenario(library, after):
        net = model()
        optimizer = made(library, "Adam", net)
        train(net, optimizer, range(3), lambda: after(optimizer))
        tamper(optimizer, net[0].weight, change)
        train(net, optimizer, range(3, 6), lambda: after(optimizer))
        assert len(optimizer.state) == 4
        return net

    agree(scenario)


def tamper(optimizer, p, change):
    """Change the state in one of the ways people do."""
    if change == "clear":
        optimizer.state.clear()
    elif change == "new":
        optimizer.state = type(optimizer.state)(dict)
    elif change == "one":
        optimizer.state[p] = {}
    elif change == "tensor":
        optimizer.state[p]["exp_avg"] = torch.ones_like(p)
    else:
        optimizer.state[p]["exp_avg"].data = torch.ones_like(p)


def test_other_things_may_be_kept_in_the_state():
    net = model()
    optimizer = made(nadamkit.torch, "Adam", net)
    optimizer.state["run"] = "first"
    train(net, optimizer, range(2))
    optimizer.load_state_dict(optimizer.state_dict())
    train(net, optimizer, range(2, 4))
    assert optimizer.state["run"] == "first"
    assert float(optimizer.state[net[0].weight]["step"]) == 4.0
