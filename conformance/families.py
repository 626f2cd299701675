"""The families of cases: for each, what every method is run on and what it is meant to catch.

A family is a function of the method that returns the inputs of one case or None. The expected
values are not here: `generate.py` computes them with the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import streams
from conformance.reference.methods import SCHEDULED, defaults

Inputs = dict[str, Any]

#: Flags of the cases, and the class of bug that each stands for.
FLAGS = {
    "decay": "m or n decays with the wrong coefficient, or is a sum for a mean",
    "product": "the products of mu_t, or the bias corrections made of them, are wrong",
    "look-ahead": "mu_t, mu_{t+1} or constant mu stand in each other's place in the Nesterov term",
    "schedule": "the momentum schedule is another one, starts at another t, or has stale rows",
    "n-hat": "the bias correction of n is missing, shifted or has an extra factor",
    "epsilon": "epsilon is outside the root, is corrected, squared, missing, or rounded",
    "hyperparameters": "hyperparameters lose digits, or are constants in the code",
    "precision": "scalars are computed in too low a precision",
    "zeros": "zero gradients are skipped, or divided by zero",
    "maximum": "the norm is a running maximum or never decays",
    "long": "something is kept for a number of steps only: a table, a buffer, a state",
    "subnormal": "subnormal numbers are flushed to zero (fast-math, FTZ, DAZ)",
    "edges": "elements at the edge of a vector, a thread or a block are skipped or mixed up",
    "state": "saving and loading loses part of the state",
    "counter": "t is held in too small or too inexact a type",
    "rate": "the learning rate is inside the momentum buffer, or belongs to another step",
    "weight decay": "weight decay is missing, of the other kind, or scaled wrongly",
    "clipping": "clipping is missing, one-sided, or comes too late",
    "sign": "maximisation is missing, or also turns what it should not",
    "nonfinite": "NaN or infinity is hidden, or spreads to other elements",
    "loop": "the gradient is taken at an old point, or another point than the last is returned",
}

DYADIC = {"mu": 1 - 2.0**-6, "nu": 1 - 2.0**-10, "eps": 2.0**-27}
EARLY = (1, 2, 3, 4, 5, 8, 16, 32)
#: Below, at and above what vectors, threads and blocks are made of.
SIZES = (1, 2, 3, *(n + i for n in (8, 16, 32, 128, 256, 1024, 4096) for i in (-1, 0, 1)), 8193)


def jagged(t: int) -> float:
    """A momentum near 1, so that its products last, that jumps, so that no two are confused."""
    return 1 - 2.0**-4 * (1 + (5 * t % 7) / 8)


def mixed_scales(method: str) -> Inputs:
    """Mixed scales; hyperparameters and momenta exact in float32."""
    inputs = _open(streams.mixed(1, 120, bits=12), (*EARLY, 64, 120), **DYADIC)
    if method in SCHEDULED:
        inputs |= {"mu_t": [jagged(t) for t in range(1, 122)], "needs": ["mu_table"]}
    flags = ["decay", "product", "look-ahead", "schedule", "n-hat", "epsilon", "maximum"]
    return inputs | {"flags": [*flags, "hyperparameters"]}


def paper_defaults(method: str) -> Inputs:
    """The paper's hyperparameters and schedule, mixed scales."""
    inputs = _open(streams.mixed(2, 120), (*EARLY, 64, 120), **defaults(method), eta=0.002)
    flags = ["decay", "product", "look-ahead", "schedule", "n-hat", "epsilon", "hyperparameters"]
    return inputs | {"flags": [*flags, "precision"]}


def zeros_and_spikes(method: str) -> Inputs:
    """Zeros, a spike at t = 3, zeros, another at t = 41, and a component of zeros."""
    rows = streams.spikes(64, at=(3, 41))
    return _open(rows, (2, 3, 4, 5, 8, 16, 40, 41, 42, 64), **DYADIC) | {
        "flags": ["zeros", "maximum", "epsilon", "n-hat"]
    }


def schedule_boundaries(method: str) -> Inputs:
    """520 steps, past t = 250 and 500 of the schedule and the 256 and 512 of buffers."""
    edges = (249, 250, 251, 255, 256, 257, 499, 500, 501, 511, 512, 513, 520)
    inputs = _open(streams.ordinary(3, 520, 2), (1, 2, *edges), **defaults(method))
    return inputs | {"flags": ["schedule", "long", "precision", "n-hat", "decay"]}


def subnormal_f32(method: str) -> Inputs:
    """Without epsilon, n subnormal in float32."""
    return _subnormal(method, "float32", 2.0**-65, 2.0**-134)


def subnormal_f64(method: str) -> Inputs:
    """Without epsilon, n subnormal in float64."""
    return _subnormal(method, "float64", 2.0**-516, 2.0**-1030)


def sizes(method: str) -> Inputs:
    """Arrays below, at and above the sizes of vectors and blocks."""
    inputs = _open(streams.ordinary(5, 5, 13), (1, 2, 5), **defaults(method))
    return inputs | {"flags": ["edges"], "sizes": list(SIZES)}


def resume(method: str) -> Inputs:
    """Stopped after 17 steps, saved, loaded and gone on with."""
    inputs = _open(streams.mixed(6, 40), (1, 16, 17, 18, 19, 24, 40), **defaults(method))
    return inputs | {"flags": ["state"], "restart_after": 17, "needs": ["start"]}


#: Steps made before the first of `late`: just before the edge of every table or buffer whose length
#: is a power of two, beyond 16 and 20 bits together.
LATE = 2**20 - 3


def late(method: str) -> Inputs:
    """From a given state after a million steps, with averages long enough to remember them."""
    slow = {"mu": 1 - 2.0**-20, "nu": 1 - 2.0**-20, "eps": 2.0**-27}
    m, n = [0.25, -(2.0**-14), 2.0**-25], [0.5, 2.0**-26, 2.0**-48]
    inputs = _open(streams.ordinary(7, 6, 3, streams.SCALES), (1, 2, 3, 4, 6), **slow)
    inputs["checkpoints"] = [LATE + t for t in inputs["checkpoints"]]
    start = {"t": LATE, "m": m, "n": n}
    needs = ["start"] + ["constant_mu"] * (method in SCHEDULED)
    return inputs | {
        "flags": ["counter", "long"],
        "start": start,
        "needs": needs,
        "mu_t": "constant",
    }


def rates(method: str) -> Inputs:
    """A learning rate that jumps."""
    inputs = _open(streams.mixed(8, 40), (1, 2, 3, 4, 5, 8, 16, 40), **defaults(method))
    inputs["eta"] = [2.0 ** -(5 * t % 4) for t in range(1, 41)]
    return inputs | {"flags": ["rate"], "needs": ["rates"]}


def decay_l2(method: str) -> Inputs:
    """Weight decay added to the gradient."""
    return _around("weight decay", "l2", weight_decay=2.0**-4, wd_kind="l2")(method)


def decay_decoupled(method: str) -> Inputs:
    """Weight decay beside the step."""
    return _around("weight decay", "decoupled", weight_decay=2.0**-4, wd_kind="decoupled")(method)


def clip_value(method: str) -> Inputs:
    """Each component of the gradient clipped."""
    return _around("clipping", "clip_value", clip_value=0.375)(method)


def clip_norm(method: str) -> Inputs:
    """The gradient scaled down where its norm is above a limit; it is below at some steps."""
    return _around("clipping", "clip_norm", clip_norm=0.75)(method)


def maximize(method: str) -> Inputs:
    """Ascent instead of descent."""
    return _around("sign", "maximize", maximize=True)(method)


def combined(method: str) -> Inputs:
    """Ascent, both clippings and weight decay in the gradient, in this order."""
    options = {"maximize": True, "clip_norm": 0.75, "clip_value": 0.375}
    inputs = _around("sign", "maximize", **options, weight_decay=2.0**-4, wd_kind="l2")(method)
    needs = ["maximize", "clip_norm", "clip_value", "l2"]
    return inputs | {"flags": ["sign", "clipping", "weight decay"], "needs": needs}


def nonfinite(method: str) -> Inputs:
    """A NaN in one component and an infinity in another, at t = 3; the third has to stay clean."""
    rows = streams.ordinary(10, 6, 3)
    rows[2][0], rows[2][1] = float("nan"), float("inf")
    return _open(rows, (2, 3, 4, 6), **defaults(method)) | {"flags": ["nonfinite"]}


#: Learning rates small enough for a smooth descent: plain, with a sum of gradients, scaled.
_DESCENT = {"gd": 2.0**-9, "momentum": 2.0**-12, "nag": 2.0**-12}


def smooth_quadratic(method: str) -> Inputs:
    """A coupled quadratic; the loop evaluates the gradient."""
    return _closed(method, "quadratic", [1.0, -2.0, 0.5], factor=4.0)


def smooth_rosenbrock(method: str) -> Inputs:
    """Rosenbrock's function from its usual start; the loop evaluates the gradient."""
    return _closed(method, "rosenbrock", [-1.25, 1.0], factor=1.0)


FAMILIES: dict[str, Callable[[str], Inputs]] = {
    f.__name__.replace("_", "-"): f
    for f in (
        mixed_scales,
        paper_defaults,
        zeros_and_spikes,
        schedule_boundaries,
        subnormal_f32,
        subnormal_f64,
        sizes,
        resume,
        late,
        rates,
        decay_l2,
        decay_decoupled,
        clip_value,
        clip_norm,
        maximize,
        combined,
        nonfinite,
        smooth_quadratic,
        smooth_rosenbrock,
    )
}


def _open(rows: list[list[float]], checkpoints: tuple[int, ...], **hyper: float) -> Inputs:
    """An open loop from the origin: theta is the sum of the steps and shows all their digits."""
    given = {"eta": 1.0, **hyper}
    return {
        "gradients": rows,
        "theta0": [0.0] * len(rows[0]),
        "checkpoints": list(checkpoints),
        "eta": given.pop("eta"),
        "hyper": given,
    }


def _subnormal(method: str, dtype: str, squared: float, plain: float) -> Inputs:
    """Gradients whose squares are subnormal, or which are so themselves where none are taken."""
    scale = squared if method in ("rmsprop", "adam", "nadam") else plain
    scale = squared / 16 if method == "adagrad" else scale  # a sum grows, and has to stay subnormal
    inputs = _open(streams.small_integers(4, 24, scale), (1, 2, 3, 8, 16, 24), **DYADIC)
    inputs["hyper"]["eps"] = 0.0
    return inputs | {"dtypes": [dtype], "flags": ["subnormal"]}


def _around(flag: str, need: str, **options: Any) -> Callable[[str], Inputs]:
    """Options around the update, at scales where weight decay feeds back calmly."""

    def inputs(method: str) -> Inputs:
        rows = streams.ordinary(9, 40, 3, (1.0, 2.0**-7, 0.5))
        made = _open(rows, (1, 2, 3, 8, 40), **defaults(method), eta=0.125)
        made["theta0"] = [0.5] * 3
        return made | {"flags": [flag], "needs": [need], "around": options}

    return inputs


def _closed(method: str, problem: str, theta0: list[float], factor: float) -> Inputs:
    rate = _DESCENT.get(method, 2.0**-6) * factor
    return {
        "problem": problem,
        "theta0": theta0,
        "checkpoints": [1, 2, 4, 8, 16, 32, 64, 128],
        "eta": rate,
        "hyper": defaults(method),
        "flags": ["loop"],
    }
