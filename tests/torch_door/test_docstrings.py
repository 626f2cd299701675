"""The examples in docstrings run."""

from __future__ import annotations

import doctest

import pytest

torch = pytest.importorskip("torch")

from nadamkit.torch import _classes, _replace  # noqa: E402


@pytest.mark.parametrize("module", [_classes, _replace], ids=lambda module: module.__name__)
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
