"""How an adapter is run, on a case made by hand."""

import math
from array import array
from dataclasses import replace

import pytest

from conformance.adapter import Unsupported
from conformance.reference.problems import quadratic
from conformance.runner import run_case
from tests.conformance.by_hand import (
    GRADIENTS,
    MALFORMED,
    THETAS,
    Descent,
    altered,
    case,
    exactly,
    raising,
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_right_passes(dtype):
    result = run_case(Descent(), case(), dtype)
    assert (result.case, result.family, result.method) == ("gd/by-hand", "by-hand", "gd")
    assert (result.status, result.dtype, result.reason) == ("pass", dtype, "")
    assert {worst.ratio for worst in result.worst.values()} == {0.0}
    assert result.fields == ("theta",)
    assert set(result.digests) == {"theta"}


def test_what_is_wrong_fails_and_is_named():
    def change(output):
        return {"theta": [output["theta"][0], math.nextafter(output["theta"][1], 9)]}

    result = run_case(altered(2, change), case(), "float64")
    assert result.status == "fail"
    assert result.worst["strict"] == (math.inf, 2, "theta", 1, 2)


def test_slots_are_graded_where_they_are_seen():
    wanted = case()
    expected = {t: f | {"m": exactly([1.0, 2.0])} for t, f in wanted.expected.items()}
    wanted = replace(wanted, expected=expected)
    right, wrong = (lambda o, m=m: o | {"m": m} for m in ([1.0, 2.0], [1.0, 3.0]))
    assert run_case(Descent(), wanted, "float64").status == "pass"
    assert run_case(altered(3, right), wanted, "float64").fields == ("theta", "m")
    assert run_case(altered(3, wrong), wanted, "float64").worst["strict"].field == "m"


def test_the_adapter_chooses_its_profile():
    wanted = case()
    for point in wanted.expected.values():
        for field in point.values():
            field.bounds["float64", "standard"][:] = [8.0, 8.0]
    for t, point in wanted.expected.items():
        point["theta"].values[0] = (THETAS[t - 1][0], 2.0**-53, 0)
    found = run_case(Descent(), wanted, "float64")
    assert (found.status, found.worst["standard"].ratio) == ("pass", 0.125)
    assert run_case(Descent(profile="standard"), wanted, "float64").status == "pass"
    assert run_case(Descent(profile="strict"), wanted, "float64").status == "fail"


# --- what is not graded ---------------------------------------------------------------------------


def test_missing_features_are_a_skip():
    adapter = Descent(features=("rates",))
    result = run_case(adapter, case(needs=["rates", "l2", "maximize"]), "float64")
    assert (result.status, adapter.runs) == ("skip", [])
    assert result.reason == "the adapter has no l2, maximize"
    assert run_case(Descent(features=("l2",)), case(needs=["l2"]), "float64").status == "pass"


@pytest.mark.parametrize("where", ["start", "step"])
def test_what_an_adapter_cannot_do_is_a_skip(where):
    result = run_case(Descent(**{where: raising(Unsupported("no such thing"))}), case(), "float64")
    assert (result.status, result.reason) == ("skip", "no such thing")


@pytest.mark.parametrize("where", ["start", "step"])
def test_an_exception_is_an_error_with_its_reason(where):
    adapter = Descent(**{where: raising(ValueError("the wire is loose"))})
    result = run_case(adapter, case(), "float64")
    assert (result.status, result.worst) == ("error", {})
    assert "ValueError: the wire is loose" in result.reason
    assert "in raises" in result.reason


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_answer_is_an_error(fault):
    change, reason = MALFORMED[fault]
    result = run_case(altered(2, change), case(), "float64")
    assert result.status == "error"
    assert reason in result.reason


def test_numbers_of_numpy_are_no_python_floats():
    numpy = pytest.importorskip("numpy")
    adapter = altered(1, lambda o: {"theta": list(numpy.array(o["theta"]))})
    assert "tolist" in run_case(adapter, case(), "float64").reason


# --- adapters that own the loop -------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_another_number_of_steps_is_an_error(steps):
    rows = [*THETAS, [0.0, 0.0]][:steps]
    adapter = Descent(trajectory=lambda run: ({"theta": row} for row in rows))
    result = run_case(adapter, case(), "float64")
    assert (result.status, result.worst) == ("error", {})
    assert "3" in result.reason
    assert "steps were made" in result.reason


def test_no_step_at_all_is_an_error():
    result = run_case(Descent(trajectory=lambda run: iter(())), case(), "float64")
    assert result.status == "error"
    assert result.reason == "0 steps were made, not 3"


def test_a_trajectory_without_end_is_an_error():
    def endless(run):
        yield from ({"theta": row} for row in THETAS)
        for _ in range(1000):
            yield {"theta": [0.0, 0.0]}
        raise RuntimeError("it was waited for the end")

    result = run_case(Descent(trajectory=endless), case(), "float64")
    assert result.status == "error"
    assert "steps were made" in result.reason


def test_a_trajectory_is_used_instead_of_steps():
    seen = []

    def trajectory(run):
        seen.append(run)
        return ({"theta": row} for row in THETAS)

    assert run_case(Descent(trajectory=trajectory, start=None), case(), "float64").status == "pass"
    assert [run.gradients for run in seen] == [GRADIENTS]


# --- restarts, sizes, closed loops ----------------------------------------------------------------


def test_a_restart_saves_the_state_and_starts_from_it():
    adapter = Descent(features=("start",))
    result = run_case(adapter, case(restart_after=2, needs=["start"]), "float64")
    assert result.status == "pass"
    first, second = adapter.runs
    assert adapter.saved == [2]
    assert (first.start, first.theta) == ({}, [1.0, 1.0])
    assert (second.start, second.theta) == ({"t": 2, "secret": "kept"}, THETAS[1])


def test_a_restart_that_loses_the_state_fails():
    class Forgetful(Descent):
        def state(self):
            return {"t": self.t, "theta": [0.0, 0.0]}

    adapter = Forgetful(features=("start",))
    result = run_case(adapter, case(restart_after=2, needs=["start"]), "float64")
    assert (result.status, result.worst["strict"].t) == ("fail", 3)


def test_a_case_may_start_late():
    late = {100 + t: fields for t, fields in case().expected.items()}
    given = case(expected=late, checkpoints=list(late), start={"t": 100, "m": [3.0, 4.0]})
    adapter = Descent()
    assert run_case(adapter, given, "float64").status == "pass"
    assert (adapter.t, adapter.runs[0].steps) == (103, 3)
    assert adapter.runs[0].start == {"t": 100, "m": [3.0, 4.0]}


def test_columns_are_repeated_to_every_size():
    adapter = Descent()
    assert run_case(adapter, case(sizes=[1, 2, 5]), "float64").status == "pass"
    assert [run.theta for run in adapter.runs] == [[1.0] * size for size in (1, 2, 5)]
    assert adapter.gradients[-1] == [-0.5, 1.0, -0.5, 1.0, -0.5]


def test_an_element_that_is_wrong_at_one_size_is_found():
    class Short(Descent):
        def step(self, g):
            return super().step([*g[:-1], 0.0] if len(g) == 5 else g)

    result = run_case(Short(), case(sizes=[4, 5, 6]), "float64")
    assert result.status == "fail"
    assert (result.worst["strict"].index, result.worst["strict"].size) == (4, 5)


@pytest.mark.parametrize("kind", ["f", "d"])
def test_a_closed_loop_evaluates_the_gradient_where_the_adapter_is(kind):
    point = {"theta": exactly([0.0] * 3, math.inf), "step": exactly([0.0] * 3, math.inf)}
    given = case(
        gradients=None,
        problem="quadratic",
        theta0=[0.25, 1.0, -0.5],
        eta=0.1,
        expected={3: point},
        checkpoints=[3],
    )
    adapter, dtype = Descent(), {"f": "float32", "d": "float64"}[kind]
    assert run_case(adapter, given, dtype).status == "pass"
    theta = given.theta0
    for g in adapter.gradients:
        assert g == array(kind, quadratic(theta)).tolist()
        theta = [x - 0.1 * y for x, y in zip(theta, g, strict=True)]


# --- digests --------------------------------------------------------------------------------------


def digest(adapter, dtype="float64", **changes):
    wanted = case(**changes)
    for point in wanted.expected.values():
        for field in point.values():
            for bounds in field.bounds.values():
                bounds[:] = [math.inf, math.inf]
    return run_case(adapter, wanted, dtype).digests["theta"]


def test_equal_bits_have_one_digest():
    assert digest(Descent()) == digest(Descent())
    assert digest(altered(2, dict)) == digest(Descent())


def test_every_bit_of_every_step_is_in_the_digest():
    def sign(output):
        return {"theta": [output["theta"][0], -output["theta"][1]]}

    zero, negative = (altered(2, lambda o, x=x: {"theta": [x, 1.0]}) for x in (0.0, -0.0))
    assert digest(zero) != digest(negative)
    assert digest(altered(2, sign), checkpoints=[3]) != digest(Descent(), checkpoints=[3])
