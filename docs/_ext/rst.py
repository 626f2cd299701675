"""Lines of reStructuredText that several extensions write."""

from __future__ import annotations

from textwrap import indent


def table(*rows: tuple[str, ...], widths: str = "") -> list[str]:
    """Lines of a table; the first row is its header."""
    lines = [".. list-table::", "   :header-rows: 1"]
    lines += [f"   :widths: {widths}"] if widths else []
    lines += [""]
    for first, *others in rows:
        lines.append(f"   * - {first}")
        lines += [f"     - {cell}" for cell in others]
    return [*lines, ""]


def section(title: str, *lines: str, underline: str = "-") -> list[str]:
    """Lines of a section."""
    return [title, underline * len(title), "", *lines, ""]


def code(text: str, language: str = "python") -> list[str]:
    """Lines of a block of code."""
    return [f".. code-block:: {language}", "", *indent(text.strip("\n"), "   ").splitlines(), ""]
