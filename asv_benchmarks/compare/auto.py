"""What ``learning_rate="auto"`` costs beside a fixed rate, and on an image beside L-BFGS-B."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.optimize

from asv_benchmarks.compare.measure import Effort, Neighbours, Row, interleaved
from nadamkit import minimize

SECTION = "auto"
#: Sizes, and calls of the function in a short and in a long run, whose difference is timed.
SIZES = {2: (100, 3000), 100: (100, 3000), 10**6: (5, 25)}
#: Curvature across the valley, so that no run ends before its calls are used up.
STEEP = 1e10
#: Share of the first excess at which two reconstructions count as equally good.
QUALITIES = (1e-2, 1e-3, 1e-4)
PIXELS = 512
#: Standard deviations of the blur, in pixels, and of the noise; weight and smoothing of the total
#: variation. Grey values lie in [0, 1].
BLUR, NOISE, TV, SMOOTH = 2.0, 0.01, 1e-3, 1e-2


def rows(effort: Effort) -> Iterator[Row]:
    """Overhead of a step at three sizes, then the image."""
    for n in SIZES if effort.rounds > 5 else (2, 100):
        yield from _overhead(n, effort)
    yield from _image(effort)


def _overhead(n: int, effort: Effort) -> Iterator[Row]:
    """Time per call of a steep, chained Rosenbrock function: the search, and the paper's steps."""
    few, many = SIZES[n]
    cases = {
        (rate, calls): search(rate, calls, n) for rate in ("auto", 1e-6) for calls in (few, many)
    }
    done = {case: call().nfev for case, call in cases.items()}
    neighbours = Neighbours()
    seconds = interleaved({str(case): call for case, call in cases.items()}, effort, pause=0.0)
    others = neighbours.cores()

    def per_call(rate: Any) -> Any:
        longer = seconds[str((rate, many))].min() - seconds[str((rate, few))].min()
        return longer / (done[rate, many] - done[rate, few]) * 1e6

    auto, fixed = per_call("auto"), per_call(1e-6)
    yield Row(
        *(SECTION, f"nadam, n = {n}", "fixed rate", auto, fixed, "us/call"),
        least=fixed / auto,
        note=f"auto adds {auto - fixed:.3g} us to a call; others {others:.2f} cores",
        others=others,
    )


def search(rate: Any, calls: int, n: int, method: str = "nadam") -> Callable[[], Any]:
    """A run of so many calls of that function."""
    x0 = np.resize([-1.2, 1.0], n)
    options = {"learning_rate": rate, "maxfun": calls, "gtol": 0.0, "maxiter": 10**9}
    return lambda: minimize(_rosen, x0, args=(STEEP,), method=method, options=options)


@numba.njit(error_model="numpy")
def _rosen(x, g, steep):
    f = 0.0
    g[0] = 0.0
    for i in range(x.size - 1):
        d = x[i + 1] - x[i] * x[i]
        e = 1.0 - x[i]
        f += steep * d * d + e * e
        g[i] += -4.0 * steep * x[i] * d - 2.0 * e
        g[i + 1] = 2.0 * steep * d
    return f


def _image(effort: Effort) -> Iterator[Row]:
    """Seconds to equal quality of a deconvolution: ours and L-BFGS-B, one after the other."""
    try:
        blurred, fun = _deconvolution()
    except ImportError as error:
        yield Row(SECTION, "deconvolution", note=f"skipped: {error}")
        return

    def ours(method: str) -> Callable[[Any], Any]:
        options = {"gtol": 0.0, "maxfun": 200}
        return lambda f: minimize(f, blurred, jac=True, method=method, options=options)

    options = {"maxfun": 200, "ftol": 0.0}
    solvers = {method: ours(method) for method in ("nag", "nadam")}
    solvers["L-BFGS-B"] = lambda f: scipy.optimize.minimize(
        f, blurred, jac=True, method="L-BFGS-B", options=options
    )
    for solve in solvers.values():
        solve(fun)  # compiles, and warms up
    neighbours = Neighbours()
    rounds = range(3 if effort.rounds > 5 else 1)
    traces: dict[str, list[np.ndarray]] = {name: [] for name in solvers}
    for _ in rounds:
        for name, solve in solvers.items():
            traces[name].append(_trace(solve, fun))
    yield from _contest(traces, float(fun(blurred)[0]), neighbours.cores())


def _contest(traces: dict[str, list[np.ndarray]], first: float, others: float) -> Iterator[Row]:
    best = min(float(trace[-1, 1]) for each in traces.values() for trace in each)
    theirs = traces.pop("L-BFGS-B")
    for method, ours in traces.items():
        for quality in QUALITIES:
            level = best + quality * (first - best)
            a, b = (np.array([_when(t, level) for t in ts]) for ts in (ours, theirs))
            yield Row(
                *(SECTION, f"{method}, image to {quality:g}", "L-BFGS-B"),
                *(a[:, 0].min(), b[:, 0].min(), "s"),
                least=b[:, 0].min() / a[:, 0].min(),
                median=float(np.median(b[:, 0] / a[:, 0])),
                # Without a metric: that of an image's gradient says nothing about its curvature.
                goal="deconvolution / L-BFGS-B" if method == "nag" else "",
                note=f"calls {a[0, 1]:.0f}, {b[0, 1]:.0f}; others {others:.2f} cores",
                others=others,
            )


def _trace(solve: Callable[[Any], Any], fun: Callable[[Any], Any]) -> np.ndarray:
    """Seconds and lowest value so far, at each call."""
    entries: list[tuple[float, float]] = []
    start = time.perf_counter()

    def traced(x: Any) -> Any:
        f, g = fun(x)
        entries.append((time.perf_counter() - start, f))
        return f, g

    solve(traced)
    trace = np.array(entries)
    trace[:, 1] = np.minimum.accumulate(trace[:, 1])
    return trace


def _when(trace: np.ndarray, level: float) -> tuple[float, float]:
    """Seconds and calls until the value was at most `level`; infinite if never."""
    hits = np.flatnonzero(trace[:, 1] <= level)
    return (float(trace[hits[0], 0]), float(hits[0] + 1)) if hits.size else (np.inf, np.inf)


def _deconvolution() -> tuple[np.ndarray, Callable[[Any], tuple[float, np.ndarray]]]:
    """A blurred, noisy photograph: least squares with smoothed total variation.

    The blur is two Fourier transforms a call, since the residual is measured in Fourier space.
    """
    from sklearn.datasets import load_sample_image

    photo = load_sample_image("china.jpg").mean(axis=2) / 255.0
    image = scipy.ndimage.zoom(photo, PIXELS / np.array(photo.shape), order=1)
    offsets = np.minimum(np.arange(PIXELS), PIXELS - np.arange(PIXELS))
    kernel = np.exp(-0.5 * (offsets / BLUR) ** 2)
    transfer = scipy.fft.rfft2(np.outer(kernel, kernel) / kernel.sum() ** 2).real
    noise = NOISE * np.random.default_rng(0).standard_normal(image.shape)
    blurred = scipy.fft.irfft2(scipy.fft.rfft2(image) * transfer, s=image.shape) + noise
    data = scipy.fft.rfft2(blurred)
    weight = np.full(data.shape[1], 2.0)
    weight[0] = weight[-1] = 1.0  # the columns that the real transform has once

    def fun(flat: np.ndarray) -> tuple[float, np.ndarray]:
        x = flat.reshape(PIXELS, PIXELS)
        residual = scipy.fft.rfft2(x) * transfer - data
        squares = (residual.real**2 + residual.imag**2).sum(axis=0) @ weight
        g = scipy.fft.irfft2(residual * transfer, s=x.shape)
        f = 0.5 * squares / x.size + _total_variation(x, g)
        return f, g.ravel()

    return blurred.ravel(), fun


@numba.njit(error_model="numpy")
def _total_variation(x, g):
    f = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            down = x[i + 1, j] - x[i, j] if i + 1 < x.shape[0] else 0.0
            right = x[i, j + 1] - x[i, j] if j + 1 < x.shape[1] else 0.0
            size = np.sqrt(down * down + right * right + SMOOTH * SMOOTH)
            f += TV * size
            g[i, j] -= TV * (down + right) / size
            if i + 1 < x.shape[0]:
                g[i + 1, j] += TV * down / size
            if j + 1 < x.shape[1]:
                g[i, j + 1] += TV * right / size
    return f
