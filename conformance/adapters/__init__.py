"""Adapters by name: where each is, and what it is made with."""

from __future__ import annotations

_STEPPER = "conformance.adapters.nadamkit_step:Stepping"
_LOOP = "conformance.adapters.nadamkit_loop:Loop"

NAMES: dict[str, tuple[str, ...]] = {
    "nadamkit-numpy": (_STEPPER, "numpy"),
    "nadamkit-serial": (_STEPPER, "serial"),
    "nadamkit-parallel": (_STEPPER, "parallel", "2"),
    "nadamkit-parallel-1": (_STEPPER, "parallel", "1"),
    "nadamkit-cuda": (_STEPPER, "cuda"),
    "nadamkit-cudasim": (_STEPPER, "cudasim"),
    "nadamkit-compiled-loop": (_LOOP, "compiled"),
    "nadamkit-python-loop": (_LOOP, "python"),
    "nadamkit-optimizer": ("conformance.adapters.nadamkit_optimizer:Stepping",),
    "torch": ("conformance.adapters.torch:Torch",),
    "torch-float64": ("conformance.adapters.torch:Torch", "float64"),
    "keras": ("conformance.adapters.keras:Keras",),
    "optax": ("conformance.adapters.optax:Optax",),
    "plain": ("conformance.adapters.plain:Plain",),
}
