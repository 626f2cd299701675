"""The figures of the documentation's benchmark page, from the files in ``asv_benchmarks/results``.

The documentation's build calls `write`, and so does ``python -m asv_benchmarks publish``. asv's own
page needs a network to draw; these pictures do not.
"""

from __future__ import annotations

from pathlib import Path

from asv_benchmarks.pages import goals, history, limit, machine, peers

RESULTS = Path(__file__).parents[1] / "results"
#: Each part of the page: its tables, as Markdown, and the drawings that it shows.
PARTS = {
    "goals": goals.part,
    "limit": limit.part,
    "peers": peers.part,
    "history": history.part,
    "machine": machine.part,
}


def write(docs: Path, results: Path = RESULTS) -> Path:
    """Write the parts of the page.

    Parameters
    ----------
    docs : Path
        Folder of the documentation.
    results : Path
        Folder of the result files.

    Returns
    -------
    Path
        Where the parts are: ``generated/benchmarks`` in `docs`.
    """
    folder = docs / "generated" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in PARTS.items():
        (folder / f"{name}.md").write_text(part(results, folder), encoding="utf-8")
    return folder
