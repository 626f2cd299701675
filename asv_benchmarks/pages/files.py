"""Reading the result files: those of our own commands, and those of asv."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

#: What ``python -m asv_benchmarks.compare`` and its sections wrote.
COMPARED = "*-cpu.json", "*-gpu.json"

Document = dict[str, Any]
#: Values of one benchmark by its parameters, None where it was left out.
Values = dict[tuple[str, ...], float | None]


class Commit(NamedTuple):
    """What asv measured of one commit on one machine.

    Parameters
    ----------
    name : str
        Eight digits of the hash.
    date : int
        Milliseconds.
    values : dict of str to Values
        By the name of the benchmark.
    versions : dict of str to str
        Of the packages in the environment.
    """

    name: str
    date: int
    values: dict[str, Values]
    versions: dict[str, str]


def compared(results: Path) -> Iterator[Document]:
    """Documents of the commands, without the roofline."""
    for pattern in COMPARED:
        for path in sorted(results.glob(pattern)):
            if not path.name.startswith("roofline"):
                yield json.loads(path.read_text(encoding="utf-8"))


def rooflines(results: Path) -> Iterator[Document]:
    """Documents of the roofline: the CPU's, and a GPU's."""
    for path in sorted(results.glob("roofline-*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def histories(results: Path) -> dict[str, list[Commit]]:
    """What asv has, by the name of the machine; the oldest commit first."""
    found: dict[str, list[Commit]] = {}
    for folder in sorted((results / "history").glob("*/")):
        commits: dict[str, Commit] = {}
        for path in sorted(folder.glob("*-*.json")):
            commit = _commit(json.loads(path.read_text(encoding="utf-8")))
            known = commits.get(commit.name)
            # One file for each environment; they share few benchmarks.
            values = (known.values if known else {}) | commit.values
            commits[commit.name] = commit._replace(values=values)
        if commits:
            found[folder.name] = sorted(commits.values(), key=lambda commit: commit.date)
    return found


def _commit(document: Document) -> Commit:
    values = {name: _values(entry) for name, entry in document["results"].items()}
    versions = {"python": document["python"]} | document.get("requirements", {})
    return Commit(document["commit_hash"][:8], document["date"], values, versions)


def _values(entry: list[Any]) -> Values:
    """Asv stores a list over the product of the parameters, which are texts of Python's."""
    numbers, params = entry[0], entry[1]
    if numbers is None:
        return {}
    keys = (tuple(value.strip("'") for value in key) for key in product(*params))
    return dict(zip(keys, numbers, strict=True))
