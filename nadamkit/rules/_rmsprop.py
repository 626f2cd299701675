r"""RMSProp with more state: centered, with momentum, and both.

.. math::
    a_t &\leftarrow \nu\, a_{t-1} + (1-\nu)\, g_t &
    s_t &\leftarrow g_t / \sqrt{n_t - a_t^2 + \varepsilon} \\
    b_t &\leftarrow \mu\, b_{t-1} + s_t &
    \theta_t &\leftarrow \theta_{t-1} - \eta\, b_t

The variance :math:`n - a^2` is never negative (Jensen's inequality), but its rounding can be where
the gradient hardly changes, and its root would be NaN: ``least``, which is 0, holds it back. Both
means are corrected alike, by ``h``.
"""

from nadamkit import ops


def centered(x, g, slots, k):
    """Divided by the standard deviation."""
    n, a = slots
    eta, d, h, inside, outside, least = k
    n = n + d * (g * g - n)
    a = a + d * (g - a)
    variance = ops.maximum(h * n - (h * a) * (h * a), least)
    return x - eta * g / (ops.sqrt(variance + inside) + outside), (n, a)


def momentum(x, g, slots, k):
    """A decaying sum of the scaled gradients."""
    n, b = slots
    eta, d, h, inside, outside, c, inner, outer = k
    n = n + d * (g * g - n)
    scaled = (outer + inner * eta) * g / (ops.sqrt(h * n + inside) + outside)
    b = b + (scaled - c * b)
    return x - (inner + outer * eta) * b, (n, b)


def both(x, g, slots, k):
    """A decaying sum of gradients divided by their standard deviation."""
    n, a, b = slots
    eta, d, h, inside, outside, least, c, inner, outer = k
    n = n + d * (g * g - n)
    a = a + d * (g - a)
    variance = ops.maximum(h * n - (h * a) * (h * a), least)
    scaled = (outer + inner * eta) * g / (ops.sqrt(variance + inside) + outside)
    b = b + (scaled - c * b)
    return x - (inner + outer * eta) * b, (n, a, b)
