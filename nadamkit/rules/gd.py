r"""Gradient descent (Dozat 2015, Algorithm 1).

.. math:: \theta_t \leftarrow \theta_{t-1} - \eta\, g_t

No state, no hyperparameter but the learning rate.
"""

from nadamkit.rule import Rule


def coefficients(h, s):
    """None beside eta."""
    return {}


def step(x, g, slots, k):
    """Algorithm 1."""
    (eta,) = k
    return x - eta * g, slots


RULE = Rule(
    name="gd",
    title="Gradient descent",
    source="Dozat (2015), Algorithm 1",
    slots=(),
    hyperparameters={},
    coefficients=coefficients,
    step=step,
)
