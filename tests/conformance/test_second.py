"""The second reference, in decimals and closed sums, has the values of the first."""

import json
from dataclasses import replace

import pytest

from conformance import dialects, generate
from conformance.case import FOLDER
from conformance.reference import second
from conformance.reference.paper import ALGORITHMS, SCHEDULED

CASES = {case.id: case for case in generate.cases()}


def read(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def written(case, **changes):
    """What the file of a case would have, at few steps."""
    case = replace(case, checkpoints=[1, 2, 3, 12], **changes)
    return json.loads(generate.text(case))


def test_every_stored_case(capsys):
    assert second.main() == 0, capsys.readouterr().out
    assert capsys.readouterr().out == f"{len(CASES)} cases, 0 values differ\n"


PAST = [d for d in dialects.table().values() if not d.living]


@pytest.mark.parametrize("dialect", PAST, ids=lambda d: d.name)
@pytest.mark.parametrize("family", ["mixed-scales", "zeros-and-spikes"])
def test_dialects_without_stored_cases(dialect, family):
    case = dialects.spoken(CASES[f"{dialect.method}/{family}"], dialect)
    assert second.disagreements(written(case)) == []


KNOBS = [
    ("nadam", {"m_coef": "mu_t", "m_bias": "dup"}),
    ("nadam", {"lookahead": False, "eps_kind": "out", "eps_root": 2.0**-20}),
    ("nadam", {"m_bias": "none", "n_bias": "nu", "eps_root": 2.0**-20}),
    ("nadam", {"m_bias": "frozen1", "eps_kind": "out_raw"}),
    ("nadamax", {"m_bias": "t", "eps_kind": "max"}),
    ("nadamax", {"lookahead": False, "m_coef": "mu_t"}),
    ("adam", {"m_bias": "none", "n_bias": "none", "eps_kind": "out_raw"}),
    ("adamax", {"n0": 0.25, "eps_kind": "max"}),
    ("rmsprop", {"n_bias": "std", "n0": 0.25}),
    ("adagrad", {"n0": 0.25, "eps_kind": "out"}),
]


@pytest.mark.parametrize(("method", "knobs"), KNOBS)
def test_knobs_that_no_stored_case_combines(method, knobs):
    assert second.disagreements(written(CASES[f"{method}/mixed-scales"], knobs=knobs)) == []


# --- it can fail ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["theta", "step", "m", "n"])
def test_one_last_digit_is_seen(name):
    data = read("nadam/mixed-scales")
    row = data["expected"][-1][name]["value"]
    digits, exponent = row[3].split("p")
    assert len(digits.lstrip("-")) == len("0x1.") + 17
    row[3] = f"{digits[:-1]}{int(digits[-1], 16) ^ 2:x}p{exponent}"
    (found,) = second.disagreements(data)
    assert found.startswith(f"nadam/mixed-scales: t = 120, {name}[3] is {row[3]}")


@pytest.mark.parametrize("method", ALGORITHMS)
def test_one_method_is_not_another(method):
    data = read(f"{method}/mixed-scales")
    for other in set(ALGORITHMS) - {method}:
        assert second.disagreements(data | {"method": other}), other


@pytest.mark.parametrize(("method", "knobs"), KNOBS)
def test_every_knob_is_read(method, knobs):
    data = written(CASES[f"{method}/mixed-scales"], knobs=knobs)
    for name in knobs:
        without = {k: v for k, v in data["knobs"].items() if k != name}
        assert second.disagreements(data | {"knobs": without}), name


OPTIONS = ["decay-l2", "decay-decoupled", "clip-value", "clip-norm", "maximize"]


@pytest.mark.parametrize("family", OPTIONS)
def test_every_option_is_read(family):
    data = read(f"nadam/{family}")
    assert second.disagreements(data | {"around": {}})


@pytest.mark.parametrize("method", SCHEDULED)
def test_the_schedule_is_read_in_more_digits_than_a_double_has(method):
    data = read(f"{method}/paper-defaults")
    for name, decimals in data["mu_t"].items():
        inexact = data["mu_t"] | {name: f"{decimals}0000000000000001"}
        assert float(inexact[name]) == float(decimals)
        assert second.disagreements(data | {"mu_t": inexact}), name


@pytest.mark.parametrize(("name", "word"), [("theta", "nan"), ("step", "any"), ("m", "nonfinite")])
def test_words_are_judged(name, word):
    data = read("nadam/nonfinite")
    assert second.disagreements(data) == []
    values = data["expected"][1][name]["value"]
    assert word in values
    for i, text in enumerate(values):
        values[i] = "0x1p+0" if text != word else text
    assert len(second.disagreements(data)) == 2
    values[2] = "nonfinite"
    assert len(second.disagreements(data)) == 2


def test_a_missing_field_is_told():
    data = read("adam/maximize")
    del data["expected"][0]["m"]
    assert second.disagreements(data) == ["adam/maximize: t = 1 has t, theta, step, n"]
