"""The lists of SciPy test nodes that `nodes.toml` keeps, and how a node is matched with them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path

PATH = Path(__file__).with_name("nodes.toml")


@dataclass(frozen=True)
class Group:
    """One entry of a list: node patterns (a ``*`` stands for any text) and why they are there."""

    why: str
    patterns: tuple[str, ...]

    def holds(self, node: str) -> bool:
        """Say whether a node belongs to this group."""
        return any(matches(pattern, node) for pattern in self.patterns)


@dataclass(frozen=True)
class Lists:
    """What `nodes.toml` says.

    Attributes
    ----------
    scipy : str
        Release of SciPy that the lists were written for.
    files : tuple of str
        Test files, relative to ``scipy/optimize``.
    applicable : dict of str to str
        Node -> what it checks. Each of them has to pass.
    quick : frozenset of str
        The applicable nodes that the normal test command runs.
    left_out, may_skip : tuple of Group
        Nodes that reach ``minimize`` and do not apply; applicable nodes that SciPy itself skips
        on some machines.
    """

    scipy: str
    files: tuple[str, ...]
    applicable: dict[str, str]
    quick: frozenset[str]
    left_out: tuple[Group, ...]
    may_skip: tuple[Group, ...]

    def fits(self, version: str) -> bool:
        """Say whether the lists were written for this version of SciPy."""
        return version.split(".")[:2] == self.scipy.split(".")[:2]

    def reason(self, node: str) -> str | None:
        """Return why a node is left out, or None for a node that is not."""
        return next((group.why for group in self.left_out if group.holds(node)), None)


def matches(pattern: str, node: str) -> bool:
    """Say whether a node fits a pattern, in which a ``*`` stands for any text."""
    # Not fnmatch: to it the brackets of a parametrised node are a character class.
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), node) is not None


def _expand(entry: dict) -> list[str]:
    tests = entry["tests"]
    if "params" not in entry:
        return list(tests)
    # A list of lists names the values of each parameter: every combination is a node.
    axes = entry["params"] if isinstance(entry["params"][0], list) else [entry["params"]]
    ids = ["-".join(values) for values in product(*axes)]
    return [f"{test}[{values}]" for test in tests for values in ids]


def load(path: Path = PATH) -> Lists:
    """Read the lists; a node named twice among the applicable ones is refused."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    applicable: dict[str, str] = {}
    quick: set[str] = set()
    for entry in data["applicable"]:
        nodes = _expand(entry)
        twice = [node for node in nodes if node in applicable]
        if twice:
            raise ValueError(f"{path.name} lists twice: {', '.join(twice)}")
        applicable |= dict.fromkeys(nodes, entry["what"])
        if not entry.get("slow", False):
            quick |= set(nodes)
    return Lists(
        scipy=data["scipy"],
        files=tuple(data["files"]),
        applicable=applicable,
        quick=frozenset(quick),
        left_out=_groups(data["left_out"]),
        may_skip=_groups(data.get("may_skip", [])),
    )


def _groups(entries: list[dict]) -> tuple[Group, ...]:
    return tuple(Group(entry["why"], tuple(_expand(entry))) for entry in entries)


def short_name(nodeid: str) -> str:
    """Drop the folders of a pytest node id: ``test_optimize.py::TestX::test_y[z]``."""
    path, separator, rest = nodeid.partition("::")
    return Path(path).name + separator + rest
