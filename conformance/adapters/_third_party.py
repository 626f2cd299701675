"""What the adapters of libraries that stand on JAX share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Read when JAX makes its first array. An accelerator would be another implementation.
os.environ.setdefault("JAX_PLATFORMS", "cpu")


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Have JAX as its users have it: 64-bit types for float64, its default for float32.

    Parameters
    ----------
    dtype : str
        Of the run.
    """
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", dtype == "float64")
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
