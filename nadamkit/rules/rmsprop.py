r"""RMSProp (Dozat 2015, Algorithm 5; Tieleman and Hinton 2012): the decaying mean of squares.

.. math::
    n_t &\leftarrow \nu\, n_{t-1} + (1-\nu)\, g_t^2 \\
    \theta_t &\leftarrow \theta_{t-1} - \eta\, \frac{g_t}{\sqrt{n_t + \varepsilon}}

The printed algorithm has no bias correction; ``n_bias="std"`` is the form used in section 4, with
:math:`\hat n_t = n_t/(1-\nu^t)`.

``centered`` (Graves 2013, section 4.2) divides by the standard deviation of g,
:math:`\sqrt{n_t - a_t^2 + \varepsilon}` with a the decaying mean of g; ``momentum`` applies the
decaying sum b of the scaled gradients, with the learning rate in it if ``lr_inside``. Only they
have the slots a and b.

Coefficients: ``d`` = 1 - nu, ``h`` turns n into n-hat, ``inside`` and ``outside`` the epsilons;
``least`` = 0, the least variance; ``c`` = 1 - momentum, ``inner`` and ``outer`` the place of eta.
"""

from dataclasses import replace

from nadamkit import ops
from nadamkit.rule import Rule
from nadamkit.rules import _rmsprop, _terms


def coefficients(h, s):
    """The bias correction is a knob."""
    inside, outside = _terms.root_epsilons(h, s)
    own = {"d": 1 - s.nu, "h": _terms.norm_bias(h, s), "inside": inside, "outside": outside}
    if h.centered:
        own["least"] = 0.0
    if h.momentum:
        own |= {"c": 1 - h.momentum, **_terms.rate_place(h)}
    return own


def step(x, g, slots, k):
    """Algorithm 5."""
    (n,) = slots
    eta, d, h, inside, outside = k
    n = n + d * (g * g - n)
    return x - eta * g / (ops.sqrt(h * n + inside) + outside), (n,)


def variant(hyper):
    """With the slots that are asked for."""
    return VARIANTS[bool(hyper["centered"]), hyper["momentum"] > 0.0]


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
        "centered": (False, True),
        "momentum": 0.0,
        "lr_inside": (False, True),
    },
    coefficients=coefficients,
    step=step,
    variant=variant,
)
VARIANTS = {
    (False, False): RULE,
    (True, False): replace(RULE, slots=("n", "a"), step=_rmsprop.centered, variant=None),
    (False, True): replace(RULE, slots=("n", "b"), step=_rmsprop.momentum, variant=None),
    (True, True): replace(RULE, slots=("n", "a", "b"), step=_rmsprop.both, variant=None),
}
