"""What `minimize` refuses of what is said about noise, before it calls anything."""

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import minimize
from nadamkit.errors import OptionError
from tests.ids import plain
from tests.problems import START


def never(*args, **kwargs):
    raise AssertionError("called before the arguments were checked")


A, Y = np.ones((6, 3)), np.arange(6.0)


def refused(message, **arguments):
    """Assert that `minimize` raises an OptionError, calls nothing and changes nothing."""
    x0, a, y, rng = START.copy(), A.copy(), Y.copy(), np.random.default_rng(0)
    before = rng.bit_generator.state
    options = dict(arguments.get("options", {}))
    given = {"args": (a, y), "jac": never, "callback": never, "rng": rng} | arguments
    with pytest.raises(OptionError, match=message):
        minimize(never, x0, **given)
    assert_array_equal(x0, START)
    assert_array_equal(a, A)
    assert_array_equal(y, Y)
    assert rng.bit_generator.state == before
    assert options == arguments.get("options", {})


WHOLE = r" is not allowed: it must be a whole number >= 1\."
NO_COUNTS = [0, -1, 1.5, 2.0, "4", np.nan, math.inf, [4], np.ones(2), 1j]


@pytest.mark.parametrize("bad", NO_COUNTS, ids=repr)
def test_batch_size(bad):
    refused(rf"(?s)^batch_size=.*{WHOLE}", batch_size=bad)


@pytest.mark.parametrize("bad", NO_COUNTS, ids=repr)
@pytest.mark.parametrize("cut", [{"batch_size": 2}, {"batches": [1, 2]}], ids=repr)
def test_epochs(bad, cut):
    refused(rf"(?s)^epochs=.*{WHOLE}", epochs=bad, **cut)


def test_batches_larger_than_the_data():
    refused(r"^batch_size=7 is not allowed: .* 6 rows; give a .* from 1 to 6\.", batch_size=7)


@pytest.mark.parametrize("args", [(), (0.5, "a"), 3.0, (np.array(1.0),)], ids=repr)
def test_nothing_to_cut(args):
    refused(r"args has no array; pass the data as args=\(X, y\)", args=args, batch_size=2)


def test_arrays_of_different_lengths():
    message = r"args\[0\] has 6 rows, args\[1\] has 5 rows\. Bind what is not to be cut to fun"
    refused(message, args=(A, Y[1:]), batch_size=2)


def test_both_kinds_of_batches():
    refused(r"^batch_size cuts args .*batches, not both\.", batch_size=2, batches=[1, 2])


@pytest.mark.parametrize("bad", [3, 0.5, len, "ab", b"ab", {"a": 1}], ids=repr)
def test_batches_that_are_none(bad):
    refused(r"^batches is an? .*; pass an iterable of batches, each a tuple", batches=bad, rng=None)


@pytest.mark.parametrize("empty", [[], (), iter(())], ids=plain)
def test_no_batches(empty):
    refused(r"^batches is empty, .*nothing to evaluate fun with; pass", batches=empty, rng=None)


def test_epochs_of_what_has_no_epochs():
    refused(r"^epochs counts passes over batches; give batch_size or batches too\.", epochs=3)
    message = r"^epochs needs to know how many batches there are, .* give options=\{'maxiter'"
    refused(message, epochs=3, batches=iter([1, 2]))


STOCHASTIC = r"(?s)^stochastic=.* is not allowed: it must be True, False, or None to find out\."


@pytest.mark.parametrize("bad", ["yes", 2, 0.5, [], np.ones(2), np.nan, "auto"], ids=repr)
def test_stochastic(bad):
    refused(STOCHASTIC, stochastic=bad)


@pytest.mark.parametrize("false", [False, np.False_], ids=repr)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch_size": 2}, r"^with batches the objective is noisy; leave stochastic=False out"),
        ({"batches": [1]}, r"^with batches the objective is noisy; leave stochastic=False out"),
        ({"validation": never}, r"^validation is for noisy objectives; leave stochastic=False"),
        (
            {"options": {"learning_rate": "race", "maxiter": 9}},
            r"^learning_rate='race' is for noisy objectives; give 'auto', or leave stochastic out",
        ),
    ],
    ids=["batch_size", "batches", "validation", "race"],
)
def test_what_is_said_to_be_exact(given, message, false):
    refused(message, stochastic=false, **given)


@pytest.mark.parametrize("bad", [3, "loss", [len], np.ones(2)], ids=repr)
def test_validation(bad):
    message = r"^validation is an? .*; pass a callable validation\(x\) -> float\."
    refused(message, validation=bad)


@pytest.mark.parametrize("bad", ["seed", -1, 0.5, [0.5], len, {}], ids=repr)
@pytest.mark.parametrize("cut", [{}, {"batch_size": 2}], ids=repr)
def test_rng(bad, cut):
    message = r"^rng=.* is not allowed: pass a seed, or a numpy\.random\.Generator"
    refused(message, rng=bad, **cut)


@pytest.mark.parametrize("rng", ["seed", -1, 0, np.random.default_rng(0)], ids=plain)
def test_rng_that_is_not_used(rng):
    refused(r"^rng shuffles what batch_size cuts; shuffle your own", rng=rng, batches=[1, 2])


# Options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", [0.0, 1.0, -0.5, 2, "Tail", "mean", True, np.nan, math.inf, [0.5], 1j, {}], ids=repr
)
def test_average(bad):
    message = r"^average=.* is not allowed: it must be 'last', 'tail', or a number in \(0, 1\)\."
    refused(message, options={"average": bad})


@pytest.mark.parametrize("name", ["validation_every", "patience"])
@pytest.mark.parametrize("bad", [0, -1, 1.5, np.nan, math.inf, "5", [1, 2], 1j], ids=repr)
def test_counts(name, bad):
    message = rf"^{name}=.* is not allowed: it must be .*a whole number >= 1, or None\."
    refused(message, validation=never, options={name: bad})


@pytest.mark.parametrize("bad", ["atuo", "Auto", "races", "RACE", "", None, -1.0], ids=repr)
def test_learning_rate(bad):
    refused(
        r"^learning_rate=.* is not allowed: it must be .*'auto'", options={"learning_rate": bad}
    )


@pytest.mark.parametrize("rate", ["auto", "race"])
@pytest.mark.parametrize("given", [{"weight_decay": 0.1}, {"clip_norm": 1.0}, {"clip_value": 1.0}])
def test_learned_steps_are_not_modified(rate, given):
    name = next(iter(given))
    message = rf"^{name}=.* changes the step, which learning_rate='{rate}' measures; give a number"
    refused(message, options={"learning_rate": rate, "maxiter": 9} | given)


RACE = r"^learning_rate='race' shares out a known number .*; give options=\{'maxiter': .*or epochs"


@pytest.mark.parametrize("open_end", [{"maxiter": math.inf}, {"maxtime": 1.0}], ids=repr)
def test_a_race_without_a_horizon(open_end):
    refused(RACE, options={"learning_rate": "race"} | open_end)


def test_a_refused_run_takes_no_batch():
    given = iter([1, 2, 3])
    refused(RACE, batches=given, options={"learning_rate": "race"})
    assert list(given) == [1, 2, 3]


@pytest.mark.parametrize("options", [{"average": None}, {"validation_every": None}], ids=repr)
def test_none_means_the_default(options):
    def fun(x, rng):
        return 0.0, np.zeros(3)

    assert minimize(fun, START, jac=True, rng=1, options={"maxiter": 3} | options).nit == 3
