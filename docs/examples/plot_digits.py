"""
All ten methods on handwritten digits
=====================================

Softmax regression is the smallest of the models that recognise digits: a weight for each pixel and
class. On all data its loss is smooth and convex and has no noise, so that each of the methods can
be run to a tolerance of the gradient, with the default options and nothing tuned.
"""

# %%
# The model
# ---------
# The digits are those of scikit-learn, 1797 images of 8 by 8 pixels. The loss is the mean
# cross-entropy, with a small ridge term that makes the minimum unique.

import matplotlib.pyplot as plt
import numpy as np
import scipy.optimize
from scipy.special import log_softmax
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

import nadamkit
from nadamkit.plot import plot_convergence

RIDGE, GTOL = 1e-3, 1e-5

pixels, labels = load_digits(return_X_y=True)
features = np.column_stack([pixels / pixels.max(), np.ones(len(pixels))])
wanted = np.eye(10)[labels]


def loss(x):
    weights = x.reshape(features.shape[1], 10)
    logarithm = log_softmax(features @ weights, axis=1)
    gradient = features.T @ (np.exp(logarithm) - wanted) / len(wanted) + RIDGE * weights
    return 0.5 * RIDGE * x @ x - np.sum(wanted * logarithm) / len(wanted), gradient.ravel()


x0 = np.zeros(features.shape[1] * 10)

# %%
# Eleven runs
# -----------
# All start from zero weights and end where the largest component of the gradient is at most 1e-5.
# ``history`` notes each iteration for the figure. Matrices this small are multiplied fastest by a
# single thread.


def with_scipy(gtol):
    """L-BFGS-B, and its (calls, value) after each iteration."""
    calls, course = 0, []

    def counted(x):
        nonlocal calls
        calls += 1
        return loss(x)

    def note(intermediate_result):
        course.append((calls, intermediate_result.fun))

    options = {"gtol": gtol, "ftol": 0.0, "maxiter": 10_000, "maxfun": 10_000}
    found = scipy.optimize.minimize(
        counted, x0, jac=True, method="L-BFGS-B", callback=note, options=options
    )
    return found, np.array(course)


with threadpool_limits(1, user_api="blas"):
    results = {
        method: nadamkit.minimize(
            loss, x0, method=method, jac=True, options={"gtol": GTOL, "history": 1}
        )
        for method in nadamkit.registry.names()
    }
    scipys, course = with_scipy(GTOL)
    lowest = with_scipy(1e-9)[0].fun

print(f"{'solver':<16}{'calls':>6}{'largest gradient':>18}{'loss above minimum':>20}{'right':>8}")
for name, found in sorted({**results, "SciPy L-BFGS-B": scipys}.items(), key=lambda r: r[1].nfev):
    right = np.mean((features @ found.x.reshape(-1, 10)).argmax(axis=1) == labels)
    slope, excess = np.abs(found.jac).max(), found.fun - lowest
    print(f"{name:<16}{found.nfev:>6}{slope:>18.1e}{excess:>20.1e}{right:>8.1%}")

# %%
# L-BFGS-B needs the fewest calls, and is the better choice for a smooth function without noise of
# this size: it remembers the last ten steps and changes of the gradient, the methods here only the
# last. They are for losses that no line search can use, as those of a few images at a time.
#
# The course
# ----------
# One panel for each metric (:doc:`/auto`). Methods that share a metric and have momentum search in
# the same way; without it, steps are spectral, and the loss rises now and then. The pixels are
# all of one scale, which leaves a metric little to mend.
#
# The images are the weights of each class: a light pixel speaks for the digit where it has ink, a
# dark one against it.

METRICS = {
    "no metric": ("gd", "momentum", "nag"),
    "root of the mean square": ("rmsprop", "adagrad", "adam", "nadam"),
    "decaying maximum": ("maxaprop", "adamax", "nadamax"),
}
fig = plt.figure(figsize=(10, 5.6), layout="constrained")
top, bottom = fig.subfigures(2, 1, height_ratios=(3, 1))
panels = top.subplots(1, len(METRICS), sharex=True, sharey=True)
for axes, (metric, methods) in zip(panels, METRICS.items(), strict=True):
    axes.plot(course[:, 0], course[:, 1] - lowest, color="0.75", lw=4, label="L-BFGS-B")
    plot_convergence({name: results[name] for name in methods}, x="nfev", lowest=lowest, ax=axes)
    axes.set_title(metric, fontsize=10)
    axes.set(ylabel="loss above its minimum")
    axes.label_outer()

weights = results["nadam"].x.reshape(-1, 10)[:-1]
limit = np.abs(weights).max()
for digit, axes in enumerate(bottom.subplots(1, 10)):
    axes.imshow(weights[:, digit].reshape(8, 8), cmap="gray", vmin=-limit, vmax=limit)
    axes.set(title=digit, xticks=[], yticks=[])
plt.show()
