"""Classifiers and a factorisation of scikit-learn's handwritten digits.

Each function is a mean over its samples, plus a penalty on the weights of the classifiers, so that
a mean over the batches of an epoch is the value on all samples.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from nadamkit.problems import _data
from nadamkit.problems._problem import Array, Problem

SOURCE = "Data of Alpaydin & Kaynak (1998), UCI Machine Learning Repository, from scikit-learn"
#: Factors of half the sum of squared weights.
SOFTMAX_STRENGTH, NETWORK_STRENGTH = 1e-3, 1e-4
HIDDEN, CLASSES = 32, 10
RANK, IMAGES, PIXELS = 8, 1797, 64


def softmax(x: Array, g: Array, features: Array, labels: Array) -> float:
    """Mean cross-entropy of a linear classifier, with a penalty; x holds a row for each feature."""
    samples, width = features.shape
    classes = x.size // width
    f = 0.0
    for k in range(x.size):
        f += 0.5 * SOFTMAX_STRENGTH * x[k] * x[k]
        g[k] = SOFTMAX_STRENGTH * x[k]
    scores = np.empty(classes)
    for i in range(samples):
        scores[:] = 0.0
        for j in range(width):
            for k in range(classes):
                scores[k] += features[i, j] * x[j * classes + k]
        f += cross_entropy(scores, labels[i]) / samples
        for j in range(width):
            factor = features[i, j] / samples
            for k in range(classes):
                g[j * classes + k] += factor * scores[k]
    return f


def cross_entropy(scores: Array, label: int) -> float:
    """Of one sample; turns `scores` into its gradient."""
    top, total = -np.inf, 0.0
    for k in range(scores.size):
        top = max(top, scores[k])
    for k in range(scores.size):
        total += np.exp(scores[k] - top)
    loss = top + np.log(total) - scores[label]
    for k in range(scores.size):
        scores[k] = np.exp(scores[k] - top) / total
    scores[label] -= 1.0
    return loss


def relu_classification(x: Array, g: Array, features: Array, labels: Array) -> float:
    """Mean cross-entropy of one hidden layer of max(0, .), with a penalty.

    x holds the first layer by pixels, its biases, the second layer by hidden units, and its biases.
    """
    samples = features.shape[0]
    f = 0.0
    for k in range(x.size):
        f += 0.5 * NETWORK_STRENGTH * x[k] * x[k]
        g[k] = NETWORK_STRENGTH * x[k]
    hidden, slopes, scores = np.empty(HIDDEN), np.empty(HIDDEN), np.empty(CLASSES)
    for i in range(samples):
        forward(x, features[i], hidden, scores)
        f += cross_entropy(scores, labels[i]) / samples
        backward(x, g, features[i], hidden, slopes, scores, 1.0 / samples)
    return f


def forward(x: Array, pixels: Array, hidden: Array, scores: Array) -> None:
    """Compute both layers for one sample."""
    first = pixels.size * HIDDEN
    second, last = first + HIDDEN, x.size - CLASSES
    for h in range(HIDDEN):
        hidden[h] = x[first + h]
    for j in range(pixels.size):
        for h in range(HIDDEN):
            hidden[h] += pixels[j] * x[j * HIDDEN + h]
    for k in range(CLASSES):
        scores[k] = x[last + k]
    for h in range(HIDDEN):
        hidden[h] = max(hidden[h], 0.0)
        for k in range(CLASSES):
            scores[k] += hidden[h] * x[second + h * CLASSES + k]


def backward(
    x: Array,
    g: Array,
    pixels: Array,
    hidden: Array,
    slopes: Array,
    scores: Array,
    weight: float,
) -> None:
    """Add `weight` times a sample's gradient to `g`; `slopes` is room for the hidden layer's."""
    first = pixels.size * HIDDEN
    second, last = first + HIDDEN, x.size - CLASSES
    for k in range(CLASSES):
        scores[k] *= weight
        g[last + k] += scores[k]
    for h in range(HIDDEN):
        slopes[h] = 0.0
        if hidden[h] > 0.0:
            for k in range(CLASSES):
                g[second + h * CLASSES + k] += hidden[h] * scores[k]
                slopes[h] += scores[k] * x[second + h * CLASSES + k]
        g[first + h] += slopes[h]
    for j in range(pixels.size):
        for h in range(HIDDEN):
            g[j * HIDDEN + h] += pixels[j] * slopes[h]


def low_rank(x: Array, g: Array, rows: Array, numbers: Array) -> float:
    """Half the mean over rows of |row - u V^T|^2, u the row of U with the row's number.

    x holds U, shape (images, rank), and then V, shape (pixels, rank).
    """
    samples, width = rows.shape
    split = x.size - width * RANK
    f = 0.0
    g[:] = 0.0
    for i in range(samples):
        u = numbers[i] * RANK
        for j in range(width):
            v = split + j * RANK
            r = -rows[i, j]
            for k in range(RANK):
                r += x[u + k] * x[v + k]
            f += 0.5 * r * r / samples
            r /= samples
            for k in range(RANK):
                g[u + k] += r * x[v + k]
                g[v + k] += r * x[u + k]
    return f


def factors() -> Array:
    """Normal numbers of deviation 0.3."""
    return 0.3 * np.random.default_rng(0).standard_normal((IMAGES + PIXELS) * RANK)


def numbered_rows() -> tuple[Array, Array]:
    """The pixels, a row for each image, and the numbers of the rows."""
    pixels, _ = _data.digits(constant=False)
    return pixels, np.arange(IMAGES)


SOFTMAX = Problem(
    name="softmax_digits",
    title="Softmax regression, digits",
    source=SOURCE,
    function=softmax,
    start=np.zeros(650),
    lowest=0.26392582329,
    known="computed",
    data=partial(_data.digits, constant=True),
    helpers=(cross_entropy,),
)

PROBLEMS = (
    SOFTMAX,
    SOFTMAX.in_batches(64),
    Problem(
        name="mlp_digits",
        title="Network of 32 rectified units, digits, batches of 64",
        source=SOURCE,
        function=relu_classification,
        start=partial(_data.weights, 0, PIXELS, HIDDEN, CLASSES),
        lowest=1.7749648815e-2,
        known="computed",
        kind="stochastic",
        data=partial(_data.digits, constant=False),
        helpers=(forward, cross_entropy, backward),
        batch_size=64,
    ),
    Problem(
        name="mf_digits",
        title="Factorisation of rank 8, digits, batches of 64 rows",
        source="The minimum follows from the singular values: Eckart & Young (1936), Psychometrika",
        function=low_rank,
        start=factors,
        lowest=0.79128606990,
        known="computed",
        kind="stochastic",
        data=numbered_rows,
        batch_size=64,
    ),
)
