"""A variational quantum eigensolver, simulated: energies are means over a hundred measurements."""

from __future__ import annotations

import numpy as np

from nadamkit.problems._problem import Array, Problem

QUBITS, LAYERS, SHOTS = 4, 3, 100
STATES = 2**QUBITS
PARAMETERS = QUBITS * (LAYERS + 1)


def energy(x: Array, g: Array) -> float:
    r"""Energy of -sum Z_q Z_(q+1) - sum X_q, an open chain, in the state that the circuit prepares.

    The circuit is `LAYERS` + 1 layers of rotations about Y, one angle in x for each, with CZ gates
    around the ring between them. The parameter-shift rule
    :math:`\partial E/\partial x_k = (E(x + \pi e_k/2) - E(x - \pi e_k/2))/2` is exact for them.
    """
    state, turned = np.empty(STATES), np.empty(STATES)
    for k in range(PARAMETERS):
        prepare(x, k, 0.5 * np.pi, state)
        above = expectation(state, turned)
        prepare(x, k, -0.5 * np.pi, state)
        g[k] = 0.5 * (above - expectation(state, turned))
    prepare(x, 0, 0.0, state)
    return expectation(state, turned)


def measured_energy(x: Array, g: Array, rng: np.random.Generator) -> float:
    """`energy` from means over `SHOTS` measurements of all Z, and as many of all X."""
    state, turned = np.empty(STATES), np.empty(STATES)
    for k in range(PARAMETERS):
        prepare(x, k, 0.5 * np.pi, state)
        above = estimate(state, turned, rng)
        prepare(x, k, -0.5 * np.pi, state)
        g[k] = 0.5 * (above - estimate(state, turned, rng))
    prepare(x, 0, 0.0, state)
    return estimate(state, turned, rng)


def prepare(x: Array, shifted: int, shift: float, state: Array) -> None:
    """Run the circuit from |0...0>, with `shift` added to one angle; amplitudes are real."""
    state[:] = 0.0
    state[0] = 1.0
    for k in range(PARAMETERS):
        half = 0.5 * (x[k] + (shift if k == shifted else 0.0))
        c, s = np.cos(half), np.sin(half)
        bit = 1 << (k % QUBITS)
        for low in range(STATES):
            if not low & bit:
                a, b = state[low], state[low | bit]
                state[low] = c * a - s * b
                state[low | bit] = s * a + c * b
        if k % QUBITS == QUBITS - 1 and k < PARAMETERS - 1:
            for i in range(STATES):
                rotated = (i >> 1) | ((i & 1) << (QUBITS - 1))
                if count_bits(i & rotated) % 2:
                    state[i] = -state[i]


def count_bits(i: int) -> int:
    """Number of ones among the qubits."""
    total = 0
    for q in range(QUBITS):
        total += (i >> q) & 1
    return total


def turn(state: Array, turned: Array) -> None:
    """A Hadamard gate on each qubit, after which measuring Z measures X."""
    turned[:] = state
    for q in range(QUBITS):
        bit = 1 << q
        for low in range(STATES):
            if not low & bit:
                a, b = turned[low], turned[low | bit]
                turned[low] = np.sqrt(0.5) * (a + b)
                turned[low | bit] = np.sqrt(0.5) * (a - b)


def bonds(i: int) -> float:
    """-sum Z_q Z_(q+1) of a basis state."""
    return 2.0 * count_bits((i ^ (i >> 1)) & (STATES // 2 - 1)) - (QUBITS - 1)


def field(i: int) -> float:
    """-sum X_q of a basis state after `turn`."""
    return 2.0 * count_bits(i) - QUBITS


def expectation(state: Array, turned: Array) -> float:
    """Exact energy; `turned` is room for a state."""
    turn(state, turned)
    total = 0.0
    for i in range(STATES):
        total += state[i] * state[i] * bonds(i) + turned[i] * turned[i] * field(i)
    return total


def estimate(state: Array, turned: Array, rng: np.random.Generator) -> float:
    """Mean energy of simulated measurements."""
    turn(state, turned)
    total = 0.0
    for _ in range(SHOTS):
        total += bonds(outcome(state, rng)) + field(outcome(turned, rng))
    return total / SHOTS


def outcome(state: Array, rng: np.random.Generator) -> int:
    """The basis state that one measurement finds."""
    rest = rng.random()
    for i in range(STATES - 1):
        rest -= state[i] * state[i]
        if rest < 0.0:
            return i
    return STATES - 1


def start() -> Array:
    """Small angles."""
    return np.random.default_rng(2).uniform(-0.1, 0.1, PARAMETERS)


PROBLEMS = (
    Problem(
        name="vqe_tfim4",
        title="Eigensolver of 4 qubits, transverse Ising chain, 100 shots",
        source="Peruzzo et al. (2014), Nature Communications 5; the chain: Pfeuty (1970)",
        function=energy,
        start=start,
        lowest=-4.6559160729,
        known="computed",
        kind="stochastic",
        noisy=measured_energy,
        helpers=(prepare, count_bits, turn, bonds, field, expectation, estimate, outcome),
    ),
)
