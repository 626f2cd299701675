"""The best known values of `nadamkit.problems` computed again, which takes twenty minutes for all.

    python -m tests.problems_suite.best [NAME ...]

A value is the lowest of L-BFGS-B runs with several memories, from the start and from points near
it, ended by Newton steps where there are few variables; or it follows from a theorem.
"""

import math
import sys
import time

import numpy as np
import scipy.optimize

from nadamkit import problems

MEMORIES = (5, 10, 30, 100)
#: Starts near the problem's own, for functions with many minima.
RESTARTS = {"vqe_tfim4": 30, "mlp_diabetes": 30}
#: Published solutions, where the standard start leads elsewhere: Moré, Garbow and Hillstrom (1981),
#: and NIST's StRD for MGH10.
NEAR = {
    "jensamp": [0.2578, 0.2578],
    "meyer": [5.6096364710e-3, 6.1813463463e3, 3.4522363462e2],
}
#: Evaluations of a run, where the default is more than anyone waits for.
BUDGETS = {"nce_pydoc": 3000, "mlp_digits": 10_000, "ct_phantom48": 20_000}
NEWTON_UP_TO = 700


def polished(problem, x, steps=8):
    """The lowest of Newton's iterates from `x`, the Hessian by differences of the gradient."""
    f, _ = problem.value_and_gradient(x)
    for _ in range(steps):
        g = problem.value_and_gradient(x)[1]
        step = np.linalg.lstsq(hessian(problem, x), g, rcond=1e-13)[0]
        value = problem.exact(x - step)
        if not value < f:
            return f
        x, f = x - step, value
    return f


def hessian(problem, x):
    rows = []
    for i in range(x.size):
        h = np.zeros(x.size)
        h[i] = 1e-5 * max(1e-3, abs(x[i]))
        above, below = (problem.value_and_gradient(x + s * h)[1] for s in (1, -1))
        rows.append((above - below) / (2 * h[i]))
    return (np.array(rows) + np.transpose(rows)) / 2


def searched(problem, report=None):
    """The lowest value of all runs."""
    rng = np.random.default_rng(0)
    count = RESTARTS.get(problem.name, 0)
    starts = [
        problem.x0,
        *(problem.x0 + 0.1 * rng.standard_normal(problem.n) for _ in range(count)),
    ]
    budget = BUDGETS.get(problem.name, 200_000)
    options = {"maxfun": budget, "maxiter": budget, "maxls": 40, "ftol": 0.0, "gtol": 1e-13}
    best = polished(problem, np.array(NEAR[problem.name])) if problem.name in NEAR else math.inf
    for i, start in enumerate(starts):
        for memory in MEMORIES if i == 0 and problem.n < 10_000 else MEMORIES[2:3]:
            run = scipy.optimize.minimize(
                problem.value_and_gradient,
                start,
                jac=True,
                method="L-BFGS-B",
                options={**options, "maxcor": memory},
            )
            f = polished(problem, run.x) if problem.n <= NEWTON_UP_TO else run.fun
            best = min(best, f, run.fun)
            if report:
                report(f"    start {i}, memory {memory}: {run.fun:.12g} -> {f:.12g} ({run.nfev})")
    return best


def eckart_young(problem):
    """What is left of the digits without their 8 largest singular values."""
    rows, _ = problem.args
    return 0.5 * np.sum(np.linalg.svd(rows, compute_uv=False)[8:] ** 2) / len(rows)


def main(names):
    for name in names or problems.names():
        problem = problems.get(name)
        if problem.known == "exact":
            continue
        start = time.perf_counter()
        found = eckart_young(problem) if name == "mf_digits" else searched(problem, print)
        seconds = time.perf_counter() - start
        print(f"{name:20s} {found:.12e}  recorded {problem.best:.12e}  {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
