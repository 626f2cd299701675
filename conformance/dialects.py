"""Dialects: what each library's version of an algorithm is, in the knobs of the reference.

The table is `dialects.json`. A living library has a stored case for each of its methods; for a
whole grading in a dialect, and for the search, the families are computed afresh with its knobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from conformance import streams
from conformance.case import Case

PAPER = "paper"


@dataclass(frozen=True)
class Dialect:
    """One library's version of one method.

    Parameters
    ----------
    name, method : str
        Of the dialect and of the paper's method.
    knobs : dict
        What differs from the printed algorithm.
    mu_t : str or dict
        "constant", or the decimals of the schedule.
    hyper : dict
        The library's defaults of eta, mu, nu and eps.
    living : bool
        Whether the library is still being used.
    """

    name: str
    method: str
    knobs: dict[str, Any]
    mu_t: Any
    hyper: dict[str, float]
    living: bool


@cache
def table() -> dict[tuple[str, str], Dialect]:
    """Read the dialects, by their name and the method."""
    data = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    found = {}
    for name, entry in data.items():
        for method, d in entry["methods"].items():
            dialect = Dialect(name, method, d["knobs"], d["mu_t"], d["hyper"], entry["living"])
            found[name, method] = dialect
    return found


def names() -> list[str]:
    """Names of all dialects, the paper's first."""
    return [PAPER, *dict.fromkeys(name for name, _ in table())]


def cases() -> Iterator[Case]:
    """The case of each living library's method, without expected values."""
    for d in table().values():
        if d.living:
            eta, *_ = hyper = dict(d.hyper).values()
            rest = dict(zip(("mu", "nu", "eps"), list(hyper)[1:], strict=True))
            yield Case(
                f"dialects/{d.name}/{d.method}",
                d.method,
                "dialect",
                d.name,
                theta0=[0.0] * 5,
                checkpoints=[1, 2, 3, 4, 5, 8, 16, 32, 60],
                eta=eta,
                hyper=rest,
                mu_t=d.mu_t,
                knobs=d.knobs,
                gradients=streams.mixed(11, 60),
                flags=["epsilon", "n-hat", "schedule", "look-ahead", "product"],
            )


def spoken(case: Case, dialect: Dialect) -> Case:
    """Return a case of the paper with what the dialect changes, without expected values."""
    changed: dict[str, Any] = {"knobs": dialect.knobs, "mu_t": dialect.mu_t}
    if isinstance(case.mu_t, list) and dialect.mu_t != "constant":
        changed["mu_t"] = case.mu_t
    needs = [need for need in case.needs if dialect.mu_t != "constant" or need != "mu_table"]
    if case.start:
        changed["mu_t"] = "constant"
    made = replace(case, dialect=dialect.name, needs=needs, expected={}, **changed)
    return replace(made, id=f"{case.id}@{dialect.name}")
