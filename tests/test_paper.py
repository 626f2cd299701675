"""Nadam's knobs against Algorithm 8 with the same knobs in mpmath, to a derived rounding bound.

The printed algorithms and the options around them are proved by the stored cases of the conformance
suite; here are callable schedules, other numbers, and what no stored case combines.

Gradients are prescribed (an open loop), theta starts at 0 and the learning rate is 1, so that
theta is the sum of the steps and shows them with all their digits.
"""

from functools import cache

import pytest

from conformance.reference import around, paper
from nadamkit import registry
from tests.grading import Step, expected, worst
from tests.open_loop import BACKENDS, DTYPES, check, exact, nadam, origin, run, stream


def test_all_methods_have_a_transcription() -> None:
    assert set(registry.names()) == set(paper.ALGORITHMS)


def jagged(t: int) -> float:
    """A momentum that jumps, so that mu_t and mu_{t+1} cannot be confused."""
    return 0.97 - 0.25 * (t % 3)


#: Options of nadamkit, and those of the reference where they are others.
NADAM_KNOBS = {
    "constant schedule": ({"schedule": "constant", "mu": 0.9}, {"mu_t": lambda t: 0.9}),
    "callable schedule": ({"schedule": jagged}, {"mu_t": jagged}),
    "m with mu_t": ({"m_coef": "mu_t"}, {}),
    "jagged m with mu_t": ({"m_coef": "mu_t", "schedule": jagged}, {"mu_t": jagged}),
    "eps outside": ({"eps_kind": "out"}, {}),
    "eps-hat": ({"eps_kind": "out_raw"}, {}),
    "n uncorrected": ({"n_bias": "none"}, {}),
    "n with nu": ({"n_bias": "nu"}, {}),
    "product to t": ({"m_bias": "t"}, {}),
    "m uncorrected": ({"m_bias": "none"}, {}),
    "no look-ahead": ({"lookahead": False}, {}),
    "other numbers": ({"mu": 0.999999, "nu": 0.5, "eps": 1e-3}, {}),
}


@cache
def knobbed(knob: str, dtype: str) -> list[Step]:
    options, reference = NADAM_KNOBS[knob]
    options = {name: value for name, value in options.items() if name != "schedule"}
    return expected(nadam(exact(stream(dtype)), origin(), 1.0, **options, **reference), dtype)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("knob", NADAM_KNOBS)
def test_nadam_knob(knob: str, dtype: str, backend: str) -> None:
    options, _ = NADAM_KNOBS[knob]
    check(worst(run("nadam", dtype, backend, **options), knobbed(knob, dtype)))


#: The gradient is changed before the rule sees it; one method for each layout of the state.
LAYOUTS = ("gd", "nag", "adagrad", "nadam", "nadamax")


@cache
def turned_and_clipped(method: str, dtype: str) -> list[Step]:
    by_norm = around.clipped_by_norm(around.maximized(exact(stream(dtype))), 20.0)
    return expected(paper.run(method, around.clipped_by_value(by_norm, 0.3), origin(), 1.0), dtype)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", LAYOUTS)
def test_maximize_then_clip_norm_then_clip_value(method: str, dtype: str, backend: str) -> None:
    options = {"maximize": True, "clip_norm": 20.0, "clip_value": 0.3}
    check(worst(run(method, dtype, backend, **options), turned_and_clipped(method, dtype)))
