"""First-order optimisation for scientific Python.

`minimize` has SciPy's contract and ten methods from Dozat (2015), "Incorporating Nesterov Momentum
into Adam". Importing this package imports neither numba nor SciPy; names load on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from nadamkit._version import __version__

if TYPE_CHECKING:
    from nadamkit import dialects, plot, problems, registry, schedules
    from nadamkit._info import show_config
    from nadamkit._minimize import minimize
    from nadamkit._scipy_method import scipy_method
    from nadamkit._warmup import warmup
    from nadamkit.optimizer import Optimizer

_HOMES = {
    "Optimizer": "nadamkit.optimizer",
    "minimize": "nadamkit._minimize",
    "scipy_method": "nadamkit._scipy_method",
    "show_config": "nadamkit._info",
    "warmup": "nadamkit._warmup",
}
_MODULES = ("dialects", "plot", "problems", "registry", "schedules")

__all__ = [
    "Optimizer",
    "__version__",
    "dialects",
    "minimize",
    "plot",
    "problems",
    "registry",
    "schedules",
    "scipy_method",
    "show_config",
    "warmup",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"nadamkit.{name}")
    else:
        known = not name.startswith("__") and importlib.util.find_spec(f"nadamkit.{name}")
        hint = f"; write `import nadamkit.{name}` first" if known else ""
        raise AttributeError(
            f"module 'nadamkit' has no attribute {name!r}{hint}",
            name=name,
            obj=sys.modules[__name__],
        )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
