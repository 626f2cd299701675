"""One step of every method on every CPU backend."""

import numpy as np

from nadamkit import registry
from nadamkit.loops.stepper import Stepper

SIZES = (1_000, 100_000, 10_000_000)


class Step:
    """Time of one step; the kernel is compiled and the state allocated in `setup`."""

    params = (registry.names(), ("serial",), SIZES, ("float32", "float64"))
    param_names = ("method", "backend", "size", "dtype")
    # State changes from call to call. Few calls a sample keep it far from zero, where subnormal
    # numbers would slow the arithmetic down.
    number = 10

    def setup(self, method: str, backend: str, size: int, dtype: str) -> None:
        rng = np.random.default_rng(0)
        self.gradient = rng.standard_normal(size).astype(dtype)
        self.stepper = Stepper(method, np.ones(size, dtype), backend=backend)
        self.stepper.step(self.gradient)

    def time_step(self, method: str, backend: str, size: int, dtype: str) -> None:
        self.stepper.step(self.gradient)


class StepThreads(Step):
    """The same with threads: apart, because these figures are noisy where cores are shared."""

    params = (("nadam",), ("parallel",), SIZES, ("float32", "float64"))


class StepNumPy(Step):
    """The same with the readable reference backend: the base line."""

    params = (("nadam",), ("numpy",), SIZES[:2], ("float32", "float64"))
