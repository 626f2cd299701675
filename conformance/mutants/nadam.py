"""Mistakes in the lines of Algorithm 8."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import SINGLE, Edit, Mutant

_of = partial(Mutant, "nadam")

#: The pieces of the algorithm that are changed.
G_HAT, M, M_HAT = "g / (1 - s.product(t))", "f.mean(s.mu, m, g)", "m / (1 - s.product(t + 1))"
N, N_HAT = "f.mean(s.nu, n, g * g)", "n / (1 - s.power(s.nu, t))"
G_TERM, M_TERM, ROOT = "(1 - s.mu_(t)) * g_hat", "s.mu_(t + 1) * m_hat", "np.sqrt(n_hat + s.eps)"
M_BAR, END = f"{G_TERM} + {M_TERM}", "return theta, m, n"


#: Keep everything where the gradient is zero, in a method with m and n.
LAZY: list[Edit] = [
    (f"m = {M}", f"old = theta, m, n\n    m = {M}"),
    (END, "return [np.where(g == 0, a, b) for a, b in zip(old, (theta, m, n))]"),
]

LOOK_AHEAD = (
    _of("mu-for-next", "mu for mu_{t+1}", ["look-ahead"], [(M_TERM, "s.mu * m_hat")]),
    _of("mu-t-for-next", "mu_t for mu_{t+1}", ["look-ahead"], [(M_TERM, "s.mu_(t) * m_hat")]),
    _of("one-minus-mu", "1 - mu for 1 - mu_t", ["look-ahead"], [(G_TERM, "(1 - s.mu) * g_hat")]),
    _of(
        "one-minus-next",
        "1 - mu_{t+1} for 1 - mu_t",
        ["look-ahead"],
        [(G_TERM, "(1 - s.mu_(t + 1)) * g_hat")],
    ),
    _of("no-look-ahead", "m-hat for m-bar: it is Adam", ["look-ahead"], [(M_BAR, "m_hat")]),
    _of(
        "stale-gradient",
        "g-hat is that of the step before",
        ["look-ahead"],
        [(f"g_hat = {G_HAT}", f'g_hat = getattr(s, "last", 0 * g)\n    s.last = {G_HAT}')],
    ),
    _of(
        "differentiable-branch",
        "the scaled gradient where m belongs, and 1 - mu_{t+1} for mu_{t+1}",
        ["look-ahead"],
        [
            (
                M_BAR,
                f"{G_TERM} * (1 - s.eta(t) * (1 - s.mu_(t + 1)) / (1 - s.product(t + 1)))",
            )
        ],
        link="https://github.com/pytorch/pytorch/pull/106615",
    ),
    _of(
        "m-after-use",
        "m-hat is made of the m before this step",
        ["look-ahead"],
        [(f"m = {M}\n    m_hat = {M_HAT}", f"m_hat = {M_HAT}\n    m = {M}")],
    ),
)

PRODUCTS = (
    _of(
        "no-product",
        "mu_t for its product",
        ["product"],
        [(G_HAT, "g / (1 - s.mu_(t))"), (M_HAT, "m / (1 - s.mu_(t + 1))")],
    ),
    _of(
        "powers-of-mu",
        "mu^t for the product",
        ["product"],
        [(G_HAT, "g / (1 - s.mu**t)"), (M_HAT, "m / (1 - s.mu ** (t + 1))")],
    ),
    _of(
        "powers-of-mu-t",
        "mu_t^t for the product",
        ["product"],
        [(G_HAT, "g / (1 - s.mu_(t) ** t)"), (M_HAT, "m / (1 - s.mu_(t + 1) ** (t + 1))")],
    ),
    _of(
        "both-over-mu-power",
        "g and m both over 1 - mu^t",
        ["product"],
        [(G_HAT, "g / (1 - s.mu**t)"), (M_HAT, "m / (1 - s.mu**t)")],
        link="https://github.com/online-ml/river/pull/219",
    ),
    _of(
        "m-product-to-t", "the product to t for m", ["product"], [(M_HAT, "m / (1 - s.product(t))")]
    ),
    _of(
        "m-product-to-t-plus-2",
        "the product to t + 2 for m",
        ["product"],
        [
            (M_HAT, "m / (1 - s.product(t + 2))"),
            ("Scalars.mu_", "t - 1 - self.done", "min(t - 1 - self.done, self._run.steps)"),
        ],
    ),
    _of(
        "g-product-to-next",
        "the product to t + 1 for g",
        ["product"],
        [(G_HAT, "g / (1 - s.product(t + 1))")],
    ),
    _of(
        "products-swapped",
        "the products of g and m in each other's place",
        ["product"],
        [(G_HAT, "g / (1 - s.product(t + 1))"), (M_HAT, "m / (1 - s.product(t))")],
    ),
    _of(
        "mu-twice",
        "mu_t counted twice in the product of m",
        ["product"],
        [(M_HAT, "m / (1 - s.product(t + 1) * s.mu_(t))")],
        link="https://github.com/pytorch/pytorch/pull/92699",
    ),
    _of(
        "product-from-0",
        "the product starts at 0",
        ["product"],
        [("Scalars.__init__", '"product", self.mu**done', '"product", 0.0')],
        link="https://github.com/dotnet/TorchSharp/pull/1155",
    ),
    _of(
        "product-of-two-tensors",
        "one product for two tensors, advanced by both",
        ["product"],
        [("Scalars.product", "* self.mu_(t)", "* self.mu_(t) ** 2")],
        link="https://github.com/keras-team/keras-core/pull/551",
    ),
    _of(
        "frozen",
        "products and powers are those of t = 1 for ever",
        ["product", "n-hat"],
        [
            (G_HAT, "g / (1 - s.mu_(1))"),
            (M_HAT, "m / (1 - s.mu_(1) * s.mu_(2))"),
            ("s.power(s.nu, t)", "s.power(s.nu, 1)"),
        ],
        link="https://github.com/FluxML/Flux.jl/issues/789",
    ),
    _of("g-uncorrected", "g is not corrected", ["product"], [(G_HAT, "g")]),
    _of("m-uncorrected", "m is not corrected", ["product"], [(M_HAT, "m")]),
    _of(
        "product-in-single",
        "the product is a float32 number",
        ["precision"],
        [
            (
                "Scalars.product",
                "self.product(t - 1) * self.mu_(t)",
                "float(np.float32(self.product(t - 1) * self.mu_(t)))",
            )
        ],
        equivalent={"float32": SINGLE},
        link="https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/nadam.py",
    ),
)

AVERAGES = (
    _of("m-with-mu-t", "m decays with mu_t", ["decay"], [(M, "f.mean(s.mu_(t), m, g)")]),
    _of("m-a-sum", "m is a decaying sum", ["decay"], [(M, "f.total(s.mu, m, g)")]),
    _of(
        "m-written-back",
        "the corrected m is kept",
        ["decay"],
        [(END, "return theta, m_hat, n")],
        link="https://github.com/deeplearning4j/nd4j/pull/1891",
    ),
    _of(
        "mu-and-nu-swapped",
        "m decays with nu and n with mu",
        ["decay"],
        [(M, "f.mean(s.nu, m, g)"), (N, "f.mean(s.mu, n, g * g)")],
    ),
    _of(
        "n-centred", "n averages (g - m)^2", ["decay"], [(N, "f.mean(s.nu, n, (g - m) * (g - m))")]
    ),
    _of(
        "nu-in-the-code",
        "nu is 0.999, whatever is asked for",
        ["decay"],
        [(N, "f.mean(0.999, n, g * g)"), ("s.power(s.nu, t)", "s.power(0.999, t)")],
    ),
    _of("n-the-largest", "n never falls", ["maximum"], [(N, f"np.maximum(n, {N})")]),
    _of(
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
    _of("n-uncorrected", "n is not corrected", ["n-hat"], [(N_HAT, "n")]),
    _of(
        "n-power-before",
        "n is corrected with t - 1",
        ["n-hat"],
        [("s.power(s.nu, t)", "s.power(s.nu, max(t - 1, 1))")],
    ),
    _of(
        "n-power-next",
        "n is corrected with t + 1",
        ["n-hat"],
        [("s.power(s.nu, t)", "s.power(s.nu, t + 1)")],
    ),
    _of(
        "extra-nu",
        "n-hat has an extra factor nu",
        ["n-hat"],
        [(N_HAT, f"s.nu * {N_HAT}")],
        link="https://github.com/FluxML/Flux.jl/pull/224",
    ),
    _of(
        "power-in-single",
        "nu^t is a float32 number",
        ["precision"],
        [("s.power(s.nu, t)", "float(np.float32(s.power(s.nu, t)))")],
        equivalent={"float32": SINGLE},
    ),
    _of(
        "lazy",
        "nothing moves where the gradient is zero",
        ["zeros"],
        LAZY,
        link="https://www.tensorflow.org/addons/api_docs/python/tfa/optimizers/LazyAdam",
    ),
    _of("climbing", "the step has the wrong sign", ["sign"], [("theta - f", "theta + f")]),
)

EPSILON = (
    _of(
        "eps-outside",
        "eps is outside the root",
        ["epsilon"],
        [(ROOT, "(np.sqrt(n_hat) + s.eps)")],
        link="https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/nadam.py",
    ),
    _of(
        "eps-hat",
        "eps is outside and divided by the root of 1 - nu^t",
        ["epsilon"],
        [(ROOT, "(np.sqrt(n_hat) + s.eps / np.sqrt(1 - s.power(s.nu, t)))")],
        link="https://github.com/tensorflow/tensorflow/issues/9047",
    ),
    _of(
        "eps-corrected",
        "eps is added before the correction",
        ["epsilon"],
        [(N_HAT, "(n + s.eps) / (1 - s.power(s.nu, t))"), (ROOT, "np.sqrt(n_hat)")],
    ),
    _of("eps-squared", "eps is squared", ["epsilon"], [("s.eps", "s.eps * s.eps")]),
    _of(
        "eps-kept",
        "eps is added to the n that is kept",
        ["epsilon"],
        [(f"n = {N}", f"n = {N} + s.eps"), (ROOT, "np.sqrt(n_hat)")],
    ),
    _of("no-eps", "there is no eps", ["epsilon"], [(ROOT, "np.sqrt(n_hat)")]),
    _of("no-root", "there is no root", ["epsilon"], [(ROOT, "(n_hat + s.eps)")]),
)

MUTANTS = (*LOOK_AHEAD, *PRODUCTS, *AVERAGES, *EPSILON)
