"""The page about PyTorch and the examples in docstrings run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from nadamkit.torch import _classes, _replace  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "torch.md"


def test_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```{code-block} python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    namespace: dict[str, object] = {}
    for code in blocks:
        exec(compile(code, str(PAGE), "exec"), namespace)


@pytest.mark.parametrize("module", [_classes, _replace], ids=lambda module: module.__name__)
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
