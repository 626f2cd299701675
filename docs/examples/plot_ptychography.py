"""
Ptychography with complex unknowns
==================================

A beam scans a thin sample, and a detector far behind it counts photons at overlapping positions;
phases are lost. What is sought is a complex number for each pixel: how much light the sample lets
through, and by how much it delays it. The methods are for real variables, and a view is all that is
between them.
"""

# %%
# The scan
# --------
# Simulated: the sample has scikit-image's cameraman as its amplitude and its moon as its phase. The
# beam, which is known, comes through a round aperture and is out of focus.

import matplotlib.pyplot as plt
import numpy as np
import scipy.fft
import scipy.optimize
import skimage.data
import threadpoolctl
from skimage.transform import downscale_local_mean

import nadamkit

SIDE, WINDOW, ROWS, PHOTONS = 128, 32, 16, 40_000

amplitude = 0.5 + 0.5 * downscale_local_mean(skimage.data.camera() / 255.0, 4)
moon = downscale_local_mean(skimage.data.moon() / 255.0, 4)
truth = amplitude * np.exp(0.5j * np.pi * np.clip((moon - 0.2) / 0.35, 0.0, 1.0))

frequency = np.hypot(*np.meshgrid(scipy.fft.fftfreq(WINDOW), scipy.fft.fftfreq(WINDOW)))
aperture = (frequency < 0.25) * np.exp(40j * np.pi * frequency**2)
probe = scipy.fft.fftshift(scipy.fft.ifft2(aperture))
probe *= np.sqrt(PHOTONS) / np.linalg.norm(probe)

rng = np.random.default_rng(0)
corners = np.indices((ROWS, ROWS)).reshape(2, -1).T * (SIDE - WINDOW) / (ROWS - 1)
# Off the grid, whose period would show in the image.
corners += rng.uniform(-2.0, 2.0, corners.shape)
positions = np.rint(corners).astype(int).clip(0, SIDE - WINDOW)


def windows(image, positions):
    """Views of those parts of `image` that the beam falls on."""
    return [image[i : i + WINDOW, j : j + WINDOW] for i, j in positions]


def detected(sample, positions):
    """Waves at the detector, shape (positions, WINDOW, WINDOW)."""
    return scipy.fft.fft2(probe * np.stack(windows(sample, positions)), norm="ortho")


counts = rng.poisson(np.abs(detected(truth, positions)) ** 2).astype(float)
print(f"{len(counts)} patterns with {counts.mean():.0f} photons in a pixel, {truth.size} unknowns")

# %%
# The objective
# -------------
# Counts differ from their mean by its root; roots of counts all differ by about a half, and with
# 3/8 added (Anscombe) also where there are few. So their squares may be added up, for each pattern.
#
# ``minimize`` refuses a complex ``x0``. But an array of complex128 in one piece is one of float64,
# twice as long, if it is looked at that way: ``view`` copies nothing. The gradient with respect to
# real and imaginary parts is twice Wirtinger's derivative with respect to the conjugate, looked at
# in the same way. The sample that is found is ``result.x.view(complex)``.
#
# ``batch_size`` cuts positions and counts along their first axes.


def misfit(x, positions, counts):
    sample = x.view(complex).reshape(SIDE, SIDE)
    waves = detected(sample, positions)
    size = np.sqrt(np.abs(waves) ** 2 + 0.375)
    residual = size - np.sqrt(counts + 0.375)
    gradient = np.zeros_like(sample)
    parts = np.conj(probe) * scipy.fft.ifft2(2.0 * residual / size * waves, norm="ortho")
    for window, part in zip(windows(gradient, positions), parts, strict=True):
        window += part
    gradient /= len(positions)
    return np.sum(residual**2) / len(positions), gradient.view(float).ravel()


PASSES, LONG = 10, 40
scan = positions, counts
x0 = np.ones((SIDE, SIDE), complex).view(float).ravel()


def ours(**keywords):
    return nadamkit.minimize(misfit, x0, scan, jac=True, **keywords)


result = ours(batch_size=8, epochs=PASSES, rng=0)
print(result.message)

# %%
# The same number of patterns
# ---------------------------
# A pass computes each pattern once. Beside batches stand L-BFGS-B, which takes all patterns for a
# step, and ePIE, the method that the field has of its own (Maiden and Rodenburg 2009, here with the
# beam known), which takes one after the other and makes the wave at the detector agree.
#
# After ten passes batches have the lowest misfit. That of ePIE stays high, because each step
# believes the noise of one pattern, but its sample is about as near to the truth. With time for
# forty passes batches are not needed: L-BFGS-B is nearest to the truth then, and ``nadamkit``
# without ``batch_size`` is not far behind. The misfit of the truth shows that all fit noise, too.


def at_once(passes):
    options = {"maxfun": passes - 1, "ftol": 0.0, "gtol": 0.0}  # it counts after an iteration
    with threadpoolctl.threadpool_limits(1, "blas"):  # vectors this short are not worth more
        return scipy.optimize.minimize(misfit, x0, scan, "L-BFGS-B", True, options=options).x


def epie(seed):
    x = x0.copy()
    sample = x.view(complex).reshape(SIDE, SIDE)
    step = np.conj(probe) / np.max(np.abs(probe)) ** 2
    rng = np.random.default_rng(seed)
    for k in np.concatenate([rng.permutation(len(counts)) for _ in range(PASSES)]):
        here = positions[k : k + 1]
        (window,), (wave,) = windows(sample, here), detected(sample, here)
        wave -= np.sqrt(counts[k]) * np.exp(1j * np.angle(wave))
        window -= step * scipy.fft.ifft2(wave, norm="ortho")
    return x


def aligned(x):
    """The sample, without a margin, with the phase that no measurement shows as in truth."""
    sample = x.view(complex).reshape(SIDE, SIDE)[inside]
    return sample * np.exp(1j * np.angle(np.vdot(sample, truth[inside])))


def error(x):
    return np.linalg.norm(aligned(x) - truth[inside]) / np.linalg.norm(truth[inside])


inside = (slice(12, -12), slice(12, -12))
others = [ours(batch_size=8, epochs=PASSES, rng=seed) for seed in (1, 2)]
rows = [
    ("nadamkit, batches", PASSES, [found.x for found in (result, *others)]),
    ("L-BFGS-B", PASSES, [at_once(PASSES)]),
    ("ePIE", PASSES, [epie(seed) for seed in range(3)]),
    ("nadamkit, all patterns", LONG, [ours(options={"maxfun": LONG}).x]),
    ("L-BFGS-B", LONG, [at_once(LONG)]),
    ("truth", "", [truth.view(float).ravel()]),
]
print(f"\n{'medians of 3 seeds':<24}{'passes':>8}{'misfit':>9}{'error of sample':>17}")
for name, passes, ends in rows:
    value = np.median([misfit(x, *scan)[0] for x in ends])
    print(f"{name:<24}{passes:>8}{value:>9.2f}{np.median([error(x) for x in ends]):>17.3f}")

# %%
# The sample
# ----------
# A factor of modulus one, the same for all pixels, changes no count; it is chosen as in the truth.
# At the margin, which is left out, the beam was weak.

bare = {"xticks": [], "yticks": [], "frame_on": False}
fig, panels = plt.subplots(2, 4, figsize=(10, 5), layout="constrained", subplot_kw=bare)
for (above, below), (name, passes, ends) in zip(panels.T, [rows[-1], *rows[:3]], strict=True):
    sample = aligned(ends[0])
    size = above.imshow(np.abs(sample), cmap="gray", vmin=0.4, vmax=1.1)
    angle = below.imshow(np.angle(sample), cmap="gray", vmin=-0.3, vmax=1.8)
    above.set_title(f"{name}, {passes} passes" if passes else name, fontsize=9)
fig.colorbar(size, ax=panels[0], label="amplitude", extend="both")
fig.colorbar(angle, ax=panels[1], label="phase / rad", extend="both")
plt.show()
