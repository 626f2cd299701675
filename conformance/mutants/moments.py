"""Mistakes in Adam, AdaMax and NadaMax."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import Mutant
from conformance.mutants.nadam import G_HAT, LAZY, M_BAR, M_HAT, M_TERM, N_HAT, ROOT, M, N

_adam, _adamax, _nadamax = (partial(Mutant, method) for method in ("adam", "adamax", "nadamax"))
ADAM_M_HAT = "m / (1 - s.power(s.mu, t))"
LARGEST = "np.maximum(s.nu * n, np.abs(g))"

ADAM = (
    _adam(
        "eps-outside",
        "eps is outside the root",
        ["epsilon"],
        [(ROOT, "np.sqrt(n_hat) + s.eps")],
        link="https://github.com/pytorch/pytorch/issues/41477",
    ),
    _adam(
        "eps-hat",
        "eps is outside and divided by the root of 1 - nu^t",
        ["epsilon"],
        [(ROOT, "np.sqrt(n_hat) + s.eps / np.sqrt(1 - s.power(s.nu, t))")],
        link="https://github.com/tensorflow/tensorflow/issues/35102",
    ),
    _adam(
        "eps-subtracted",
        "eps is taken from the root",
        ["epsilon"],
        [(ROOT, "np.sqrt(n_hat) - s.eps")],
        link="https://github.com/tensorflow/tensorflow/pull/61411",
    ),
    _adam("m-uncorrected", "m is not corrected", ["product"], [(ADAM_M_HAT, "m")]),
    _adam(
        "uncorrected",
        "neither m nor n is corrected",
        ["product", "n-hat"],
        [(ADAM_M_HAT, "m"), (N_HAT, "n")],
        link="https://github.com/ml-explore/mlx/pull/1640",
    ),
    _adam(
        "corrections-swapped",
        "m is corrected with nu and n with mu",
        ["product", "n-hat"],
        [(ADAM_M_HAT, "m / (1 - s.power(s.nu, t))"), (N_HAT, "n / (1 - s.power(s.mu, t))")],
    ),
    _adam(
        "from-t-2",
        "the first step is corrected as the second",
        ["product", "n-hat"],
        [
            ("s.power(s.mu, t)", "s.power(s.mu, t + 1)"),
            ("s.power(s.nu, t)", "s.power(s.nu, t + 1)"),
        ],
    ),
    _adam(
        "frozen",
        "the powers are those of t = 1 for ever",
        ["product", "n-hat"],
        [("s.power(s.mu, t)", "s.mu"), ("s.power(s.nu, t)", "s.nu")],
    ),
    _adam(
        "mu-decays",
        "mu falls by 1e-8 of itself in each step",
        ["decay"],
        [(M, "f.mean(s.mu * (1 - 1e-8) ** (t - 1), m, g)")],
        link="https://github.com/torch/optim/blob/master/adam.lua",
    ),
    _adam(
        "nesterov",
        "the step looks ahead",
        ["look-ahead"],
        [(f"m_hat = {ADAM_M_HAT}", "m_hat = (s.mu * m + (1 - s.mu) * g) / (1 - s.power(s.mu, t))")],
    ),
    _adam(
        "amsgrad",
        "the largest n so far divides",
        ["maximum"],
        [
            (
                f"n_hat = {N_HAT}",
                f's.top = np.maximum(getattr(s, "top", 0), n)\n    n_hat = s.top / {N_HAT[4:]}',
            )
        ],
    ),
    _adam("lazy", "nothing moves where the gradient is zero", ["zeros"], LAZY),
    _adam("belief", "n averages (g - m)^2", ["decay"], [(N, "f.mean(s.nu, n, (g - m) * (g - m))")]),
)

ADAMAX = (
    _adamax(
        "eps-in-the-maximum",
        "eps is inside the maximum",
        ["epsilon"],
        [(LARGEST, "np.maximum(s.nu * n, np.abs(g) + s.eps)"), (", n + s.eps)", ", n)")],
        link="https://github.com/PaddlePaddle/Paddle/issues/36712",
    ),
    _adamax("no-eps", "there is no eps", ["epsilon"], [("n + s.eps", "n")]),
    _adamax(
        "m-uncorrected",
        "m is not corrected",
        ["product"],
        [(ADAM_M_HAT, "m")],
        link="https://github.com/unslothai/unsloth-zoo/pull/819",
    ),
    _adamax(
        "m-corrected-with-nu",
        "m is corrected with nu",
        ["product"],
        [(ADAM_M_HAT, "m / (1 - s.power(s.nu, t))")],
    ),
    _adamax(
        "n-corrected",
        "n is corrected as in Adam",
        ["n-hat"],
        [("n + s.eps", "n / (1 - s.power(s.nu, t)) + s.eps")],
    ),
    _adamax(
        "decay-of-the-maximum",
        "the new gradient decays too",
        ["maximum"],
        [(LARGEST, "s.nu * np.maximum(n, np.abs(g))")],
    ),
    _adamax(
        "never-decays",
        "n is the largest gradient so far",
        ["maximum"],
        [(LARGEST, "np.maximum(n, np.abs(g))")],
    ),
    _adamax("root", "the root of n divides", ["maximum"], [("n + s.eps", "np.sqrt(n + s.eps)")]),
    _adamax(
        "no-absolute-value",
        "negative gradients do not count",
        ["maximum"],
        [(LARGEST, "np.maximum(s.nu * n, g)")],
    ),
)

NADAMAX = (
    _nadamax("no-look-ahead", "m-hat for m-bar: it is AdaMax", ["look-ahead"], [(M_BAR, "m_hat")]),
    _nadamax("mu-t-for-next", "mu_t for mu_{t+1}", ["look-ahead"], [(M_TERM, "s.mu_(t) * m_hat")]),
    _nadamax(
        "mu-twice",
        "mu_t counted twice in the product of m",
        ["product"],
        [(M_HAT, "m / (1 - s.product(t + 1) * s.mu_(t))")],
    ),
    _nadamax(
        "both-over-mu-power",
        "g and m both over 1 - mu^t",
        ["product"],
        [(G_HAT, "g / (1 - s.mu**t)"), (M_HAT, "m / (1 - s.mu**t)")],
    ),
    _nadamax("m-with-mu-t", "m decays with mu_t", ["decay"], [(M, "f.mean(s.mu_(t), m, g)")]),
    _nadamax(
        "n-corrected",
        "n is corrected as in Nadam",
        ["n-hat"],
        [("n + s.eps", "n / (1 - s.power(s.nu, t)) + s.eps")],
    ),
    _nadamax(
        "eps-in-the-maximum",
        "eps is inside the maximum",
        ["epsilon"],
        [(LARGEST, "np.maximum(s.nu * n, np.abs(g) + s.eps)"), (", n + s.eps)", ", n)")],
    ),
    _nadamax(
        "never-decays",
        "n is the largest gradient so far",
        ["maximum"],
        [(LARGEST, "np.maximum(n, np.abs(g))")],
    ),
    _nadamax(
        "squares",
        "n is that of Nadam, uncorrected",
        ["maximum"],
        [(LARGEST, "f.mean(s.nu, n, g * g)"), ("n + s.eps", "np.sqrt(n + s.eps)")],
    ),
)

MUTANTS = (*ADAM, *ADAMAX, *NADAMAX)
