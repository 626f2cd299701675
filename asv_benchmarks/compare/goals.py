"""The figures nadamkit holds itself to."""

from __future__ import annotations

from typing import NamedTuple


class Goal(NamedTuple):
    """A bound on a figure: at least `bound`, or at most."""

    bound: float
    at_least: bool

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


#: Speed-ups are ``peer's time / our time``; everything else has its unit in its name.
GOALS = {
    "step 1e7 / NAdam foreach": Goal(6.0, True),
    "step 1e7 / Adam fused": Goal(1.0, True),
    "step 1e7 / stream": Goal(0.9, True),
    "step 1e5 / NAdam foreach": Goal(9.0, True),
    "step 1e5 / Adam fused": Goal(3.0, True),
    "step 1e3, us": Goal(1.5, False),
    "step memory, bytes": Goal(0.0, False),
    "ResNet-50 / NAdam for-loop": Goal(5.0, True),
    "loop n=2, ns": Goal(40.0, False),
    "loop n=100, ns": Goal(250.0, False),
    "deconvolution / L-BFGS-B": Goal(1.0, True),
    "import, ms": Goal(30.0, False),
    "import, unwanted modules": Goal(0.0, False),
    "second process, s": Goal(0.3, False),
    "new objective, s": Goal(0.15, False),
}

#: Goals that no command has a figure for yet, and why.
OPEN = {
    "20,000 problems at once, ns per iteration": (
        Goal(1.7, False),
        "many problems in one call are not built yet",
    ),
    "GPU, step 1e8 / copy": (Goal(0.9, True), "no CUDA device was there"),
    "GPU, step 1e8 / Adam fused": (Goal(1.0, True), "no CUDA device was there"),
    "GPU, step 1e8 / NAdam foreach": (Goal(3.0, True), "no CUDA device was there"),
}
