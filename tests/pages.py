"""Code blocks of pages in Markdown, and what they are said to print."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"^```(?P<optional>\{code-block\} )?python\n"
    r"(?::caption: (?P<file>[^\n]*)\n\n)?(?P<code>.*?)^```\n"
    r"(?:\n```text\n(?P<printed>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
#: The comment of a page whose code `tests.test_docs` does not run: the test that does.
OWN_TEST = re.compile(r"^% tests: (\w+)$", re.MULTILINE)
IMPORTED = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)


class Block(NamedTuple):
    """A block of Python.

    Parameters
    ----------
    code : str
        Between the fences.
    printed : str or None
        The block of text that follows at once, which is what the code prints.
    optional : bool
        Whether it is written ``{code-block} python``: it needs a package that the tests do not.
    file : str or None
        Its caption: it is the text of this file, and is not run.
    """

    code: str
    printed: str | None
    optional: bool
    file: str | None = None


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [Block(m["code"], m["printed"], m["optional"] is not None, m["file"]) for m in found]


def own_test(page: Path) -> str | None:
    """The module in ``tests`` that runs the page's code, if it is not ``test_docs``."""
    found = OWN_TEST.search(page.read_text("utf-8"))
    return found[1] if found else None


def missing(code: str) -> set[str]:
    """Packages that the code imports and that are not installed."""
    return {name for name in IMPORTED.findall(code) if find_spec(name) is None}


def program(page: Path, *, optional: bool = True) -> str:
    """The blocks as one program; after each, what it printed is compared with the page."""
    lines = ["import contextlib, io"]
    for number, block in enumerate(blocks(page), 1):
        if block.file or (block.optional and not optional):
            continue
        said = f"what block {number} printed, where the page says {block.printed!r}: "
        lines += [
            "shown = io.StringIO()",
            "with contextlib.redirect_stdout(shown):",
            f"    exec(compile({block.code!r}, 'block {number} of {page.name}', 'exec'))",
        ]
        if block.printed is not None:
            lines.append(
                f"assert shown.getvalue() == {block.printed!r}, {said!r} + shown.getvalue()"
            )
    return "\n".join(lines)
