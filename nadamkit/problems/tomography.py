"""A phantom seen from random angles: tomography with smoothed total variation."""

from __future__ import annotations

import numpy as np

from nadamkit.problems._problem import Array, Problem

SIDE, ANGLES, BINS = 48, 60, 70
#: Factor of the total variation, what smooths its corner, and the noise of the data.
STRENGTH, CORNER, NOISE = 2e-4, 1e-4, 0.15

#: Intensity, half axes, centre and inclination in degrees of the ten ellipses of Shepp and Logan's
#: head, with Toft's (1996) intensities.
ELLIPSES = (
    (1.0, 0.69, 0.92, 0.0, 0.0, 0.0),
    (-0.8, 0.6624, 0.874, 0.0, -0.0184, 0.0),
    (-0.2, 0.11, 0.31, 0.22, 0.0, -18.0),
    (-0.2, 0.16, 0.41, -0.22, 0.0, 18.0),
    (0.1, 0.21, 0.25, 0.0, 0.35, 0.0),
    (0.1, 0.046, 0.046, 0.0, 0.1, 0.0),
    (0.1, 0.046, 0.046, 0.0, -0.1, 0.0),
    (0.1, 0.046, 0.023, -0.08, -0.605, 0.0),
    (0.1, 0.023, 0.023, 0.0, -0.606, 0.0),
    (0.1, 0.023, 0.046, 0.06, -0.605, 0.0),
)


def tomography(x: Array, g: Array, sinogram: Array, angles: Array) -> float:
    """Half the mean squared error of the projections, plus the total variation.

    x holds the image by rows, shape (SIDE, SIDE).
    """
    f = total_variation(x, g)
    residual = np.empty(BINS)
    for i in range(angles.size):
        for k in range(BINS):
            residual[k] = -sinogram[i, k]
        project(x, residual, angles[i])
        for k in range(BINS):
            f += 0.5 * residual[k] * residual[k] / sinogram.size
            residual[k] /= sinogram.size
        project_back(g, residual, angles[i])
    return f


def project(x: Array, bins: Array, angle: float) -> None:
    """Add each pixel to the two bins that its centre lies between."""
    c, s = np.cos(angle), np.sin(angle)
    middle = 0.5 * (SIDE - 1)
    for i in range(SIDE):
        for j in range(SIDE):
            t = (j - middle) * c + (i - middle) * s + 0.5 * BINS
            k = int(t)
            bins[k] += (k + 1 - t) * x[i * SIDE + j]
            bins[k + 1] += (t - k) * x[i * SIDE + j]


def project_back(g: Array, bins: Array, angle: float) -> None:
    """Add to each pixel what `project` took it to: the transpose."""
    c, s = np.cos(angle), np.sin(angle)
    middle = 0.5 * (SIDE - 1)
    for i in range(SIDE):
        for j in range(SIDE):
            t = (j - middle) * c + (i - middle) * s + 0.5 * BINS
            k = int(t)
            g[i * SIDE + j] += (k + 1 - t) * bins[k] + (t - k) * bins[k + 1]


def total_variation(x: Array, g: Array) -> float:
    """Sum of the smoothed lengths of the image's gradient; sets `g` to its gradient."""
    f = 0.0
    g[:] = 0.0
    for i in range(SIDE):
        for j in range(SIDE):
            here = i * SIDE + j
            right = here + 1 if j < SIDE - 1 else here
            below = here + SIDE if i < SIDE - 1 else here
            across, down = x[right] - x[here], x[below] - x[here]
            length = np.sqrt(across * across + down * down + CORNER)
            f += STRENGTH * length
            g[right] += STRENGTH * across / length
            g[below] += STRENGTH * down / length
            g[here] -= STRENGTH * (across + down) / length
    return f


def phantom() -> Array:
    """The head, shape (SIDE, SIDE): means over 4 x 4 points in each pixel."""
    points = (np.arange(4 * SIDE) + 0.5) / (2 * SIDE) - 1
    across, down = np.meshgrid(points, -points)
    image = np.zeros((4 * SIDE, 4 * SIDE))
    for intensity, a, b, u, v, degrees in ELLIPSES:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        along = (across - u) * c + (down - v) * s
        beside = (down - v) * c - (across - u) * s
        image[(along / a) ** 2 + (beside / b) ** 2 <= 1] += intensity
    return image.reshape(SIDE, 4, SIDE, 4).mean(axis=(1, 3))


def data() -> tuple[Array, Array]:
    """The noisy sinogram, a row for each angle, and the angles in radians."""
    angles = np.pi * np.arange(ANGLES) / ANGLES
    sinogram = np.zeros((ANGLES, BINS))
    middle = 0.5 * (SIDE - 1)
    down, across = np.indices((SIDE, SIDE)) - middle
    for bins, angle in zip(sinogram, angles, strict=True):
        t = across * np.cos(angle) + down * np.sin(angle) + 0.5 * BINS
        k = t.astype(int)
        np.add.at(bins, k, (k + 1 - t) * phantom())
        np.add.at(bins, k + 1, (t - k) * phantom())
    noise = NOISE * np.random.default_rng(0).standard_normal((ANGLES, BINS))
    return sinogram + noise, angles


PROBLEMS = (
    Problem(
        name="ct_phantom48",
        title="Tomography of a 48 x 48 phantom, 6 of 60 angles",
        source="Shepp & Logan (1974), IEEE Transactions on Nuclear Science 21(3); Toft (1996)",
        function=tomography,
        start=np.zeros(SIDE * SIDE),
        lowest=4.5577294609e-2,
        known="computed",
        kind="stochastic",
        data=data,
        helpers=(project, project_back, total_variation),
        batch_size=6,
    ),
)
