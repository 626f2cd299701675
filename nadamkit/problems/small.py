"""Functions of Moré, Garbow and Hillstrom (1981) with 2 to 6 variables and no data.

Each is a sum of squared residuals r.
"""

from __future__ import annotations

import numpy as np

from nadamkit.problems._mgh import mgh
from nadamkit.problems._problem import Array


def freudenstein_roth(x: Array, g: Array) -> float:
    """Least at (5, 4), value 0; many runs end at (11.41, -0.8968), value 48.9842."""
    a, b = x[0], x[1]
    r = -13.0 + a + ((5.0 - b) * b - 2.0) * b
    s = -29.0 + a + ((b + 1.0) * b - 14.0) * b
    g[0] = 2.0 * (r + s)
    g[1] = 2.0 * (r * (10.0 * b - 3.0 * b * b - 2.0) + s * (3.0 * b * b + 2.0 * b - 14.0))
    return r * r + s * s


def powell_badly_scaled(x: Array, g: Array) -> float:
    """Least at (1.098e-5, 9.106), value 0."""
    left, right = np.exp(-x[0]), np.exp(-x[1])
    r = 1e4 * x[0] * x[1] - 1.0
    s = left + right - 1.0001
    g[0] = 2.0 * (1e4 * x[1] * r - left * s)
    g[1] = 2.0 * (1e4 * x[0] * r - right * s)
    return r * r + s * s


def brown_badly_scaled(x: Array, g: Array) -> float:
    """Least at (1e6, 2e-6), value 0."""
    r, s, t = x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0
    g[0] = 2.0 * (r + x[1] * t)
    g[1] = 2.0 * (s + x[0] * t)
    return r * r + s * s + t * t


def beale(x: Array, g: Array) -> float:
    """r_i = y_i - x_1 (1 - x_2^i); least at (3, 0.5), value 0."""
    f = g[0] = g[1] = 0.0
    power = 1.0  # x_2^(i - 1)
    for i, y in enumerate((1.5, 2.25, 2.625)):
        gap = 1.0 - power * x[1]
        r = y - x[0] * gap
        f += r * r
        g[0] -= 2.0 * r * gap
        g[1] += 2.0 * r * x[0] * (i + 1) * power
        power *= x[1]
    return f


def jennrich_sampson(x: Array, g: Array) -> float:
    """r_i = 2 + 2i - (exp(i x_1) + exp(i x_2)), i = 1..10."""
    f = g[0] = g[1] = 0.0
    for i in range(1, 11):
        left, right = np.exp(i * x[0]), np.exp(i * x[1])
        r = 2.0 + 2.0 * i - (left + right)
        f += r * r
        g[0] -= 2.0 * r * i * left
        g[1] -= 2.0 * r * i * right
    return f


def helical_valley(x: Array, g: Array) -> float:
    """A valley that winds around the third axis; least at (1, 0, 0), value 0."""
    a, b, c = x[0], x[1], x[2]
    square = a * a + b * b
    radius = np.sqrt(square)
    if a == 0.0:
        turn = np.copysign(0.25, b)
    else:
        turn = np.arctan(b / a) / (2.0 * np.pi) + (0.5 if a < 0.0 else 0.0)
    r, s = 10.0 * (c - 10.0 * turn), 10.0 * (radius - 1.0)
    g[0] = 100.0 * r * b / (np.pi * square) + 20.0 * s * a / radius
    g[1] = -100.0 * r * a / (np.pi * square) + 20.0 * s * b / radius
    g[2] = 20.0 * r + 2.0 * c
    return r * r + s * s + c * c


def box(x: Array, g: Array) -> float:
    """r_i = exp(-t x_1) - exp(-t x_2) - x_3 (exp(-t) - exp(-10 t)), t = i / 10; value 0."""
    f = g[0] = g[1] = g[2] = 0.0
    for i in range(1, 11):
        t = 0.1 * i
        left, right, both = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t) - np.exp(-10.0 * t)
        r = left - right - x[2] * both
        f += r * r
        g[0] -= 2.0 * r * t * left
        g[1] += 2.0 * r * t * right
        g[2] -= 2.0 * r * both
    return f


def wood(x: Array, g: Array) -> float:
    """Two valleys with a tie between them; least at (1, 1, 1, 1), value 0."""
    a, b, c, d = x[0], x[1], x[2], x[3]
    r, s = b - a * a, d - c * c
    tie, twist = b + d - 2.0, b - d
    g[0] = -400.0 * a * r - 2.0 * (1.0 - a)
    g[1] = 200.0 * r + 20.0 * tie + 0.2 * twist
    g[2] = -360.0 * c * s - 2.0 * (1.0 - c)
    g[3] = 180.0 * s + 20.0 * tie - 0.2 * twist
    valleys = 100.0 * r * r + (1.0 - a) * (1.0 - a) + 90.0 * s * s + (1.0 - c) * (1.0 - c)
    return valleys + 10.0 * tie * tie + 0.1 * twist * twist


def brown_dennis(x: Array, g: Array) -> float:
    """r_i = (x_1 + t x_2 - exp t)^2 + (x_3 + x_4 sin t - cos t)^2, t = i / 5, i = 1..20."""
    f = g[0] = g[1] = g[2] = g[3] = 0.0
    for i in range(1, 21):
        t = 0.2 * i
        p = x[0] + t * x[1] - np.exp(t)
        q = x[2] + x[3] * np.sin(t) - np.cos(t)
        r = p * p + q * q
        f += r * r
        g[0] += 4.0 * r * p
        g[1] += 4.0 * r * p * t
        g[2] += 4.0 * r * q
        g[3] += 4.0 * r * q * np.sin(t)
    return f


def biggs(x: Array, g: Array) -> float:
    """A sum of three exponentials; value 0 at (1, 10, 1, 5, 4, 3), and 5.65565e-3 at a flat end."""
    f = 0.0
    g[:] = 0.0
    for i in range(1, 14):
        t = 0.1 * i
        y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
        e, h, k = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
        r = x[2] * e - x[3] * h + x[5] * k - y
        f += r * r
        g[0] -= 2.0 * r * t * x[2] * e
        g[1] += 2.0 * r * t * x[3] * h
        g[2] += 2.0 * r * e
        g[3] -= 2.0 * r * h
        g[4] -= 2.0 * r * t * x[5] * k
        g[5] += 2.0 * r * k
    return f


PROBLEMS = (
    mgh(2, "freud_roth", "Freudenstein and Roth", freudenstein_roth, [0.5, -2.0]),
    mgh(3, "powell_badscale", "Powell, badly scaled", powell_badly_scaled, [0.0, 1.0]),
    mgh(4, "brown_badscale", "Brown, badly scaled", brown_badly_scaled, [1.0, 1.0]),
    mgh(5, "beale", "Beale", beale, [1.0, 1.0]),
    mgh(6, "jensamp", "Jennrich and Sampson", jennrich_sampson, [0.3, 0.4], 124.36218235),
    mgh(7, "helical", "Helical valley", helical_valley, [-1.0, 0.0, 0.0]),
    mgh(12, "box3d", "Box, three-dimensional", box, [0.0, 10.0, 20.0]),
    mgh(14, "wood", "Wood", wood, [-3.0, -1.0, -3.0, -1.0]),
    mgh(
        16, "brown_dennis", "Brown and Dennis", brown_dennis, [25.0, 5.0, -5.0, -1.0], 85822.201626
    ),
    mgh(18, "biggs6", "Biggs, three exponentials", biggs, [1.0, 2.0, 1.0, 1.0, 1.0, 1.0]),
)
