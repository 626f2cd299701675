r"""RMSProp (Dozat 2015, Algorithm 5; Tieleman and Hinton 2012): the decaying mean of squares.

.. math::
    n_t &\leftarrow \nu\, n_{t-1} + (1-\nu)\, g_t^2 \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{g_t}{\sqrt{n_t + \varepsilon}}

The printed algorithm has no bias correction; ``n_bias="std"`` is the form used in section 4, with
:math:`\hat n_t = n_t/(1-\nu^t)`.

Coefficients: ``d`` = 1 - nu, ``h`` turns n into n-hat, ``inside`` and ``outside`` the epsilons.
"""

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """The bias correction is a knob."""
    inside, outside = _terms.root_epsilons(h, s)
    return {"d": 1 - s.nu, "h": _terms.norm_bias(h, s), "inside": inside, "outside": outside}


def step(x, g, slots, k):
    """Algorithm 5."""
    (n,) = slots
    eta, d, h, inside, outside = k
    n = n + d * (g * g - n)
    return x - eta * g / (ops.sqrt(h * n + inside) + outside), (n,)


RULE = Rule(
    name="rmsprop",
    title="RMSProp",
    source="Dozat (2015), Algorithm 5",
    slots=("n",),
    hyperparameters={
        "nu": 0.999,
        "eps": 1e-8,
        "n_bias": ("none", "std", "nu"),
        "eps_kind": ("in", "out", "out_raw"),
        "eps_root": 0.0,
        "n0": 0.0,
    },
    coefficients=coefficients,
    step=step,
)
