r"""Classical momentum (Dozat 2015, Algorithm 2; Polyak 1964): a decaying sum of gradients.

.. math::
    m_t &\leftarrow \mu\, m_{t-1} + g_t \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, m_t

Section 4 of the paper says that bias correction was used and leaves open how. ``m_bias="t"`` is
the decaying mean with bias correction, :math:`\hat m_t = (1 - \mu)\, m_t / (1 - \prod_{i\le
t}\mu_i)`; the default is the printed algorithm.

With ``dampening`` d, g has the weight :math:`1 - d` from the second step on (torch.optim.SGD). With
``lr_inside`` the sum is that of :math:`\eta_t g_t`, which differs only where the rate changes.

Coefficients: ``c`` = 1 - mu, ``b`` the factor that turns the sum into what is applied; with these
two options ``w``, the weight of g, and ``inner`` and ``outer``, the place of eta.
"""

from dataclasses import replace

from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """The paper's mu is constant here; a schedule replaces it by mu_t."""
    c = 1 - s.mu_t
    own = {"c": c, "b": 1.0 if h.m_bias == "none" else c / (1 - s.prod_t)}
    if h.dampening or h.lr_inside:
        own |= {"w": _terms.from_second(s, 1 - h.dampening), **_terms.rate_place(h)}
    return own


def step(x, g, slots, k):
    """Algorithm 2."""
    (m,) = slots
    eta, c, b = k
    m = m + (g - c * m)
    return x - eta * (b * m), (m,)


def weighted(x, g, slots, k):
    """With a weight of g, and eta before the sum or after it."""
    (m,) = slots
    eta, c, b, w, inner, outer = k
    m = m + (w * ((outer + inner * eta) * g) - c * m)
    return x - (inner + outer * eta) * (b * m), (m,)


def variant(hyper):
    """The printed algorithm unless an option changes it."""
    return WEIGHTED if hyper["dampening"] or hyper["lr_inside"] else RULE


RULE = Rule(
    name="momentum",
    title="Classical momentum",
    source="Dozat (2015), Algorithm 2",
    slots=("m",),
    hyperparameters={
        "mu": 0.9,
        "schedule": "constant",
        "m_bias": ("none", "t"),
        "dampening": 0.0,
        "lr_inside": (False, True),
    },
    coefficients=coefficients,
    step=step,
    variant=variant,
)
WEIGHTED = replace(RULE, step=weighted, variant=None)
