"""
Tomography from random subsets of angles
========================================

A scanner sees a slice of a head from many directions; the image is what explains all projections
and has short edges (*total variation*). A step can be computed from a few directions: it costs a
fraction of a full one and points nearly the same way. ``batch_size`` is all that takes.
"""

# %%
# The scanner
# -----------
# The phantom is that of Shepp and Logan with Toft's intensities. A pixel falls on the two bins of
# the detector that its centre lies between, which makes one sparse matrix for each angle.

import matplotlib.pyplot as plt
import numpy as np
import peers
import scipy.optimize
import scipy.sparse

import nadamkit
from nadamkit.problems.tomography import phantom as draw_phantom

SIDE, ANGLES, BINS, NOISE = 48, 60, 70, 0.15
STRENGTH, CORNER = 2e-4, 1e-4


def projector(angle):
    """The matrix, shape (BINS, SIDE * SIDE), of one direction."""
    down, across = (np.indices((SIDE, SIDE)) - 0.5 * (SIDE - 1)).reshape(2, -1)
    t = across * np.cos(angle) + down * np.sin(angle) + 0.5 * BINS
    k = t.astype(int)
    pixel = np.arange(SIDE * SIDE)
    entries = np.append(k + 1 - t, t - k), (np.append(k, k + 1), np.append(pixel, pixel))
    return scipy.sparse.csr_array(entries, shape=(BINS, SIDE * SIDE))


phantom = draw_phantom()
directions = np.arange(ANGLES)
projectors = [projector(np.pi * i / ANGLES) for i in directions]
sinogram = np.array([p @ phantom.ravel() for p in projectors])
sinogram += NOISE * np.random.default_rng(0).standard_normal(sinogram.shape)

# %%
# The objective
# -------------
# A mean over the directions that it gets, so that the mean over random directions is the mean over
# all, plus the total variation with a smoothed corner. The rows of the sinogram and the numbers of
# their directions are the data that ``batch_size`` cuts along the first axis.


def total_variation(image):
    across = np.diff(image, axis=1, append=image[:, -1:])
    down = np.diff(image, axis=0, append=image[-1:])
    length = np.sqrt(across**2 + down**2 + CORNER)
    across, down = across / length, down / length
    gradient = -across - down
    gradient[:, 1:] += across[:, :-1]
    gradient[1:] += down[:-1]
    return STRENGTH * length.sum(), STRENGTH * gradient.ravel()


def misfit(x, seen, which):
    value, gradient = total_variation(x.reshape(SIDE, SIDE))
    for row, i in zip(seen, which, strict=True):
        residual = projectors[i] @ x - row
        value += 0.5 * residual @ residual / seen.size
        gradient += residual @ projectors[i] / seen.size
    return value, gradient


BATCH, EPOCHS = 6, 20
CALLS = EPOCHS * ANGLES // BATCH
x0 = np.zeros(SIDE * SIDE)
bounds = scipy.optimize.Bounds(0.0, np.inf)
result = nadamkit.minimize(
    *(misfit, x0, (sinogram, directions)),
    jac=True,
    bounds=bounds,
    batch_size=BATCH,
    epochs=EPOCHS,
    rng=0,
)
print(result.message)

# %%
# The same budget for all
# -----------------------
# What is counted is projections: a call takes six of them. The other solvers get the same function
# with six directions drawn for each call. SciPy's solvers with bounds and gradients are L-BFGS-B
# and TNC; those without gradients cannot handle thousands of pixels. Adam is projected onto the
# bounds after each step, and the best of five learning rates is shown.
#
# The last row is L-BFGS-B on all directions at once, again with as many projections in all. It sees
# no noise and gets about as far here; with fewer passes or more of them it may be ahead. A scan as
# small as this one leaves no reason not to use it. Subsets are for scans where a pass over all
# directions is expensive, or the data do not fit into memory.


def batch(x, rng):
    which = rng.choice(ANGLES, BATCH, replace=False)
    return misfit(x, sinogram[which], which)


def with_nadamkit(seed):
    found = nadamkit.minimize(
        *(misfit, x0, (sinogram, directions)),
        jac=True,
        bounds=bounds,
        batch_size=BATCH,
        epochs=EPOCHS,
        rng=seed,
    )
    return found.x, []


def full(calls):
    """L-BFGS-B on all directions."""
    options = {"maxiter": calls, "maxfun": calls, "ftol": 1e-15, "gtol": 1e-12, "maxcor": 20}
    return scipy.optimize.minimize(
        *(misfit, x0, (sinogram, directions), "L-BFGS-B", True),
        bounds=bounds,
        options=options,
    )


lowest = full(3000)


def excess(x):
    return misfit(x, sinogram, directions)[0] - lowest.fun


cost, box = f"{CALLS * BATCH}", {"jac": True, "bounds": bounds}
rows = [
    peers.repeated("nadamkit, nothing tuned", cost, excess, with_nadamkit),
    peers.scipy_row("L-BFGS-B", cost, excess, batch, x0, CALLS, **box),
    peers.scipy_row("TNC", cost, excess, batch, x0, CALLS, **box),
    peers.tuned_adam(cost, excess, batch, x0, CALLS, lowest=0.0),
    peers.Row("without noise: L-BFGS-B, all angles", cost, excess(full(EPOCHS).x)),
]
peers.print_table(f"Objective above its minimum after {EPOCHS} passes", "projections", rows)

# %%
# The images
# ----------
# What the excess means to the eye, at the same number of projections. Below each image stands its
# root mean square distance from the phantom. Noise and short edges keep the minimum itself away
# from the phantom, for which no solver can be blamed.

shown = [("phantom", phantom.ravel()), ("minimum of the objective", lowest.x)]
shown += [(row.name.split(",")[0], row.x) for row in rows[:2]]
fig, panels = plt.subplots(1, len(shown), figsize=(10, 3.1), layout="constrained")
for axes, (name, x) in zip(panels, shown, strict=True):
    picture = axes.imshow(x.reshape(SIDE, SIDE), cmap="gray", vmin=0, vmax=0.45)
    distance = np.sqrt(np.mean((x - phantom.ravel()) ** 2))
    axes.set_title(name, fontsize=10)
    axes.set_xlabel(f"RMS distance {distance:.3f}" if distance else "the truth")
    axes.set(xticks=[], yticks=[])
fig.colorbar(picture, ax=panels, label="intensity", extend="max", shrink=0.8)
plt.show()
