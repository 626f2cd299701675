"""A case: what an implementation is run on, and what it has to give."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import numbers

#: The version of the cases. Ids are never reused, and a released case is never edited.
VERSION = "v1"
FOLDER = Path(__file__).parent / "cases" / VERSION
PROFILES = ("strict", "standard")
#: The momentum schedule of section 4, in decimals that are meant exactly.
PAPER_SCHEDULE = {"kappa": "0.5", "base": "0.96", "psi": "0.004"}


@dataclass(frozen=True)
class Field:
    """Expected values of theta, the step or a slot at one step.

    Parameters
    ----------
    values : list
        For each component the exact value as `numbers.split` has it, or a word of
        `numbers.WORDS`.
    bounds : dict
        By (dtype, profile), for each component the bound in units of u; absent where the case says
        nothing about that dtype.
    """

    values: list[tuple[float, float, int] | str]
    bounds: dict[tuple[str, str], list[float]]


@dataclass(frozen=True)
class Case:
    """One case. See SPEC.md for what each entry means.

    Parameters
    ----------
    id, method, family, dialect : str
        Name of the case and where it belongs.
    theta0 : sequence of float
        Starting point.
    checkpoints : sequence of int
        The t at which the state is graded.
    eta : float or sequence of float
        Learning rate, or that of each step.
    hyper : mapping
        mu, nu and eps.
    mu_t : str, mapping or sequence
        "constant", the decimals of the paper's formula, or mu_1, mu_2, ... themselves.
    knobs : mapping
        What differs from the printed algorithm; empty for the paper's.
    gradients : sequence
        Prescribed gradients, or None in a closed loop.
    problem : str
        Whose gradient the loop evaluates, or None in an open loop.
    around, start : mapping
        Options around the update; the state to start from.
    sizes : sequence of int
        Lengths to which the columns are repeated.
    restart_after : int
        Steps after which the state is saved and loaded, or 0.
    dtypes, flags, needs : sequence of str
        What it is for, what it catches, what the implementation must be able to do.
    expected : mapping
        Of t, of the name of a field.
    """

    id: str
    method: str
    family: str
    dialect: str
    theta0: Sequence[float]
    checkpoints: Sequence[int]
    eta: float | Sequence[float]
    hyper: Mapping[str, float]
    mu_t: Any = "constant"
    knobs: Mapping[str, Any] = field(default_factory=dict)
    gradients: Sequence[Sequence[float]] | None = None
    problem: str | None = None
    around: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    sizes: Sequence[int] = ()
    restart_after: int = 0
    dtypes: Sequence[str] = ("float32", "float64")
    flags: Sequence[str] = ()
    needs: Sequence[str] = ()
    expected: Mapping[int, Mapping[str, Field]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Number of steps to make."""
        return self.checkpoints[-1] - int(self.start.get("t", 0))

    def momenta(self, last: int) -> list[float]:
        """Return mu_t for t from 1 after the start to `last`, as doubles."""
        first = int(self.start.get("t", 0)) + 1
        if isinstance(self.mu_t, str):
            return [self.hyper["mu"]] * (last - first + 1)
        if isinstance(self.mu_t, Mapping):
            kappa, base, psi = (float(self.mu_t[name]) for name in ("kappa", "base", "psi"))
            mu = self.hyper["mu"]
            return [mu * (1 - kappa * base ** (psi * t)) for t in range(first, last + 1)]
        return list(self.mu_t[: last - first + 1])


def load(path: Path) -> Case:
    """Read a case.

    Parameters
    ----------
    path : Path
        Its file.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    data = {key: value for key, value in data.items() if key not in ("format", "provenance")}
    data["expected"] = {row.pop("t"): _fields(row) for row in data.pop("expected")}
    data["checkpoints"] = list(data["expected"])
    return Case(**_read(data))


def stored(folder: Path = FOLDER) -> list[Case]:
    """Read all cases, in the order of their names."""
    return [load(path) for path in sorted(folder.rglob("*.json"))]


def _fields(row: Mapping[str, Any]) -> dict[str, Field]:
    fields = {}
    for name, entry in row.items():
        values = [v if v in numbers.WORDS else numbers.split(v) for v in entry["value"]]
        bounds = {
            (dtype, profile): [float.fromhex(b) for b in entry[dtype][profile]]
            for dtype in ("float32", "float64")
            for profile in (entry.get(dtype) or ())
        }
        fields[name] = Field(values, bounds)
    return fields


def _read(value: Any, key: str = "") -> Any:
    """Turn hexadecimal strings into floats, but for the decimals of a schedule."""
    if key == "mu_t" and isinstance(value, dict):
        return value
    if isinstance(value, dict):
        return {k: _read(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_read(v) for v in value]
    if isinstance(value, str) and value.lstrip("-")[:2] == "0x":
        return float.fromhex(value)
    if value in ("nan", "inf", "-inf"):
        return float(value)
    return value
