"""Settings of torch's optimizers, and parameters of all sizes and layouts.

The settings are those with which PyTorch tests its own optimizers (`optim_db` in
torch/testing/_internal/common_optimizers.py, which cannot be imported without its test extras).
"""

from __future__ import annotations

import torch

WD = {"weight_decay": 0.1}
SCHEDULED = {"momentum_decay": 6e-3}
ADAM = ({}, {"lr": 0.01}, WD, WD | {"maximize": True}, WD | {"amsgrad": True})
CENTERED = WD | {"centered": True}
SETTINGS = {
    "Adagrad": (
        *({}, WD, WD | {"maximize": True}, {"lr": 0.1}),
        WD | {"initial_accumulator_value": 0.1},
        WD | {"lr": 0.1, "lr_decay": 0.5},
        {"lr": torch.tensor(0.001)},
    ),
    "Adam": ADAM,
    "AdamW": ADAM,
    "Adamax": ({}, {"lr": 0.1}, WD, {"maximize": True}, WD | {"maximize": True}),
    "NAdam": (
        *({}, {"lr": 1e-3}, SCHEDULED, WD, WD | SCHEDULED),
        WD | SCHEDULED | {"decoupled_weight_decay": True},
        WD | {"maximize": True},
    ),
    "RMSprop": (
        *({}, {"lr": 1e-3}, WD, {"maximize": True}, CENTERED, WD | {"maximize": True}),
        CENTERED | {"momentum": 0.1},
        CENTERED | {"momentum": 0.1, "maximize": True},
        {"momentum": 0.9},
    ),
    "SGD": (
        *({}, {"lr": 1e-2}, {"lr": torch.tensor(0.001)}, {"weight_decay": 0.5}),
        *({"momentum": 0.9}, WD | {"maximize": True}, {"momentum": 0.9, "dampening": 0.5}),
        WD | {"momentum": 0.9},
        WD | {"momentum": 0.9, "nesterov": True},
    ),
}
CASES = [(name, settings) for name, many in SETTINGS.items() for settings in many]
#: One number, around the widths of vectors, and around a block of the sweep.
SIZES = (1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 32767, 32768, 32769)


def label(case):
    """What a test is called."""
    name, settings = case
    return "-".join([name, *(f"{key}={float(value):g}" for key, value in settings.items())])


def random(shape, dtype, generator):
    """Numbers of either sign and of many magnitudes, and zeros."""
    real = {torch.complex64: torch.float32, torch.complex128: torch.float64}.get(dtype)
    if real is not None:
        parts = (random(shape, real, generator) for _ in range(2))
        return torch.complex(*parts)
    normal = torch.randn(shape, generator=generator, dtype=torch.float64)
    powers = 10.0 ** torch.randint(-3, 2, shape, generator=generator)
    zeros = torch.rand(shape, generator=generator) < 0.05
    return (normal * powers).masked_fill(zeros, 0.0).to(dtype)


def views(dtype, sizes=SIZES):
    """Uninitialised tensors: name, the view, and what it is a view of."""
    found = {f"n={n}": torch.empty(n, dtype=dtype) for n in sizes}
    found |= {
        "no axes": torch.empty((), dtype=dtype),
        "empty": torch.empty(0, dtype=dtype),
        "empty matrix": torch.empty(3, 0, 2, dtype=dtype),
        "expanded, empty": torch.empty(1, 0, dtype=dtype).expand(4, 0),
        "transposed": torch.empty(5, 7, dtype=dtype).t(),
        "channels_last": torch.empty(3, 4, 5, 2, dtype=dtype).to(memory_format=torch.channels_last),
        "strided": torch.empty(70, dtype=dtype)[1::2],
        "column": torch.empty(6, 5, dtype=dtype)[:, 3],
        "part of a transposed one": torch.empty(4, 6, 5, dtype=dtype).permute(2, 0, 1)[1:4, :, ::2],
    }
    return found


def parameters(dtype, generator, sizes=SIZES):
    """Parameters of all layouts; what lies beside a view is 7."""
    found = []
    for view in views(dtype, sizes).values():
        base = view._base
        if base is not None:
            base.fill_(7.0)
        view.copy_(random(view.shape, dtype, generator))
        found.append((torch.nn.Parameter(view), base))
    return found


def twin(p, base):
    """The same numbers in the same layout, elsewhere."""
    if base is None:
        return torch.nn.Parameter(p.detach().clone()), None
    other = base.clone()
    view = other.as_strided(p.shape, p.stride(), p.storage_offset())
    return torch.nn.Parameter(view), other


def gradient(p, i, generator):
    """A gradient: laid out like its parameter, contiguous, or with gaps."""
    g = random(p.shape, p.dtype, generator)
    if i % 3 == 0:
        return torch.empty_like(p).copy_(g)
    if i % 3 == 1 or not p.ndim:
        return g
    gaps = torch.empty((*p.shape, 2), dtype=p.dtype)
    return gaps[..., 1].copy_(g)
