r"""AdaMax (Dozat 2015, section 2.3; Kingma and Ba 2014): Adam with the L-infinity norm.

.. math::
    m_t &\leftarrow \mu\, m_{t-1} + (1-\mu)\, g_t &
    \hat m_t &\leftarrow m_t / (1-\mu^t) \\
    n_t &\leftarrow \max(\nu\, n_{t-1}, |g_t|) \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{\hat m_t}{n_t + \varepsilon}

The epsilon is the paper's own; ``eps_kind="max"`` adds it to ``|g|`` inside the maximum instead.

Coefficients: ``c`` = 1 - mu, ``b`` turns m into m-hat, ``d`` = 1 - nu, ``floor`` and ``outside``
the epsilons inside the maximum and outside.
"""

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """Only the mean m is biased; the maximum is not."""
    floor, outside = _terms.maximum_epsilons(h)
    return {
        "c": 1 - s.mu_t,
        "b": 1.0 if h.m_bias == "none" else 1 / (1 - s.prod_t),
        "d": 1 - s.nu,
        "floor": floor,
        "outside": outside,
    }


def step(x, g, slots, k):
    """Section 2.3."""
    m, n = slots
    eta, c, b, d, floor, outside = k
    m = m + c * (g - m)
    n = ops.maximum(n - d * n, ops.absolute(g) + floor)
    return x - eta * (b * m) / (n + outside), (m, n)


RULE = Rule(
    name="adamax",
    title="AdaMax",
    source="Dozat (2015), section 2.3",
    slots=("m", "n"),
    hyperparameters={
        "mu": 0.9,
        "nu": 0.999,
        "eps": 1e-8,
        "schedule": "constant",
        "m_bias": ("t", "none"),
        "eps_kind": ("out", "max"),
    },
    coefficients=coefficients,
    step=step,
)
