r"""Mathematics as MathML, made by latex2mathml when the pages are built.

Browsers show MathML by themselves, so that the pages need no script and no network. Displayed
formulas of several lines are aligned at ``&``, as in LaTeX's ``aligned``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from docutils import nodes
from latex2mathml.converter import convert_to_element

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

# MathML Core leaves the columns of a table to CSS.
CELL = "padding: 0.3em 0.15em; text-align: {}"


def formula(code: str, *, block: bool) -> ElementTree.Element:
    """Convert one formula."""
    return convert_to_element(code.strip(), display="block" if block else "inline")


def aligned(code: str) -> ElementTree.Element:
    """Convert lines separated by two backslashes, with columns separated by ampersands."""
    math = ElementTree.Element("math", display="block")
    table = ElementTree.SubElement(math, "mtable", displaystyle="true")
    for line in code.split(r"\\"):
        row = ElementTree.SubElement(table, "mtr")
        for column, cell in enumerate(line.split("&")):
            style = CELL.format("left" if column % 2 else "right")
            entry = ElementTree.SubElement(row, "mtd", style=style)
            entry.extend(formula(cell, block=True) if cell.strip() else ())
    return math


def text(math: ElementTree.Element) -> str:
    """Serialise; latex2mathml writes its characters as references, which must stay references."""
    return unescape(ElementTree.tostring(math, encoding="unicode"))


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in running text."""
    element = formula(node.astext(), block=False)
    self.body.append(text(element))
    raise nodes.SkipNode


def visit_displaymath(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula."""
    code = node.astext()
    several = r"\\" in code and r"\begin" not in code
    element = aligned(code) if several else formula(code, block=True)
    self.body.append(self.starttag(node, "div", CLASS="displaymath"))
    self.body.append(text(element) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; ``html_math_renderer = "mathml"`` chooses it."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
