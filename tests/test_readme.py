"""The README's code runs and prints what it says; its table of methods is that of the registry.

``python -m tests.test_readme`` writes the table anew.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from nadamkit import registry

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- methods: made from the registry by tests/test_readme.py -->\n"
END = "<!-- end of methods -->"


def table() -> str:
    rows = [
        "| `method=` | algorithm | source | state | defaults |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rule in registry.rules().values():
        values = rule.validated({})
        defaults = ", ".join(
            f"{name}={values[name]}" for name in ("mu", "nu", "eps", "schedule") if name in values
        )
        slots = ", ".join(rule.slots) or "none"
        rows.append(
            f"| `{rule.name}` | {rule.title} | {rule.source} | {slots} | {defaults or 'none'} |"
        )
    return "\n".join(rows) + "\n"


def test_table_of_methods_is_the_registrys() -> None:
    text = README.read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0]
    assert written == table(), "run `python -m tests.test_readme`"


def test_examples_print_what_the_readme_says() -> None:
    text = README.read_text(encoding="utf-8")
    pairs = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert len(pairs) == text.count("```python"), "each example needs its printed result"
    namespace: dict[str, object] = {}
    for code, expected in pairs:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(README), "exec"), namespace)
        assert out.getvalue() == expected


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8")))
def test_links_lead_somewhere(path: str) -> None:
    assert (README.parent / path).exists()


if __name__ == "__main__":
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")
