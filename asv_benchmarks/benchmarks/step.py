"""One step of every method on every backend."""

from typing import Any

import numpy as np

from nadamkit import registry
from nadamkit.loops.stepper import Stepper

from .common import left_out, part, some

METHODS = registry.names()
SIZES = some([10**k for k in range(2, 8)], [100])
DTYPES = ("float32", "float64")


class Step:
    """Time of one step; the kernel is compiled and the state allocated in `setup`.

    The gradient is constant and has no zeros, so that the state never comes near the subnormal
    numbers, which would slow the arithmetic down.
    """

    params = (METHODS, ("serial",), SIZES, DTYPES)
    param_names = ("method", "backend", "size", "dtype")
    rounds = 1

    def setup(self, method: str, backend: str, size: int, dtype: str) -> None:
        self.gradient = np.random.default_rng(0).standard_normal(size).astype(dtype)
        self.stepper = Stepper(method, np.ones(size, dtype), backend=backend)
        self.stepper.step(self.gradient)

    def time_step(self, method: str, backend: str, size: int, dtype: str) -> None:
        self.stepper.step(self.gradient)


class StepThreads(Step):
    """The same with threads: apart, because these figures are noisy where cores are shared."""

    params = (METHODS, ("parallel",), some([10**k for k in range(4, 8)], [10_000]), DTYPES)


class StepNumPy(Step):
    """The same with the readable reference backend: plain NumPy."""

    params = (("nadam",), ("numpy",), some(SIZES[:5], [100]), DTYPES)


class StepCuda:
    """The same on a GPU, until the device has finished."""

    params = (METHODS, some([10**4, 10**6, 10**8], [10_000]), DTYPES)
    param_names = ("method", "size", "dtype")

    def setup(self, method: str, size: int, dtype: str) -> None:
        cuda: Any = part("numba.cuda")
        if not cuda.is_available() or cuda.__name__ == "numba.cuda.simulator":
            raise left_out("no CUDA device")
        optimizer = part("nadamkit", "Optimizer")(method)
        gradient = np.random.default_rng(0).standard_normal(size).astype(dtype)
        arrays = cuda.to_device(np.ones(size, dtype)), cuda.to_device(gradient)
        self.step, self.wait = lambda: optimizer.step(*arrays), cuda.synchronize
        self.step()
        self.wait()

    def time_step(self, method: str, size: int, dtype: str) -> None:
        self.step()
        self.wait()
