"""The ``methods`` directive: one section for each rule in the registry.

The page is made when the documentation is built, so that a new rule file is documented by itself:
the mathematics comes from its module docstring, the table from its `Rule`.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from nadamkit import registry
from nadamkit.hyperparameters import COMMON, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docutils import nodes
    from sphinx.application import Sphinx

    from nadamkit.rule import Rule


def default(value: Any) -> str:
    """Spell a default; of a knob's choices the first is the default."""
    if isinstance(value, tuple):
        rest = ", ".join(f"``{choice!r}``" for choice in value[1:])
        return f"``{value[0]!r}`` (or {rest})" if rest else f"``{value[0]!r}``"
    return f"``{value!r}``"


def table(*rows: tuple[str, ...]) -> list[str]:
    """Lines of a table; the first row is its header."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for first, *others in rows:
        lines.append(f"   * - {first}")
        lines += [f"     - {cell}" for cell in others]
    return [*lines, ""]


def options(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Lines of a table of hyperparameters."""
    rows = [(f"``{n}``", default(v), TABLE[n].meaning) for n, v in hyperparameters.items()]
    return table(("option", "default", "meaning"), *rows)


def overview(rules: Iterable[Rule]) -> list[str]:
    """Lines of a table with one row a rule."""
    rows = [
        (f"``{rule.name}``", rule.title, rule.source, ", ".join(rule.slots) or "none")
        for rule in rules
    ]
    return table(("method", "title", "source", "state"), *rows)


def details(rule: Rule) -> list[str]:
    """Lines of the section of one rule: its docstring and its hyperparameters."""
    document = inspect.getdoc(sys.modules[rule.step.__module__]) or ""
    lines = [rule.title, "-" * len(rule.title), "", *document.splitlines(), ""]
    return lines + (options(rule.hyperparameters) if rule.hyperparameters else [])


class Methods(SphinxDirective):
    """Insert the overview and one section for each rule."""

    def run(self) -> list[nodes.Node]:
        """Parse the generated reStructuredText into nodes."""
        rules = registry.rules().values()
        lines = overview(rules)
        for rule in rules:
            self.env.note_dependency(inspect.getfile(rule.step))
            lines += details(rule)
        lines += ["Options of every method", "-----------------------", "", *options(COMMON)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("methods", Methods)
    return {"version": "1", "parallel_read_safe": True}
