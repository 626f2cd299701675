"""Trajectories of a stepper as digests, for comparing backends bit by bit.

``python -m tests.backends.trajectories`` prints those of all methods on the serial backend as JSON;
the tests start it with another target CPU.
"""

import json
import sys
from functools import cache
from hashlib import sha256

import numpy as np

from nadamkit import backends, registry
from nadamkit.loops.stepper import Stepper

STEPS = 200
#: Steps after which the state is looked at.
CHECKED = (1, 2, 10, 50, 200)
#: Options of a stepper that are no hyperparameters.
OF_STEPPER = ("backend", "threads", "learning_rate")
ABOVE = backends.PARALLEL_FROM + 1
SIZES = (0, 1, 31, 32, 33, 255, 256, 257, 4097, ABOVE)


@cache
def numbers(dtype, size, seed):
    """Numbers of mixed sign, none of them zero, of magnitudes from 1e-4 to 1e2."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.1, 1.0, size) * 10.0 ** rng.uniform(-3.0, 2.0, size)
    return (values * rng.choice([-1.0, 1.0], size)).astype(dtype)


def gradients(dtype, size, steps):
    """One array for each step: windows of one long array, so that long runs are cheap."""
    values = numbers(dtype, size + 1009, 1)
    return [values[17 * t % 1009 :][:size] for t in range(steps)]


def digests(method, dtype, size, steps=STEPS, given=None, **options):
    """What x and each slot were after some of the steps.

    Parameters
    ----------
    given : list of ndarray, optional
        Gradients to use instead.
    **options
        Of `Stepper`.

    Returns
    -------
    dict of str to str
    """
    x = numbers(dtype, size, 0).copy()
    rule = registry.get(method)
    hyper = {k: v for k, v in options.items() if k not in OF_STEPPER}
    slots = rule.chosen(rule.validated(hyper)).slots
    given = gradients(dtype, size, steps) if given is None else given
    stepper = Stepper(method, x, **options)
    found = {}
    for t, g in enumerate(given, start=1):
        stepper.step(g)
        if t in CHECKED or t == len(given):
            found |= {
                f"{name} after step {t}": digest(a)
                for name, a in zip(("x", *slots), (x, *stepper.slots), strict=True)
            }
    return found


def digest(a):
    """A hash of the bits. All NaN are one: their sign and payload mean nothing."""
    return sha256(np.where(np.isnan(a), np.nan, a).astype(a.dtype).tobytes()).hexdigest()[:16]


def key(method, dtype, size):
    return f"{method} {dtype} {size}"


def main():
    """All methods, dtypes and sizes."""
    found = {
        key(method, dtype, size): digests(method, dtype, size, backend="serial")
        for method in registry.names()
        for dtype in ("float32", "float64")
        for size in SIZES
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
