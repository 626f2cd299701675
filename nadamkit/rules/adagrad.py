r"""AdaGrad (Dozat 2015, Algorithm 4; Duchi, Hazan and Singer 2011): the sum of squares.

.. math::
    n_t &\leftarrow n_{t-1} + g_t^2 \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{g_t}{\sqrt{n_t + \varepsilon}}

``n0`` is the initial n; ``eps_kind="out"`` puts epsilon outside the root.

Coefficients: ``inside`` and ``outside``, the epsilons inside and outside the root.
"""

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _terms


def coefficients(h, s):
    """Nothing depends on t."""
    inside, outside = _terms.root_epsilons(h, s)
    return {"inside": inside, "outside": outside}


def step(x, g, slots, k):
    """Algorithm 4."""
    (n,) = slots
    eta, inside, outside = k
    n = n + g * g
    return x - eta * g / (ops.sqrt(n + inside) + outside), (n,)


RULE = Rule(
    name="adagrad",
    title="AdaGrad",
    source="Dozat (2015), Algorithm 4",
    slots=("n",),
    hyperparameters={"eps": 1e-8, "eps_kind": ("in", "out"), "eps_root": 0.0, "n0": 0.0},
    coefficients=coefficients,
    step=step,
)
