"""The code of the documentation runs, page by page, prints what it says, and warns of nothing.

Pages that say so in a comment have a test of their own.

Blocks fenced as ``python`` need what the tests need. Those of a page that are fenced as
``{code-block} python`` need another library, and are left out where it is not installed. Each page
is a process of its own, because JAX and the forks of other tests do not go together.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT, Block, blocks, missing, own_test, program

DOCS = ROOT / "docs"
WRITTEN = [path for path in DOCS.rglob("*.md") if not {"_build", "generated"} & {*path.parts}]
ELSEWHERE = {page: own_test(page) for page in WRITTEN if own_test(page)}
PAGES = sorted(page for page in WRITTEN if blocks(page) and page not in ELSEWHERE)


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def test_there_are_pages() -> None:
    assert {"auto.md", "start.md", "howto/own-loop.md"} <= {name(page) for page in PAGES}


def test_the_others_have_a_test_of_their_own() -> None:
    for page, module in ELSEWHERE.items():
        assert page.name in (ROOT / "tests" / f"{module}.py").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_runs(page: Path, tmp_path: Path) -> None:
    absent = missing("\n".join(block.code for block in blocks(page) if block.optional))
    if absent and all(block.optional for block in blocks(page)):
        pytest.skip(f"needs {', '.join(sorted(absent))}")
    command = [sys.executable, "-W", "error", "-c", program(page, optional=not absent)]
    # Some of it writes files, into a folder of its own.
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_only_marked_blocks_need_another_library(page: Path) -> None:
    code = "\n".join(block.code for block in blocks(page) if not block.optional)
    for library in ("autograd", "cupy", "jax", "keras", "optax", "torch"):
        assert f"import {library}" not in code


def test_blocks_are_read(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nx = 1\nprint(x)\n```\n\n```text\n1\n```\n\n"
        "```{code-block} python\nimport nothing_of_this_name\n```\n"
        "```{code-block} python\n:caption: a/file.py\n\ny = 1\n```\n"
    )
    assert blocks(page) == [
        Block("x = 1\nprint(x)\n", "1\n", False),
        Block("import nothing_of_this_name\n", None, True),
        Block("y = 1\n", None, True, "a/file.py"),
    ]
    assert "y = 1" not in program(page)
    assert own_test(page) is None
    assert missing(blocks(page)[1].code) == {"nothing_of_this_name"}


@pytest.mark.parametrize(("printed", "fits"), [("1\n", True), ("2\n", False)])
def test_what_is_printed_counts(tmp_path: Path, printed: str, fits: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```python\nprint(1)\n```\n\n```text\n{printed}```\n")
    done = subprocess.run([sys.executable, "-c", program(page)], capture_output=True, check=False)
    assert (done.returncode == 0) == fits
