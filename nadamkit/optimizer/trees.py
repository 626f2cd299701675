"""Trees of arrays: dicts, lists and tuples, nested in any way, with arrays at the leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nadamkit.errors import OptionError, described, shown
from nadamkit.hyperparameters import did_you_mean

Path = tuple[str, ...]
SEPARATOR = "/"
#: What to do where a tree lacks something, by what it is a tree of.
ADVICE = {
    "grads": "pass None for parameters that are not to move",
    "params": "pass all that the optimizer began with, or call init(params) to begin anew",
    "learning rates": "give each parameter one",
}


class Structure:
    """The shape of a tree: which containers hold which leaves.

    ``None`` in a tree stands for nothing: it has no leaf.

    Parameters
    ----------
    tree : object
        An array, or a dict, list or tuple of trees.
    where : tuple of str
        Keys from the root to here.

    Attributes
    ----------
    paths : list of str
        Keys of each leaf from the root, joined by ``/``, in order.

    Examples
    --------
    >>> structure = Structure({"w": [1, 2], "b": 3})
    >>> structure.paths
    ['w/0', 'w/1', 'b']
    >>> structure.leaves({"b": 6, "w": (4, 5)}, "grads")
    [4, 5, 6]
    >>> structure.build([7, 8, 9])
    {'w': [7, 8], 'b': 9}
    """

    def __init__(self, tree: Any, where: Path = ()) -> None:
        self._where = where
        self._type = type(tree)
        self._children: dict[Any, Structure] = {}
        self._kind = _kind(tree)
        items = _items(tree, self._kind)
        for key, child in items:
            self._children[key] = Structure(child, (*where, str(key)))
        self._keys = list(self._children)
        self._flat = all(child._kind == "leaf" for child in self._children.values())
        if self._kind == "leaf":
            self.paths = [SEPARATOR.join(where)]
        else:
            self.paths = [path for child in self._children.values() for path in child.paths]
            _refuse_equal(self.paths)

    def leaves(self, tree: Any, name: str) -> list[Any]:
        """The leaves of a tree of this structure, in the order of `paths`.

        Parameters
        ----------
        tree : object
            A tree with the same keys and lengths. Where this one has a leaf or a subtree it may
            have None, which stands for None at each of its leaves.
        name : str
            What it is, for messages.

        Raises
        ------
        OptionError
            If it has another structure.
        """
        if self._kind == "leaf":
            if _kind(tree) in ("dict", "list"):
                raise self._refusal(name, tree, "an array")
            return [tree]
        if tree is None:
            return [None] * len(self.paths)
        values = self._values(tree, name)
        if self._flat and set(map(type, values)) == {np.ndarray}:  # in every step of most
            return values
        children = zip(self._children.values(), values, strict=True)
        return [leaf for child, value in children for leaf in child.leaves(value, name)]

    def _values(self, tree: Any, name: str) -> list[Any]:
        """What the containers of `tree` and of this one have under the same keys, in our order."""
        if type(tree) is dict and self._kind == "dict" and list(tree) == self._keys:
            return list(tree.values())
        if _kind(tree) != self._kind:
            what = "a dict" if self._kind == "dict" else "a list or tuple"
            raise self._refusal(name, tree, what if self._kind != "none" else "None")
        given = dict(_items(tree, self._kind))
        self._compare(given, name)
        return [given[key] for key in self._keys]

    def build(self, leaves: list[Any]) -> Any:
        """A new tree of this structure with other leaves, in the order of `paths`."""
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> Any:
        if self._kind == "leaf":
            return next(leaves)
        if self._kind == "none":
            return None
        built = {key: child._build(leaves) for key, child in self._children.items()}
        if self._kind == "dict":
            return built
        if hasattr(self._type, "_fields"):  # a named tuple
            return self._type(*built.values())
        make: Callable[[Any], Any] = tuple if issubclass(self._type, tuple) else list
        return make(built.values())

    def _compare(self, given: Mapping[Any, Any], name: str) -> None:
        here = f" at {SEPARATOR.join(self._where)!r}" if self._where else ""
        missing = [key for key in self._children if key not in given]
        unknown = [key for key in given if key not in self._children]
        if unknown:
            hint = did_you_mean(str(unknown[0]), map(str, missing or self._children))
            raise OptionError(
                f"{name} have {unknown[0]!r}{here}, the parameters do not{hint} They have: "
                f"{shown(self._keys)[1:-1]}."
            )
        if missing:
            raise OptionError(
                f"{name} have no {missing[0]!r}{here}, but the parameters do; {ADVICE[name]}."
            )

    def _refusal(self, name: str, tree: Any, expected: str) -> OptionError:
        where = f" at {SEPARATOR.join(self._where)!r}" if self._where else ""
        return OptionError(
            f"{name}{where} are {described(tree)}, but must be {expected}, like the parameters."
        )


def _kind(tree: Any) -> str:
    if type(tree) is np.ndarray:  # the usual, and asking for Mapping takes long
        return "leaf"
    if isinstance(tree, Mapping):
        return "dict"
    if isinstance(tree, list | tuple):
        return "list"
    return "none" if tree is None else "leaf"


def _items(tree: Any, kind: str) -> Any:
    if kind == "dict":
        return tree.items()
    return enumerate(tree) if kind == "list" else ()


def _refuse_equal(paths: list[str]) -> None:
    """Keys such as 1 and "1", or "a/b" and a nested one, would be saved under one name."""
    seen = set()
    for path in paths:
        if path in seen:
            raise OptionError(
                f"two parameters have the path {path!r}; give one of them another key."
            )
        seen.add(path)
