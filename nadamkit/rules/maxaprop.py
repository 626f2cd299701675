r"""MaxaProp (Dozat 2015, section 2.3): RMSProp with the L-infinity norm.

.. math::
    n_t &\leftarrow \max(\nu\, n_{t-1}, |g_t|) \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{g_t}{n_t + \varepsilon}

The paper gives it in words only ("we can generalize this to RMSProp as well"). The maximum needs no
bias correction. ``eps_kind="max"`` adds epsilon to ``|g|`` inside the maximum instead.

Coefficients: ``d`` = 1 - nu, ``floor`` the epsilon inside the maximum, ``outside`` the one outside.
"""

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """Nothing depends on t."""
    floor, outside = _terms.maximum_epsilons(h)
    return {"d": 1 - s.nu, "floor": floor, "outside": outside}


def step(x, g, slots, k):
    """Section 2.3."""
    (n,) = slots
    eta, d, floor, outside = k
    n = ops.maximum(n - d * n, ops.absolute(g) + floor)
    return x - eta * g / (n + outside), (n,)


RULE = Rule(
    name="maxaprop",
    title="MaxaProp",
    source="Dozat (2015), section 2.3",
    slots=("n",),
    hyperparameters={"nu": 0.999, "eps": 1e-8, "eps_kind": ("out", "max")},
    coefficients=coefficients,
    step=step,
)
