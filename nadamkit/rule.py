"""What an update rule is: data, a coefficient schedule, and a pure scalar step.

``step(x, g, slots, k) -> (x, slots)`` sees one parameter ``x``, its gradient component ``g``, its
state ``slots`` (a tuple in the order of ``Rule.slots``) and the tuple ``k`` of this iteration's
coefficients: the learning rate ``eta`` first, then what ``coefficients`` returned, in its order.
It may use nothing but these names, ``+ - * /`` and `nadamkit.ops`; `check_step` enforces it, since
a literal or a ``**`` gives float32 arrays different bits on different backends.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nadamkit import ops
from nadamkit.errors import RuleError
from nadamkit.hyperparameters import TABLE, validated

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub)
_NODES = (
    *(ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.Tuple, ast.Name),
    *(ast.BinOp, ast.UnaryOp, ast.Call, ast.Attribute, ast.Load, ast.Store, *_OPERATORS),
)


@dataclass(frozen=True, eq=False)
class Rule:
    """An update rule.

    Parameters
    ----------
    name : str
        What the user writes: ``method="nadam"``.
    title : str
        The algorithm's name in text.
    source : str
        Paper and algorithm number.
    slots : tuple of str
        State per parameter, in the paper's symbols, for example ``("m", "n")``.
    hyperparameters : mapping
        The rule's hyperparameters: a default value, or a tuple of choices with the default first.
    coefficients : callable
        ``coefficients(h, s) -> dict``: the per-step scalars, from the hyperparameters ``h`` (a
        namespace) and the sequences ``s`` (`nadamkit.coefficients.Sequences`).
    step : callable
        The update of one element.
    variant : callable, optional
        ``variant(hyper) -> Rule``: the rule itself, or the one with other slots and another step
        that these hyperparameters ask for, so that nobody pays memory for options not used.

    Raises
    ------
    RuleError
        For a hyperparameter that has no meaning yet.

    Examples
    --------
    >>> from nadamkit import registry
    >>> registry.get("nadam").slots
    ('m', 'n')
    """

    name: str
    title: str
    source: str
    slots: tuple[str, ...]
    hyperparameters: Mapping[str, Any]
    coefficients: Callable[[Any, Any], dict[str, Any]]
    step: Callable[..., Any]
    variant: Callable[[Mapping[str, Any]], Rule] | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.hyperparameters) - set(TABLE))
        if unknown:
            raise RuleError(
                f"rule {self.name!r}: no hyperparameter is called {unknown[0]!r}; "
                "add its meaning and allowed values to nadamkit/hyperparameters.py"
            )

    def validated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All hyperparameters: the defaults updated by `given`, each value checked.

        Parameters
        ----------
        given : mapping
            What the user chose, by name.

        Returns
        -------
        dict
            Every hyperparameter of the method, and those that all methods have.

        Raises
        ------
        OptionError
            For a hyperparameter the method does not have, or a value it does not take.

        Examples
        --------
        >>> from nadamkit import registry
        >>> registry.get("gd").validated({"clip_norm": 1.0})["clip_norm"]
        1.0
        """
        return validated(self.name, self.hyperparameters, given)

    def chosen(self, hyper: Mapping[str, Any]) -> Rule:
        """The rule that computes with these hyperparameters: this one, or a variant of it.

        Parameters
        ----------
        hyper : mapping
            All hyperparameters, validated.

        Returns
        -------
        Rule
            Of the same name and with the same hyperparameters; one object for each variant.

        Examples
        --------
        >>> from nadamkit import registry
        >>> rule = registry.get("rmsprop")
        >>> rule.chosen(rule.validated({"centered": True})).slots
        ('n', 'a')
        """
        return self.variant(hyper) if self.variant else self


def check_step(rule: Rule, names: tuple[str, ...]) -> None:
    """Refuse a step whose result could depend on the backend.

    Parameters
    ----------
    rule : Rule
        The rule to check.
    names : tuple of str
        Its coefficients, in the order ``coefficients`` returns them.

    Raises
    ------
    RuleError
        Naming the line and what to write instead.
    """
    try:
        source = textwrap.dedent(inspect.getsource(rule.step))
    except OSError:  # a frozen application has no sources; they were checked when it was built
        return
    function = ast.parse(source).body[0]
    if not isinstance(function, ast.FunctionDef):
        raise RuleError(f"step of rule {rule.name!r} must be a function made by `def step(...)`")
    if ast.get_docstring(function):
        del function.body[0]
    stored = [n for n in ast.walk(function) if isinstance(n, ast.Name | ast.arg)]
    known = {"ops"} | {n.arg if isinstance(n, ast.arg) else n.id for n in stored if _binds(n)}
    for node in ast.walk(function):
        problem = _problem(node, known)
        if problem:
            raise RuleError(
                f"step of rule {rule.name!r}, line {getattr(node, 'lineno', '?')}: {problem}"
            )
    unpacked = _unpacked(function)
    for source_name, expected in (("k", ("eta", *names)), ("slots", rule.slots)):
        got = unpacked.get(source_name, ())
        if got != expected and expected:
            raise RuleError(
                f"step of rule {rule.name!r} must unpack `{', '.join(expected)} = {source_name}` "
                f"in this order, but has {', '.join(got) or 'no such line'}"
            )


def _binds(node: ast.AST) -> bool:
    return isinstance(node, ast.arg) or isinstance(getattr(node, "ctx", None), ast.Store)


def _problem(node: ast.AST, known: set[str]) -> str:
    if isinstance(node, ast.Constant):
        return f"the literal {node.value!r} has a dtype of its own; return it from coefficients"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return "`**` rounds differently on every backend; write a product or a coefficient"
    if isinstance(node, ast.Attribute) and not (
        isinstance(node.value, ast.Name) and node.value.id == "ops" and node.attr in ops.__all__
    ):
        return f"only {', '.join('ops.' + name for name in ops.__all__)} may be called"
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
        return f"only {', '.join('ops.' + name for name in ops.__all__)} may be called"
    if isinstance(node, ast.Name) and node.id not in known:
        return f"{node.id!r} comes from outside the step; return it from coefficients"
    if isinstance(node, ast.BinOp | ast.UnaryOp) and not isinstance(node.op, _OPERATORS):
        return f"{type(node.op).__name__} is not allowed: a step uses + - * / and ops only"
    if not isinstance(node, (*_NODES, ast.operator, ast.unaryop)):
        return f"{type(node).__name__} is not allowed: a step is straight-line arithmetic"
    return ""


def _unpacked(function: ast.AST) -> dict[str, tuple[str, ...]]:
    """Names on the left of ``names = k`` and ``names = slots``."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            target = node.targets[0]
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            found[node.value.id] = tuple(n.id for n in names if isinstance(n, ast.Name))
    return found
