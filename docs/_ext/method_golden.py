"""The golden trajectories of a method, and the hash by which they are known."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from rst import code, section, table

from conformance.case import FOLDER, VERSION, Case, stored
from conformance.families import FAMILIES

ROOT = Path(__file__).parents[2]


def digest(method: str) -> str:
    """SHA-256 of the method's files one after the other, in the order of their names."""
    found = sha256()
    for path in sorted((FOLDER / method).glob("*.json")):
        found.update(path.read_bytes())
    return found.hexdigest()


def row(case: Case) -> tuple[str, ...]:
    """What the table says of a case."""
    meaning = (FAMILIES[case.family].__doc__ or "").strip().rstrip(".")
    return f"``{case.id}``", meaning, str(case.steps), ", ".join(case.dtypes)


def golden(method: str) -> list[str]:
    """Lines of the section; none for a method that has no cases yet."""
    cases = [case for case in stored() if case.method == method and case.dialect == "paper"]
    if not cases:
        return []
    folder = f"conformance/cases/{VERSION}/{method}"
    head = ("case", "what it is", "steps", "graded in")
    text = (
        f"{len(cases)} trajectories from a transcription of the paper in 256-bit arithmetic, with "
        f"a rounding bound for every number, in ``{folder}``. They grade nadamkit, and anyone "
        "else's implementation: :doc:`/conformance`. Their SHA-256, all files one after the other:"
    )
    command = f"$ cat {folder}/*.json | sha256sum\n{digest(method)}  -"
    rows = table(head, *map(row, cases), widths="28 48 10 14")
    return section("Golden trajectories", text, "", *code(command, "console"), *rows)
