"""Who imports what: the suite judges nadamkit from outside, and its core needs Python alone."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import conformance

ROOT = Path(conformance.__file__).parents[1]
FILES = sorted((ROOT / "conformance").rglob("*.py"))
CORE = ("runner", "grading", "case", "numbers", "adapter")


def imported(path: Path, at_once: bool = False) -> set[str]:
    """Full names of the modules that a file imports: anywhere in it, or when it is imported."""
    found: set[str] = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), at_once):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(of_from(path, node))
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func):
            found.update(x.value for x in node.args if isinstance(x, ast.Constant))
    return found


def nodes(tree: ast.AST, at_once: bool) -> Iterator[ast.AST]:
    """Everything in a tree, but for functions if these are not run at once."""
    for node in ast.iter_child_nodes(tree):
        if not (at_once and isinstance(node, ast.FunctionDef)):
            yield node
            yield from nodes(node, at_once)


def of_from(path: Path, node: ast.ImportFrom) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        package = path.relative_to(ROOT).parts[: -node.level]
        base = ".".join((*package, *([base] if base else [])))
    for alias in node.names:
        yield f"{base}.{alias.name}" if file_of(f"{base}.{alias.name}") else base


def file_of(module: str) -> Path | None:
    """The file of a module of the suite."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if module.startswith("conformance") and file.exists():
            return file
    return None


def top(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def needed(path: Path) -> set[str]:
    """Everything that importing a file imports in turn."""
    done, waiting = set(), {path}
    found: set[str] = set()
    while waiting:
        file = waiting.pop()
        done.add(file)
        modules = imported(file, at_once=True)
        found |= modules
        waiting |= {f for f in map(file_of, modules) if f} - done
    return found


def test_nadamkit_is_imported_in_its_adapters_only():
    importing = {path for path in FILES if "nadamkit" in top(imported(path))}
    assert importing
    adapters = set((ROOT / "conformance" / "adapters").glob("nadamkit_*.py"))
    assert importing <= adapters


@pytest.mark.parametrize(
    "path", sorted((ROOT / "conformance/reference").glob("*.py")), ids=lambda p: p.stem
)
def test_the_reference_stands_on_mpmath_alone(path):
    others = {m for m in imported(path) if m.partition(".")[0] not in sys.stdlib_module_names}
    assert {m for m in others if not m.startswith("conformance.reference")} <= {"mpmath"}


def test_the_second_reference_shares_nothing():
    modules = imported(ROOT / "conformance/reference/second.py")
    assert modules
    assert top(modules) <= sys.stdlib_module_names


@pytest.mark.parametrize("name", CORE)
def test_the_core_needs_python_alone(name):
    path = ROOT / "conformance" / f"{name}.py"
    assert top(imported(path)) <= {*sys.stdlib_module_names, "conformance"}
    assert top(needed(path)) <= {*sys.stdlib_module_names, "conformance"}


def test_imports_are_seen():
    """Of every kind, or the tests above would show nothing."""
    assert "mpmath" in needed(ROOT / "conformance/golden.py")
    assert "conformance.reference.paper" in imported(ROOT / "conformance/golden.py")
    stepping = imported(ROOT / "conformance/adapters/nadamkit_step.py")
    assert {"nadamkit", "numpy", "conformance.adapter"} <= stepping
    assert "nadamkit" not in imported(ROOT / "conformance/adapters/nadamkit_step.py", at_once=True)
