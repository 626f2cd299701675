"""Every method against the paper's algorithm in mpmath, to a derived rounding bound.

Gradients are prescribed (an open loop), theta starts at 0 and the learning rate is 1, so that
theta is the sum of the steps and shows them with all their digits.
"""

from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from nadamkit import registry
from tests.open_loop import BACKENDS, DTYPES, STEPS, check, exact, origin, run, stream
from tests.reference import knobs, paper
from tests.reference.bounded import Vector
from tests.reference.grading import Step, expected, worst


@cache
def printed(method: str, dtype: str) -> list[Step]:
    """The printed algorithm at its defaults."""
    return list(expected(paper.ALGORITHMS[method](exact(stream(dtype)), origin(), 1.0), dtype))


def test_all_methods_have_a_transcription() -> None:
    assert set(registry.names()) == set(paper.ALGORITHMS)


def test_the_reference_is_independent() -> None:
    files = sorted(Path(paper.__file__).parent.glob("*.py"))
    imports = [
        line for file in files for line in file.read_text().splitlines() if "import " in line
    ]
    assert len(imports) > 10
    assert not [line for line in imports if "nadamkit" in line or "numpy" in line]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", paper.ALGORITHMS)
def test_method_is_the_papers(method: str, dtype: str, backend: str) -> None:
    check(worst(run(method, dtype, backend), printed(method, dtype)))


def jagged(t: int) -> float:
    """A momentum that jumps, so that mu_t and mu_{t+1} cannot be confused."""
    return 0.97 - 0.25 * (t % 3)


NADAM_KNOBS = {
    "constant schedule": ({"schedule": "constant", "mu": 0.9}, {"schedule": paper.constant}),
    "callable schedule": ({"schedule": jagged}, {"schedule": lambda mu: jagged}),
    "m with mu_t": ({"m_coef": "mu_t"}, {}),
    "jagged m with mu_t": ({"m_coef": "mu_t", "schedule": jagged}, {"schedule": lambda mu: jagged}),
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
    path = knobs.nadam(exact(stream(dtype)), origin(), 1.0, **{**options, **reference})
    return list(expected(path, dtype))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("knob", NADAM_KNOBS)
def test_nadam_knob(knob: str, dtype: str, backend: str) -> None:
    options, _ = NADAM_KNOBS[knob]
    check(worst(run("nadam", dtype, backend, **options), knobbed(knob, dtype)))


def test_knobbed_reference_is_the_papers_at_its_defaults() -> None:
    ours = knobs.nadam(exact(stream("float64")), origin(), 1.0)
    for (theta, _), wanted in zip(ours, printed("nadam", "float64"), strict=True):
        assert [x.value for x in theta] == [value for value, _ in wanted["theta"]]


CHANGED_GRADIENTS = {
    "maximize": ({"maximize": True}, knobs.maximized),
    "clip_value": ({"clip_value": 0.3}, lambda g: knobs.clipped_by_value(g, 0.3)),
    "clip_norm": ({"clip_norm": 0.7}, lambda g: knobs.clipped_by_norm(g, 0.7)),
    "all": (
        {"maximize": True, "clip_norm": 20.0, "clip_value": 0.3},
        lambda g: knobs.clipped_by_value(knobs.clipped_by_norm(knobs.maximized(g), 20.0), 0.3),
    ),
}
#: The gradient is changed before the rule sees it; one method for each layout of the state.
LAYOUTS = ("gd", "nag", "adagrad", "nadam", "nadamax")


@cache
def changed(change: str, method: str, dtype: str) -> list[Step]:
    gradients = CHANGED_GRADIENTS[change][1](exact(stream(dtype)))
    return list(expected(paper.ALGORITHMS[method](gradients, origin(), 1.0), dtype))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", LAYOUTS)
@pytest.mark.parametrize("change", CHANGED_GRADIENTS)
def test_changed_gradients(change: str, method: str, dtype: str, backend: str) -> None:
    options, _ = CHANGED_GRADIENTS[change]
    check(worst(run(method, dtype, backend, **options), changed(change, method, dtype)))


# Weight decay feeds theta back, so theta starts away from 0 and the gradients keep to scales at
# which the feedback is stable.
RATE, DECAY, START = 0.125, 0.1, 0.5


def calm(dtype: str) -> np.ndarray:
    return np.ascontiguousarray(stream(dtype)[:, [2, 3, 7]])


@cache
def decayed(kind: str, method: str, dtype: str) -> list[Step]:
    gradients = exact(calm(dtype))
    algorithm, theta = paper.ALGORITHMS[method], Vector.of([START] * 3)
    if kind == "l2":
        path = islice(algorithm(knobs.decayed_l2(gradients, DECAY), theta, RATE), STEPS)
    else:
        path = knobs.decayed_decoupled(algorithm(gradients, theta, RATE), theta, RATE, DECAY)
    return list(expected(path, dtype))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", paper.ALGORITHMS)
@pytest.mark.parametrize("kind", ["l2", "decoupled"])
def test_weight_decay(kind: str, method: str, dtype: str, backend: str) -> None:
    options = {"weight_decay": DECAY, "wd_kind": kind, "learning_rate": RATE, "start": START}
    found = worst(
        run(method, dtype, backend, gradients=calm(dtype), **options), decayed(kind, method, dtype)
    )
    check(found)
