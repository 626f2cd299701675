"""Peak memory of processes. What numba and Python take without work is the base line."""

import numpy as np

from .common import part, some

SIZE = some([10**6], [10**4])[0]


def peakmem_nothing() -> None:
    """Python with nadamkit and its compiled code in it, and no array."""
    part("nadamkit", "minimize")(_bowl, np.zeros(10), jac=True, options={"maxiter": 3})


def peakmem_minimize() -> None:
    """1e6 variables, default method and rate."""
    part("nadamkit", "minimize")(_bowl, np.zeros(SIZE), jac=True, options={"maxiter": 20})


def peakmem_lbfgsb() -> None:
    """SciPy's L-BFGS-B on the same."""
    options = {"maxiter": 20}
    minimize = part("scipy.optimize", "minimize")
    minimize(_bowl, np.zeros(SIZE), jac=True, method="L-BFGS-B", options=options)


def peakmem_step() -> None:
    """Parameters, gradient and the two slots of Nadam: 4 float64 arrays of 1e6."""
    stepper = part("nadamkit.loops.stepper", "Stepper")("nadam", np.ones(SIZE), backend="serial")
    g = np.full(SIZE, 2.0)
    for _ in range(3):
        stepper.step(g)


def _bowl(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Condition number 100."""
    scale = np.linspace(1.0, 100.0, x.size)
    residual = x - 1.0
    return 0.5 * float(scale @ residual**2), scale * residual
