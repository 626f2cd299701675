"""What cannot be computed is refused before anything changes; models may change between steps."""

from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import nadamkit.torch  # noqa: E402
from nadamkit.errors import OptionError  # noqa: E402
from tests.torch_door.twins import far, made, model, same_bits, train  # noqa: E402

NAMES = ["NAdam", "Adam", "MaxaProp"]


def parameter(*shape, dtype=torch.float32, device="cpu"):
    empty = torch.empty(*shape, dtype=dtype, device=device)
    return torch.nn.Parameter(empty, requires_grad=dtype.is_floating_point or dtype.is_complex)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("p", "message"),
    [
        (parameter(2, dtype=torch.int64), "has dtype torch.int64, but must have one of"),
        (parameter(2, dtype=torch.float8_e4m3fn), "has dtype torch.float8_e4m3fn"),
        (parameter(2, device="meta"), "is on device meta"),
    ],
    ids=["integer", "float8", "meta"],
)
def test_parameters(name, p, message):
    kind = getattr(nadamkit.torch, name)
    with pytest.raises(OptionError, match=message):
        kind([p])
    optimizer = kind([parameter(2)])
    with pytest.raises(OptionError, match=message):
        optimizer.add_param_group({"params": [p]})
    assert len(optimizer.param_groups) == 1


def test_differentiable():
    with pytest.raises(OptionError, match="differentiable=True is not possible"):
        nadamkit.torch.Adam([parameter(2)], differentiable=True)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("RMSprop", {"alpha": 1.0}),
        ("MaxaProp", {"alpha": 1.0}),
        ("SGD", {"momentum": 1.0}),
        ("SGD", {"momentum": 0.9, "dampening": 1.0}),
        ("NAdam", {"momentum_decay": float("inf")}),
        ("Adagrad", {"initial_accumulator_value": float("inf")}),
    ],
    ids=str,
)
def test_settings_without_sense_are_refused_at_once(name, settings):
    """torch takes them; they are called what torch calls them."""
    key, value = list(settings.items())[-1]
    with pytest.raises(OptionError, match=rf"^{key}={value} is not allowed: {key} must be a"):
        getattr(nadamkit.torch, name)([parameter(2)], **settings)


def test_settings_changed_to_something_without_sense():
    p = parameter(2)
    p.grad = torch.ones(2)
    optimizer = nadamkit.torch.Adam([p])
    optimizer.step()
    optimizer.param_groups[0]["betas"] = (0.9, 2.0)
    with pytest.raises(OptionError, match=r"^betas\[1\]=2\.0 is not allowed: betas\[1\] must be a"):
        optimizer.step()


def test_state_of_another_class():
    p = parameter(2)
    p.grad = torch.ones(2)
    optimizer = nadamkit.torch.RMSprop([p])
    optimizer.step()
    other = nadamkit.torch.Adam([p])
    other.load_state_dict(optimizer.state_dict())
    with pytest.raises(OptionError, match=r"^a param group has no 'betas'; load a state") as caught:
        other.step()
    assert caught.value.__suppress_context__


def test_without_torch_it_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; import nadamkit.torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: nadamkit.torch needs PyTorch")
    assert '`python -m pip install "nadamkit[torch]"`' in last


@pytest.mark.parametrize("name", NAMES)
def test_the_same_parameter_twice(name):
    kind, p = getattr(nadamkit.torch, name), parameter(2)
    with pytest.raises(ValueError, match="appear in more than one parameter group"):
        kind([{"params": [p]}, {"params": [p]}])
    with pytest.warns(UserWarning, match="duplicate"), pytest.raises(OptionError, match="twice"):
        kind([p, p])


def test_parameters_that_share_memory():
    p, q = parameter(4), parameter(4)
    q.data = p.data
    p.grad, q.grad = torch.ones(4), torch.ones(4)
    with pytest.raises(RuntimeError, match="share memory"):
        nadamkit.torch.Adam([p, q]).step()
    p = torch.nn.Parameter(torch.zeros(1).expand(3))
    p.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match="share memory"):
        nadamkit.torch.Adam([p]).step()
    assert p.tolist() == [0.0, 0.0, 0.0]


def test_sparse_gradients():
    table = torch.nn.Embedding(4, 2, sparse=True)
    dense = torch.nn.Parameter(torch.zeros(2))
    optimizer = nadamkit.torch.NAdam([dense, *table.parameters()])
    (table(torch.tensor([1])).sum() + dense.sum()).backward()
    with pytest.raises(RuntimeError, match="sparse gradients are not supported"):
        optimizer.step()
    assert dense.tolist() == [0.0, 0.0]
    assert optimizer.state_dict()["state"] == {}


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16], ids=str)
def test_a_model_of_another_dtype(kind):
    net = model(torch.float32)
    optimizer = made(nadamkit.torch, "NAdam", net)
    train(net, optimizer, range(2))
    net.to(kind)
    before = [p.detach().clone() for p in net.parameters()]
    with pytest.raises(RuntimeError, match="after converting a model"):
        train(net, optimizer, range(1))
    assert same_bits([p.detach() for p in net.parameters()], before)
    net.float()
    train(net, optimizer, range(2, 4))


@pytest.mark.parametrize("keep", [True, False])
def test_a_model_of_another_memory_format(keep):
    """Between steps, with gradients of the old layout or the new one: the same bits."""

    def weights(change):
        torch.manual_seed(0)
        net = torch.nn.Conv2d(3, 4, 2)
        optimizer = nadamkit.torch.Adam(net.parameters())
        for t in range(6):
            g = torch.randn(net.weight.shape, generator=torch.Generator().manual_seed(t))
            net.weight.grad = torch.empty_like(net.weight).copy_(g)
            net.bias.grad = g[:, 0, 0, 0].clone()
            if t in (2, 4) and change:
                old = net.weight.grad
                kind = torch.channels_last if t == 2 else torch.contiguous_format
                net.to(memory_format=kind)
                assert net.weight.is_contiguous() is (t == 4)
                if keep:
                    net.weight.grad = old
            optimizer.step()
            assert optimizer.state[net.weight]["exp_avg"].stride() == net.weight.stride()
        return net.weight.detach()

    assert torch.equal(weights(False), weights(True))


def test_parameters_may_move():
    net, other = model(), model()
    optimizer, plain = made(nadamkit.torch, "NAdam", net), made(nadamkit.torch, "NAdam", other)
    train(net, optimizer, range(2))
    for p in net.parameters():
        p.data = p.data.clone()
    train(net, optimizer, range(2, 4))
    net.share_memory()
    for own in optimizer.state.values():
        own["exp_avg"].share_memory_()
    train(net, optimizer, range(4, 6))
    train(other, plain, range(6))
    assert far(net, other) == 0.0


def test_a_parameter_of_another_size():
    p = torch.nn.Parameter(torch.zeros(1000))
    p.grad = torch.ones(1000)
    optimizer = nadamkit.torch.Adam([p])
    optimizer.step()
    whole = p.data
    p.data = whole[:5]
    p.grad = None
    p.grad = torch.ones(5)
    before = whole.clone()
    with pytest.raises(RuntimeError, match="another shape or device"):
        optimizer.step()
    p.data = whole
    with pytest.raises(RuntimeError, match="another shape than its parameter"):
        optimizer.step()
    assert torch.equal(whole, before)


def test_a_gradient_may_be_its_parameter():
    p = torch.nn.Parameter(torch.tensor([4.0, -8.0]))
    p.grad = p.detach()
    nadamkit.torch.SGD([p], lr=0.25).step()
    assert p.tolist() == [3.0, -6.0]


@pytest.mark.parametrize("which", ["conj", "neg"])
def test_views_that_are_conjugated_or_negated(which):
    z = torch.tensor([1.0 + 2.0j, 3.0 - 1.0j])
    view = z.conj() if which == "conj" else z.conj().imag
    wanted = torch.nn.Parameter(view.clone())
    p = torch.nn.Parameter(view)
    g = (torch.tensor([0.5 + 1.0j, -2.0j]).conj()) if which == "conj" else z.conj().imag * 2.0
    for one, kind in ((p, nadamkit.torch.Adam), (wanted, torch.optim.Adam)):
        one.grad = g.resolve_conj().resolve_neg()
        optimizer = kind([one], lr=0.1)
        optimizer.step()
        # torch's own class refuses a gradient that is a view of this kind.
        one.grad = g if one is p else g.resolve_conj().resolve_neg()
        optimizer.step()
    # Two steps of at most 2 ulp each.
    assert torch.allclose(p.detach(), wanted.detach(), rtol=2.0**-21, atol=0.0)


def test_a_compiled_model(tmp_path, monkeypatch):
    """The step is left out of the graph, and the model around it is compiled."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    net = model(torch.float32)
    compiled = torch.compile(net, backend="eager")
    optimizer, other = made(nadamkit.torch, "NAdam", net), model(torch.float32)
    x = torch.ones(2, 5)

    @torch.compile(backend="eager")
    def step():
        optimizer.zero_grad()
        compiled(x).square().sum().backward()
        optimizer.step()

    for _ in range(3):
        step()
    plain = made(nadamkit.torch, "NAdam", other)
    for _ in range(3):
        plain.zero_grad()
        other(x).square().sum().backward()
        plain.step()
    assert far(net, other) == 0.0
