"""The picture of a method: its way down a curved valley, by default and at a fixed rate.

The code on the page is the code that draws it.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from rst import code, section
from scipy.optimize import rosen, rosen_der

from nadamkit import minimize

#: The fixed rate is the one of these that ends lowest.
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
CALLS = 1000
CODE = """
import matplotlib.pyplot as plt
from scipy.optimize import rosen, rosen_der

from nadamkit import minimize, plot


def run(**options):
    options["history"] = 1
    return minimize(rosen, [-1.2, 1.0], jac=rosen_der, method="{method}", options=options)


runs = {{"learning rate {rate}": run(learning_rate={rate}, maxiter={calls}), "auto": run()}}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plot.plot_path(runs, rosen, bounds=[(-1.6, 1.6), (-0.6, 1.8)], ax=left, markersize=2)
plot.plot_convergence(runs, lowest=0.0, x="nfev", ax=right).set(xscale="log")
"""


def best_rate(method: str) -> float:
    """The rate that ends lowest."""
    ends = {}
    for rate in RATES:
        options = {"learning_rate": rate, "maxiter": CALLS}
        # Without a norm to divide by, the large ones fall out of the valley and overflow.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            result = minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=method, options=options)
        ends[rate] = result.fun
    return min(ends, key=lambda rate: ends[rate])


def picture(method: str, folder: Path) -> list[str]:
    """Draw, and return the lines of the section."""
    rate = best_rate(method)
    text = CODE.format(method=method, rate=rate, calls=CALLS)
    namespace: dict[str, Any] = {}
    exec(compile(text, f"picture of {method}", "exec"), namespace)
    figure = namespace["figure"]
    figure.savefig(folder / f"{method}.png", dpi=110)
    namespace["plt"].close(figure)
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    return section(
        "On a curved valley",
        "Rosenbrock's function from its usual start: nothing tuned, and the paper's algorithm with "
        f"that of the learning rates {rates} which is lowest after {CALLS} calls.",
        "",
        f".. image:: {method}.png",
        f"   :alt: Paths of {method} over contours, and its values against calls",
        "",
        *code(text),
    )
