"""
Variational inference with one draw per step
============================================

Automatic differentiation variational inference fits a normal distribution to a posterior. Its
objective, the negative evidence lower bound, is an expectation over that distribution, and each
call estimates it from a single draw. The usual complaint of its users is the learning rate: too
small and the run ends halfway, too large and it never settles. Here there is none to choose.
"""

# %%
# The model
# ---------
# Logistic regression on scikit-learn's breast cancer data, all features of unit variance, with
# standard normal priors. The approximation has independent weights: x holds their means, and then
# the logarithms of their standard deviations.

import matplotlib.pyplot as plt
import numpy as np
import peers
import scipy.optimize
from scipy.special import expit
from sklearn.datasets import load_breast_cancer

import nadamkit

data = load_breast_cancer()
features = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
features = np.column_stack([features, np.ones(len(features))])
names = [*data.feature_names, "constant"]
# Times -1 for the second class, so that the likelihood of a row is expit(row @ weights).
signed = (2.0 * data.target - 1.0)[:, None] * features
n = features.shape[1]

# %%
# The objective
# -------------
# The draw is written as mean + deviation * e with a standard normal e (*reparametrisation*), so
# that the derivative passes through it. An objective with its own randomness takes a generator as
# its last argument.


def negative_elbo(x, rng):
    """In nats, up to a constant: log joint density of a draw, and the entropy."""
    mean, log_deviation = x[:n], x[n:]
    shift = np.exp(log_deviation) * rng.standard_normal(n)
    weights = mean + shift
    scores = signed @ weights
    value = np.logaddexp(0.0, -scores).sum() + 0.5 * weights @ weights - log_deviation.sum()
    slope = weights - expit(-scores) @ signed
    return value, np.concatenate([slope, slope * shift - 1.0])


CALLS = 1000
x0 = np.zeros(2 * n)
result = nadamkit.minimize(negative_elbo, x0, jac=True, rng=0, options={"maxiter": CALLS})
print(result.message)
print(f"mean of the last values {result.fun:.2f} +- {result.fun_error:.2f} nats")

# %%
# Without noise
# -------------
# For this model the expectation can be computed: the score of a row is normal, so that its expected
# loss is an integral over one variable, taken here by the rule of Gauss and Hermite. It serves to
# measure the excess. A value costs dozens of draws.
#
# Where the expectation is known like this, the objective is smooth, and L-BFGS-B is the better
# choice. So it is for a mean over a fixed set of many draws, which the generator can be made to
# repeat in each call with ``stochastic=False``.

nodes, shares = np.polynomial.hermite_e.hermegauss(64)
shares = shares / shares.sum()


def exact(x):
    mean, variance = x[:n], np.exp(2.0 * x[n:])
    spread = np.sqrt(signed**2 @ variance)
    scores = (signed @ mean)[:, None] + spread[:, None] * nodes
    miss = expit(-scores)
    value = np.sum(np.logaddexp(0.0, -scores) @ shares)
    value += 0.5 * (mean @ mean + variance.sum()) - x[n:].sum()
    curvature = (miss * (1.0 - miss)) @ shares @ signed**2
    return value, np.append(mean - miss @ shares @ signed, variance * (curvature + 1.0) - 1.0)


noiseless = scipy.optimize.minimize(
    exact, x0, jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 1000}
)

# %%
# The same budget for all
# -----------------------
# Each solver may draw equally often; SciPy's are started again where they stopped. Solvers without
# gradients are left out: so many variables would take them most of the draws for a first look. Adam
# runs at five learning rates with cosine decay, and the table has the one that turned out best.


def excess(x):
    return exact(x)[0] - noiseless.fun


def with_nadamkit(seed):
    options = {"maxiter": CALLS}
    return nadamkit.minimize(negative_elbo, x0, jac=True, rng=seed, options=options).x, []


cost = f"{CALLS}"
rows = [
    peers.repeated("nadamkit, nothing tuned", cost, excess, with_nadamkit),
    peers.scipy_row("L-BFGS-B", cost, excess, negative_elbo, x0, CALLS, jac=True),
    peers.scipy_row("CG", cost, excess, negative_elbo, x0, CALLS, jac=True),
    peers.scipy_row("BFGS", cost, excess, negative_elbo, x0, CALLS, jac=True),
    peers.tuned_adam(cost, excess, negative_elbo, x0, CALLS),
]
peers.print_table(f"Nats above the best approximation after {CALLS} draws", "draws", rows)
print(f"\nThe reference, L-BFGS-B on the exact expectation: {noiseless.nfev} calls")

# %%
# The posterior
# -------------
# Beside it stands the Laplace approximation: the maximum of the posterior density, and the inverse
# of the Hessian there as covariance matrix. The means lie further from zero than the mode: weights
# much too large are more credible than weights much too small. The bars of the variational
# approximation are shorter, because its weights are independent: where features tell the same
# story, the posterior is long and narrow, and what is independent has to fit into its width.


def posterior(weights):
    scores = signed @ weights
    value = np.logaddexp(0.0, -scores).sum() + 0.5 * weights @ weights
    return value, weights - expit(-scores) @ signed


mode = scipy.optimize.minimize(posterior, np.zeros(n), jac=True, method="L-BFGS-B").x
miss = expit(-signed @ mode)
covariance = np.linalg.inv((miss * (1.0 - miss) * signed.T) @ signed + np.eye(n))

order = np.argsort(mode)
rank = np.arange(n)
fig, axes = plt.subplots(figsize=(7, 7.5), layout="constrained")
axes.axvline(0.0, color="0.85", lw=1, zorder=0)
for mean, deviation, shift, colour, marker in (
    (result.x[:n], np.exp(result.x[n:]), 0.18, "black", "o"),
    (mode, np.sqrt(np.diag(covariance)), -0.18, "0.55", "s"),
):
    style = {"fmt": marker, "color": colour, "ms": 3.5, "lw": 1.2}
    axes.errorbar(mean[order], rank + shift, xerr=deviation[order], **style)
last = order[-1]
end = mode[last] + np.sqrt(covariance[last, last])
beside = {"textcoords": "offset points", "va": "center"}
axes.annotate("variational", (result.x[last], n - 0.8), (0, 9), ha="center", **beside)
axes.annotate("Laplace", (end, n - 1.18), (6, 0), color="0.55", **beside)
axes.set_yticks(rank, np.array(names)[order], fontsize=8)
axes.set(
    xlabel="weight towards benign: mean or mode, and one standard deviation",
    ylim=(-0.8, n + 0.4),
)
axes.spines[["top", "right"]].set_visible(False)
plt.show()
