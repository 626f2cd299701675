"""Fused optimizers for PyTorch: torch's classes, with a step in one compiled call.

They are torch's own classes with another `step`: arguments, defaults, param groups, hooks,
closures, learning-rate schedulers, `state_dict` and checkpoints are torch's, in both directions.
`NadaMax` and `MaxaProp`, which torch does not have, are like them.

Arithmetic is in float32 for bfloat16, float16 and float32 parameters, and in float64 for float64; a
complex number is a pair of real ones, as in torch. `foreach`, `fused` and `capturable` are taken
and change nothing: the step is always fused.
"""

from nadamkit.torch._classes import (
    SGD,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    MaxaProp,
    NAdam,
    NadaMax,
    RMSprop,
)
from nadamkit.torch._replace import replace

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "MaxaProp",
    "NAdam",
    "NadaMax",
    "RMSprop",
    "replace",
]
