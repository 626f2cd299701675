"""One page for each rule in the registry, and directives for the page above them.

Pages are written when the documentation is built, so that a new rule file is documented by itself:
the mathematics is its module docstring, the tables come from its `Rule`, the code from its file,
the paper's lines from the conformance suite's transcription, and the picture from a run.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from method_golden import golden
from method_picture import picture
from rst import code, section, table
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from conformance.reference import paper
from nadamkit import dialects, registry
from nadamkit._options import OPTIONS
from nadamkit.hyperparameters import COMMON, TABLE

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

    from nadamkit.rule import Rule

#: Symbols of the paper, what they are called in rule files, and what they are.
SYMBOLS = {
    "x": (r"\theta", "the parameters"),
    "g": ("g", "the gradient"),
    "m": ("m", "state: the momentum, a decaying mean or sum of gradients"),
    "n": ("n", "state: the norm, a mean, sum or maximum of the gradients' sizes"),
    "eta": (r"\eta", "``learning_rate``"),
    "mu": (r"\mu,\ \mu_t", "``mu``, and with ``schedule`` its value at step t"),
    "nu": (r"\nu", "``nu``"),
    "eps": (r"\varepsilon", "``eps``"),
}


def default(value: Any) -> str:
    """Spell a default; of a knob's choices the first is the default."""
    if isinstance(value, tuple):
        rest = ", ".join(f"``{choice!r}``" for choice in value[1:])
        return f"``{value[0]!r}`` (or {rest})" if rest else f"``{value[0]!r}``"
    return f"``{value!r}``"


def options(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Lines of a table of hyperparameters."""
    rows = [(f"``{n}``", default(v), TABLE[n].meaning) for n, v in hyperparameters.items()]
    return table(("option", "default", "meaning"), *rows, widths="20 30 50")


def of_a_run() -> list[str]:
    """Lines of a table of the options that all runs have."""
    rows = [
        (f"``{name}``", f"``{option.default!r}``", option.allowed, option.meaning)
        for name, option in OPTIONS.items()
    ]
    head = ("option", "default", "allowed", "meaning")
    return table(head, *rows, widths="18 12 30 40")


def overview(rules: Iterable[Rule]) -> list[str]:
    """Lines of a table with one row a rule, and a link to its page."""
    rows = [
        (
            f":doc:`{rule.title} </methods/{rule.name}>`",
            f"``{rule.name}``",
            rule.source,
            ", ".join(rule.slots) or "none",
        )
        for rule in rules
    ]
    return table(("algorithm", "``method=``", "source", "state"), *rows)


def symbols(rule: Rule) -> list[str]:
    """Lines of a table of the symbols that a rule has."""
    names = ["x", "g", *rule.slots, "eta", *rule.hyperparameters]
    rows = [
        (f":math:`{SYMBOLS[name][0]}`", f"``{name}``", SYMBOLS[name][1])
        for name in dict.fromkeys(names)
        if name in SYMBOLS
    ]
    return table(("in the paper", "in the code", "what it is"), *rows)


def line_by_line(rule: Rule) -> list[str]:
    """Lines of the section with the paper's lines and the rule's code."""
    module = sys.modules[rule.step.__module__]
    kernel = "\n\n".join(inspect.getsource(f).strip() for f in (rule.coefficients, rule.step))
    transcribed = getattr(paper, rule.name, None)
    lines = symbols(rule)
    if transcribed is not None:
        lines += [
            "Each line of the paper as a line of the reference that all backends are graded "
            "against (``conformance/reference/paper.py``). After ``|`` stands another form of the "
            "same number, with other roundings.",
            "",
            *code(inspect.getsource(transcribed)),
        ]
    name = Path(inspect.getfile(module)).name
    lines += [
        f"And as it is computed (``nadamkit/rules/{name}``): ``coefficients`` makes the scalars of "
        "step t in float64 and more, ``step`` updates one element, on every backend.",
        "",
        *code(kernel),
    ]
    return section("Line by line", *lines)


def elsewhere(rule: Rule) -> list[str]:
    """Lines of the section on other libraries' versions of the method."""
    rows = []
    for name in dialects.names():
        found = dialects.get(name)
        if name != "paper" and rule.name in found.methods:
            there = found.methods[rule.name].symbol
            rows.append((f"``{name}``", found.library, f"``{there}``" if there else ""))
    if not rows:
        return []
    text = "Dialects compute what these compute, with their defaults: :doc:`/dialects`."
    return section(
        "In other libraries", text, "", *table(("``dialect=``", "library", "there"), *rows)
    )


def page(rule: Rule, drawn: list[str]) -> str:
    """The page of a rule, in reStructuredText."""
    document = inspect.getdoc(sys.modules[rule.step.__module__]) or ""
    if ".. math::" not in document:
        raise ExtensionError(f"the docstring of the rule file of {rule.name!r} has no equations")
    own = options(rule.hyperparameters) if rule.hyperparameters else ["It has none of its own.", ""]
    every = ":doc:`Options of every method </options>` go with it: weight decay, clipping, ascent."
    lines = section(rule.title, *document.splitlines(), underline="=")
    lines += section("Hyperparameters", *own, every)
    lines += drawn + line_by_line(rule) + golden(rule.name) + elsewhere(rule)
    return "\n".join(lines)


def write(app: Sphinx) -> None:
    """Write ``methods/*.rst`` and the pictures on them."""
    folder = Path(app.srcdir, "methods")
    folder.mkdir(exist_ok=True)
    for rule in registry.rules().values():
        text = page(rule, picture(rule.name, folder))
        path = folder / f"{rule.name}.rst"
        # A page that says the same is not read again.
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def directive(content: Callable[[], list[str]]) -> type[SphinxDirective]:
    """A directive that inserts what `content` writes."""

    class Inserted(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            return self.parse_text_to_nodes("\n".join(content()))

    return Inserted


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("methods", directive(lambda: overview(registry.rules().values())))
    app.add_directive("options-of-a-run", directive(of_a_run))
    app.add_directive("common-options", directive(lambda: options(COMMON)))
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True}
