"""Functions of Moré, Garbow and Hillstrom (1981) with any number of variables.

Each is a sum of squared residuals r.
"""

from __future__ import annotations

import numpy as np

from nadamkit.problems._mgh import mgh
from nadamkit.problems._problem import Array


def rosenbrock(x: Array, g: Array) -> float:
    """Extended Rosenbrock: pairs (10 (b - a^2), 1 - a); least at 1, value 0."""
    f = 0.0
    for i in range(0, x.size, 2):
        a, b = x[i], x[i + 1]
        r = b - a * a
        f += 100.0 * r * r + (1.0 - a) * (1.0 - a)
        g[i] = -400.0 * a * r - 2.0 * (1.0 - a)
        g[i + 1] = 200.0 * r
    return f


def powell_singular(x: Array, g: Array) -> float:
    """Extended Powell singular: least at 0, value 0, with a singular Hessian there."""
    f = 0.0
    for i in range(0, x.size, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        p, q, r, s = a + 10.0 * b, c - d, b - 2.0 * c, a - d
        f += p * p + 5.0 * q * q + r * r * r * r + 10.0 * s * s * s * s
        g[i] = 2.0 * p + 40.0 * s * s * s
        g[i + 1] = 20.0 * p + 4.0 * r * r * r
        g[i + 2] = 10.0 * q - 8.0 * r * r * r
        g[i + 3] = -10.0 * q - 40.0 * s * s * s
    return f


def watson(x: Array, g: Array) -> float:
    """A polynomial p with p' - p^2 = 1 at 29 points t, p(0) = 0 and p'(0) = 1."""
    n = x.size
    tie = x[1] - x[0] * x[0] - 1.0
    f = x[0] * x[0] + tie * tie
    g[:] = 0.0
    g[0] = 2.0 * x[0] - 4.0 * tie * x[0]
    g[1] = 2.0 * tie
    for i in range(1, 30):
        t = i / 29.0
        value, slope, power = x[0] * 1.0, 0.0, 1.0
        for j in range(1, n):
            slope += j * power * x[j]
            power *= t
            value += power * x[j]
        r = slope - value * value - 1.0
        f += r * r
        g[0] -= 4.0 * r * value
        power = 1.0
        for j in range(1, n):
            g[j] += 2.0 * r * (j * power - 2.0 * value * power * t)
            power *= t
    return f


def penalty_1(x: Array, g: Array) -> float:
    """1e-5 sum (x_i - 1)^2 + (sum x_i^2 - 1/4)^2."""
    f, excess = 0.0, -0.25
    for i in range(x.size):
        f += 1e-5 * (x[i] - 1.0) * (x[i] - 1.0)
        excess += x[i] * x[i]
    for i in range(x.size):
        g[i] = 2e-5 * (x[i] - 1.0) + 4.0 * excess * x[i]
    return f + excess * excess


def penalty_2(x: Array, g: Array) -> float:
    """x_1 near 0.2, exp(x_i / 10) near given values, and sum (n - i + 1) x_i^2 near 1."""
    n = x.size
    excess = -1.0
    for i in range(n):
        excess += (n - i) * x[i] * x[i]
    for i in range(n):
        g[i] = 4.0 * excess * (n - i) * x[i]
    first = x[0] - 0.2
    g[0] += 2.0 * first
    f = excess * excess + first * first
    low = np.exp(-0.1)
    for i in range(1, n):
        here, before = np.exp(0.1 * x[i]), np.exp(0.1 * x[i - 1])
        r = here + before - np.exp(0.1 * (i + 1)) - np.exp(0.1 * i)
        s = here - low
        f += 1e-5 * (r * r + s * s)
        g[i] += 2e-6 * (r + s) * here
        g[i - 1] += 2e-6 * r * before
    return f


def variably_dimensioned(x: Array, g: Array) -> float:
    """Sum (x_i - 1)^2 + s^2 + s^4, s = sum i (x_i - 1); least at 1, value 0."""
    f, s = 0.0, 0.0
    for i in range(x.size):
        d = x[i] - 1.0
        f += d * d
        s += (i + 1) * d
    for i in range(x.size):
        g[i] = 2.0 * (x[i] - 1.0) + (i + 1) * (2.0 * s + 4.0 * s * s * s)
    return f + s * s + s * s * s * s


def trigonometric(x: Array, g: Array) -> float:
    """r_i = n - sum cos x_j + i (1 - cos x_i) - sin x_i; 0, and a local 2.79506e-5 for n = 10."""
    n = x.size
    rest = 1.0 * n
    for i in range(n):
        rest -= np.cos(x[i])
    f, total = 0.0, 0.0
    for i in range(n):
        c, s = np.cos(x[i]), np.sin(x[i])
        r = rest + (i + 1) * (1.0 - c) - s
        f += r * r
        total += r
        g[i] = 2.0 * r * ((i + 1) * s - c)
    for i in range(n):
        g[i] += 2.0 * total * np.sin(x[i])
    return f


def brown_almost_linear(x: Array, g: Array) -> float:
    """r_i = x_i + sum x_j - (n + 1) for i < n, r_n = prod x_j - 1; 0, and 1 at (0, ..., n + 1)."""
    n = x.size
    shift = -(n + 1.0)
    product = 1.0
    for i in range(n):
        shift += x[i]
        product *= x[i]
    f, total = (product - 1.0) * (product - 1.0), 0.0
    for i in range(n - 1):
        r = x[i] + shift
        f += r * r
        total += r
    for i in range(n):
        others = 1.0
        for j in range(n):
            if j != i:
                others *= x[j]
        own = x[i] + shift if i < n - 1 else 0.0
        g[i] = 2.0 * (own + total + (product - 1.0) * others)
    return f


def boundary_value(x: Array, g: Array) -> float:
    """-u'' + (u + t + 1)^3 / 2 = 0 by differences on (0, 1), u(0) = u(1) = 0; value 0."""
    n = x.size
    h = 1.0 / (n + 1)
    f = 0.0
    g[:] = 0.0
    for i in range(n):
        c = x[i] + (i + 1) * h + 1.0
        r = 2.0 * x[i] + 0.5 * h * h * c * c * c
        if i > 0:
            r -= x[i - 1]
        if i < n - 1:
            r -= x[i + 1]
        f += r * r
        g[i] += 2.0 * r * (2.0 + 1.5 * h * h * c * c)
        if i > 0:
            g[i - 1] -= 2.0 * r
        if i < n - 1:
            g[i + 1] -= 2.0 * r
    return f


def integral_equation(x: Array, g: Array) -> float:
    """The boundary value problem as u(t) + int K(t, s) (u + s + 1)^3 / 2 ds = 0; value 0."""
    n = x.size
    h = 1.0 / (n + 1)
    f = 0.0
    g[:] = 0.0
    for i in range(n):
        t = (i + 1) * h
        r = x[i] * 1.0
        for j in range(n):
            s = (j + 1) * h
            c = x[j] + s + 1.0
            r += 0.5 * h * min(s, t) * (1.0 - max(s, t)) * c * c * c
        f += r * r
        g[i] += 2.0 * r
        for j in range(n):
            s = (j + 1) * h
            c = x[j] + s + 1.0
            g[j] += 3.0 * r * h * min(s, t) * (1.0 - max(s, t)) * c * c
    return f


def broyden_tridiagonal(x: Array, g: Array) -> float:
    """r_i = (3 - 2 x_i) x_i - x_(i-1) - 2 x_(i+1) + 1; value 0."""
    n = x.size
    f = 0.0
    g[:] = 0.0
    for i in range(n):
        r = (3.0 - 2.0 * x[i]) * x[i] + 1.0
        if i > 0:
            r -= x[i - 1]
        if i < n - 1:
            r -= 2.0 * x[i + 1]
        f += r * r
        g[i] += 2.0 * r * (3.0 - 4.0 * x[i])
        if i > 0:
            g[i - 1] -= 2.0 * r
        if i < n - 1:
            g[i + 1] -= 4.0 * r
    return f


def broyden_banded(x: Array, g: Array) -> float:
    """r_i = x_i (2 + 5 x_i^2) + 1 - sum of x_j (1 + x_j), i - 5 <= j <= i + 1, j != i; value 0."""
    n = x.size
    f = 0.0
    g[:] = 0.0
    for i in range(n):
        first, last = max(0, i - 5), min(n - 1, i + 1)
        r = x[i] * (2.0 + 5.0 * x[i] * x[i]) + 1.0
        for j in range(first, last + 1):
            if j != i:
                r -= x[j] * (1.0 + x[j])
        f += r * r
        g[i] += 2.0 * r * (2.0 + 15.0 * x[i] * x[i])
        for j in range(first, last + 1):
            if j != i:
                g[j] -= 2.0 * r * (1.0 + 2.0 * x[j])
    return f


def chebyquad(x: Array, g: Array) -> float:
    """r_i = mean of T_i(x_j) - int T_i, T_i the Chebyshev polynomials shifted to [0, 1]."""
    n = x.size
    r = np.zeros(n)
    for j in range(n):
        y = 2.0 * x[j] - 1.0
        before, here = 1.0, y
        for i in range(n):
            r[i] += here / n
            before, here = here, 2.0 * y * here - before
    f = 0.0
    for i in range(n):
        degree = i + 1.0
        r[i] += 1.0 / (degree * degree - 1.0) if i % 2 else 0.0
        f += r[i] * r[i]
    for j in range(n):
        y = 2.0 * x[j] - 1.0
        before, here, slope_before, slope = 1.0, y, 0.0, 2.0
        total = 0.0
        for i in range(n):
            total += 2.0 * r[i] * slope / n
            following = 4.0 * here + 2.0 * y * slope - slope_before
            before, here = here, 2.0 * y * here - before
            slope_before, slope = slope, following
        g[j] = total
    return f


STEPS = np.arange(1, 11)
BOUNDARY = STEPS / 11 * (STEPS / 11 - 1)

PROBLEMS = (
    mgh(1, "rosenbrock2", "Rosenbrock", rosenbrock, [-1.2, 1.0]),
    mgh(21, "rosenbrock10", "Extended Rosenbrock, n = 10", rosenbrock, [-1.2, 1.0] * 5),
    mgh(13, "powell_sing4", "Powell singular", powell_singular, [3.0, -1.0, 0.0, 1.0]),
    mgh(
        *(22, "powell_sing40", "Extended Powell singular, n = 40", powell_singular),
        start=[3.0, -1.0, 0.0, 1.0] * 10,
    ),
    mgh(20, "watson6", "Watson, n = 6", watson, np.zeros(6), 2.2876700535e-3),
    mgh(23, "penalty1_10", "Penalty I, n = 10", penalty_1, STEPS, 7.0876514670e-5),
    mgh(24, "penalty2_10", "Penalty II, n = 10", penalty_2, np.full(10, 0.5), 2.9366053745e-4),
    mgh(25, "vardim10", "Variably dimensioned, n = 10", variably_dimensioned, 1 - STEPS / 10),
    mgh(26, "trig10", "Trigonometric, n = 10", trigonometric, np.full(10, 0.1)),
    mgh(27, "brown_al10", "Brown almost-linear, n = 10", brown_almost_linear, np.full(10, 0.5)),
    mgh(28, "bdvalue10", "Discrete boundary value, n = 10", boundary_value, BOUNDARY),
    mgh(29, "inteq10", "Discrete integral equation, n = 10", integral_equation, BOUNDARY),
    mgh(30, "broydn3d10", "Broyden tridiagonal, n = 10", broyden_tridiagonal, np.full(10, -1.0)),
    mgh(31, "broydnbd10", "Broyden banded, n = 10", broyden_banded, np.full(10, -1.0)),
    mgh(35, "chebyquad8", "Chebyquad, n = 8", chebyquad, np.arange(1, 9) / 9, 3.5168737256e-3),
)
