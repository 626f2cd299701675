"""
Deblurring a photograph
=======================

A photograph out of focus has as many unknowns as it has pixels, a quarter of a million here, and
its gradient takes a few milliseconds: three Fourier transforms and some differences. With a call as
cheap as that, the time that a solver spends on its own vectors counts as well.
"""

# %%
# The photograph
# --------------
# The cameraman of scikit-image, blurred by a Gaussian of 2.5 pixels that wraps around the edges, so
# that the blur is a product in Fourier space. Single precision is enough for an image of 256 greys
# with noise, and it halves the memory to be moved.

import time

import matplotlib.pyplot as plt
import numpy as np
import scipy.fft
import scipy.optimize
import skimage.data
import threadpoolctl

import nadamkit

BLUR, NOISE = 2.5, 0.01
STRENGTH, CORNER = 4e-4, 1e-2

photo = skimage.data.camera().astype(np.float32) / 255.0
SHAPE = photo.shape
frequency = np.hypot(scipy.fft.fftfreq(SHAPE[0])[:, None], scipy.fft.rfftfreq(SHAPE[1]))
transfer = np.exp(-0.5 * (2.0 * np.pi * BLUR * frequency) ** 2).astype(np.float32)


def blur(image):
    return scipy.fft.irfft2(scipy.fft.rfft2(image) * transfer, s=SHAPE)


noise = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
blurred = blur(photo) + np.float32(NOISE) * noise

# %%
# The objective
# -------------
# Half the squares of what the blur leaves unexplained, and the total variation with a smoothed
# corner. A Gaussian is symmetric, so that the blur is its own transpose. Single precision is for
# images; sums over a quarter of a million pixels are taken in double precision.
#
# ``x0`` of dtype float32 is kept by ``nadamkit``: all its vectors are in single precision. SciPy's
# solvers work in double precision, and their points are rounded here.


def objective(x):
    image = x.reshape(SHAPE).astype(np.float32, copy=False)
    residual = blur(image) - blurred
    across = np.diff(image, axis=1, append=image[:, :1])
    down = np.diff(image, axis=0, append=image[:1])
    length = np.sqrt(across**2 + down**2 + np.float32(CORNER**2))
    value = 0.5 * np.sum(residual**2, dtype=float) + STRENGTH * np.sum(length, dtype=float)
    across, down = STRENGTH * across / length, STRENGTH * down / length
    gradient = blur(residual)
    gradient -= np.diff(across, axis=1, prepend=across[:, -1:])
    gradient -= np.diff(down, axis=0, prepend=down[-1:])
    return value, gradient.ravel()


CALLS = 80
x0 = blurred.ravel()
result = nadamkit.minimize(objective, x0, jac=True, options={"maxfun": CALLS})
print(result.message)
print(f"{result.nfev} calls, {result.x.dtype}, {result.x.size} pixels\n")

# %%
# The same number of calls
# ------------------------
# L-BFGS-B falls furthest in as many calls: on a smooth function without noise that is to be
# expected. ``nag`` comes next. The default, ``nadam``, is behind, because it scales each variable
# by the size of its gradient, and in a photograph, where all pixels are alike, that says nothing
# about curvature.
#
# The last column has the seconds that are left when those of the calls are taken away. In each
# iteration L-BFGS-B goes over some twenty vectors of the image's size in double precision, and
# ``nadamkit`` over a handful in single precision, on all cores. Whether that makes up for more
# calls depends on what a call costs; :doc:`/solving` has times to equal quality on an idle machine.
# Where a gradient takes seconds, only the number of calls counts: use L-BFGS-B.


def timed(solve):
    """What ``solve(fun)`` finds; start, end and value of each call; and all seconds it took."""
    calls = []

    def fun(x):
        start = time.perf_counter()
        value, gradient = objective(x)
        calls.append((start, time.perf_counter(), value))
        return value, gradient

    start = time.perf_counter()
    found = solve(fun)
    return found, np.array(calls) - (start, start, 0.0), time.perf_counter() - start


def ours(method, calls=CALLS):
    options = {"maxfun": calls}
    return lambda fun: nadamkit.minimize(fun, x0, method=method, jac=True, options=options)


def scipys(fun):
    # It counts at the end of an iteration.
    options = {"maxfun": CALLS - 1, "ftol": 0.0, "gtol": 0.0}
    return scipy.optimize.minimize(fun, x0, method="L-BFGS-B", jac=True, options=options)


def psnr(x):
    """Peak signal-to-noise ratio in decibels; the peak is 1."""
    return -10.0 * np.log10(np.mean((x - photo.ravel()) ** 2, dtype=float))


solvers = {"nadamkit, defaults": ours("nadam"), "nadamkit, nag": ours("nag"), "L-BFGS-B": scipys}
# Before any time is taken, so that the compiled code of both methods is loaded.
lowest = ours("nag", 150)(objective).fun
# Threads of the BLAS do not help L-BFGS-B with vectors this short, and harm on a busy machine.
with threadpoolctl.threadpool_limits(1, "blas"):
    runs = {name: timed(solve) for name, solve in solvers.items()}

print(f"{'':<20}{'calls':>7}{'objective':>12}{'PSNR / dB':>11}{'seconds':>9}{'in solver':>11}")
print(f"{'blurred':<20}{'':>7}{objective(x0)[0]:>12.3f}{psnr(x0):>11.2f}")
for name, (found, calls, seconds) in runs.items():
    own = seconds - np.sum(calls[:, 1] - calls[:, 0])
    quality = f"{found.fun:>12.3f}{psnr(found.x):>11.2f}"
    print(f"{name:<20}{found.nfev:>7}{quality}{seconds:>9.2f}{own:>11.2f}")
print(f"{'minimum':<20}{'':>7}{lowest:>12.3f}")

# %%
# The picture
# -----------
# A part of it, and the course of the runs. The minimum is that of a longer run of ``nag``.

fig, panels = plt.subplot_mosaic(
    "aabbcc;dddeee", figsize=(9, 6.8), height_ratios=[1, 0.85], layout="constrained"
)
shown = [("blurred", blurred), ("nadamkit, defaults", result.x), ("photograph", photo)]
for axes, (name, x) in zip("abc", shown, strict=True):
    part = np.reshape(x, SHAPE)[60:220, 160:320]
    panels[axes].imshow(part, cmap="gray", vmin=0.0, vmax=1.0)
    panels[axes].set(title=name, xticks=[], yticks=[])
for (name, (_, calls, _)), dashes, colour in zip(
    runs.items(), ("-", "--", "-"), ("black", "black", "0.6"), strict=True
):
    excess = np.minimum.accumulate(calls[:, 2]) - lowest
    panels["d"].plot(1 + np.arange(len(calls)), excess, dashes, color=colour, label=name)
    panels["e"].plot(calls[:, 1], excess, dashes, color=colour)
panels["d"].set(xlabel="calls of the objective", ylabel="objective above its minimum")
panels["e"].set(xlabel="seconds")
panels["d"].legend(frameon=False)
for axes in (panels["d"], panels["e"]):
    axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
