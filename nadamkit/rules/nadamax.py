r"""NadaMax (Dozat 2015, section 3.2): Nadam with the L-infinity norm.

.. math::
    \hat g_t &\leftarrow g_t / (1 - \textstyle\prod_{i=1}^{t} \mu_i) \\
    m_t &\leftarrow \mu\, m_{t-1} + (1-\mu)\, g_t &
    \hat m_t &\leftarrow m_t / (1 - \textstyle\prod_{i=1}^{t+1} \mu_i) \\
    n_t &\leftarrow \max(\nu\, n_{t-1}, |g_t|) \\
    \bar m_t &\leftarrow (1-\mu_t)\, \hat g_t + \mu_{t+1}\, \hat m_t \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{\bar m_t}{n_t + \varepsilon}

The paper gives it in words only ("AdaMax can make use of the Nesterov acceleration trick
identically"). The maximum needs no bias correction.

Coefficients: ``c`` = 1 - mu, ``a`` and ``b`` the factors of g and m in m-bar, ``d`` = 1 - nu,
``floor`` and ``outside`` the epsilons inside the maximum and outside.
"""

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """As in Nadam; the maximum is not biased."""
    floor, outside = _terms.maximum_epsilons(h)
    g_bias, m_bias = _terms.momentum_bias(h, _terms.corrections(h, s))
    return {
        "c": _terms.decay(h, s),
        "a": (1 - s.mu_t) / g_bias if h.lookahead else 0.0,
        "b": s.mu_next / m_bias if h.lookahead else 1 / g_bias,
        "d": 1 - s.nu,
        "floor": floor,
        "outside": outside,
    }


def step(x, g, slots, k):
    """Section 3.2."""
    m, n = slots
    eta, c, a, b, d, floor, outside = k
    m = m + c * (g - m)
    n = ops.maximum(n - d * n, ops.absolute(g) + floor)
    return x - eta * (a * g + b * m) / (n + outside), (m, n)


RULE = Rule(
    name="nadamax",
    title="NadaMax",
    source="Dozat (2015), section 3.2",
    slots=("m", "n"),
    hyperparameters={
        "mu": 0.99,
        "nu": 0.999,
        "eps": 1e-8,
        "schedule": "dozat",
        "m_coef": ("mu", "mu_t"),
        "lookahead": (True, False),
        "m_bias": ("t+1", "t", "none", "dup", "frozen1"),
        "eps_kind": ("out", "max"),
    },
    coefficients=coefficients,
    step=step,
)
