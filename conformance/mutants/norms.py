"""Mistakes in AdaGrad, RMSProp and MaxaProp."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import Mutant

_adagrad, _rmsprop, _maxaprop = (
    partial(Mutant, method) for method in ("adagrad", "rmsprop", "maxaprop")
)
SUM, N, LARGEST = "n + g * g", "f.mean(s.nu, n, g * g)", "np.maximum(s.nu * n, np.abs(g))"
ROOT = "np.sqrt(n + s.eps)"

ADAGRAD = (
    _adagrad("n-forgets", "n is the last square", ["decay"], [(SUM, "g * g")]),
    _adagrad(
        "n-decays",
        "n is a decaying mean: it is RMSProp",
        ["decay"],
        [(SUM, "f.mean(s.nu, n, g * g)")],
    ),
    _adagrad(
        "n-from-a-tenth",
        "n starts at 0.1",
        ["decay"],
        [(SUM, "(0.1 + 0 * n if t == 1 else n) + g * g")],
        link="https://keras.io/api/optimizers/adagrad/",
    ),
    _adagrad(
        "n-from-eps",
        "n starts at eps, and eps is added",
        ["epsilon"],
        [(SUM, "(s.eps + 0 * n if t == 1 else n) + g * g")],
    ),
    _adagrad(
        "eps-outside",
        "eps is outside the root",
        ["epsilon"],
        [(ROOT, "np.sqrt(n) + s.eps")],
        link="https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/adagrad.py",
    ),
    _adagrad("no-eps", "there is no eps", ["epsilon"], [(ROOT, "np.sqrt(n)")]),
    _adagrad(
        "rate-decays",
        "the learning rate falls as 1 / (1 + t / 1000)",
        ["rate"],
        [("s.eta(t)", "s.eta(t) / (1 + (t - 1) / 1000)")],
    ),
    _adagrad(
        "n-in-single",
        "n is summed up in float32",
        ["precision"],
        [(SUM, "(n + g * g).astype(np.float32).astype(n.dtype)")],
        equivalent={"float32": "that is the type asked for"},
    ),
)

RMSPROP = (
    _rmsprop(
        "n-corrected",
        "n is corrected for its start at 0",
        ["n-hat"],
        [(ROOT, "np.sqrt(n / (1 - s.power(s.nu, t)) + s.eps)")],
        link="https://optax.readthedocs.io/en/latest/api/optimizers.html#rmsprop",
    ),
    _rmsprop("n-a-sum", "n is a decaying sum", ["decay"], [(N, "f.total(s.nu, n, g * g)")]),
    _rmsprop(
        "coefficients-swapped",
        "n decays with 1 - nu",
        ["decay"],
        [(N, "f.mean(1 - s.nu, n, g * g)")],
    ),
    _rmsprop(
        "n-after-use",
        "the n before this step divides",
        ["decay"],
        [(f"n = {N}", f"old, n = n, {N}"), (ROOT, "np.sqrt(old + s.eps)")],
    ),
    _rmsprop(
        "n-from-1",
        "n starts at 1",
        ["decay"],
        [(N, "f.mean(s.nu, 1 + 0 * n if t == 1 else n, g * g)")],
        link="https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/python/"
        "training/rmsprop.py",
    ),
    _rmsprop(
        "centred",
        "the square of the mean gradient is taken from n",
        ["n-hat"],
        [
            (f"n = {N}", f's.m = f.mean(s.nu, getattr(s, "m", 0 * n), g)\n    n = {N}'),
            (ROOT, "np.sqrt(np.maximum(n - s.m * s.m, 0) + s.eps)"),
        ],
    ),
    _rmsprop("n-the-largest", "n never falls", ["maximum"], [(N, f"np.maximum(n, {N})")]),
    _rmsprop(
        "eps-outside",
        "eps is outside the root",
        ["epsilon"],
        [(ROOT, "np.sqrt(n) + s.eps")],
        link="https://github.com/pytorch/pytorch/issues/23796",
    ),
    _rmsprop(
        "eps-kept",
        "eps is added to the n that is kept",
        ["epsilon"],
        [(f"n = {N}", f"n = {N} + s.eps"), (ROOT, "np.sqrt(n)")],
    ),
)

MAXAPROP = (
    _maxaprop(
        "squares",
        "n is the decaying mean of squares: it is RMSProp",
        ["maximum"],
        [(LARGEST, "f.mean(s.nu, n, g * g)"), ("n + s.eps", ROOT)],
    ),
    _maxaprop(
        "never-decays",
        "n is the largest gradient so far",
        ["maximum"],
        [(LARGEST, "np.maximum(n, np.abs(g))")],
    ),
    _maxaprop(
        "decay-of-the-maximum",
        "the new gradient decays too",
        ["maximum"],
        [(LARGEST, "s.nu * np.maximum(n, np.abs(g))")],
    ),
    _maxaprop(
        "no-absolute-value",
        "negative gradients do not count",
        ["maximum"],
        [(LARGEST, "np.maximum(s.nu * n, g)")],
    ),
    _maxaprop("root", "the root of n divides", ["maximum"], [("n + s.eps", "np.sqrt(n + s.eps)")]),
    _maxaprop(
        "eps-in-the-maximum",
        "eps is inside the maximum",
        ["epsilon"],
        [(LARGEST, "np.maximum(s.nu * n, np.abs(g) + s.eps)"), (", n + s.eps)", ", n)")],
    ),
    _maxaprop("no-eps", "there is no eps", ["epsilon"], [("n + s.eps", "n")]),
    _maxaprop(
        "n-corrected",
        "n is corrected for its start at 0",
        ["n-hat"],
        [("n + s.eps", "n / (1 - s.power(s.nu, t)) + s.eps")],
    ),
)

MUTANTS = (*ADAGRAD, *RMSPROP, *MAXAPROP)
