"""Fits to scikit-learn's tables: logistic regression, and a small network.

Each function is a mean over its samples plus half of `STRENGTH` times the sum of squared weights,
so that a mean over the batches of an epoch is the value on all samples.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from nadamkit.problems import _data
from nadamkit.problems._problem import Array, Problem

STRENGTH = 1e-3
#: Units of the network's hidden layer.
HIDDEN = 8
CANCER = "Data of Street, Wolberg & Mangasarian (1993), UCI Repository, from scikit-learn"


def logistic(x: Array, g: Array, features: Array, signs: Array) -> float:
    """Mean of log(1 + exp(-z)), z = sign times features.x, with a penalty."""
    samples, n = features.shape
    f = 0.0
    for j in range(n):
        f += 0.5 * STRENGTH * x[j] * x[j]
        g[j] = STRENGTH * x[j]
    for i in range(samples):
        z = 0.0
        for j in range(n):
            z += features[i, j] * x[j]
        z *= signs[i]
        f += np.logaddexp(0.0, -z) / samples
        slope = -signs[i] / (1.0 + np.exp(z)) / samples
        for j in range(n):
            g[j] += slope * features[i, j]
    return f


def tanh_regression(x: Array, g: Array, features: Array, targets: Array) -> float:
    """Half the mean squared error of one hidden layer of tanh, with a penalty.

    x holds the first layer by features, its biases, the second layer, and its bias.
    """
    samples, width = features.shape
    first, last = width * HIDDEN, x.size - 1
    second = first + HIDDEN
    f = 0.0
    for k in range(x.size):
        f += 0.5 * STRENGTH * x[k] * x[k]
        g[k] = STRENGTH * x[k]
    hidden = np.empty(HIDDEN)
    for i in range(samples):
        error = x[last] - targets[i]
        for h in range(HIDDEN):
            total = 1.0 * x[first + h]
            for j in range(width):
                total += features[i, j] * x[j * HIDDEN + h]
            hidden[h] = np.tanh(total)
            error += hidden[h] * x[second + h]
        f += 0.5 * error * error / samples
        error /= samples
        g[last] += error
        for h in range(HIDDEN):
            g[second + h] += error * hidden[h]
            slope = error * x[second + h] * (1.0 - hidden[h] * hidden[h])
            g[first + h] += slope
            for j in range(width):
                g[j * HIDDEN + h] += slope * features[i, j]
    return f


STANDARDISED = Problem(
    name="logreg_bc_std",
    title="Logistic regression, breast cancer standardised",
    source=CANCER,
    function=logistic,
    start=np.zeros(31),
    lowest=5.9829471881e-2,
    known="computed",
    data=partial(_data.breast_cancer, standardised=True),
)

RAW = Problem(
    name="logreg_bc_raw",
    title="Logistic regression, breast cancer as measured",
    source=CANCER,
    function=logistic,
    start=np.zeros(31),
    lowest=9.7254226617e-2,
    known="computed",
    data=partial(_data.breast_cancer, standardised=False),
)

PROBLEMS = (
    STANDARDISED,
    RAW,
    Problem(
        name="mlp_diabetes",
        title="Network of 8 tanh units, diabetes",
        source="Data of Efron et al. (2004), Annals of Statistics 32(2), from scikit-learn",
        function=tanh_regression,
        start=partial(_data.weights, 1, 10, HIDDEN, 1),
        lowest=0.16245536558,
        known="computed",
        data=_data.diabetes,
    ),
    STANDARDISED.in_batches(32),
    RAW.in_batches(32),
)
