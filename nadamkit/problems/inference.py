"""Variational inference: the posterior of a logistic regression, one draw at a time."""

from __future__ import annotations

from functools import partial

import numpy as np

from nadamkit.problems import _data
from nadamkit.problems._problem import Array, Problem

#: Points of the trapezoid rule for means over a standard normal variable: `STEP` apart, up to
#: `REACH`. For scores of deviation d its error falls like exp(-2 pi^2 / (STEP d)).
STEP, REACH = 0.03125, 8.5


def free_energy(x: Array, g: Array, features: Array, signs: Array) -> float:
    """Negative evidence bound per sample, without constants, of independent normal weights.

    x holds the means m and then the logarithms of the deviations s. The prior of the weights is
    standard normal. The score of a sample is normal too, so that its expected loss is one integral.
    """
    samples, n = features.shape
    f = 0.0
    for j in range(n):
        square = np.exp(2.0 * x[n + j])
        f += (0.5 * (x[j] * x[j] + square) - x[n + j]) / samples
        g[j] = x[j] / samples
        g[n + j] = (square - 1.0) / samples
    for i in range(samples):
        mean, variance = 0.0, 0.0
        for j in range(n):
            mean += signs[i] * features[i, j] * x[j]
            variance += features[i, j] * features[i, j] * np.exp(2.0 * x[n + j])
        loss, slope, curvature = expected_loss(mean, np.sqrt(variance))
        f += loss / samples
        for j in range(n):
            g[j] += slope * signs[i] * features[i, j] / samples
            square = features[i, j] * features[i, j] * np.exp(2.0 * x[n + j])
            g[n + j] += curvature * square / samples
    return f


def expected_loss(mean: float, deviation: float) -> tuple[float, float, float]:
    """Means of log(1 + exp(-z)) and its two derivatives over a normal z, by the trapezoid rule.

    The mean second derivative is that of the loss by half the variance (Price's theorem).
    """
    loss, slope, curvature, total = 0.0, 0.0, 0.0, 0.0
    count = int(REACH / STEP)
    for k in range(-count, count + 1):
        u = k * STEP
        weight = np.exp(-0.5 * u * u)
        z = mean + deviation * u
        miss = 1.0 / (1.0 + np.exp(z))
        total += weight
        loss += weight * np.logaddexp(0.0, -z)
        slope -= weight * miss
        curvature += weight * miss * (1.0 - miss)
    return loss / total, slope / total, curvature / total


def drawn_free_energy(
    x: Array, g: Array, features: Array, signs: Array, rng: np.random.Generator
) -> float:
    """`free_energy` with the weights m + s e of one draw e of standard normal numbers."""
    samples, n = features.shape
    weights, shifts, slopes = np.empty(n), np.empty(n), np.empty(n)
    f = 0.0
    for j in range(n):
        shifts[j] = np.exp(x[n + j]) * rng.standard_normal()
        weights[j] = x[j] + shifts[j]
        slopes[j] = weights[j]
        f += 0.5 * weights[j] * weights[j] - x[n + j]
    for i in range(samples):
        z = 0.0
        for j in range(n):
            z += signs[i] * features[i, j] * weights[j]
        f += np.logaddexp(0.0, -z)
        slope = -signs[i] / (1.0 + np.exp(z))
        for j in range(n):
            slopes[j] += slope * features[i, j]
    for j in range(n):
        g[j] = slopes[j] / samples
        g[n + j] = (slopes[j] * shifts[j] - 1.0) / samples
    return f / samples


PROBLEMS = (
    Problem(
        name="advi_logreg",
        title="Variational logistic regression, breast cancer, one draw",
        source="Kucukelbir et al. (2017), Journal of Machine Learning Research 18(14)",
        function=free_energy,
        start=np.zeros(62),
        lowest=0.14580556624,
        known="computed",
        kind="stochastic",
        data=partial(_data.breast_cancer, True),
        noisy=drawn_free_energy,
        helpers=(expected_loss,),
    ),
)
