"""
Factorising a matrix of which half is missing
=============================================

Images are sums of a few parts: a matrix of images is about a product of two with nonnegative
entries, how much of each part is in an image, and what the parts look like. If pixels are missing,
the sum of squares has only those that are seen. It can be computed from a thousand of them at a
time, and ``batch_size`` cuts them.
"""

# %%
# The data
# --------
# The digits of scikit-learn, 1797 images of 64 pixels from 0 to 1. A random half of the pixels is
# hidden. Each pixel that is seen is a row of the data: its image, its place, and its value.

import matplotlib.pyplot as plt
import numpy as np
import scipy.optimize
from numba import njit
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

import nadamkit

PARTS, RIDGE, BATCH = 12, 2.0, 1024

images = load_digits().data / 16.0
rng = np.random.default_rng(0)
seen = rng.random(images.shape) < 0.5
data = *np.array(np.nonzero(seen)), images[seen], RIDGE / seen.sum()
n, m = images.shape

# %%
# The objective
# -------------
# The mean over the pixels that it gets, with a ridge term on both factors. A compiled function gets
# its batches inside the compiled loop; ``shrink`` is a number and no array, and is not cut. The
# bounds keep everything nonnegative. The start is random: at zero the gradient vanishes.


@njit
def factors(x):
    return x[: n * PARTS].reshape(n, PARTS), x[n * PARTS :].reshape(m, PARTS)


@njit
def misfit(x, g, rows, columns, values, shrink):
    (amounts, parts), (by_amounts, by_parts) = factors(x), factors(g)
    value = 0.0
    for k in range(x.size):
        value += 0.5 * shrink * x[k] ** 2
        g[k] = shrink * x[k]
    for e in range(len(values)):
        i, j = rows[e], columns[e]
        residual = -values[e]
        for k in range(PARTS):
            residual += amounts[i, k] * parts[j, k]
        value += 0.5 * residual**2 / len(values)
        for k in range(PARTS):
            by_amounts[i, k] += residual * parts[j, k] / len(values)
            by_parts[j, k] += residual * amounts[i, k] / len(values)
    return value


def fit(epochs):
    return nadamkit.minimize(
        misfit, x0, args=data, bounds=bounds, batch_size=BATCH, epochs=epochs, rng=0
    )


x0 = rng.uniform(0.0, 2.0 * np.sqrt(images[seen].mean() / PARTS), (n + m) * PARTS)
bounds = scipy.optimize.Bounds(0.0, np.inf)
runs = {epochs: fit(epochs) for epochs in (5, 10, 20, 40)}
result = runs[20]
print(result.message)

# %%
# The same number of passes
# -------------------------
# L-BFGS-B gets all seen pixels in each call. What is shown of it is the course of one run; ours are
# runs of their own, because the steps shrink towards an end that has to be known. With few passes
# the batches are ahead, and if there is time for many, as there is for data of this size, L-BFGS-B
# gets lower: the last row is its end.


def completed(x):
    amounts, parts = factors(x)
    return amounts @ parts.T


def error(guess):
    """Root mean square over the hidden pixels."""
    return np.sqrt(np.mean((guess - images)[~seen] ** 2))


def on_all(x):
    global calls
    calls += 1
    gradient = np.empty_like(x)
    return misfit(x, gradient, *data), gradient


def note(intermediate_result):
    course.append((calls, intermediate_result.fun, error(completed(intermediate_result.x))))


calls, course = 0, []
options = {"maxiter": 200, "maxfun": 200, "ftol": 0.0, "gtol": 0.0}
with threadpool_limits(1, user_api="blas"):
    scipy.optimize.minimize(
        on_all, x0, jac=True, method="L-BFGS-B", bounds=bounds, callback=note, options=options
    )
course = np.array(course)
print(f"\n{'':<6}{'objective, all seen pixels':>32}{'error of hidden pixels':>30}")
print(f"{'passes':<6}{'nadamkit':>20}{'L-BFGS-B':>12}{'nadamkit':>18}{'L-BFGS-B':>12}")
ours = []
for epochs, run in runs.items():
    ours.append(error(completed(run.x)))
    _, value, end = course[course[:, 0] <= epochs][-1]
    found = f"{on_all(run.x)[0]:>20.4f}{value:>12.4f}{ours[-1]:>18.4f}{end:>12.4f}"
    print(f"{epochs:<6}{found}")
passes, value, end = course[-1]
print(f"{passes:<6.0f}{'':>20}{value:>12.4f}{'':>18}{end:>12.4f}")

# %%
# The images
# ----------
# Ten digits, what is seen of them with the hidden pixels in orange, and the same with the hidden
# pixels from the product of the factors after 20 passes. Below are the parts, and the error over
# the passes. A guess that is the same for all digits is no better than their mean.

fig = plt.figure(figsize=(9, 6.2), layout="constrained")
top, bottom = fig.subfigures(2, 1, height_ratios=(1, 0.9))
left, right = bottom.subfigures(1, 2, width_ratios=(4, 5))
rows = (images, np.where(seen, images, np.nan), np.where(seen, images, completed(result.x)))
ink = plt.get_cmap("gray_r").with_extremes(bad="orange")
for name, row, panels in zip(("true", "seen", "completed"), rows, top.subplots(3, 10), strict=True):
    panels[0].set_ylabel(name)
    for image, axes in zip(row, panels, strict=False):
        axes.imshow(image.reshape(8, 8), cmap=ink, vmin=0.0, vmax=1.0)
        axes.set(xticks=[], yticks=[])
for part, axes in zip(factors(result.x)[1].T, left.subplots(3, PARTS // 3).flat, strict=True):
    axes.imshow(part.reshape(8, 8), cmap="gray_r", vmin=0.0)
    axes.set(xticks=[], yticks=[])
left.suptitle("the parts", fontsize=10)
axes = right.subplots()
axes.axhline(error(images.mean(axis=0)), color="0.6", ls=":", label="mean of all images")
axes.plot(course[:, 0], course[:, 2], color="0.6", label="L-BFGS-B")
axes.plot([*runs], ours, "o-", color="black", label="nadamkit, batches")
axes.set(xlabel="passes over the seen pixels", ylabel="RMS error of hidden pixels")
axes.set(xscale="log", xlim=(4, None), ylim=(0.2, 0.33))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()
