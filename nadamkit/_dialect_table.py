"""The dialects as data: what each library computes, in the options of the rules, and its defaults.

Each was read in the library's source and, but for Julia, MXNet, Lucid, Rust and Java, run.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from nadamkit import registry
from nadamkit.momentum import Dozat

Options = dict[str, Any]
#: Symbol, default learning rate (None where there is none) and hyperparameters.
Entry = tuple[str, float | None, Options]


class Row(NamedTuple):
    """One dialect: library, version, its methods, and what it does that is not reproduced."""

    library: str
    version: str
    methods: Mapping[str, Entry]
    note: str = ""


def _moments(symbol: str, rate: float | None, eps: float = 1e-8, **options: Any) -> Entry:
    """What all have whose decays are the .9 and .999 of Kingma and Ba."""
    return symbol, rate, {"mu": 0.9, "nu": 0.999, "eps": eps, **options}


def _nadam(symbol: str, rate: float | None, eps: float = 1e-8, **options: Any) -> dict[str, Entry]:
    """The Nadam of a library that has, or is read for, no other method."""
    return {"nadam": _moments(symbol, rate, eps, **options)}


CONSTANT: Options = {"schedule": "constant"}
#: mu_t = mu (1 - 0.5 0.96^t): the factor 0.004 of the paper's exponent is missing.
QUICK: Options = {"schedule": Dozat(psi=Fraction(1))}
OUT: Options = {"eps_kind": "out"}
DECOUPLED: Options = {"wd_kind": "decoupled"}
#: Nesterov's momentum in the libraries: Algorithm 7 with a constant momentum.
SUM: Options = {"mu": 0.9}
NAG: Options = {**SUM, **CONSTANT}
INSIDE: Options = {"lr_inside": True}
#: Both terms of Nadam over 1 - mu^t, with a constant mu.
BOTH_OVER_T: Options = {**CONSTANT, "m_bias": "t"}

TORCH: dict[str, Entry] = {
    "gd": ("torch.optim.SGD", 0.001, {}),
    "momentum": ("torch.optim.SGD(momentum=mu)", 0.001, SUM),
    "nag": ("torch.optim.SGD(momentum=mu, nesterov=True)", 0.001, NAG),
    "adagrad": ("torch.optim.Adagrad", 0.01, {"eps": 1e-10, **OUT}),
    "rmsprop": ("torch.optim.RMSprop", 0.01, {"nu": 0.99, "eps": 1e-8, **OUT}),
    "adam": _moments("torch.optim.Adam", 0.001, **OUT),
    "adamax": _moments("torch.optim.Adamax", 0.002, eps_kind="max"),
    **_nadam("torch.optim.NAdam", 0.002, **OUT),
}

KERAS: dict[str, Entry] = {
    "gd": ("keras.optimizers.SGD", 0.01, DECOUPLED),
    "momentum": ("keras.optimizers.SGD(momentum=mu)", 0.01, {**SUM, **INSIDE, **DECOUPLED}),
    "nag": (
        "keras.optimizers.SGD(momentum=mu, nesterov=True)",
        0.01,
        {**NAG, **INSIDE, **DECOUPLED},
    ),
    "adagrad": ("keras.optimizers.Adagrad", 0.001, {"eps": 1e-7, "n0": 0.1, **DECOUPLED}),
    "rmsprop": ("keras.optimizers.RMSprop", 0.001, {"nu": 0.9, "eps": 1e-7, **INSIDE, **DECOUPLED}),
    "adam": _moments("keras.optimizers.Adam", 0.001, 1e-7, eps_kind="out_raw", **DECOUPLED),
    "adamax": _moments("keras.optimizers.Adamax", 0.001, 1e-7, **DECOUPLED),
    **_nadam("keras.optimizers.Nadam", 0.001, 1e-7, **OUT, **QUICK, **DECOUPLED),
}

OPTAX: dict[str, Entry] = {
    "gd": ("optax.sgd", None, {}),
    "momentum": ("optax.sgd(momentum=mu)", None, SUM),
    "nag": ("optax.sgd(momentum=mu, nesterov=True)", None, NAG),
    "adagrad": ("optax.adagrad", None, {"eps": 1e-7, "n0": 0.1}),
    "rmsprop": ("optax.rmsprop", None, {"nu": 0.9, "eps": 1e-8, **INSIDE}),
    "adam": _moments("optax.adam", None, **OUT, **DECOUPLED),
    "adamax": _moments("optax.adamax", None, eps_kind="max", **DECOUPLED),
    **_nadam("optax.nadam", None, **OUT, **CONSTANT, **DECOUPLED),
}

ENSMALLEN: dict[str, Entry] = {
    "gd": ("ens::StandardSGD", 0.01, {}),
    "momentum": ("ens::MomentumSGD", 0.01, {"mu": 0.5, **INSIDE}),
    "nag": ("ens::NesterovMomentumSGD", 0.01, {"mu": 0.5, **CONSTANT, **INSIDE}),
    "adagrad": ("ens::AdaGrad", 0.01, {"eps": 1e-8, **OUT}),
    "rmsprop": ("ens::RMSProp", 0.01, {"nu": 0.99, "eps": 1e-8, **OUT}),
    "adam": _moments("ens::Adam", 0.001, eps_kind="out_raw"),
    "adamax": _moments("ens::AdaMax", 0.001),
    **_nadam("ens::Nadam", 0.001, eps_kind="out_raw"),
    "nadamax": _moments("ens::NadaMax", 0.001),
}

OPTIMLIB: dict[str, Entry] = {
    "gd": ("optim::gd, method 0", 0.1, {}),
    "momentum": ("optim::gd, method 1", 0.1, {**SUM, **INSIDE}),
    "adagrad": ("optim::gd, method 3", 0.1, {"eps": 1e-5, **OUT}),
    "rmsprop": ("optim::gd, method 4", 0.1, {"nu": 0.9, "eps": 1e-5, **OUT}),
    "adam": _moments("optim::gd, method 6", 0.1, 1e-5, eps_kind="out_raw"),
    "adamax": _moments("optim::gd, method 6, ada_max", 0.1, 1e-5),
    "nadam": _moments("optim::gd, method 7", 0.1, 1e-5, **OUT, **BOTH_OVER_T),
    "nadamax": _moments("optim::gd, method 7, ada_max", 0.1, 1e-5, **BOTH_OVER_T),
}

OPTIMISERS_JL: dict[str, Entry] = {
    "gd": ("Optimisers.Descent", 0.1, {}),
    "momentum": ("Optimisers.Momentum", 0.01, {**SUM, **INSIDE}),
    "nag": ("Optimisers.Nesterov", 0.001, {**NAG, **INSIDE}),
    "adagrad": ("Optimisers.AdaGrad", 0.1, {"eps": 1e-8, "n0": 1e-8, **OUT}),
    "rmsprop": ("Optimisers.RMSProp", 0.001, {"nu": 0.9, "eps": 1e-8, **OUT}),
    "adam": _moments("Optimisers.Adam", 0.001, **OUT),
    "adamax": _moments("Optimisers.AdaMax", 0.001),
    **_nadam("Optimisers.NAdam", 0.001, n_bias="nu", **OUT, **CONSTANT),
}

TENSORFLOW: dict[str, Entry] = {
    "momentum": ("ResourceApplyMomentum", None, SUM),
    "adam": _moments("ResourceApplyAdam", 0.001, eps_kind="out_raw"),
    **_nadam("ResourceApplyAdam(use_nesterov=True)", 0.001, eps_kind="out_raw", **BOTH_OVER_T),
}

DL4J: dict[str, Entry] = {
    "adam": _moments("org.nd4j.linalg.learning.config.Adam", 0.001, eps_kind="out_raw"),
    **_nadam("org.nd4j.linalg.learning.config.Nadam", 0.001, n_bias="none", **OUT, **BOTH_OVER_T),
}

_FLOAT32 = "learning_rate, mu, nu and 0.96 are rounded to float32 there"

TABLE: Mapping[str, Row] = {
    "paper": Row(
        "Dozat (2015)",
        "",
        {name: (rule.source, None, {}) for name, rule in registry.rules().items()},
    ),
    "torch": Row(
        "PyTorch",
        "2.13.0",
        TORCH,
        "NAdam keeps its step and the product of the mu_t in torch's default dtype: in float32 "
        "6e-10 of the displacement. Adagrad's lr_decay d is the schedule lr / (1 + (t - 1) d). "
        "With momentum=0, SGD ignores dampening.",
    ),
    "keras": Row("Keras", "3.15.1", KERAS),
    "tf-keras": Row(
        "tf_keras",
        "2.21.0",
        _nadam("tf_keras.optimizers.Nadam", 0.001, 1e-7, **OUT, **QUICK, **DECOUPLED),
        f"In graph mode with k variables the product of the mu_t is multiplied k times a step; "
        f"{_FLOAT32}.",
    ),
    "tf-keras-legacy": Row(
        "tf_keras",
        "2.21.0",
        _nadam("tf_keras.optimizers.legacy.Nadam", 0.001, 1e-7, **OUT),
        f"Here {_FLOAT32}.",
    ),
    "keras-2": Row("Keras", "2.3 and before", _nadam("keras.optimizers.Nadam", 0.002, 1e-7, **OUT)),
    "tensorflow-kernel": Row("TensorFlow", "2.21.0", TENSORFLOW),
    "optax": Row("optax", "0.2.8", OPTAX),
    "timm-nadamw": Row(
        "timm",
        "1.0.31",
        _nadam("timm.optim.NAdamW", 0.001, weight_decay=0.01, **DECOUPLED, **OUT, **BOTH_OVER_T),
    ),
    "timm-nadam-legacy": Row("timm", "1.0.31", _nadam("timm.optim.NAdamLegacy", 0.002, **OUT)),
    "ensmallen": Row(
        "ensmallen", "commit f65354c0", ENSMALLEN, "The learning rate is divided by the batch size."
    ),
    "optimlib": Row(
        "OptimLib",
        "commit 5453f48a",
        OPTIMLIB,
        "eps is 1e-5, where 1e-8 was meant: a test of the number type is always true. Its NAG is "
        "Algorithm 3, which asks for the gradient at another point.",
    ),
    "optimisers-jl": Row("Optimisers.jl", "commit b3595f5c", OPTIMISERS_JL),
    "dl4j": Row("Deeplearning4j", "libnd4j updaterNadam", DL4J, "An eps of 0 becomes 1e-7 there."),
    "mxnet": Row(
        "MXNet",
        "HEAD",
        _nadam("mxnet.optimizer.Nadam", 0.001, **OUT),
        "One product of the mu_t is shared by all tensors and multiplied once for each.",
    ),
    "paddle": Row(
        "PaddlePaddle",
        "3.3.1",
        _nadam("paddle.optimizer.NAdam", 0.002, **OUT),
        "mu, nu, eps and psi are rounded to float32: 3e-8 of the displacement.",
    ),
    "lucid": Row("Lucid", "commit 6cbbdb8a", _nadam("lucid.optim.NAdam", 0.002, **OUT)),
    "river": Row("River", "0.26.1", _nadam("river.optim.Nadam", 0.1, **OUT, **BOTH_OVER_T)),
    "candle-optimisers": Row(
        "candle-optimisers",
        "commit f2a323be",
        _nadam("candle_optimisers::nadam::NAdam", 0.002, **OUT),
    ),
    "dozat-2016": Row(
        "Dozat (2016), ICLR workshop",
        "",
        _nadam("Algorithm 2", None, m_coef="mu_t", n_bias="nu", **OUT),
        "It leaves mu and the learning rate open; mu is the 0.9 of most libraries.",
    ),
    "tdozat": Row(
        "github.com/tdozat/Optimization",
        "2017",
        {"nadam": ("nadam.py", 0.002, {"mu": 0.9, "nu": 0.9, "eps": 1e-16, **CONSTANT})},
    ),
    "torch-1": Row(
        "PyTorch", "1.10 to 1.13", _nadam("torch.optim.NAdam", 0.002, m_bias="dup", **OUT)
    ),
    "torchsharp-2023": Row(
        "TorchSharp", "before PR 1155", _nadam("NAdam", 0.002, m_bias="none", **OUT)
    ),
    "flux-2019": Row(
        "Flux",
        "before PR 796",
        _nadam("NADAM", 0.001, m_bias="frozen1", n_bias="nu", **OUT, **CONSTANT),
    ),
    "adam-for-nadam": Row(
        "a tutorial",
        "",
        _nadam("", 0.001, 1e-7, lookahead=False, **OUT, **BOTH_OVER_T),
        "It is Adam.",
    ),
}
