"""The tutorial docs/tutorials/own-method.md, done as it says, in a copy of the package.

Its blocks with a caption are the texts of files; the others are a program for the package that has
the first of these files.
"""

import shutil

import pytest

from tests.eleventh import copied, run
from tests.pages import ROOT, blocks, own_test, program

PAGE = ROOT / "docs" / "tutorials" / "own-method.md"
FILES = {block.file: block.code for block in blocks(PAGE) if block.file}
RULE, PAPER = "nadamkit/rules/adabelief.py", "conformance/reference/paper.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package with the page's rule."""
    folder = copied(tmp_path_factory.mktemp("own"), "conformance", "docs/_ext")
    shutil.copy(ROOT / "README.md", folder)
    (folder / RULE).write_text(FILES[RULE], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def transcribed(copy):
    """The copy with the page's transcription of the paper too, and its name in the list."""
    path = copy / PAPER
    before, end, after = path.read_text("utf-8").partition("ALGORITHMS: ")
    after = after.replace("nadamax)", "nadamax, adabelief)", 1)
    path.write_text(f"{before}{FILES[PAPER]}\n\n{end}{after}", encoding="utf-8")
    return copy


def outcome(folder, *arguments):
    """The last line of pytest on what is named after the method."""
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "adabelief", *arguments]
    return run(folder, *command).splitlines()[-1]


def test_the_page_is_read():
    assert list(FILES) == [RULE, PAPER]
    assert own_test(PAGE) == "test_own_method_page"


def test_it_prints_what_it_says(copy):
    run(copy, "-W", "error", "-c", program(PAGE))


def test_the_tests_pass(copy):
    assert " passed" in outcome(copy, "tests/test_rule.py", "tests/test_minimize_wild.py")


def test_hundreds_of_tests_collect_it(copy):
    some = [f"tests/{name}" for name in ("backends", "loops", "optimizer", "test_minimize_wild.py")]
    assert int(outcome(copy, "--collect-only", *some).partition("/")[0]) > 200


def test_command_line_compares_it(copy):
    pytest.importorskip("sklearn")
    out = run(copy, "-m", "nadamkit", "demo", "--methods", "adabelief", "gd", "--maxiter", "20")
    assert "\nadabelief " in out


def test_readme_is_written_with_it(copy):
    run(copy, "-m", "tests.test_readme")
    assert "| `adabelief` | AdaBelief | Zhuang et al." in (copy / "README.md").read_text("utf-8")


def test_documentation_has_its_page(copy):
    pytest.importorskip("sphinx")
    code = """
import sys
sys.path.insert(0, "docs/_ext")
import methods
from nadamkit import registry
print(methods.page(registry.get("adabelief"), []))
"""
    assert run(copy, "-c", code).startswith("AdaBelief\n=========\n")


def test_transcription_bounds_its_errors(transcribed):
    assert " passed" in outcome(transcribed, "tests/test_minimize_paper.py")
