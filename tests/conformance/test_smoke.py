"""The smoke check: what it finds, and what it leaves to the grading."""

from dataclasses import replace

import pytest

from conformance.adapter import Unsupported
from conformance.runner import smoke
from tests.conformance.by_hand import GRADIENTS, MALFORMED, Descent, altered, case, raising


def test_smoke_finds_nothing_in_what_runs():
    assert smoke(Descent(), [case()], ["float32", "float64"]) == []


def test_smoke_does_not_ask_whether_a_step_is_right():
    class Uphill(Descent):
        def step(self, g):
            return super().step([-3 * x for x in g])

    assert smoke(Uphill(), [case()], ["float64"]) == []


def test_smoke_finds_a_theta_that_does_not_move():
    adapter = Descent(output=lambda: {"theta": [0.5, 1.0]})
    assert smoke(adapter, [case()], ["float64"]) == [
        "gd, float64: theta does not move in components [1]"
    ]


def test_smoke_does_not_mind_a_component_without_gradient():
    still = case(gradients=[[1.0, 0.0], *GRADIENTS[1:]])
    assert smoke(Descent(), [still], ["float64"]) == []


@pytest.mark.parametrize("where", ["start", "step"])
def test_smoke_finds_exceptions(where):
    adapter = Descent(**{where: raising(TypeError("one argument too many"))})
    (found,) = smoke(adapter, [case()], ["float64"])
    assert found.startswith("gd, float64: ")
    assert "TypeError: one argument too many" in found


@pytest.mark.parametrize("fault", MALFORMED)
def test_smoke_finds_malformed_answers(fault):
    change, reason = MALFORMED[fault]
    (found,) = smoke(altered(1, change), [case()], ["float64"])
    assert reason in found


def test_smoke_makes_one_step_of_one_plain_open_loop_for_each_method():
    others = [case(needs=["l2"]), case(start={"t": 3}), case(gradients=None, problem="quadratic")]
    adapter = Descent()
    momentum = replace(case(), method="momentum")
    assert smoke(adapter, [*others, case(), case(), momentum], ["float64"]) == []
    assert [run.method for run in adapter.runs] == ["gd", "momentum"]
    assert len(adapter.gradients) == 2


def test_smoke_leaves_to_the_grading_what_an_adapter_refuses():
    adapter = Descent(start=raising(Unsupported("not today")))
    assert smoke(adapter, [case()], ["float64"]) == []
