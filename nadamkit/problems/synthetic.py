"""Made-up functions: valleys, bowls and atoms, exact or with noise that is linear in x.

The noise of one draw is e.x in the value and e in the gradient, with e normal of zero mean and
independent components, so that both belong to the same smooth function.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from nadamkit.problems._problem import Array, Problem

#: Standard deviations of the gradient's noise.
ROSENBROCK_NOISE, QUADRATIC_NOISE = 5.0, 3.0


def himmelblau(x: Array, g: Array) -> float:
    """(x_1^2 + x_2 - 11)^2 + (x_1 + x_2^2 - 7)^2; four minima of value 0, one at (3, 2)."""
    r, s = x[0] * x[0] + x[1] - 11.0, x[0] + x[1] * x[1] - 7.0
    g[0] = 4.0 * x[0] * r + 2.0 * s
    g[1] = 2.0 * r + 4.0 * x[1] * s
    return r * r + s * s


def booth(x: Array, g: Array) -> float:
    """(x_1 + 2 x_2 - 7)^2 + (2 x_1 + x_2 - 5)^2; least at (1, 3), value 0."""
    r, s = x[0] + 2.0 * x[1] - 7.0, 2.0 * x[0] + x[1] - 5.0
    g[0] = 2.0 * r + 4.0 * s
    g[1] = 4.0 * r + 2.0 * s
    return r * r + s * s


def chained_rosenbrock(x: Array, g: Array) -> float:
    """Sum of 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2; 0 at 1, and near 4 by (-1, 1, ..., 1)."""
    f = 0.0
    g[:] = 0.0
    for i in range(x.size - 1):
        r, s = x[i + 1] - x[i] * x[i], 1.0 - x[i]
        f += 100.0 * r * r + s * s
        g[i] -= 400.0 * x[i] * r + 2.0 * s
        g[i + 1] += 200.0 * r
    return f


def noisy_rosenbrock(x: Array, g: Array, rng: np.random.Generator) -> float:
    """`chained_rosenbrock` and noise."""
    return chained_rosenbrock(x, g) + linear_noise(x, g, ROSENBROCK_NOISE, rng)


def quadratic(x: Array, g: Array, matrix: Array, centre: Array) -> float:
    """Half of d.(matrix d), d = x - centre; the matrix is symmetric."""
    f = 0.0
    for i in range(x.size):
        total = 0.0
        for j in range(x.size):
            total += matrix[i, j] * (x[j] - centre[j])
        g[i] = total
        f += 0.5 * total * (x[i] - centre[i])
    return f


def diagonal_quadratic(x: Array, g: Array, curvature: Array, centre: Array) -> float:
    """Half of sum of curvature (x - centre)^2."""
    f = 0.0
    for i in range(x.size):
        d = x[i] - centre[i]
        f += 0.5 * curvature[i] * d * d
        g[i] = curvature[i] * d
    return f


def noisy_quadratic(
    x: Array, g: Array, curvature: Array, centre: Array, rng: np.random.Generator
) -> float:
    """`diagonal_quadratic` and noise."""
    return diagonal_quadratic(x, g, curvature, centre) + linear_noise(x, g, QUADRATIC_NOISE, rng)


def linear_noise(x: Array, g: Array, deviation: float, rng: np.random.Generator) -> float:
    """Add a draw of noise to `g` and return what it adds to the value."""
    f = 0.0
    for i in range(x.size):
        e = deviation * rng.standard_normal()
        f += e * x[i]
        g[i] += e
    return f


def lennard_jones(x: Array, g: Array) -> float:
    """Sum over pairs of 4 (d^-12 - d^-6), d the distance; x holds one atom after the other."""
    f = 0.0
    g[:] = 0.0
    for i in range(3, x.size, 3):
        for j in range(0, i, 3):
            u, v, w = x[i] - x[j], x[i + 1] - x[j + 1], x[i + 2] - x[j + 2]
            inverse = 1.0 / (u * u + v * v + w * w)
            sixth = inverse * inverse * inverse
            f += 4.0 * sixth * (sixth - 1.0)
            slope = 24.0 * sixth * (1.0 - 2.0 * sixth) * inverse
            for k, difference in enumerate((u, v, w)):
                g[i + k] += slope * difference
                g[j + k] -= slope * difference
    return f


def quadratic_data(condition: float, rotated: bool) -> tuple[Array, Array]:
    """A 50 x 50 matrix with eigenvalues from 1 to `condition`, and a centre."""
    rng = np.random.default_rng(0)
    eigenvalues = np.logspace(0, np.log10(condition), 50)
    if rotated:
        basis, _ = np.linalg.qr(rng.standard_normal((50, 50)))
        matrix = (basis * eigenvalues) @ basis.T
        matrix = (matrix + matrix.T) / 2
    else:
        matrix = np.diag(rng.permutation(eigenvalues))
    return matrix, rng.standard_normal(50)


def diagonal_data() -> tuple[Array, Array]:
    """Curvatures of 50 axes from 1 to 1000, and a centre."""
    return np.logspace(0, 3, 50), 3 * np.random.default_rng(5).standard_normal(50)


def atoms() -> Array:
    """Four atoms in a box of side 4."""
    return np.random.default_rng(3).uniform(-2, 2, 12)


PROBLEMS = (
    Problem(
        name="chain_rosen10",
        title="Chained Rosenbrock, n = 10",
        source="Rosenbrock (1960), The Computer Journal 3(3)",
        function=chained_rosenbrock,
        start=[-1.2, 1.0] * 5,
        lowest=0.0,
        known="exact",
    ),
    Problem(
        name="chain_rosen100",
        title="Chained Rosenbrock, n = 100",
        source="Rosenbrock (1960), The Computer Journal 3(3)",
        function=chained_rosenbrock,
        start=[-1.2, 1.0] * 50,
        lowest=0.0,
        known="exact",
    ),
    Problem(
        name="himmelblau",
        title="Himmelblau",
        source="Himmelblau (1972), Applied Nonlinear Programming",
        function=himmelblau,
        start=[0.0, 0.0],
        lowest=0.0,
        known="exact",
    ),
    Problem(
        name="booth",
        title="Booth",
        source="Booth (1955), Numerical Methods",
        function=booth,
        start=[8.0, 9.0],
        lowest=0.0,
        known="exact",
    ),
    Problem(
        name="quad50_c1e2",
        title="Rotated quadratic of condition 1e2",
        source="nadamkit",
        function=quadratic,
        start=np.zeros(50),
        lowest=0.0,
        known="exact",
        data=partial(quadratic_data, 1e2, True),
    ),
    Problem(
        name="quad50_c1e4_rot",
        title="Rotated quadratic of condition 1e4",
        source="nadamkit",
        function=quadratic,
        start=np.zeros(50),
        lowest=0.0,
        known="exact",
        data=partial(quadratic_data, 1e4, True),
    ),
    Problem(
        name="quad50_c1e4_diag",
        title="Diagonal quadratic of condition 1e4",
        source="nadamkit",
        function=quadratic,
        start=np.zeros(50),
        lowest=0.0,
        known="exact",
        data=partial(quadratic_data, 1e4, False),
    ),
    Problem(
        name="lj4",
        title="Four atoms with Lennard-Jones potential",
        source="Lennard-Jones (1924); the minimum is the regular tetrahedron",
        function=lennard_jones,
        start=atoms,
        lowest=-6.0,
        known="exact",
    ),
    Problem(
        name="rosen20_noise",
        title="Chained Rosenbrock with noise, n = 20",
        source="Rosenbrock (1960), The Computer Journal 3(3)",
        function=chained_rosenbrock,
        start=[-1.2, 1.0] * 10,
        lowest=0.0,
        known="exact",
        kind="stochastic",
        noisy=noisy_rosenbrock,
        helpers=(chained_rosenbrock, linear_noise),
    ),
    Problem(
        name="quad50_noise",
        title="Diagonal quadratic of condition 1e3 with noise",
        source="nadamkit",
        function=diagonal_quadratic,
        start=np.zeros(50),
        lowest=0.0,
        known="exact",
        kind="stochastic",
        data=diagonal_data,
        noisy=noisy_quadratic,
        helpers=(diagonal_quadratic, linear_noise),
    ),
)
