"""The same arithmetic with other meanings: a step rewritten for a target that has its own words.

The source of a plain function is taken, ``ops.name(...)`` becomes ``name(...)``, a product may
become a call, and the names are bound to what the target understands.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from nadamkit.errors import RuleError

#: The name that stands for a product in ``retarget(..., {"product": ...})``.
PRODUCT = "product"


def retarget(function: Callable[..., Any], meanings: Mapping[str, Any]) -> Callable[..., Any]:
    """A copy of a function with other meanings of its operations.

    Parameters
    ----------
    function : callable
        Straight-line arithmetic that refers to nothing global but `nadamkit.ops`.
    meanings : mapping of str to callable
        What stands for each name of `nadamkit.ops`. With a ``"product"``, each ``a * b`` becomes
        a call of it.

    Returns
    -------
    callable
        With the file and line numbers of the original.

    Raises
    ------
    RuleError
        If the source cannot be read.

    Examples
    --------
    >>> from nadamkit.rules import gd
    >>> step = retarget(gd.step, {"product": lambda a, b: f"{a}*{b}"})
    >>> step.__name__
    'step'
    """
    try:
        lines, first = inspect.getsourcelines(function)
    except OSError as error:
        raise RuleError(
            f"the source of {function.__name__!r} cannot be read ({error}), and the cuda backend "
            "rewrites it; run from source files, or use another backend."
        ) from error
    tree = _Rewrite(PRODUCT in meanings).visit(ast.parse(textwrap.dedent("".join(lines))))
    ast.increment_lineno(ast.fix_missing_locations(tree), first - 1)
    namespace = dict(meanings)
    flags = __future__.annotations.compiler_flag  # annotations are not evaluated
    exec(compile(tree, function.__code__.co_filename, "exec", flags, True), namespace)
    copy: Callable[..., Any] = namespace[function.__name__]
    copy.__module__ = function.__module__
    return copy


class _Rewrite(ast.NodeTransformer):
    def __init__(self, products: bool) -> None:
        self._products = products

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not (self._products and isinstance(node.op, ast.Mult)):
            return node
        call = ast.Call(ast.Name(PRODUCT, ast.Load()), [node.left, node.right], [])
        return ast.copy_location(call, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "ops":
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        return node
