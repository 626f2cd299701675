"""The data sets, loaded on first use and shared."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nadamkit.errors import DataUnavailable

Array: TypeAlias = npt.NDArray[Any]


@cache
def breast_cancer(standardised: bool) -> tuple[Array, Array]:
    """Wisconsin breast cancer: 30 features and a constant one; labels -1 and 1.

    Returns
    -------
    features : ndarray, shape (569, 31)
    signs : ndarray, shape (569,)
    """
    features, labels = _scikit_learn("load_breast_cancer")
    if standardised:
        features = (features - features.mean(axis=0)) / features.std(axis=0)
    return _with_constant(features), 2.0 * labels - 1.0


@cache
def digits(constant: bool) -> tuple[Array, Array]:
    """Handwritten digits: pixels in [0, 1], and if asked a constant one; labels 0 to 9.

    Returns
    -------
    pixels : ndarray, shape (1797, 64) or (1797, 65)
    labels : ndarray of int64, shape (1797,)
    """
    pixels, labels = _scikit_learn("load_digits")
    pixels = pixels / 16
    return _with_constant(pixels) if constant else pixels, labels.astype(np.int64)


@cache
def diabetes() -> tuple[Array, Array]:
    """Diabetes progression: 10 features and the target, all of unit variance.

    Returns
    -------
    features : ndarray, shape (442, 10)
    targets : ndarray, shape (442,)
    """
    features, targets = _scikit_learn("load_diabetes")
    return features / features.std(axis=0), (targets - targets.mean()) / targets.std()


def weights(seed: int, inputs: int, hidden: int, outputs: int) -> Array:
    """A network's start: each layer normal of variance 1 / inputs, by inputs; biases 0."""
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((inputs, hidden)) / np.sqrt(inputs)
    second = rng.standard_normal((hidden, outputs)) / np.sqrt(hidden)
    return np.concatenate([first.ravel(), np.zeros(hidden), second.ravel(), np.zeros(outputs)])


def _with_constant(features: Array) -> Array:
    return np.hstack([features, np.ones((len(features), 1))])


@cache
def _scikit_learn(loader: str) -> tuple[Array, Array]:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise DataUnavailable(
            f"the data of this problem come with scikit-learn, which cannot be imported ({error}). "
            'Install it with `python -m pip install "nadamkit[examples]"`.'
        ) from error
    features, labels = getattr(datasets, loader)(return_X_y=True)
    return features, labels
