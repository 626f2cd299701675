"""The machine and the versions that the figures belong to."""

from __future__ import annotations

from pathlib import Path

from asv_benchmarks.pages import files
from asv_benchmarks.pages.drawing import table


def part(results: Path, folder: Path) -> str:
    """One table for all files; the versions of asv's environments beside it."""
    rows = {}
    for document in (*files.compared(results), *files.rooflines(results)):
        header = document["header"]
        key = header["machine"].partition(", load")[0], header["versions"]
        rows[key] = [key[0], header["python"], key[1], header.get("gpu", "")]
    lines = [table(["machine", "python", "versions", "GPU"], list(rows.values()), left=4)]
    for name, commits in files.histories(results).items():
        versions = ", ".join(f"{key} {value}" for key, value in commits[-1].versions.items())
        lines.append(f"History on `{name}`: {versions}.\n")
    return "\n".join(lines)
