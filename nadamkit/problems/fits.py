"""Curve fits of Moré, Garbow and Hillstrom (1981), with their tables.

Each is a sum of squared residuals.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from nadamkit.problems._mgh import mgh
from nadamkit.problems._problem import Array


def bard(x: Array, g: Array, t: Array, y: Array) -> float:
    """Residuals y - (x_1 + t / (v x_2 + w x_3)), v = 16 - t, w = min(t, v)."""
    f = g[0] = g[1] = g[2] = 0.0
    for i in range(t.size):
        v = 16.0 - t[i]
        w = min(t[i], v)
        q = v * x[1] + w * x[2]
        r = y[i] - x[0] - t[i] / q
        f += r * r
        g[0] -= 2.0 * r
        g[1] += 2.0 * r * t[i] * v / (q * q)
        g[2] += 2.0 * r * t[i] * w / (q * q)
    return f


def gaussian(x: Array, g: Array, t: Array, y: Array) -> float:
    """Residuals x_1 exp(-x_2 (t - x_3)^2 / 2) - y."""
    f = g[0] = g[1] = g[2] = 0.0
    for i in range(t.size):
        d = t[i] - x[2]
        e = np.exp(-0.5 * x[1] * d * d)
        r = x[0] * e - y[i]
        f += r * r
        g[0] += 2.0 * r * e
        g[1] -= r * x[0] * e * d * d
        g[2] += 2.0 * r * x[0] * e * x[1] * d
    return f


def meyer(x: Array, g: Array, t: Array, y: Array) -> float:
    """Residuals x_1 exp(x_2 / (t + x_3)) - y: the resistance of a thermistor."""
    f = g[0] = g[1] = g[2] = 0.0
    for i in range(t.size):
        d = t[i] + x[2]
        e = np.exp(x[1] / d)
        r = x[0] * e - y[i]
        f += r * r
        g[0] += 2.0 * r * e
        g[1] += 2.0 * r * x[0] * e / d
        g[2] -= 2.0 * r * x[0] * e * x[1] / (d * d)
    return f


def kowalik_osborne(x: Array, g: Array, t: Array, y: Array) -> float:
    """Residuals y - x_1 (t^2 + t x_2) / (t^2 + t x_3 + x_4); 1.02734e-3 at a flat end."""
    f = g[0] = g[1] = g[2] = g[3] = 0.0
    for i in range(t.size):
        p = t[i] * (t[i] + x[1])
        q = t[i] * (t[i] + x[2]) + x[3]
        r = y[i] - x[0] * p / q
        f += r * r
        g[0] -= 2.0 * r * p / q
        g[1] -= 2.0 * r * x[0] * t[i] / q
        g[2] += 2.0 * r * x[0] * p * t[i] / (q * q)
        g[3] += 2.0 * r * x[0] * p / (q * q)
    return f


def osborne(x: Array, g: Array, t: Array, y: Array) -> float:
    """Residuals y - (x_1 + x_2 exp(-t x_4) + x_3 exp(-t x_5))."""
    f = 0.0
    g[:] = 0.0
    for i in range(t.size):
        e, h = np.exp(-t[i] * x[3]), np.exp(-t[i] * x[4])
        r = y[i] - (x[0] + x[1] * e + x[2] * h)
        f += r * r
        g[0] -= 2.0 * r
        g[1] -= 2.0 * r * e
        g[2] -= 2.0 * r * h
        g[3] += 2.0 * r * x[1] * t[i] * e
        g[4] += 2.0 * r * x[2] * t[i] * h
    return f


BARD_Y = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)
#: One half of the table, which is symmetric about the last.
GAUSSIAN_Y = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989)
MEYER_Y = (
    *(34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744),
    *(8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872),
)
KOWALIK_T = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)
KOWALIK_Y = (
    *(0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627),
    *(0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
)
OSBORNE_Y = (
    *(0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751),
    *(0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490),
    *(0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406),
)


def table(t: Array, y: tuple[float, ...]) -> tuple[Array, Array]:
    """Abscissae and ordinates."""
    return np.array(t, np.float64), np.array(y, np.float64)


PROBLEMS = (
    mgh(
        *(8, "bard", "Bard", bard, [1.0, 1.0, 1.0], 8.2148773065e-3),
        data=partial(table, np.arange(1, 16), BARD_Y),
    ),
    mgh(
        *(9, "gaussian", "Gaussian", gaussian, [0.4, 1.0, 0.0], 1.1279327696e-8),
        data=partial(table, np.arange(7, -8, -1) / 2, (*GAUSSIAN_Y, *GAUSSIAN_Y[-2::-1])),
    ),
    mgh(
        *(10, "meyer", "Meyer", meyer, [0.02, 4000.0, 250.0], 87.945855170),
        data=partial(table, np.arange(50, 126, 5), MEYER_Y),
    ),
    mgh(
        *(15, "kowosb", "Kowalik and Osborne", kowalik_osborne, [0.25, 0.39, 0.415, 0.39]),
        best=3.0750560384e-4,
        data=partial(table, np.array(KOWALIK_T), KOWALIK_Y),
    ),
    mgh(
        *(17, "osborne1", "Osborne", osborne, [0.5, 1.5, -1.0, 0.01, 0.02], 5.4648946974e-5),
        data=partial(table, np.arange(0, 330, 10), OSBORNE_Y),
    ),
)
