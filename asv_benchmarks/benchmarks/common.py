"""What benchmarks share: parameters of a quick run, and parts that may be missing."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

#: Set by ``python -m asv_benchmarks check``: each benchmark once, with few parameters.
QUICK = os.environ.get("NADAMKIT_BENCHMARKS") == "quick"


def some(values: Sequence[Any], quick: Sequence[Any]) -> tuple[Any, ...]:
    """All values, or those of a quick run."""
    return tuple(quick if QUICK else values)


def part(module: str, name: str | None = None) -> Any:
    """A module, or a name in it; a benchmark whose commit or machine lacks it is left out."""
    try:
        found = importlib.import_module(module)
        return getattr(found, name) if name else found
    except (ImportError, AttributeError) as error:
        raise left_out(str(error)) from error


def left_out(why: str) -> NotImplementedError:
    """What to raise in `setup`, after having said why."""
    print(f"left out: {why}", file=sys.stderr)
    return NotImplementedError(why)
