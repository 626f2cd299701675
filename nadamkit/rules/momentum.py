r"""Classical momentum (Dozat 2015, Algorithm 2; Polyak 1964): a decaying sum of gradients.

.. math::
    m_t &\leftarrow \mu\, m_{t-1} + g_t \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, m_t

Section 4 of the paper says that bias correction was used and leaves open how. ``m_bias="t"`` is
the decaying mean with bias correction, :math:`\hat m_t = (1 - \mu)\, m_t / (1 - \prod_{i\le
t}\mu_i)`; the default is the printed algorithm.

Coefficients: ``c`` = 1 - mu, ``b`` the factor that turns the sum into what is applied.
"""

from nadamkit.rule import Rule


def coefficients(h, s):
    """The paper's mu is constant here; a schedule replaces it by mu_t."""
    c = 1 - s.mu_t
    return {"c": c, "b": 1.0 if h.m_bias == "none" else c / (1 - s.prod_t)}


def step(x, g, slots, k):
    """Algorithm 2."""
    (m,) = slots
    eta, c, b = k
    m = m + (g - c * m)
    return x - eta * (b * m), (m,)


RULE = Rule(
    name="momentum",
    title="Classical momentum",
    source="Dozat (2015), Algorithm 2",
    slots=("m",),
    hyperparameters={"mu": 0.9, "schedule": "constant", "m_bias": ("none", "t")},
    coefficients=coefficients,
    step=step,
)
