"""What the compiled loop does with exceptions, and with objectives that cannot be compiled."""

import sys

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize
from nadamkit.errors import CompileWarning, ObjectiveError, OptionError
from nadamkit.loops.run import Runner
from tests.loops.njit_problems import SPELLINGS, START, fun, in_place

FIXED = {"learning_rate": 0.05, "maxiter": 300}
MODES = pytest.mark.parametrize("options", [{}, FIXED], ids=["auto", "given"])


@pytest.fixture
def only_python(monkeypatch):
    """Fail if the compiled loop runs."""

    def never(self, objective):
        raise AssertionError("the compiled loop ran")

    monkeypatch.setattr(Runner, "compiled", never)


@MODES
@pytest.mark.parametrize("spelling", ["in place", "pair", "separate"])
def test_exceptions_keep_type_and_message(spelling, options):
    @njit
    def fails(x, g):
        if x[2] > -2.9:
            raise ValueError("the tank is empty")
        return in_place(x, g)

    @njit
    def value(x):
        return fails(x, np.empty_like(x))

    @njit
    def gradient(x):
        g = np.empty_like(x)
        fails(x, g)
        return g

    @njit
    def both(x):
        g = np.empty_like(x)
        return fails(x, g), g

    spellings = {"in place": (fails, None), "pair": (both, True), "separate": (value, gradient)}
    given, jac = spellings[spelling]
    with pytest.raises(ValueError, match=r"^the tank is empty$") as caught:
        minimize(given, START, jac=jac, options=options)
    assert type(caught.value) is ValueError


class EmptyTankError(Exception):
    """Of the user's own making, which compiled code can raise as well."""


def test_own_exceptions_with_arguments():
    @njit
    def fails(x, g):
        if x[0] < 0.9:
            raise EmptyTankError("empty", 3)
        return in_place(x, g)

    with pytest.raises(EmptyTankError) as caught:
        minimize(fails, START, options=FIXED)
    assert caught.value.args == ("empty", 3)


def test_after_an_exception_the_next_run_is_right():
    @njit
    def fails(x, g):
        if x[0] < 0.9:
            raise IndexError("once")
        return in_place(x, g)

    before = minimize(in_place, START, options=FIXED)
    with pytest.raises(IndexError, match="once"):
        minimize(fails, START, options=FIXED)
    after = minimize(in_place, START, options=FIXED)
    assert_array_equal(after.x, before.x)


@MODES
@pytest.mark.parametrize("size", [2, 4])
def test_gradient_of_wrong_length(size, options):
    @njit
    def wrong(x):
        return 1.0, np.ones(size)

    @njit
    def wrong_jac(x):
        return np.ones(size)

    for given, jac in ((wrong, True), (fun, wrong_jac)):
        with pytest.raises(
            ObjectiveError, match=r"^The gradient that (fun|jac) returns .* than x\."
        ):
            minimize(given, START, jac=jac, options=options)


@pytest.mark.parametrize("jac", ["2-point", lambda x: 2 * x], ids=["2-point", "function"])
def test_gradient_given_twice(jac):
    message = r"^jac is a .*, but a function fun\(x, g\) that fills g gives .*; leave jac out"
    with pytest.raises(OptionError, match=message):
        minimize(in_place, START, jac=jac)


def test_the_callers_start_is_never_changed():
    @njit
    def spoils(x, g):
        f = in_place(x, g)
        x[:] = 0.0
        return f

    x0 = START.copy()
    minimize(spoils, x0, options=FIXED)
    assert_array_equal(x0, START)
    result = minimize(in_place, x0, options=FIXED)
    assert_array_equal(x0, START)
    assert not np.shares_memory(result.x, x0)


def squared(x, g):
    g[:] = 2 * x
    return np.sum(x**2) + 0 * len(repr(type(x)))


@MODES
def test_objective_that_does_not_type_warns_and_goes_on(options, only_python):
    objective = njit(squared)
    with pytest.warns(CompileWarning) as caught:
        result = minimize(objective, START, options=options)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    lines = str(caught[0].message).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        "the @njit function 'squared' cannot be compiled for this x and args: "
    )
    assert lines[1].startswith("The run goes on in the Python loop")
    expected = minimize(lambda x: (np.sum(x**2), 2 * x), START, jac=True, options=options)
    assert_allclose(result.x, expected.x, rtol=1e-12)
    assert result.nit == expected.nit


@pytest.mark.parametrize(
    "given", [{"backend": "numpy"}, {"callback": lambda x: None}], ids=["numpy", "callback"]
)
def test_objective_that_does_not_type_goes_on_without_the_compiled_loop_too(given, only_python):
    with pytest.warns(CompileWarning):
        result = minimize(njit(squared), START, **given)
    assert_allclose(result.x, 0.0, atol=1e-5)


def test_objective_without_gradient_that_does_not_type(only_python):
    @njit
    def untyped(x):
        return np.sum(x**2) + 0 * len(repr(type(x)))

    with pytest.warns(CompileWarning):
        result = minimize(untyped, START)
    assert_allclose(result.x, 0.0, atol=1e-4)


def test_arguments_that_do_not_type(only_python):
    @njit
    def scaled(x, g, settings):
        g[:] = 2 * x
        return np.sum(x * x)

    with pytest.warns(CompileWarning, match="cannot be compiled for this x and args") as caught:
        result = minimize(scaled, START, ({"scale": object()},))
    assert caught[0].filename == __file__
    assert_allclose(result.x, 0.0, atol=1e-5)


@MODES
def test_python_gradient_of_a_compiled_function(options, only_python):
    result = minimize(fun, START, jac=lambda x: SPELLINGS["separate"][1](x), options=options)
    given, jac = SPELLINGS["separate"]
    expected = minimize(given.py_func, START, jac=jac.py_func, options=options)
    assert_allclose(result.x, expected.x, rtol=1e-12)
    assert result.nit == expected.nit


@pytest.mark.parametrize("jac", [None, False, "2-point", "3-point"])
def test_compiled_function_without_gradient(jac, only_python):
    result = minimize(fun, START, jac=jac)
    assert result.success
    assert_allclose(result.x, [0.0, 1.0, 2.0], atol=1e-4)


def reciprocal(**options):
    """1/x + x, made anew, which has no value at the start."""

    @njit(**options)
    def objective(x, g):
        g[0] = 1.0 - 1.0 / (x[0] * x[0])
        return 1.0 / x[0] + x[0]

    return objective


@pytest.mark.parametrize("called_before", [False, True])
def test_a_division_by_zero_is_what_the_user_made_it(called_before):
    """Numba's default raises, by hand and in the loop, whichever comes first."""
    strict, lenient = reciprocal(), reciprocal(error_model="numpy")
    if called_before:
        assert strict(np.ones(1), np.ones(1)) == lenient(np.ones(1), np.ones(1)) == 2.0
    with pytest.raises(ZeroDivisionError):
        minimize(strict, [0.0], options=FIXED)
    assert minimize(lenient, [0.0], options=FIXED).status == 3
    with pytest.raises(ZeroDivisionError):
        strict(np.zeros(1), np.zeros(1))
    assert lenient(np.zeros(1), np.zeros(1)) == np.inf


@pytest.mark.parametrize("place", ["_numba_unpickle", "_get_wrapper_address"])
def test_a_signal_while_numba_looks_for_the_function(place):
    """Numba calls Python to find the address of a function, and may lose what is raised there."""
    reached = []

    def signal(frame, event, argument):
        if event == "call" and frame.f_code.co_name == place and not reached:
            reached.append(place)
            raise KeyboardInterrupt

    minimize(in_place, START, options=FIXED)
    before = sys.getprofile()
    sys.setprofile(signal)
    try:
        with pytest.raises(KeyboardInterrupt):
            minimize(in_place, START, options=FIXED)
    finally:
        sys.setprofile(before)
    assert reached
