"""Expected failures: what is known about an implementation, with a reason and a link.

They live in a TOML file per adapter, here or with whoever owns the implementation::

    [[xfail]]
    case = "nadam/*@torch"      # ids of cases; * stands for anything
    dtype = "float64"           # both, if absent
    reason = "the product of mu_t is kept in float32"
    link = "https://..."
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conformance.adapter import AdapterError
from conformance.runner import Result

FOLDER = Path(__file__).with_name("expected")


@dataclass(frozen=True)
class Expected:
    """One expected failure; see the fields of the file."""

    case: str
    reason: str
    link: str
    dtype: str = ""

    def matches(self, case: str, dtype: str) -> bool:
        """Tell whether it speaks of a case in a dtype."""
        return fnmatchcase(case, self.case) and self.dtype in ("", dtype)


def read(path: Path) -> list[Expected]:
    """Read a file.

    Raises
    ------
    AdapterError
        If it is not such a file.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        if set(data) - {"xfail"}:
            raise TypeError(f"it may have [[xfail]] only, not {', '.join(set(data) - {'xfail'})}")
        return [Expected(**entry) for entry in data.get("xfail", ())]
    except (OSError, TypeError, tomllib.TOMLDecodeError) as error:
        raise AdapterError(f"expected failures {path}: {error}") from error


def of(adapter: str) -> list[Expected]:
    """The expected failures that are kept here for an adapter."""
    path = FOLDER / f"{adapter}.toml"
    return read(path) if path.exists() else []


def unmatched(entries: Iterable[Expected], results: Sequence[Result]) -> list[Expected]:
    """Entries that speak of no case that was run: misspelt, or out of date."""
    return [e for e in entries if not any(e.matches(r.case, r.dtype) for r in results)]


def apply(entries: Iterable[Expected], results: Iterable[Result]) -> None:
    """Turn failures that were expected into "xfail", and passes that were not into "xpass"."""
    entries = list(entries)
    turned = {"fail": "xfail", "pass": "xpass"}
    for result in results:
        for entry in entries:
            if result.status in turned and entry.matches(result.case, result.dtype):
                result.status = turned[result.status]
                result.reason = f"{entry.reason} ({entry.link})"
                break
