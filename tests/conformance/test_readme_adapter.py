"""A reader with only conformance/README.md: its adapter is graded, and its tables are true.

``python -m tests.conformance.test_readme_adapter`` writes what the README takes from the code anew.
"""

import os
import re
import subprocess
import sys

import pytest

from conformance.__main__ import parser
from conformance.adapter import FEATURES, load
from conformance.adapters.template import Template
from conformance.case import stored
from conformance.families import FAMILIES
from conformance.runner import run_case
from tests.conformance.programs import ROOT

FOLDER = ROOT / "conformance"
README = FOLDER / "README.md"
EXAMPLE = FOLDER / "examples/adam.py"
NAME = "conformance.examples.adam:Adam"


def example():
    """What the README shows of the file: all that follows its docstring and the linter's note."""
    return EXAMPLE.read_text(encoding="utf-8").partition("all that follows\n\n")[2]


def table(head, rows):
    lines = [head, "| --- | --- |", *(f"| `{name}` | {text} |" for name, text in rows)]
    return "\n".join(lines) + "\n"


def parts():
    """The parts of the README that are made from the code, by the word that marks them."""
    families = ((name, f.__doc__.partition("\n")[0].rstrip(".")) for name, f in FAMILIES.items())
    return {
        "example": f"```python\n{example()}```\n",
        "families": table("| family | what it is |", families),
        "features": table("| feature | what it is |", FEATURES.items()),
    }


def around(word, text):
    """What stands before, within and after a marked part."""
    found = re.search(rf"(.*<!-- {word}: [^\n]*\n)(.*)(<!-- end of {word} -->.*)", text, re.DOTALL)
    return found.groups()


@pytest.mark.parametrize("word", parts())
def test_readme_shows_what_the_code_says(word):
    _, within, _ = around(word, README.read_text(encoding="utf-8"))
    assert within == parts()[word], "run `python -m tests.conformance.test_readme_adapter`"


def test_example_has_20_lines():
    assert 10 < len([line for line in example().splitlines() if line]) <= 20


def graded(adapter, dtype="float64"):
    cases = [c for c in stored() if c.method in adapter.methods and c.dialect == "paper"]
    return {c.id: (run_case(adapter, c, dtype), c) for c in cases if dtype in c.dtypes}


def test_example_conforms():
    for result, case in graded(load(NAME)).values():
        assert result.status == ("skip" if case.needs else "pass"), result
        assert case.needs or result.fields == ("theta", "m", "n")


WRONG = {
    "epsilon outside": ("sqrt(n / b + eps)", "(sqrt(n / b) + eps)"),
    "no correction of m": ("(m / a)", "m"),
    "correction one step late": ("nu**self.t", "nu ** (self.t + 1)"),
    "a constant in the code": ("(1 - nu) * x * x", "0.001 * x * x"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_example_with_one_wrong_line_is_found(wrong):
    assert example().count(wrong[0]) == 1
    namespace = {}
    exec(example().replace(*wrong), namespace)
    results = graded(namespace["Adam"]())
    assert results["adam/mixed-scales"][0].status == "fail"


def test_template_conforms():
    for result, case in graded(Template()).values():
        able = set(case.needs) <= {"start", "rates"}
        assert result.status == ("pass" if able else "skip"), result


def bare(*arguments, **options):
    """Run Python without what is installed."""
    command = [sys.executable, "-S", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_standard_library_is_enough():
    assert "ModuleNotFoundError" in bare("-c", "import numpy").stderr
    ended = bare("-m", "conformance", "--adapter", NAME, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "CONFORMS: 9 pass, 9 skip"


def test_standard_library_is_enough_to_fail_in_a_folder_of_your_own(tmp_path):
    (tmp_path / "mine.py").write_text(example().replace(*WRONG["epsilon outside"]))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = ("-m", "conformance", "--adapter", "mine:Adam")
    ended = bare(*arguments, cwd=tmp_path, env=environment)
    assert (ended.returncode, ended.stderr) == (
        1,
        "With mpmath installed, the nearest dialect would be named here.\n",
    )
    assert ended.stdout.splitlines()[-1] == "DOES NOT CONFORM: 1 pass, 8 fail, 9 skip"


def test_readme_lists_the_options():
    text = README.read_text(encoding="utf-8")
    options = {o for action in parser()._actions for o in action.option_strings} - {"-h", "--help"}
    listed = set(re.findall(r"`(--[a-z-]+)", text.partition("| option |")[2].partition("\n\n")[0]))
    assert listed == options


@pytest.mark.parametrize("page", ["README.md", "PROTOCOL.md"])
def test_links_lead_somewhere(page):
    texts = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.md")}
    for path, _, anchor in re.findall(r"\]\(([^)#:]*)(#([^)]+))?\)", texts[page]):
        assert (FOLDER / path).exists(), path
        if anchor:
            titles = re.findall(r"^#+ (.*)$", texts[path or page], re.MULTILINE)
            assert anchor in [title.lower().replace(" ", "-") for title in titles]


if __name__ == "__main__":
    written = README.read_text(encoding="utf-8")
    for marked, made in parts().items():
        before, _, after = around(marked, written)
        written = before + made + after
    README.write_text(written, encoding="utf-8")
