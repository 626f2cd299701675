"""Runs that are broken off and go on in another process.

``python -m tests.optimizer.resumed FOLDER`` makes the last ten steps of all that are in a folder.
"""

import sys
from pathlib import Path

import numpy as np

from nadamkit import Optimizer, registry, schedules
from tests.backends.trajectories import numbers
from tests.optimizer.common import BACKENDS

STEPS = 10
SETTINGS = ("plain", "everything")
RUNS = [
    (method, dtype, backend, settings)
    for method in registry.names()
    for dtype in ("float32", "float64")
    for backend in BACKENDS
    for settings in SETTINGS
]


def momentum(t):
    return 0.9 - 0.5 / t


def optimizer(method, backend, settings):
    """Made as a user's program makes it each time it starts."""
    if settings == "plain":
        return Optimizer(method, 0.05, backend=backend)
    scheduled = "schedule" in registry.get(method).hyperparameters
    return Optimizer(
        method,
        schedules.warmup(schedules.cosine(0.1, 18), 5),
        backend=backend,
        average=0.9,
        weight_decay=0.01,
        clip_norm=20.0,
        groups={"b": {"learning_rate": 0.01, "wd_kind": "decoupled", "clip_value": 0.5}},
        **({"schedule": momentum} if scheduled else {}),
    )


def params(dtype, seed=0):
    a = numbers(dtype, 400, seed)
    parts = {"w": [a[:300].reshape(10, 30), a[300:340].reshape(8, 5).T], "b": a[340:391]}
    return {"w": [np.array(w, order="K") for w in parts["w"]], "b": parts["b"].copy()}


def grads(dtype, t):
    """The third step leaves an array out, so that not all have made equally many."""
    return params(dtype, 100 + t) | ({"b": None} if t == 3 else {})


def steps(made, x, dtype, first):
    for t in range(first, first + STEPS):
        made.step(x, grads(dtype, t))


def flat(tree):
    return {"w0": tree["w"][0], "w1": tree["w"][1], "b": tree["b"]}


def main(folder):
    for run in RUNS:
        method, dtype, backend, settings = run
        name = "-".join(run)
        x = params(dtype)
        with np.load(folder / f"{name}.params.npz") as file:
            for key, a in flat(x).items():
                a[...] = file[key]
        made = optimizer(method, backend, settings).init(x)
        made.load(folder / f"{name}.state.npz")
        steps(made, x, dtype, STEPS + 1)
        made.save(folder / f"{name}.state.npz")
        np.savez(folder / f"{name}.params.npz", **flat(x))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
