"""The fits and simulations again, in NumPy with whole matrices, for complex x: the complex step."""

from functools import cache, reduce

import numpy as np


def softplus(z):
    """log(1 + exp(z)) for complex z with a small imaginary part."""
    positive = z.real > 0
    return np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z)))


def cross_entropy(scores, labels):
    top = scores.real.max(axis=1, keepdims=True)
    log_total = np.log(np.sum(np.exp(scores - top), axis=1)) + top[:, 0]
    return np.mean(log_total - scores[np.arange(len(labels)), labels])


def logistic(x, features, signs):
    return np.mean(softplus(-signs * (features @ x))) + 0.5e-3 * x @ x


def softmax(x, features, labels):
    return cross_entropy(features @ x.reshape(65, 10), labels) + 0.5e-3 * x @ x


def tanh_network(x, features, targets):
    first, biases, second, bias = np.split(x, [80, 88, 96])
    error = np.tanh(features @ first.reshape(10, 8) + biases) @ second + bias - targets
    return np.mean(error**2) / 2 + 0.5e-3 * x @ x


def relu_network(x, features, labels):
    first, biases, second, last = np.split(x, [2048, 2080, 2400])
    hidden = features @ first.reshape(64, 32) + biases
    hidden = np.where(hidden.real > 0, hidden, 0)
    return cross_entropy(hidden @ second.reshape(32, 10) + last, labels) + 0.5e-4 * x @ x


def low_rank(x, rows, numbers):
    left, right = x[:-512].reshape(-1, 8), x[-512:].reshape(64, 8)
    return np.sum((left[numbers] @ right.T - rows) ** 2) / (2 * len(rows))


def projector(angle):
    """The projection at an angle as a matrix, shape (bins, pixels)."""
    centre = np.arange(48) - 23.5
    places = (np.cos(angle) * centre[None, :] + np.sin(angle) * centre[:, None]).ravel() + 35
    # A hat function about each bin is the linear interpolation between two of them.
    return np.maximum(0, 1 - np.abs(np.arange(70)[:, None] - places))


def tomography(x, sinogram, angles):
    image = x.reshape(48, 48)
    across = np.diff(image, axis=1, append=image[:, -1:])
    down = np.diff(image, axis=0, append=image[-1:])
    errors = [projector(angle) @ x - row for row, angle in zip(sinogram, angles, strict=True)]
    fit = np.mean(np.square(errors)) / 2
    return fit + 2e-4 * np.sum(np.sqrt(across**2 + down**2 + 1e-4))


PAULI_X, PAULI_Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])


def on(gates):
    """The operator with gates on some qubits, as {qubit: matrix}, and nothing on the others."""
    return reduce(np.kron, [gates.get(q, np.eye(2)) for q in range(4)])


@cache
def ising():
    """The Hamiltonian, shape (16, 16)."""
    bonds = sum(on({q: PAULI_Z, q + 1: PAULI_Z}) for q in range(3))
    return -bonds - sum(on({q: PAULI_X}) for q in range(4))


def circuit(x):
    """The state that the angles prepare, shape (16,)."""
    state = np.eye(16)[0]
    up, down = np.diag([1, 0]), np.diag([0, 1])
    for layer, angles in enumerate(x.reshape(4, 4)):
        for q, angle in enumerate(angles / 2):
            c, s = np.cos(angle), np.sin(angle)
            state = on({q: np.array([[c, -s], [s, c]])}) @ state
        for q in range(4 if layer < 3 else 0):
            state = (on({q: up}) + on({q: down, (q + 1) % 4: PAULI_Z})) @ state
    return state


def energy(x):
    return circuit(x) @ ising() @ circuit(x)


def contrast(x, text, cumulative):
    centres, contexts = x[:32000].reshape(1000, 32), x[32000:64000].reshape(1000, 32)
    chances = np.diff(cumulative, prepend=0)
    scores = centres @ contexts.T + x[64000:] - np.log(16 * chances)
    inner = text[1:-1]
    pairs = [softplus(-scores[inner, side]) for side in (text[:-2], text[2:])]
    negatives = softplus(scores) @ chances
    return np.mean(pairs) + 16 * np.mean(negatives[inner])


def free_energy(x, features, signs):
    """The expectation by Gauss-Legendre quadrature on 100 intervals, not the trapezoid rule."""
    means, deviations = x[:31], np.exp(x[31:])
    nodes, weights = np.polynomial.legendre.leggauss(12)
    points = (np.arange(-50, 50)[:, None] + (nodes + 1) / 2).ravel() * 0.18
    density = np.tile(weights, 100) * 0.09 * np.exp(-(points**2) / 2) / np.sqrt(2 * np.pi)
    centre = signs * (features @ means)
    spread = np.sqrt(features**2 @ deviations**2)
    loss = np.sum(softplus(-(centre + spread * points[:, None])) * density[:, None])
    prior = np.sum(means**2 + deviations**2) / 2 - np.sum(x[31:])
    return (loss + prior) / len(signs)


#: Value by name.
VALUES = {
    "logreg_bc_std": logistic,
    "logreg_bc_raw": logistic,
    "logreg_bc_std_mini": logistic,
    "logreg_bc_raw_mini": logistic,
    "softmax_digits": softmax,
    "softmax_digits_mini": softmax,
    "mlp_diabetes": tanh_network,
    "mlp_digits": relu_network,
    "mf_digits": low_rank,
    "ct_phantom48": tomography,
    "vqe_tfim4": energy,
    "nce_pydoc": contrast,
    "advi_logreg": free_energy,
}
