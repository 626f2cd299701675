"""
A quantum eigensolver with shot noise
=====================================

A variational quantum eigensolver looks for the ground state of a Hamiltonian: a circuit with
adjustable angles prepares a state, its energy is measured, and a classical optimiser turns the
angles. Each energy is a mean over a few measurements (*shots*), so that the optimiser never sees
the same value twice. That is where line searches fail, and where ``nadamkit`` needs no tuning.

Everything here is simulated in NumPy: four spins of the transverse-field Ising chain

.. math:: H = -\\sum_{q=1}^{3} Z_q Z_{q+1} - \\sum_{q=1}^{4} X_q .
"""

# %%
# The circuit
# -----------
# Layers of rotations about Y, one angle for each qubit, take turns with CZ gates between
# neighbours on a ring. The amplitudes stay real, and many angle vectors are simulated at once.

import matplotlib.pyplot as plt
import numpy as np
import peers
import scipy.optimize

import nadamkit

QUBITS, LAYERS, SHOTS = 4, 5, 100
STATES, ANGLES = 2**QUBITS, QUBITS * LAYERS

bits = (np.arange(STATES)[:, None] >> np.arange(QUBITS)[::-1]) & 1
spins = 1 - 2 * bits
bonds = -np.sum(spins[:, :-1] * spins[:, 1:], axis=1)
field = -np.sum(spins, axis=1)
cz = [
    (-1.0) ** np.sum([bits[:, a] * bits[:, b] for a, b in pairs], axis=0).reshape(4, 4)
    for pairs in ([(0, 1), (2, 3)], [(1, 2), (3, 0)])
]
hadamard = np.ones((1, 1))
for _ in range(QUBITS):
    hadamard = np.kron(hadamard, np.sqrt(0.5) * np.array([[1, 1], [1, -1]]))
ground = np.linalg.eigvalsh(np.diag(bonds) + hadamard @ np.diag(field) @ hadamard)[0]


def prepare(angles):
    """States, shape (k, STATES), of k circuits with the rows of `angles`."""
    half = 0.5 * angles.reshape(-1, LAYERS, QUBITS)
    c, s = np.cos(half), np.sin(half)
    turn = np.stack([np.stack([c, -s], axis=-1), np.stack([s, c], axis=-1)], axis=-2)
    # Kronecker products of the first two and of the last two rotations of each layer.
    first = np.einsum("klab,klcd->klacbd", turn[:, :, 0], turn[:, :, 1]).reshape(-1, LAYERS, 4, 4)
    last = np.einsum("klab,klcd->klbdac", turn[:, :, 2], turn[:, :, 3]).reshape(-1, LAYERS, 4, 4)
    state = np.zeros((len(half), 4, 4))
    state[:, 0, 0] = 1.0
    for layer in range(LAYERS):
        state = first[:, layer] @ state @ last[:, layer]
        if layer < LAYERS - 1:
            state = state * cz[layer % 2]
    return state.reshape(-1, STATES)


def exact(angles):
    """Energies without noise, as no experiment sees them."""
    state = prepare(angles)
    return state**2 @ bonds + (state @ hadamard) ** 2 @ field


def measured(angles, rng, shots=SHOTS):
    """Energies from `shots` measurements of all Z, and as many of all X."""
    state = prepare(angles)
    in_z = rng.multinomial(shots, state**2)
    in_x = rng.multinomial(shots, (state @ hadamard) ** 2)
    return (in_z @ bonds + in_x @ field) / shots


# %%
# The objective
# -------------
# The parameter-shift rule makes the gradient of rotations exact in the mean: each component is half
# the difference of two energies, the angle turned by a quarter of a circle to either side.
# An objective with its own randomness takes a generator as its last argument.

shifts = 0.5 * np.pi * np.vstack([np.zeros(ANGLES), np.eye(ANGLES), -np.eye(ANGLES)])


def with_gradient(energies):
    return energies[0], 0.5 * (energies[1 : ANGLES + 1] - energies[ANGLES + 1 :])


def energy(theta, rng):
    return with_gradient(measured(theta + shifts, rng))


CALLS = 300
theta0 = np.random.default_rng(1).uniform(-0.1, 0.1, ANGLES)
result = nadamkit.minimize(energy, theta0, jac=True, rng=0, options={"maxiter": CALLS})
print(result.message)
print(f"mean energy at the end {result.fun:.3f} +- {result.fun_error:.3f}, exact {ground:.3f}")

# %%
# The same budget for all
# -----------------------
# What an experiment pays for is circuits. A value with its gradient takes 41 of them here and a
# value alone only one, so COBYLA, which uses no gradient, gets values from 41 times as many shots.
# SciPy's solvers stop early, because with noise no step looks like progress; they are started again
# where they stopped until the budget is spent. Adam runs at five learning rates with cosine decay,
# and the table has the one that turned out best: it takes five budgets, and the exact energy to
# choose.
#
# The last row is no rival. It says what a solver would do that could see the energy without noise:
# if you have such a function, use L-BFGS-B.


def excess(theta):
    return exact(theta[None])[0] - ground


def value(theta, rng):
    return measured(theta[None], rng, len(shifts) * SHOTS)[0]


def with_nadamkit(seed):
    path = []
    found = nadamkit.minimize(
        *(energy, theta0),
        jac=True,
        rng=seed,
        callback=lambda xk: path.append(xk.copy()),
        options={"maxiter": CALLS},
    )
    # Where the calls were made: at the start, and after each step but the last.
    return found.x, [theta0, *path][:CALLS]


each = len(shifts)
cost = f"{each * CALLS}"
noiseless = scipy.optimize.minimize(
    lambda theta: with_gradient(exact(theta + shifts)), theta0, jac=True, method="L-BFGS-B"
)
rows = [
    peers.repeated("nadamkit, nothing tuned", cost, excess, with_nadamkit),
    peers.scipy_row("L-BFGS-B", cost, excess, energy, theta0, CALLS, jac=True),
    peers.scipy_row("CG", cost, excess, energy, theta0, CALLS, jac=True),
    peers.scipy_row("COBYLA", cost, excess, value, theta0, CALLS),
    peers.tuned_adam(cost, excess, energy, theta0, CALLS),
    peers.Row("without noise: L-BFGS-B", f"{each * noiseless.nfev}", excess(noiseless.x)),
]
peers.print_table(f"Exact energy above the ground state after {CALLS} calls", "circuits", rows)

# %%
# The course of the runs
# ----------------------
# Medians over the seeds of the exact energy where each solver measured. A line search takes the
# luck of a measurement for progress and then finds no better point; steps that shrink towards the
# end average the noise away.

fig, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
ends = []
for row, colour, dashes in ((rows[0], "black", "-"), (rows[1], "0.6", "-"), (rows[4], "0.4", "--")):
    if row.paths:
        course = np.median([exact(np.array(path)) - ground for path in row.paths], axis=0)
        axes.plot(np.arange(1, CALLS + 1), course, dashes, color=colour, lw=1.4)
        ends.append((CALLS, course[-1], row.name.split(",")[0], colour))
axes.set(
    xlabel=f"calls, of {each} circuits with {SHOTS} shots each in Z and in X",
    ylabel="exact energy above the ground state",
    yscale="log",
    xlim=(0, 1.25 * CALLS),
    xticks=np.linspace(0, CALLS, 7),
)
axes.spines[["top", "right"]].set_visible(False)
peers.label_ends(axes, ends)
plt.show()
