"""The ``dialects`` directive: an overview and one section for each dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rst import table
from sphinx.util.docutils import SphinxDirective

from nadamkit import dialects
from nadamkit.loops.stepper import Stepper

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


def spelled(value: Any) -> str:
    """Spell a value: a schedule by its numbers."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def preset(own: dialects.Preset) -> str:
    """Spell the hyperparameters that are not the rule's own defaults."""
    return ", ".join(f"``{name}={spelled(value)}``" for name, value in own.hyper.items())


def first_step(name: str) -> float:
    """The first step of Nadam for a gradient and a learning rate of 1, which tells many apart."""
    _, hyper = dialects.settings("nadam", name, {"mu": 0.9, "nu": 0.999, "eps": 0.0})
    x = np.zeros(1)
    Stepper("nadam", x, backend="numpy", learning_rate=1.0, **hyper).step(np.ones(1))
    return -float(x[0])


def overview() -> list[str]:
    """Lines of a table of all dialects."""
    rows = []
    for name in dialects.names():
        found = dialects.get(name)
        step = f"{first_step(name):.6g}" if "nadam" in found.methods else ""
        rows.append((f"``{name}``", step, found.library, found.version))
    return table(("dialect", "first step of Nadam", "library", "version"), *rows)


def details(found: dialects.Dialect) -> list[str]:
    """Lines of the section of one dialect."""
    title = f"{found.name}: {found.library} {found.version}".rstrip()
    rows = [
        (
            f"``{method}``",
            f"``{own.symbol}``" if own.symbol else "",
            "none" if own.learning_rate is None else f"{own.learning_rate:g}",
            preset(own) or "the paper's",
        )
        for method, own in found.methods.items()
    ]
    lines = [title, "-" * len(title), "", found.note, ""]
    head = ("method", "there", "learning rate", "hyperparameters")
    return lines + table(head, *rows)


class Dialects(SphinxDirective):
    """Insert the overview, and one section for each dialect but the paper's."""

    def run(self) -> list[nodes.Node]:
        """Parse the generated reStructuredText into nodes."""
        lines = overview()
        for name in dialects.names():
            found = dialects.get(name)
            if name != "paper":
                lines += details(found)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("dialects", Dialects)
    return {"version": "1", "parallel_read_safe": True}
