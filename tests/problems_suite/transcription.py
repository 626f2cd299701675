"""The classical functions again, in NumPy and as residuals, for complex x: the complex step.

Written apart from nadamkit's loops; only the data are shared, which the published minima vouch for.
"""

import numpy as np


def squares(residuals):
    """The sum of squares of a residual function."""

    def value(x, *args):
        r = np.concatenate([np.atleast_1d(part) for part in residuals(x, *args)])
        return r @ r

    return value


def freud_roth(x):
    a, b = x
    yield -13 + a + ((5 - b) * b - 2) * b
    yield -29 + a + ((b + 1) * b - 14) * b


def powell_badscale(x):
    yield 1e4 * x[0] * x[1] - 1
    yield np.exp(-x[0]) + np.exp(-x[1]) - 1.0001


def brown_badscale(x):
    yield x - [1e6, 2e-6]
    yield x[0] * x[1] - 2


def beale(x):
    yield [1.5, 2.25, 2.625] - x[0] * (1 - x[1] ** np.arange(1, 4))


def jensamp(x):
    i = np.arange(1, 11)
    yield 2 + 2 * i - np.exp(i * x[0]) - np.exp(i * x[1])


def helical(x):
    # The complex logarithm's imaginary part is no function of complex a and b: arctan is.
    turn = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0].real < 0 else 0)
    yield 10 * (x[2] - 10 * turn)
    yield 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1)
    yield x[2]


def box3d(x):
    t = np.arange(1, 11) / 10
    yield np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def wood(x):
    a, b, c, d = x
    yield 10 * (b - a**2)
    yield 1 - a
    yield np.sqrt(90) * (d - c**2)
    yield 1 - c
    yield np.sqrt(10) * (b + d - 2)
    yield (b - d) / np.sqrt(10)


def brown_dennis(x):
    t = np.arange(1, 21) / 5
    yield (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def biggs6(x):
    t = np.arange(1, 14) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    yield x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def bard(x, u, y):
    v = 16 - u
    yield y - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def gaussian(x, t, y):
    yield x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - y


def meyer(x, t, y):
    yield x[0] * np.exp(x[1] / (t + x[2])) - y


def kowosb(x, u, y):
    yield y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def osborne1(x, t, y):
    yield y - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def rosenbrock(x):
    yield 10 * (x[1::2] - x[::2] ** 2)
    yield 1 - x[::2]


def chained(x):
    yield 10 * (x[1:] - x[:-1] ** 2)
    yield 1 - x[:-1]


def powell_singular(x):
    a, b, c, d = x.reshape(-1, 4).T
    yield a + 10 * b
    yield np.sqrt(5) * (c - d)
    yield (b - 2 * c) ** 2
    yield np.sqrt(10) * (a - d) ** 2


def watson(x):
    t, j = np.arange(1, 30)[:, None] / 29, np.arange(x.size)
    yield (j[1:] * t ** j[:-1]) @ x[1:] - (t**j @ x) ** 2 - 1
    yield x[0]
    yield x[1] - x[0] ** 2 - 1


def penalty1(x):
    yield np.sqrt(1e-5) * (x - 1)
    yield x @ x - 0.25


def penalty2(x):
    i = np.arange(2, x.size + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    yield x[0] - 0.2
    yield np.sqrt(1e-5) * (np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - y)
    yield np.sqrt(1e-5) * (np.exp(x[1:] / 10) - np.exp(-1 / 10))
    yield np.arange(x.size, 0, -1) @ x**2 - 1


def vardim(x):
    s = np.arange(1, x.size + 1) @ (x - 1)
    yield x - 1
    yield s
    yield s**2


def trig(x):
    i = np.arange(1, x.size + 1)
    yield x.size - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)


def brown_al(x):
    yield x[:-1] + np.sum(x) - (x.size + 1)
    yield np.prod(x) - 1


def bdvalue(x):
    h = 1 / (x.size + 1)
    t = h * np.arange(1, x.size + 1)
    u = np.concatenate([[0], x, [0]])
    yield 2 * x - u[:-2] - u[2:] + h**2 * (x + t + 1) ** 3 / 2


def inteq(x):
    h = 1 / (x.size + 1)
    t = h * np.arange(1, x.size + 1)
    c = (x + t + 1) ** 3
    for i in range(x.size):
        near, far = t[: i + 1] @ c[: i + 1], (1 - t[i + 1 :]) @ c[i + 1 :]
        yield x[i] + h * ((1 - t[i]) * near + t[i] * far) / 2


def broydn3d(x):
    u = np.concatenate([[0], x, [0]])
    yield (3 - 2 * x) * x - u[:-2] - 2 * u[2:] + 1


def broydnbd(x):
    for i in range(x.size):
        others = [j for j in range(max(0, i - 5), min(x.size, i + 2)) if j != i]
        yield x[i] * (2 + 5 * x[i] ** 2) + 1 - np.sum(x[others] * (1 + x[others]))


def chebyquad(x):
    n = x.size
    for i in range(1, n + 1):
        # cos(i arccos y) by its explicit polynomial
        coefficients = np.polynomial.chebyshev.cheb2poly([0] * i + [1])
        mean = np.mean(np.polynomial.polynomial.polyval(2 * x - 1, coefficients))
        yield mean - (0 if i % 2 else -1 / (i**2 - 1))


def himmelblau(x):
    yield x[0] ** 2 + x[1] - 11
    yield x[0] + x[1] ** 2 - 7


def booth(x):
    yield x[0] + 2 * x[1] - 7
    yield 2 * x[0] + x[1] - 5


def quadratic(x, matrix, centre):
    return (x - centre) @ matrix @ (x - centre) / 2


def atoms(x):
    places = x.reshape(-1, 3)
    pairs = np.triu_indices(len(places), 1)
    squared = np.sum((places[pairs[0]] - places[pairs[1]]) ** 2, axis=1)
    return np.sum(4 * (squared**-6 - squared**-3))


#: Value by name.
VALUES = {
    **{
        function.__name__: squares(function)
        for function in (
            *(freud_roth, powell_badscale, brown_badscale, beale, jensamp, helical, box3d, wood),
            *(brown_dennis, biggs6, bard, gaussian, meyer, kowosb, osborne1, himmelblau, booth),
        )
    },
    "rosenbrock2": squares(rosenbrock),
    "rosenbrock10": squares(rosenbrock),
    "chain_rosen10": squares(chained),
    "chain_rosen100": squares(chained),
    "rosen20_noise": squares(chained),
    "powell_sing4": squares(powell_singular),
    "powell_sing40": squares(powell_singular),
    "watson6": squares(watson),
    "penalty1_10": squares(penalty1),
    "penalty2_10": squares(penalty2),
    "vardim10": squares(vardim),
    "trig10": squares(trig),
    "brown_al10": squares(brown_al),
    "bdvalue10": squares(bdvalue),
    "inteq10": squares(inteq),
    "broydn3d10": squares(broydn3d),
    "broydnbd10": squares(broydnbd),
    "chebyquad8": squares(chebyquad),
    "quad50_c1e2": quadratic,
    "quad50_c1e4_rot": quadratic,
    "quad50_c1e4_diag": quadratic,
    "quad50_noise": lambda x, curvature, centre: quadratic(x, np.diag(curvature), centre),
    "lj4": atoms,
}
