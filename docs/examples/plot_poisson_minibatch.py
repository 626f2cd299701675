"""
Poisson regression by minibatches
=================================

How often do policies of an insurer have claims? A Poisson regression with the logarithm as link
says it, and where there are many policies, a step can be computed from a few of them:
``batch_size`` cuts the data, ``epochs`` says how often to pass over them, and a validation function
on policies held out says when to end.
"""

# %%
# The data
# --------
# Simulated: ten yes-or-no columns, nine measured ones that are correlated, and a constant. Policies
# are in force for a part of the year, their *exposure*, and have about one claim in ten years.

import matplotlib.pyplot as plt
import numpy as np
import peers

import nadamkit

ROWS, HELD_OUT, COLUMNS = 100_000, 20_000, 20

rng = np.random.default_rng(0)
total = ROWS + HELD_OUT
answers = (rng.random((total, 10)) < rng.uniform(0.1, 0.5, 10)).astype(float)
measured = rng.standard_normal((total, 9)) @ (np.eye(9) + 0.3 * rng.standard_normal((9, 9)))
features = np.column_stack([np.ones(total), answers, measured])
truth = np.append(-2.5, 0.25 * rng.standard_normal(COLUMNS - 1))
exposure = rng.uniform(0.1, 1.0, total)
claims = rng.poisson(exposure * np.exp(features @ truth)).astype(float)
policies = features[:ROWS], claims[:ROWS], exposure[:ROWS]
held_out = features[ROWS:], claims[ROWS:], exposure[ROWS:]

# %%
# The objective
# -------------
# The mean negative logarithm of the likelihood, without constants. ``nadamkit`` passes it the rows
# of a batch; the exposure is cut with the rest. The validation function is called every 200
# batches, and the point with the lowest held-out loss is returned; after ten validations without a
# lower one the steps shrink to nothing and the run ends.


def loss(x, features, claims, exposure):
    logarithm = features @ x
    expected = exposure * np.exp(logarithm)
    return np.mean(expected - claims * logarithm), (expected - claims) @ features / len(claims)


def validation(x):
    return loss(x, *held_out)[0]


BATCH, EPOCHS = 128, 3
PER_EPOCH = -(-ROWS // BATCH)
CALLS = EPOCHS * PER_EPOCH
x0 = np.zeros(COLUMNS)


def fit(seed, **keywords):
    return nadamkit.minimize(
        *(loss, x0, policies),
        jac=True,
        batch_size=BATCH,
        epochs=EPOCHS,
        rng=seed,
        validation=validation,
        options={"validation_every": 200, "patience": 10},
        **keywords,
    )


result = fit(0)
print(result.message)
print(f"{result.nit} of {CALLS} batches, held-out loss {result.validation:.4f}")

# %%
# The solution on all rows
# ------------------------
# Newton's method on everything. With so few columns and all data in memory it needs a handful of
# passes and is the right tool. Minibatches are for data that are read from a disk piece by piece,
# or with so many columns that nobody wants the Hessian.


def newton(x, rows, passes=10):
    features, _, exposure = rows
    for _ in range(passes):
        gradient = loss(x, *rows)[1]
        weights = exposure * np.exp(features @ x) / len(features)
        x = x - np.linalg.solve((weights * features.T) @ features, gradient)
    return x


# From the rate that all policies share, as programs for regression begin.
shared = np.append(np.log(claims[:ROWS].sum() / exposure[:ROWS].sum()), np.zeros(COLUMNS - 1))
solution = newton(shared, policies)
lowest = loss(solution, *policies)[0]
noise = 0.5 * COLUMNS / ROWS

# %%
# The same budget for all
# -----------------------
# What is counted is rows, without those held out, which only ``nadamkit`` uses. The other solvers
# get the same function with rows drawn for each call. A good measure of what is low enough is how
# far the truth is above the minimum by chance: half the number of columns over that of rows.


def batch(x, rng):
    rows = rng.integers(ROWS, size=BATCH)
    return loss(x, *(column[rows] for column in policies))


def excess(x):
    return loss(x, *policies)[0] - lowest


def with_nadamkit(seed):
    path = [x0]
    found = fit(seed, callback=lambda xk: path.append(xk.copy()))
    return found.x, path


cost = f"{CALLS * BATCH}"
full = newton(shared, policies, EPOCHS)
rows = [
    peers.repeated("nadamkit, nothing tuned", f"<= {cost}", excess, with_nadamkit),
    peers.scipy_row("L-BFGS-B", cost, excess, batch, x0, CALLS, jac=True),
    peers.scipy_row("CG", cost, excess, batch, x0, CALLS, jac=True),
    peers.scipy_row("Nelder-Mead", cost, excess, lambda x, rng: batch(x, rng)[0], x0, CALLS),
    peers.tuned_adam(cost, excess, batch, x0, CALLS),
    peers.Row("without noise: Newton", f"{EPOCHS * ROWS}", excess(full)),
]
peers.print_table(f"Mean loss above its minimum after {EPOCHS} passes", "rows", rows)
print(f"\nThe truth is above the minimum by about {noise:.1e}, by chance.")

# %%
# The held-out loss
# -----------------
# Compared with the lowest that any weights have on the held-out rows, so that no curve falls below
# zero. The line is the solution on all rows; a curve below it has luck with the rows held out.

best = validation(newton(shared, held_out))
fig, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
limit = validation(solution) - best
axes.axhline(limit, color="0.8", lw=4, zorder=0)
axes.annotate("solution on all rows", (BATCH, limit), (8, -8), textcoords="offset points", va="top")
ends = []
for row, colour, dashes in ((rows[0], "black", "-"), (rows[1], "0.6", "-"), (rows[4], "0.4", "--")):
    if row.paths:
        path = row.paths[0]
        shown = np.unique(np.geomspace(1, len(path), 80).astype(int))
        course = [validation(path[k - 1]) - best for k in shown]
        axes.plot(BATCH * shown, course, dashes, color=colour, lw=1.4)
        ends.append((BATCH * len(path), course[-1], row.name.split(",")[0], colour))
axes.set(
    xlabel="rows touched",
    ylabel="held-out loss above its minimum",
    xscale="log",
    yscale="log",
    xlim=(BATCH, 5 * BATCH * CALLS),
)
axes.spines[["top", "right"]].set_visible(False)
peers.label_ends(axes, ends)
plt.show()
