"""Word embeddings of Python's own manual by noise-contrastive estimation."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter

import numpy as np

from nadamkit.problems._problem import Array, Problem

WORDS, WIDTH, BATCH, NEGATIVES = 1000, 32, 128, 16
#: Start of the context vectors, and of the words' offsets, in x.
CONTEXTS, OFFSETS = WORDS * WIDTH, 2 * WORDS * WIDTH
#: The manual differs from one version of Python to the next: the best known value is for the text
#: of CPython 3.11.7, which has this digest.
LOWEST, DIGEST = 2.4869667057, "352d38c416b72c3c"


def contrast(x: Array, g: Array, text: Array, cumulative: Array) -> float:
    """Expected loss over pairs of neighbours and over negatives, all of them summed.

    The score of a word beside a centre is u.w + b, where x holds the vectors u of centres, the
    vectors w of contexts and the offsets b. A pair from the text with score s loses
    log(1 + exp(level - s)), and each of the k = `NEGATIVES` negatives log(1 + exp(s - level)). The
    level is log(k q), where q is the probability with which the word is drawn as a negative;
    `cumulative` holds its partial sums.
    """
    f = 0.0
    g[:] = 0.0
    inner = text.size - 2
    frequency = np.zeros(WORDS)
    for i in range(1, inner + 1):
        frequency[text[i]] += 1.0 / inner
        for word in (text[i - 1], text[i + 1]):
            level = np.log(expectation(cumulative, word))
            f += 0.5 / inner * positive(x, g, text[i], word, level, 0.5 / inner)
    for word in range(WORDS):
        expected = expectation(cumulative, word)
        level = np.log(expected)
        for centre in range(WORDS):
            weight = expected * frequency[centre]
            f += weight * negative(x, g, centre, word, level, weight)
    return f


def sampled_contrast(
    x: Array, g: Array, text: Array, cumulative: Array, rng: np.random.Generator
) -> float:
    """The loss of `BATCH` pairs, which share `NEGATIVES` negatives."""
    f = 0.0
    g[:] = 0.0
    negatives, levels = np.empty(NEGATIVES, np.int64), np.empty(NEGATIVES)
    for k in range(NEGATIVES):
        negatives[k] = np.searchsorted(cumulative, rng.random(), side="right")
        levels[k] = np.log(expectation(cumulative, negatives[k]))
    for _ in range(BATCH):
        i = 1 + int(rng.random() * (text.size - 2))
        word = text[i + 1] if rng.random() < 0.5 else text[i - 1]
        level = np.log(expectation(cumulative, word))
        f += positive(x, g, text[i], word, level, 1.0 / BATCH) / BATCH
        for k in range(NEGATIVES):
            f += negative(x, g, text[i], negatives[k], levels[k], 1.0 / BATCH) / BATCH
    return f


def positive(x: Array, g: Array, centre: int, word: int, level: float, weight: float) -> float:
    """Loss of a pair in the text; adds `weight` times its gradient."""
    s = score(x, centre, word) - level
    add(x, g, centre, word, -weight / (1.0 + np.exp(s)))
    return np.logaddexp(0.0, -s)


def negative(x: Array, g: Array, centre: int, word: int, level: float, weight: float) -> float:
    """Loss of a drawn word; adds `weight` times its gradient."""
    s = score(x, centre, word) - level
    add(x, g, centre, word, weight / (1.0 + np.exp(-s)))
    return np.logaddexp(0.0, s)


def score(x: Array, centre: int, word: int) -> float:
    """How well a word goes with a centre."""
    s = 1.0 * x[OFFSETS + word]
    u, w = centre * WIDTH, CONTEXTS + word * WIDTH
    for k in range(WIDTH):
        s += x[u + k] * x[w + k]
    return s


def add(x: Array, g: Array, centre: int, word: int, slope: float) -> None:
    """Add `slope` times the gradient of a score."""
    u, w = centre * WIDTH, CONTEXTS + word * WIDTH
    for k in range(WIDTH):
        g[u + k] += slope * x[w + k]
        g[w + k] += slope * x[u + k]
    g[OFFSETS + word] += slope


def expectation(cumulative: Array, word: int) -> float:
    """How often a word is among the negatives."""
    return NEGATIVES * (cumulative[word] - (cumulative[word - 1] if word > 0 else 0.0))


def data() -> tuple[Array, Array]:
    """The manual as numbers of words, 0 for all rare ones, and sums of frequencies to the 3/4."""
    from pydoc_data import topics

    words = re.findall(r"[a-z]+", " ".join(topics.topics.values()).lower())
    numbers = {word: 1 + i for i, (word, _) in enumerate(Counter(words).most_common(WORDS - 1))}
    text = np.array([numbers.get(word, 0) for word in words])
    chances = (np.bincount(text, minlength=WORDS) + 1.0) ** 0.75
    cumulative = np.cumsum(chances / chances.sum())
    cumulative[-1] = 1.0
    return text, cumulative


def start() -> Array:
    """Uniform centres, small normal contexts, offsets 0."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-1, 1, CONTEXTS)
    contexts = rng.standard_normal(CONTEXTS) / np.sqrt(WIDTH)
    return np.concatenate([centres, contexts, np.zeros(WORDS)])


def lowest() -> float:
    """The best known value, if the manual found here is the one that it is known for, or NaN."""
    text, _ = data()
    digest = hashlib.sha256(text.astype("<i8").tobytes()).hexdigest()
    return LOWEST if digest.startswith(DIGEST) else math.nan


PROBLEMS = (
    Problem(
        name="nce_pydoc",
        title="Word embeddings of Python's manual, 128 pairs and 16 negatives",
        source="Mnih & Kavukcuoglu (2013), Advances in Neural Information Processing Systems 26",
        function=contrast,
        start=start,
        lowest=lowest,
        known="computed",
        kind="stochastic",
        data=data,
        noisy=sampled_contrast,
        helpers=(positive, negative, score, add, expectation),
    ),
)
