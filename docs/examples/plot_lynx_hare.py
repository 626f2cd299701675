"""
Calibrating a differential equation
===================================

Lynxes eat hares; the fewer hares, the fewer lynxes, and then the hares come back. The equations of
Lotka and Volterra have four rates, and the pelts that trappers brought in say which. The objective
solves the equations, and is compiled: ``nadamkit`` then runs its whole loop compiled too.
"""

# %%
# The data
# --------
# Pelts of hares and lynxes that the Hudson's Bay Company collected from 1900 to 1920, in thousands,
# as in Howard (2009), "Modeling basics", and in the case study of Stan (Carpenter 2018).

import time

import matplotlib.pyplot as plt
import numpy as np
import scipy.optimize
from numba import njit
from threadpoolctl import threadpool_limits

import nadamkit

PELTS = """
30.0 47.2 70.2 77.4 36.3 20.6 18.1 21.4 22.0 25.4 27.1
40.3 57.0 76.6 52.3 19.5 11.2  7.6 14.6 16.2 24.7
 4.0  6.1  9.8 35.2 59.4 41.7 19.0 13.0  8.3  9.1  7.4
 8.0 12.3 19.5 45.7 51.1 29.7 15.8  9.7 10.1  8.6
"""
years = np.arange(1900, 1921)
pelts = np.array(PELTS.split(), float).reshape(2, years.size).T
observed = np.log(pelts)
STEPS = 10  # a year

# %%
# The equations
# -------------
# With u hares and v lynxes, u' = (a - b v) u and v' = (d u - c) v. In logarithms all are positive:
# x holds those of the rates a, b, c, d, of u and v in 1900, and of the two scales of the noise.
#
# The first row of a state z has the logarithms of u and v, and the others have their derivatives
# with respect to the first six of x. The method of Runge and Kutta takes both along, and so the
# gradient is exactly that of the curve computed. Loops compile sooner than slices.


@njit
def slope(z, rates, dz):
    a, c = rates[0], rates[2]
    eaten, fed = rates[1] * np.exp(z[0, 1]), rates[3] * np.exp(z[0, 0])
    for k in range(7):
        dz[k, 0] = -eaten * z[k, 1]
        dz[k, 1] = fed * z[k, 0]
    dz[0, 0] = a - eaten
    dz[0, 1] = fed - c
    dz[1, 0] += a
    dz[2, 0] -= eaten
    dz[3, 1] -= c
    dz[4, 1] += fed


@njit
def course(x):
    path = np.zeros((20 * STEPS + 1, 7, 2))
    for s in range(2):
        path[0, 0, s], path[0, 5 + s, s] = x[4 + s], 1.0
    rates, dz = np.exp(x[:4]), np.empty((7, 2))
    for i in range(20 * STEPS):
        at = path[i].copy()
        for weight, share in ((1 / 6, 1 / 2), (1 / 3, 1 / 2), (1 / 3, 1.0), (1 / 6, 0.0)):
            slope(at, rates, dz)
            for k in range(7):
                for s in range(2):
                    path[i + 1, k, s] += weight * (path[i, k, s] + dz[k, s] / STEPS)
                    at[k, s] = path[i, k, s] + share * dz[k, s] / STEPS
    return path


# %%
# The objective
# -------------
# The negative logarithm of the likelihood, if the logarithms of the pelts are normal. It writes the
# gradient into its second argument, which is the fastest form.


@njit
def misfit(x, g, observed):
    path = course(x)
    value = 0.0
    g.fill(0.0)
    for i in range(len(observed)):
        for s in range(2):
            precision = np.exp(-x[6 + s])
            residual = precision * (path[i * STEPS, 0, s] - observed[i, s])
            value += 0.5 * residual**2 + x[6 + s]
            for k in range(6):
                g[k] += precision * residual * path[i * STEPS, 1 + k, s]
            g[6 + s] += 1.0 - residual**2
    return value


# %%
# The start
# ---------
# Two things are known of the solutions: over a cycle the means are u = c / d and v = a / b, and
# small cycles take the time 2 pi / sqrt(a c), here about ten years. The first pelts are taken as
# they are, and the scales are one. Bounds allow a factor of ten up and down for everything.

rate = 2 * np.pi / 10
hares, lynxes = pelts.mean(axis=0)
x0 = np.log([rate, rate / lynxes, rate, rate / hares, *pelts[0], 1.0, 1.0])
bounds = scipy.optimize.Bounds(x0 - np.log(10), x0 + np.log(10))
result = nadamkit.minimize(misfit, x0, args=(observed,), bounds=bounds)
print(result.message)
print("a, b, c, d, and the scales:", *np.exp(result.x[[0, 1, 2, 3, 6, 7]]).round(3))

# %%
# A notebook shows the result like this:

result

# %%
# Other solvers, and other starts
# -------------------------------
# L-BFGS-B gets the same function and the same tolerance of the gradient. There are other minima, of
# curves that miss the cycles, so that both also start fifty times where all logarithms are moved by
# normal numbers with a deviation of one half. Where all variables have two bounds, L-BFGS-B first
# tries a step as long as the gradient, which may end far off; so it also runs without them.
#
# L-BFGS-B needs fewer calls, from x0 and for each time that it finds the lowest value, and is the
# better choice, though Python adds to the cost of its calls. With one scale of noise for both it
# would be least squares, for which SciPy has ``least_squares``.


def with_gradient(x):
    gradient = np.empty_like(x)
    return misfit(x, gradient, observed), gradient


lbfgsb = {"method": "L-BFGS-B", "jac": True, "options": {"ftol": 0.0, "gtol": 1e-5}}
solvers = {
    "nadamkit": lambda x: nadamkit.minimize(misfit, x, args=(observed,), bounds=bounds),
    "L-BFGS-B": lambda x: scipy.optimize.minimize(with_gradient, x, bounds=bounds, **lbfgsb),
    "L-BFGS-B, no bounds": lambda x: scipy.optimize.minimize(with_gradient, x, **lbfgsb),
}
starts = np.vstack([x0, x0 + 0.5 * np.random.default_rng(0).standard_normal((50, x0.size))])
print(f"\n{'':<22}{'calls from x0':>14}{'found':>8}{'calls each':>12}{'microseconds':>14}")
for name, solve in solvers.items():
    begin = time.perf_counter()
    with threadpool_limits(1, user_api="blas"):
        ends = [solve(x) for x in starts]
    calls = sum(end.nfev for end in ends)
    cost = 1e6 * (time.perf_counter() - begin) / calls
    found = sum(end.fun < result.fun + 1e-3 for end in ends)
    print(f"{name:<22}{ends[0].nfev:>14}{found:>8}{calls / found:>12.0f}{cost:>14.0f}")

# %%
# The fit
# -------
# Dotted is the start. In the plane of both species a solution is a closed curve, passed
# anticlockwise: the lynxes follow the hares.

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=(3, 2), layout="constrained")
for x, dashes in ((x0, ":"), (result.x, "-")):
    fit = np.exp(course(x)[:, 0])
    right.plot(*fit.T, dashes, color="black")
    for curve, colour in zip(fit.T, ("0.55", "black"), strict=True):
        left.plot(np.linspace(1900, 1920, len(fit)), curve, dashes, color=colour)
left.plot(years, pelts[:, 0], "o", color="0.55", mfc="white", label="hares")
left.plot(years, pelts[:, 1], "o", color="black", label="lynxes")
right.plot(*pelts.T, "o", color="0.55", mfc="white")
for i in (2, 4, 6, 12, 14, 16):
    right.annotate(years[i], pelts[i], (6, 3), textcoords="offset points", color="0.4")
left.set(xlabel="year", ylabel="pelts / thousands", xticks=years[::4], ylim=(0, None))
left.legend(frameon=False)
right.set(xlabel="hares / thousands", ylabel="lynxes / thousands", xlim=(0, None), ylim=(0, None))
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
