"""Fused optimizers for PyTorch: torch's classes, with a step in one compiled call.

They are torch's own classes with another `step`: arguments, defaults, param groups, hooks,
closures, learning-rate schedulers, `state_dict` and checkpoints are torch's, in both directions.
`NadaMax` and `MaxaProp`, which torch does not have, are like them.

Arithmetic is in float32 for bfloat16, float16 and float32 parameters, and in float64 for float64; a
complex number is a pair of real ones, as in torch. `foreach`, `fused` and `capturable` are taken
and change nothing: the step is always fused.
"""

try:
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
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError(
        f"nadamkit.torch needs PyTorch, which cannot be imported ({error}). Install it with "
        '`python -m pip install "nadamkit[torch]"`.',
        name="torch",
    ) from None

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
