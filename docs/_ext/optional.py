"""The ``optional-automodule`` directive: a module that needs a package, where that is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


class OptionalAutomodule(SphinxDirective):
    """``.. optional-automodule:: MODULE PACKAGE``: as automodule, or a line that says why not."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Parse what automodule would."""
        module, package = self.arguments
        text = f".. automodule:: {module}\n   :members:\n"
        if find_spec(package) is None:
            text = f"These pages were built without {package}, which ``{module}`` needs.\n"
        return self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("optional-automodule", OptionalAutomodule)
    return {"version": "1", "parallel_read_safe": True}
