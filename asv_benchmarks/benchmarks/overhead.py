"""What looking on costs: callbacks, histories and progress, in both loops, over 1000 iterations."""

from typing import Any

import numpy as np

from .common import left_out, part

OPTIONS = {"learning_rate": 1e-6, "maxiter": 1000, "gtol": 0.0}


def _by_point(xk: np.ndarray) -> None:
    pass


def _by_result(intermediate_result: Any) -> None:
    pass


def _by_state(state: Any) -> None:
    pass


WAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "callback(xk)": ({"callback": _by_point}, {}),
    "callback(intermediate_result)": ({"callback": _by_result}, {}),
    "return_all": ({}, {"return_all": True}),
    "history": ({}, {"history": 1}),
    "progress": ({"progress": _by_state}, {}),
}


class Overhead:
    """Time of 1000 iterations with 10 variables."""

    params = (("compiled loop", "Python loop"), tuple(WAYS))
    param_names = ("loop", "way")

    def setup(self, loop: str, way: str) -> None:
        self.minimize = part("nadamkit", "minimize")
        arguments, options = WAYS[way]
        self.arguments = arguments | {"options": OPTIONS | options}
        if loop == "compiled loop":
            self.fun: Any = part("asv_benchmarks.compare.loop").rosen
        else:
            self.fun, self.arguments["jac"] = _bowl, True
        try:
            self.run()
        except TypeError as error:  # an argument that this commit does not have
            raise left_out(str(error)) from error

    def run(self) -> None:
        self.minimize(self.fun, np.zeros(10), **self.arguments)

    def time_1000_iterations(self, loop: str, way: str) -> None:
        self.run()


def _bowl(x: np.ndarray) -> tuple[float, np.ndarray]:
    return float(x @ x) + 1.0, 2.0 * x + 1e-3
