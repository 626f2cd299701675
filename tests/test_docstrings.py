"""Public docstrings are whole: parameters, returns, exceptions, examples; and the docs list all.

Examples are run elsewhere: in tests/test_import.py, and those of `nadamkit.torch` in
tests/torch_door. What numpydoc checks is chosen in pyproject.toml.
"""

import ast
import builtins
import importlib
import importlib.util
import inspect
import re
import textwrap
import tomllib
from functools import cached_property
from pathlib import Path

import pytest

import nadamkit
from nadamkit import _options, errors, hyperparameters, registry
from nadamkit.errors import OptionError
from nadamkit.loops.stopping import WORDS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CHECKS = set(PROJECT["tool"]["numpydoc_validation"]["checks"])
MODULES = ["nadamkit", *(f"nadamkit.{m}" for m in ("registry", "schedules", "dialects"))]
MODULES += ["nadamkit.problems", "nadamkit.plot", "nadamkit.errors", "nadamkit.rule"]
if importlib.util.find_spec("torch"):
    MODULES.append("nadamkit.torch")
#: Of what is written for those who write rules.
NAMES = {"nadamkit.rule": ["Rule"]}


def public():
    """The functions and classes a user meets, by their full names."""
    for name in MODULES:
        module = importlib.import_module(name)
        for inner in NAMES.get(name) or module.__all__:
            value = getattr(module, inner)
            if callable(value):
                yield f"{name}.{inner}", value


def members(name, value):
    """Public methods and properties of a class that are written here, once each."""
    for base in inspect.getmro(value) if inspect.isclass(value) else ():
        if base.__module__.partition(".")[0] == "nadamkit":
            for inner, member in vars(base).items():
                made_here = inspect.isfunction(member) or isinstance(
                    member, property | cached_property | classmethod | staticmethod
                )
                if made_here and not inner.startswith("_"):
                    yield f"{name}.{inner}", member


PUBLIC = dict(public())
#: Of an object with several names, the last.
ALL = {
    id(value): (name, value)
    for first in PUBLIC.items()
    for name, value in (first, *members(*first))
}.values()


def section(value, title):
    """The text of a section of a docstring, or an empty one."""
    found = re.search(rf"^{title}\n-+\n((?:(?!.*\n---).*\n?)*)", inspect.getdoc(value) or "", re.M)
    return found[1] if found else ""


def code(value):
    """The functions that run when a function or property is used or a class is called."""
    if inspect.isclass(value):
        own = [vars(value).get(name) for name in ("__init__", "__post_init__")]
        # A dataclass has an `__init__` that is written nowhere.
        return [f for f in own if f and Path(f.__code__.co_filename).exists()]
    if isinstance(value, property):
        return [value.fget]
    return [getattr(value, "func", getattr(value, "__func__", inspect.unwrap(value)))]


def raised(value):
    """Names of what it raises, itself or through its methods and its module's private functions."""
    found, seen = set(), set()
    for function in code(value):
        module = ast.parse(Path(inspect.getsourcefile(function)).read_text(encoding="utf-8"))
        known = {n.name: n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)}
        todo = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        while todo:
            for node in ast.walk(todo.pop()):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    found.add(ast.unparse(node.exc.func))
                elif isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    name = called.removeprefix("self.")
                    if called.startswith(("_", "self.")) and name in known and name not in seen:
                        seen.add(name)
                        todo.append(known[name])
    return found


def exception(name):
    last = name.rpartition(".")[2]
    return getattr(errors, last, getattr(builtins, last, None))


def undocumented(value):
    """What it raises and its docstring does not say, itself or by a base class."""
    said = [exception(name) for name in re.findall(r"^\w+$", section(value, "Raises"), re.M)]
    said = tuple(kind for kind in said if kind is not None)
    return {name for name in raised(value) if not issubclass(exception(name) or Exception, said)}


def faults(value):
    """The codes and messages of what numpydoc finds wrong."""
    validation = pytest.importorskip("numpydoc.validate")
    docscrape = importlib.import_module("numpydoc.docscrape")
    found = validation.validate(docscrape.get_doc_object(value))["errors"]
    chosen = validation.get_validation_checks(set(CHECKS))
    return {code: message for code, message in found if code in chosen}


def ids(pairs):
    return [name for name, _ in pairs]


@pytest.mark.parametrize(("name", "value"), ALL, ids=ids(ALL))
def test_docstring_is_well_formed(name, value):
    assert faults(value) == {}


@pytest.mark.parametrize(("name", "value"), ALL, ids=ids(ALL))
def test_exceptions_are_documented(name, value):
    assert undocumented(value) == set()


@pytest.mark.parametrize(("name", "value"), PUBLIC.items(), ids=list(PUBLIC))
def test_there_is_an_example(name, value):
    assert ">>> " in section(value, "Examples")


def test_public_names_were_found():
    names = {name for name, _ in ALL}
    assert names >= {"nadamkit.minimize", "nadamkit.Optimizer", "nadamkit.rule.Rule.chosen"}
    assert names >= {"nadamkit.problems.Problem.x0", "nadamkit.schedules.Dozat.sequence"}
    assert set(nadamkit.__all__) - {n.rpartition(".")[2] for n in names} == {
        *("__version__", "dialects", "plot", "problems", "registry", "schedules")
    }


WHOLE = """Add.

Parameters
----------
x : float
    One.
y : float
    Another.

Returns
-------
float
    The sum.
"""
X, Y = WHOLE.partition("x :")[2].partition("y :")[0], "y : float\n    Another.\n"
FAULTY = {
    "GL08": "",
    "GL03": WHOLE.replace("\n\n", "\n\n\n"),
    "SS03": WHOLE.replace("Add.", "Add"),
    "PR01": WHOLE.replace(Y, ""),
    "PR02": WHOLE.replace(Y, Y + "z : float\n    None.\n"),
    "PR03": WHOLE.replace(f"x :{X}{Y}", f"{Y}x :{X}"),
    "PR04": WHOLE.replace("y : float", "y"),
    "PR07": WHOLE.replace("    Another.\n", ""),
    "RT01": WHOLE.partition("\nReturns")[0],
    "RT03": WHOLE.replace("    The sum.\n", ""),
}


def with_docstring(text):
    def add(x, y):
        return x + y

    add.__doc__ = text
    return add


@pytest.mark.parametrize("code", FAULTY)
def test_faults_are_found(code):
    assert faults(with_docstring(WHOLE)) == {}
    assert list(faults(with_docstring(FAULTY[code]))) == [code]


def raises_through_another():
    """Refuse.

    Raises
    ------
    TypeError
        Never.
    """
    _refuse()


def raises_as_documented():
    """Refuse.

    Raises
    ------
    ValueError
        Always.

    Examples
    --------
    There is none that runs.
    """
    _refuse()


def _refuse():
    raise OptionError("no")


def test_missing_exceptions_and_examples_are_found():
    assert undocumented(raises_through_another) == {"OptionError"}
    assert undocumented(raises_as_documented) == set()
    assert section(raises_as_documented, "Raises").split() == ["ValueError", "Always."]
    assert ">>> " not in section(raises_as_documented, "Examples")
    assert section(raises_through_another, "Examples") == ""


def reference():
    """The names that docs/api.rst lists, and the modules whose members it takes."""
    text = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    names, modules, current = set(), set(), ""
    for kind, given, below in re.findall(r"^\.\. ([\w-]+):: ?(.*)\n((?:   .*\n|\n)*)", text, re.M):
        if kind in ("automodule", "currentmodule"):
            current = given  # where Sphinx looks for the names that follow
        if kind == "automodule" and ":members:" in below:
            modules.add(given)
        elif kind == "optional-automodule":
            modules.add(given.split()[0])
        elif kind == "autoclass":
            names.add(given)
        elif kind == "autosummary":
            names |= {f"{current}.{inner}" for inner in re.findall(r"^   (\w\S*)$", below, re.M)}
    return names, modules


@pytest.mark.parametrize("name", PUBLIC)
def test_name_is_in_the_reference(name):
    names, modules = reference()
    assert name in names or name.rpartition(".")[0] in modules


def test_options_of_minimize_are_documented():
    text = nadamkit.minimize.__doc__
    for name, option in _options.OPTIONS.items():
        assert re.search(rf"\b{name}\b", section(nadamkit.minimize, "Parameters")), name
        assert option.allowed, name
        assert option.meaning, name
    statuses = ", ".join(f"{status} {words}" for status, words in WORDS.items())
    assert f"Status: {statuses}." in " ".join(text.split())


@pytest.mark.parametrize("entry", [nadamkit.minimize, nadamkit.Optimizer])
def test_hyperparameters_of_all_methods_are_documented(entry):
    for name in hyperparameters.COMMON:
        assert re.search(rf"\b{name}\b", section(entry, "Parameters")), name


def test_hyperparameters_are_in_the_tables_of_the_documentation():
    """docs/_ext/methods.py makes a table of each method's, and one of those that all have."""
    own = {name for rule in registry.rules().values() for name in rule.hyperparameters}
    assert own | set(hyperparameters.COMMON) == set(hyperparameters.TABLE)
    assert all(entry.meaning for entry in hyperparameters.TABLE.values())
    assert ".. methods::" in (ROOT / "docs" / "methods.rst").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "options.rst").read_text(encoding="utf-8")
    assert ".. options-of-a-run::" in page
    assert ".. common-options::" in page
