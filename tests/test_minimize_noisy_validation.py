"""`minimize` with a validation function."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import minimize
from nadamkit.errors import ObjectiveError
from tests.noisy_problems import (
    Counted,
    assert_same,
    data,
    noisy_bowl,
    slopes,
    squares,
    tilted_bowl,
)
from tests.problems import START, Spy, bowl

MODES = [{}, {"learning_rate": 0.05}]


def run(validation, fun=noisy_bowl, callback=None, **options):
    options = {"maxiter": 100} | options
    arguments = {"validation": validation, "callback": callback, "options": options}
    return minimize(fun, START, jac=True, rng=1, **arguments)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("every", "at"), [(1, range(1, 101)), (30, [30, 60, 90, 100]), (200, [100])]
)
def test_it_is_called_at_the_iterates_and_at_the_end(every, at, mode):
    validation, callback = Spy(bowl), Counted()
    result = run(validation, callback=callback, validation_every=every, **mode)
    iterates = [*callback.seen[:99], run(None, average="last", **mode).x]
    assert_array_equal(validation.points, [iterates[k - 1] for k in at])
    assert (result.nit, result.nfev) == (100, 100)


def test_it_is_called_every_hundred_iterations_by_default():
    validation = Spy(bowl)
    run(validation, maxiter=350)
    assert validation.calls == 4


@pytest.mark.parametrize(("size", "epochs"), [(16, 5), (203, 4)])
def test_it_is_called_once_in_an_epoch(size, epochs):
    validation = Spy(lambda x: squares(x, *data())[0])
    arguments = {"batch_size": size, "epochs": epochs, "rng": 1, "validation": validation}
    minimize(squares, START, data(), jac=True, **arguments)
    assert validation.calls == epochs
    validation = Spy(bowl)
    given = {"batches": slopes(7), "epochs": epochs, "validation": validation}
    minimize(tilted_bowl, START, jac=True, **given)
    assert validation.calls == epochs


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("average", [None, "last", "tail", 0.9])
@pytest.mark.parametrize("best", [0, 2, 4])
def test_the_best_point_is_returned(best, average, mode):
    values = [5.0, 5.0, 5.0, 5.0, 5.0]
    values[best] = 1.5
    left = iter(values)
    validation = Spy(lambda x: next(left))
    result = run(validation, validation_every=20, average=average, **mode)
    assert_array_equal(result.x, validation.points[best])
    assert result.validation == 1.5
    assert result.nit == 100


def test_it_sees_the_average_that_is_returned():
    validation = Spy(lambda x: 0.0)
    run(validation, average="tail", validation_every=100)
    assert_array_equal(validation.points[0], run(None, average="tail").x)


def test_the_first_of_equal_values_wins():
    validation = Spy(lambda x: 3.0)
    assert_array_equal(run(validation, validation_every=25).x, validation.points[0])


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("mode", MODES)
def test_patience(patience, mode):
    # Better at the second time, and never after it.
    left = iter([3.0, 2.0] + [2.0] * 50)
    validation = Spy(lambda x: next(left))
    result = run(validation, patience=patience, validation_every=4, **mode)
    assert (result.status, result.success) == (13, False)
    steps = 4 * (2 + patience)
    if "learning_rate" in mode:
        assert validation.calls == 2 + patience
        assert result.nit == result.nfev == steps
    else:  # the steps shrink to nothing first
        assert steps < result.nit <= np.ceil(1.25 * steps)
    assert_array_equal(result.x, validation.points[1])
    assert result.validation == 2.0


def test_patience_starts_anew_with_each_better_value():
    left = iter([3.0, 4.0, 2.0, 4.0, 1.0, 4.0, 4.0])
    result = run(lambda x: next(left), patience=2, validation_every=10, learning_rate=0.1)
    assert (result.status, result.nit) == (13, 70)


def test_it_changes_no_step():
    one, other = run(bowl, validation_every=10), run(None)
    assert_same(one, other, "fun", "jac", "nit", "nfev", "njev")


def test_a_validation_that_spoils_its_point():
    def spoils(x):
        value = bowl(x)
        x[:] = np.nan
        return value

    assert_same(run(spoils, validation_every=10), run(bowl, validation_every=10))


def test_nan_is_never_the_best():
    left = iter([np.nan, 2.0, np.nan, 3.0, np.nan])
    validation = Spy(lambda x: next(left))
    result = run(validation, validation_every=20)
    assert_array_equal(result.x, validation.points[1])
    assert result.validation == 2.0
    assert_array_equal(run(lambda x: np.nan).x, run(None).x)


def test_lower_is_better_in_a_maximisation_too():
    def hill(x, rng):
        f, g = noisy_bowl(x, rng)
        return -f, -g

    validation = Spy(bowl)
    result = run(validation, hill, maximize=True, validation_every=10)
    assert result.validation == min(bowl(x) for x in validation.points) == bowl(result.x)


@pytest.mark.parametrize("value", [2, True, np.float32(2), np.int64(2), np.array(2.0)], ids=repr)
def test_what_counts_as_a_number(value):
    assert run(lambda x: value).validation == float(value)


def test_an_array_of_one_element_is_a_number_as_it_is_for_the_function():
    assert run(lambda x: np.array([2.0])).validation == 2.0


@pytest.mark.parametrize("bad", [None, "low", "1.5", 1j, (1.0, 2.0), np.ones(2), {}], ids=repr)
def test_what_is_no_number(bad):
    with pytest.raises(ObjectiveError, match=r"^validation returned .*; it must return a number"):
        run(lambda x: bad)


def test_what_it_raises_propagates():
    def validation(x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run(validation)


def test_validation_means_noise():
    rng = np.random.default_rng(3)
    result = minimize(
        *(lambda x: noisy_bowl(x, rng), START),
        jac=True,
        validation=bowl,
        options={"maxiter": 50},
    )
    assert result.stochastic is True
    assert result.nit == 50


def test_no_validation_no_field():
    assert "validation" not in run(None)


def test_of_a_race_the_best_is_returned():
    validation = Spy(bowl)
    result = run(validation, learning_rate="race", maxiter=1000, validation_every=10)
    values = [bowl(x) for x in validation.points]
    assert len(values) >= 50
    assert result.validation == min(values) == bowl(result.x)
