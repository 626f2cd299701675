"""The documentation has a page for each method, and it says what the rule and the suite say."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nadamkit import registry

ROOT = Path(__file__).parents[1]

pytest.importorskip("sphinx")
pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def extension():
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    try:
        import methods

        yield methods
    finally:
        sys.path.remove(str(ROOT / "docs" / "_ext"))


@pytest.fixture
def page(extension, method):
    return extension.page(registry.get(method), [])


def test_page_has_its_parts(page, method):
    rule = registry.get(method)
    assert page.startswith(rule.title + "\n")
    assert ".. math::" in page
    assert f"def {method}(s: Setting)" in page
    assert "def coefficients(h, s):" in page
    assert "def step(x, g, slots, k):" in page
    for name in rule.hyperparameters:
        assert f"* - ``{name}``" in page
    for slot in rule.slots:
        assert f"- ``{slot}``" in page


def test_golden_hash_is_that_of_the_files(page, method):
    folder = ROOT / "conformance" / "cases" / "v1" / method
    files = sorted(folder.glob("*.json"))
    joined = subprocess.run(["cat", *files], capture_output=True, check=True).stdout
    assert hashlib.sha256(joined).hexdigest() in page
    for path in files:
        assert f"{method}/{path.stem}" in page


def test_a_rule_without_equations_has_no_page(extension, monkeypatch):
    rule = replace(registry.get("adam"), name="wordless")
    monkeypatch.setattr(sys.modules[rule.step.__module__], "__doc__", "Words only.")
    with pytest.raises(Exception, match=r"'wordless' has no equations"):
        extension.page(rule, [])


def test_picture_is_drawn_by_the_code_beside_it(extension, tmp_path):
    lines = "\n".join(extension.picture("nadam", tmp_path))
    assert (tmp_path / "nadam.png").stat().st_size > 10_000
    assert ".. image:: nadam.png" in lines
    assert "plot.plot_path(" in lines
    assert 'method="nadam"' in lines
