"""Rules of the house that no linter knows, checked on the syntax trees of all files."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nadamkit"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))
SUITE = sorted((ROOT / "conformance").rglob("*.py"))
#: These talk to people at a terminal.
PRINTING = {"__main__.py", "_demo.py", "_demo_problems.py", "_info.py", "_warmup.py"}
NUMBA = {"numba", "numba_cuda", "llvmlite"}
#: Functions may have 40 lines; a loop is one function, which compiled code pays for in calls.
LINES, LOOP_LINES = 40, 60
FILE_LINES = 300


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=FILES, ids=relative)
def source(request):
    return request.param


@pytest.fixture(params=FILES + SUITE, ids=relative)
def any_source(request):
    return request.param


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def lines_of(node):
    """Lines of a function, comments included, without its docstring and the functions in it."""
    body = node.body
    documented = ast.get_docstring(node) is not None
    first = body[0].end_lineno + 1 if documented else body[0].lineno
    inner = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef) and n is not node]
    return node.end_lineno - first + 1 - sum(n.end_lineno - n.lineno + 1 for n in inner)


def test_there_are_files():
    assert len(FILES) > 40
    assert len(SUITE) > 30
    assert all((PACKAGE / name).exists() for name in PRINTING)


def test_no_fastmath(source):
    text = source.read_text(encoding="utf-8")
    used = [
        node
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.keyword) and node.arg == "fastmath")
        or (isinstance(node, ast.Constant) and node.value in ("fastmath", "fast"))
        or (isinstance(node, ast.Name) and node.id == "fastmath")
        or (isinstance(node, ast.Attribute) and node.attr == "fastmath")
    ]
    assert not used


def test_numba_is_imported_in_one_place(source):
    imported = set()
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            given = node.args[0]
            if isinstance(given, ast.Constant):
                imported.add(given.value.split(".")[0])
    if source.parent.name != "_runtime":
        assert not imported & NUMBA


def test_no_heavy_import_at_the_top(source):
    if source.name == "_demo.py":  # a program, which uses it at once
        return
    for node in tree(source).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        heavy = {"numba", "scipy", "torch", "matplotlib", "sklearn", "dask", "tqdm"}
        heavy -= {source.parent.name}  # nadamkit.torch is the door to torch
        assert not {name.split(".")[0] for name in names} & heavy


def test_file_is_short(any_source):
    assert len(any_source.read_text(encoding="utf-8").splitlines()) < FILE_LINES


def test_functions_are_short(any_source):
    limit = LOOP_LINES if any_source.parent.name == "loops" else LINES
    long = {
        node.name: lines_of(node)
        for node in ast.walk(tree(any_source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > limit
    }
    assert not long


def test_nothing_prints(source):
    if source.name in PRINTING:
        return
    calls = [
        (function.name, node.lineno)
        for function in ast.walk(tree(source))
        if isinstance(function, ast.FunctionDef) and function.name != "_display"
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write")
    ]
    assert not calls


def test_numba_compiles_through_one_function(source):
    """`_runtime.numba.jit` gives the error model, and `adapter` leaves it to the user."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".njit"):
            assert source.parent.name == "_runtime"


def test_nothing_is_caught_bare(source):
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, node.lineno


def test_test_files_are_short():
    long = {
        relative(path): count
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if (count := len(path.read_text(encoding="utf-8").splitlines())) >= FILE_LINES
    }
    assert not long
