r"""Adam (Dozat 2015, Algorithm 6; Kingma and Ba 2014).

.. math::
    m_t &\leftarrow \mu\, m_{t-1} + (1-\mu)\, g_t &
    \hat m_t &\leftarrow m_t / (1-\mu^t) \\
    n_t &\leftarrow \nu\, n_{t-1} + (1-\nu)\, g_t^2 &
    \hat n_t &\leftarrow n_t / (1-\nu^t) \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat n_t + \varepsilon}}

Epsilon is inside the root as printed; Kingma and Ba have ``eps_kind="out"``. With a momentum
schedule :math:`\mu^t` is the product of the :math:`\mu_i`.

``amsgrad`` (Reddi, Kale and Kumar 2018) divides by the largest n so far,
:math:`p_t \leftarrow \max(p_{t-1}, n_t)`, corrected as n is; only it has the slot p.

Coefficients: ``c`` = 1 - mu, ``b`` turns m into m-hat, ``d`` = 1 - nu, ``h`` turns n into n-hat,
``inside`` and ``outside`` the epsilons.
"""

from dataclasses import replace

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """Bias corrections of both means."""
    inside, outside = _terms.root_epsilons(h, s)
    return {
        "c": 1 - s.mu_t,
        "b": 1.0 if h.m_bias == "none" else 1 / (1 - s.prod_t),
        "d": 1 - s.nu,
        "h": _terms.norm_bias(h, s),
        "inside": inside,
        "outside": outside,
    }


def step(x, g, slots, k):
    """Algorithm 6."""
    m, n = slots
    eta, c, b, d, h, inside, outside = k
    m = m + c * (g - m)
    n = n + d * (g * g - n)
    return x - eta * (b * m) / (ops.sqrt(h * n + inside) + outside), (m, n)


def amsgrad(x, g, slots, k):
    """With the largest n so far."""
    m, n, p = slots
    eta, c, b, d, h, inside, outside = k
    m = m + c * (g - m)
    n = n + d * (g * g - n)
    p = ops.maximum(p, n)
    return x - eta * (b * m) / (ops.sqrt(h * p + inside) + outside), (m, n, p)


def variant(hyper):
    """With the slot that is asked for."""
    return AMSGRAD if hyper["amsgrad"] else RULE


RULE = Rule(
    name="adam",
    title="Adam",
    source="Dozat (2015), Algorithm 6",
    slots=("m", "n"),
    hyperparameters={
        "mu": 0.9,
        "nu": 0.999,
        "eps": 1e-8,
        "schedule": "constant",
        "m_bias": ("t", "none"),
        "n_bias": ("std", "nu", "none"),
        "eps_kind": ("in", "out", "out_raw"),
        "eps_root": 0.0,
        "amsgrad": (False, True),
    },
    coefficients=coefficients,
    step=step,
    variant=variant,
)
AMSGRAD = replace(RULE, slots=("m", "n", "p"), step=amsgrad, variant=None)
