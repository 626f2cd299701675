r"""Nesterov's accelerated gradient in its one-gradient form (Dozat 2015, Algorithm 7).

.. math::
    m_t &\leftarrow \mu_t\, m_{t-1} + g_t \\
    \bar m_t &\leftarrow g_t + \mu_{t+1}\, m_t \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \bar m_t

Algorithm 3, which takes the gradient at the look-ahead point, is the same method seen from
there: its iterates are :math:`\theta_t + \eta\,\mu_{t+1} m_t`.

``m_bias="t+1"`` is the decaying mean with the bias correction of section 4, read as in Nadam:
:math:`\bar m_t = (1-\mu_t)\,[g_t/(1-P_t) + \mu_{t+1} m_t/(1-P_{t+1})]` with
:math:`P_t = \prod_{i\le t}\mu_i`; the default is the printed algorithm.

With ``lr_inside`` m is the sum of :math:`\eta_t g_t`, which differs only where the rate changes.

Coefficients: ``c`` = 1 - mu_t, ``a`` and ``b`` the factors of g and m.
"""

from dataclasses import replace

from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """Algorithm 7 has mu_t in m and mu_{t+1} in the look-ahead."""
    c = 1 - s.mu_t
    scale = 1.0 if h.m_bias == "none" else c
    g_bias, m_bias = _terms.momentum_bias(h, s)
    return {"c": c, "a": scale / g_bias, "b": scale * s.mu_next / m_bias}


def step(x, g, slots, k):
    """Algorithm 7."""
    (m,) = slots
    eta, c, a, b = k
    m = m + (g - c * m)
    return x - eta * (a * g + b * m), (m,)


def inside(x, g, slots, k):
    """With the learning rate inside m."""
    (m,) = slots
    eta, c, a, b = k
    g = eta * g
    m = m + (g - c * m)
    return x - (a * g + b * m), (m,)


def variant(hyper):
    """With the learning rate where it is asked for."""
    return INSIDE if hyper["lr_inside"] else RULE


RULE = Rule(
    name="nag",
    title="Nesterov's accelerated gradient",
    source="Dozat (2015), Algorithm 7",
    slots=("m",),
    hyperparameters={
        "mu": 0.99,
        "schedule": "dozat",
        "m_bias": ("none", "t+1", "t"),
        "lr_inside": (False, True),
    },
    coefficients=coefficients,
    step=step,
    variant=variant,
)
INSIDE = replace(RULE, step=inside, variant=None)
