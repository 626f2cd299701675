r"""Nadam, Nesterov-accelerated adaptive moment estimation (Dozat 2015, Algorithm 8).

.. math::
    \hat g_t &\leftarrow g_t / (1 - \textstyle\prod_{i=1}^{t} \mu_i) \\
    m_t &\leftarrow \mu\, m_{t-1} + (1-\mu)\, g_t &
    \hat m_t &\leftarrow m_t / (1 - \textstyle\prod_{i=1}^{t+1} \mu_i) \\
    n_t &\leftarrow \nu\, n_{t-1} + (1-\nu)\, g_t^2 &
    \hat n_t &\leftarrow n_t / (1-\nu^t) \\
    \bar m_t &\leftarrow (1-\mu_t)\, \hat g_t + \mu_{t+1}\, \hat m_t \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{\bar m_t}{\sqrt{\hat n_t + \varepsilon}}

This is the algorithm to the letter: m decays with the constant mu while the products take mu_t, and
epsilon is inside the root. What others read differently is a knob: ``m_coef="mu_t"``,
``eps_kind="out"``, ``m_bias``, ``n_bias``, ``schedule``; ``lookahead=False`` is Adam.

Coefficients: ``c`` = 1 - mu, ``a`` and ``b`` the factors of g and m in m-bar, ``d`` = 1 - nu,
``h`` turns n into n-hat, ``inside`` and ``outside`` the epsilons.
"""

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """Bias corrections, and the momentum of this step and the next."""
    corrections = _terms.corrections(h, s)
    inside, outside = _terms.root_epsilons(h, corrections)
    g_bias, m_bias = _terms.momentum_bias(h, corrections)
    return {
        "c": _terms.decay(h, s),
        "a": (1 - s.mu_t) / g_bias if h.lookahead else 0.0,
        "b": s.mu_next / m_bias if h.lookahead else 1 / g_bias,
        "d": 1 - s.nu,
        "h": _terms.norm_bias(h, corrections),
        "inside": inside,
        "outside": outside,
    }


def step(x, g, slots, k):
    """Algorithm 8."""
    m, n = slots
    eta, c, a, b, d, h, inside, outside = k
    m = m + c * (g - m)
    n = n + d * (g * g - n)
    return x - eta * (a * g + b * m) / (ops.sqrt(h * n + inside) + outside), (m, n)


RULE = Rule(
    name="nadam",
    title="Nadam",
    source="Dozat (2015), Algorithm 8",
    slots=("m", "n"),
    hyperparameters={
        "mu": 0.99,
        "nu": 0.999,
        "eps": 1e-8,
        "schedule": "dozat",
        "m_coef": ("mu", "mu_t"),
        "lookahead": (True, False),
        "m_bias": ("t+1", "t", "none", "dup", "frozen1"),
        "n_bias": ("std", "nu", "none"),
        "eps_kind": ("in", "out", "out_raw"),
        "eps_root": 0.0,
    },
    coefficients=coefficients,
    step=step,
)
