"""The problems of the demo: softmax regression on handwritten digits, and Rosenbrock's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Problem:
    """An objective ``fun(x) -> (f, gradient)``, its start, and how good an x is for its user."""

    name: str
    title: str
    fun: Callable[[Array], tuple[float, Array]]
    x0: Array
    score: Callable[[Array], float]
    score_title: str


@dataclass(frozen=True)
class SoftmaxRegression:
    r"""Mean cross-entropy of a linear classifier plus an L2 penalty on all weights but the biases.

    Parameters
    ----------
    features : array, shape (samples, features)
        The last column is the constant 1 of the bias.
    labels : array of int, shape (samples,)
        Class of each sample, from 0.
    classes : int
        Number of classes.
    strength : float
        Factor of half the sum of squared weights.
    """

    features: Array
    labels: Array
    classes: int = 10
    strength: float = 1e-3

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Loss and gradient; `x` holds one row of weights per class, flattened."""
        weights = x.reshape(self.classes, -1)
        samples = np.arange(len(self.labels))
        scores = self.features @ weights.T
        scores -= scores.max(axis=1, keepdims=True)
        log_odds = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        residuals = np.exp(log_odds)
        residuals[samples, self.labels] -= 1
        shrunk = self.strength * weights
        shrunk[:, -1] = 0
        loss = -log_odds[samples, self.labels].mean() + 0.5 * np.vdot(shrunk, weights)
        gradient = residuals.T @ self.features / len(samples) + shrunk
        return float(loss), gradient.ravel()

    def accuracy(self, x: Array) -> float:
        """Share of the samples that the weights `x` put into the right class."""
        scores = self.features @ x.reshape(self.classes, -1).T
        return float(np.mean(scores.argmax(axis=1) == self.labels))


def digits() -> Problem:
    """Softmax regression on scikit-learn's digits: 1347 to fit, 450 to test, 650 weights."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    features = np.hstack([pixels / 16, np.ones((len(pixels), 1))])
    order = np.random.default_rng(2015).permutation(len(labels))
    fit, test = order[:1347], order[1347:]
    loss = SoftmaxRegression(features[fit], labels[fit])
    return Problem(
        name="digits",
        title="Softmax regression on handwritten digits (1347 images, 650 weights)",
        fun=loss,
        x0=np.zeros(loss.classes * features.shape[1]),
        score=SoftmaxRegression(features[test], labels[test]).accuracy,
        score_title="test accuracy",
    )


def rosenbrock(x: Array) -> tuple[float, Array]:
    """Rosenbrock's function, sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, and its gradient."""
    bend, gap = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * bend * x[:-1] - 2 * gap
    gradient[1:] += 200 * bend
    return float(100 * bend @ bend + gap @ gap), gradient


def valley(n: int) -> Problem:
    """Rosenbrock's function of `n` variables from the origin; all are 1 at the minimum."""
    return Problem(
        name="rosenbrock",
        title=f"Rosenbrock's function of {n} variables",
        fun=rosenbrock,
        x0=np.zeros(n),
        score=lambda x: float(np.abs(x - 1).max()),
        score_title="max |x - 1|",
    )
