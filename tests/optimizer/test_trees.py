"""Trees of any shape are taken apart and put together again, and others are refused."""

from collections import OrderedDict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nadamkit.errors import OptionError
from nadamkit.optimizer.trees import Structure

Pair = namedtuple("Pair", "weight bias")

KEYS = st.text("abc", min_size=1, max_size=3)
NUMBERED = st.integers(0, 10**6)
TREES = st.recursive(
    NUMBERED | st.none(),
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=20,
)


def flattened(tree, where=()):
    """Paths and leaves, by a recursion of its own."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        items = list(tree.items())
    elif isinstance(tree, list | tuple):
        items = list(enumerate(tree))
    else:
        return [("/".join(where), tree)]
    return [found for key, child in items for found in flattened(child, (*where, str(key)))]


def shuffled(tree):
    """The same with the keys of each dict in the opposite order."""
    if isinstance(tree, dict):
        return {key: shuffled(tree[key]) for key in reversed(tree)}
    if isinstance(tree, list | tuple):
        children = [shuffled(child) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    return tree


@given(TREES)
def test_taken_apart_and_put_together(tree):
    structure = Structure(tree)
    assert list(zip(structure.paths, structure.leaves(tree, "params"), strict=True)) == flattened(
        tree
    )
    built = structure.build(structure.leaves(tree, "params"))
    assert built == tree
    assert repr(built) == repr(tree), "lists, tuples and named tuples stay what they are"


@given(TREES)
def test_the_order_of_keys_is_of_no_account(tree):
    structure = Structure(tree)
    assert structure.leaves(shuffled(tree), "grads") == [leaf for _, leaf in flattened(tree)]


@given(TREES)
def test_none_stands_for_none_at_each_leaf(tree):
    structure = Structure(tree)
    assert structure.leaves(None, "grads") == [None] * len(flattened(tree))


def test_one_array_is_a_tree():
    a = np.ones(3)
    structure = Structure(a)
    assert structure.paths == [""]
    assert structure.leaves(a, "params")[0] is a
    assert structure.build([a]) is a


def test_any_mapping_is_a_dict():
    structure = Structure(OrderedDict(a=1, b=MappingProxyType({"c": 2})))
    assert structure.paths == ["a", "b/c"]
    assert structure.build([3, 4]) == {"a": 3, "b": {"c": 4}}


@pytest.mark.parametrize(
    ("tree", "given", "message"),
    [
        ({"weight": 1}, {"wieght": 1}, r"^grads have 'wieght'.*; did you mean 'weight'\?"),
        ({"a": 1, "b": 2}, {"a": 1}, r"^grads have no 'b', but the parameters do; pass None"),
        (
            {"a": 1},
            {"a": 1, "zz": 2},
            r"^grads have 'zz', the parameters do not\. They have: 'a'\.$",
        ),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, r"^grads have 'c' at 'a', the parameters do not"),
        ([1, 2], [1], r"^grads have no 1, but"),
        ([1, 2], [1, 2, 3], r"^grads have 2, the parameters do not"),
        (
            [1, 2],
            {"a": 1},
            r"^grads are a dict, .*, but must be a list or tuple, like the parameters",
        ),
        ({"a": [1]}, {"a": {"0": 1}}, r"^grads at 'a' are a dict, .*, but must be a list or tuple"),
        ({"a": 1}, 3, r"^grads are an int, 3, but must be a dict"),
        ({"a": 1}, {"a": [3]}, r"^grads at 'a' are a list of length 1, but must be an array"),
        ({"a": None}, {"a": 3}, r"^grads at 'a' are an int, 3, but must be None"),
        (1, {"a": 3}, r"^grads are a dict, .*, but must be an array"),
    ],
    ids=repr,
)
def test_other_structures_are_refused(tree, given, message):
    with pytest.raises(OptionError, match=message):
        Structure(tree).leaves(given, "grads")


@pytest.mark.parametrize("tree", [{1: 0, "1": 0}, {"a/b": 0, "a": {"b": 0}}], ids=repr)
def test_parameters_that_would_be_saved_under_one_name(tree):
    with pytest.raises(OptionError, match=r"^two parameters have the path '.*another key"):
        Structure(tree)
