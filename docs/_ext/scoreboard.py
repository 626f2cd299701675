"""Writes the tables of the conformance page from the result files, before pages are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance import scoreboard

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def write(app: Sphinx) -> None:
    """Write ``generated/scoreboard.md``."""
    folder = Path(app.srcdir, "generated")
    folder.mkdir(exist_ok=True)
    text = scoreboard.markdown(scoreboard.load())
    folder.joinpath("scoreboard.md").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
