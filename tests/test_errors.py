"""How messages show values, and which line a warning is of."""

import numpy as np
import pytest

from nadamkit import errors
from nadamkit.errors import NadamkitError, NadamkitWarning, described, shown, warn


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.5, "0.5"),
        ("race", "'race'"),
        (None, "None"),
        (np.ones(2), "array([1., 1.])"),
        ([0.1] * 100, "<list of length 100>"),
        (np.ones((3, 40), "f4"), "<ndarray of shape (3, 40) and dtype float32>"),
        (np.eye(2), "<ndarray of shape (2, 2) and dtype float64>"),  # its repr has two lines
        ({i: i for i in range(99)}, "<dict>"),
    ],
    ids=str,
)
def test_shown(value, said):
    assert shown(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "None"),
        (3, "an int, 3"),
        (0.5, "a float, 0.5"),
        ("ab", "a str, 'ab'"),
        ("a" * 99, "a str"),
        ((1, 2), "a tuple of length 2"),
        ([], "a list of length 0"),
        (np.ones(2), "an ndarray of shape (2,) and dtype float64"),
        (np.array(2.0), "an ndarray, array(2.)"),
        (np.float32(2), "a float32, np.float32(2.0)"),
        (len, "a builtin_function_or_method"),
        (OSError(), "an OSError, OSError()"),
    ],
    ids=str,
)
def test_described(value, said):
    assert described(value) == said


def test_what_only_seems_to_have_a_shape():
    class Odd:
        def shape(self):
            raise AssertionError

        def __repr__(self):
            return "odd"

    assert (shown(Odd()), described(Odd())) == ("odd", "an Odd, odd")


def made_in(module, source, **names):
    """The function ``call`` of a module."""
    namespace = {"__name__": module, **names}
    exec(compile(source, f"{module}.py", "exec"), namespace)
    return namespace["call"]


def file_of_a_warning(*between):
    """The file that a warning is of, where code of these modules is between it and here."""
    call = made_in(
        "nadamkit._inner", "def call(): warn('careful', kind)", warn=warn, kind=OwnWarning
    )
    for module in between:
        call = made_in(module, "def call(): inner()", inner=call)
    with pytest.warns(OwnWarning, match=r"^careful$") as caught:
        call()
    return caught[0].filename


class OwnWarning(NadamkitWarning):
    pass


@pytest.mark.parametrize(
    "between", [[], ["nadamkit"], ["nadamkit.x", "scipy.optimize._minimize", "nadamkit._minimize"]]
)
def test_a_warning_is_of_the_users_line(between):
    assert file_of_a_warning(*between) == __file__


def test_modules_that_are_only_called_alike_are_the_users():
    for module in ("scipy_tools", "nadamkit_more.scipy"):
        assert file_of_a_warning("nadamkit", module) == f"{module}.py"


def test_every_exception_is_a_built_in_one_too():
    for name in errors.__all__:
        kind = getattr(errors, name)
        if issubclass(kind, NadamkitError) and kind is not NadamkitError:
            assert issubclass(kind, ValueError | TypeError | RuntimeError | ImportError)
