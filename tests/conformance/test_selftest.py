import math
import tomllib
from collections import Counter
from fractions import Fraction

import pytest

from conformance import case, selftest
from conformance.adapters.plain import METHODS, Forms, Plain
from conformance.families import FAMILIES, FLAGS
from conformance.mutants import ALL, loops
from conformance.mutants.mutant import SINGLE, Mutant, MutantError, ThetaOnly
from conformance.mutants.trial import Ratios, Trial, grade, parts
from conformance.reference.problems import GRADIENTS
from conformance.runner import run_of

BY_ID = {mutant.id: mutant for mutant in ALL}
STEP = "s.eta(t) * g"
RATES = BY_ID["gd/rate-of-the-step-before"]
UNCHANGED = Mutant("gd", "unchanged", "nothing is wrong", ["rate"], [(STEP, STEP)])


@pytest.fixture(scope="module")
def cases():
    return case.stored(case.FOLDER / "gd")


def some(cases, *families):
    return [c for c in cases if c.family in families]


def report_on(cases, *mutants, variants=None, expected=None):
    return selftest.self_test(mutants, variants or {}, cases, expected or {})


def test_a_mutant_is_found_and_by_whom(cases):
    report = report_on(some(cases, "rates", "sizes"), RATES)
    float32, float64 = report.trials[RATES.id]
    assert float32.killers == float64.killers == ["rates"]
    assert float64.margin > float32.margin > 1e6
    assert not [line for line in report.problems if RATES.id in line]


def test_unchanged_code_is_a_survivor(cases):
    report = report_on(some(cases, "rates", "sizes"), UNCHANGED)
    assert "gd/unchanged lives in float32" in report.problems
    assert "gd/unchanged lives in float64" in report.problems


def test_a_survivor_of_one_type_is_one(cases):
    single = Mutant(
        "gd", "single", "", ["precision"], BY_ID["gd/rate-in-single"].edits
    )  # not marked as right in float32
    report = report_on(some(cases, "paper-defaults"), single)
    assert "gd/single lives in float32" in report.problems
    assert "gd/single lives in float64" not in report.problems


def test_a_false_mark_of_being_right_is_found(cases):
    marked = Mutant("gd", "marked", "", ["rate"], RATES.edits, equivalent={"float32": SINGLE})
    report = report_on(some(cases, "rates"), marked)
    assert "gd/marked is found in float32, where it is said to be right" in report.problems
    assert [trial.dtype for trial in report.trials["gd/marked"]] == ["float64"]


def test_an_error_in_a_variant_is_a_false_alarm(cases):
    variants = {"sound": Plain(Forms(lerp=True)), "unsound": RATES.adapter()}
    report = report_on(some(cases, "rates", "sizes"), RATES, variants=variants)
    alarms = [line for line in report.problems if line.startswith("false alarm")]
    assert len(alarms) == 2
    assert all("unsound" in line and "gd/rates" in line for line in alarms)
    assert 0 < report.variants["sound"][0] <= 1 < report.variants["unsound"][0]


def test_a_margin_too_small_is_reported():
    trial = Trial(RATES, "float32", {"rates": Ratios(2.5, 0.0)})
    problems = list(selftest._not_found(RATES.id, [trial], {("rates", "rate")}))
    assert f"{RATES.id} is found in float32 with a margin of 2.50 only" in problems


def test_a_mutant_found_for_another_reason_is_reported(cases):
    odd = Mutant("gd", "odd", "", ["edges"], RATES.edits)
    report = report_on(some(cases, "rates", "sizes"), odd)
    assert "gd/odd is not found by any family that is there for 'edges'" in report.problems


@pytest.mark.parametrize(
    ("record", "difference"),
    [
        ({"margin": 1e6, "float32": ["rates", "sizes"]}, "is not found by sizes in float32"),
        ({"margin": 1e6, "float64": ["resume"]}, "is not found by resume in float64"),
        ({"margin": 1e9, "float32": ["rates"]}, "has a margin of {margin:.2g}, and had 1e+09"),
        ({"margin": math.inf}, "has a margin of {margin:.2g}, and had inf"),
    ],
)
def test_a_wrong_record_is_reported(cases, record, difference):
    report = report_on(some(cases, "rates", "sizes"), RATES, expected={RATES.id: record})
    margin = min(trial.margin for trial in report.every)
    assert report.differences == [f"{RATES.id} {difference.format(margin=margin)}"]


def test_a_missing_record_and_one_too_many_are_reported(cases):
    report = report_on(some(cases, "rates"), RATES, expected={"gd/gone": {"margin": 3.0}})
    assert report.differences == [
        f"{RATES.id} is not recorded",
        "gd/gone is recorded, and there is no such mutant",
    ]


def test_what_is_recorded_is_then_expected(cases):
    mutants = [RATES, BY_ID["gd/rate-in-single"], BY_ID["gd/nan-to-zero"]]
    report = report_on(cases, *mutants)
    recorded = tomllib.loads(selftest.record(report))
    assert recorded["gd/rate-in-single"].keys() == {"margin", "float64"}
    assert recorded["gd/nan-to-zero"]["margin"] == math.inf
    assert recorded[RATES.id]["float32"] == ["rates"]
    assert not report_on(cases, *mutants, expected=recorded).differences


def test_a_family_that_proves_nothing_is_reported(cases):
    two = [RATES, BY_ID["gd/climbing"]]
    report = report_on(some(cases, "rates", "sizes"), *two)
    assert report.victims() == {
        "rates": [f"{RATES.id} (float32)", f"{RATES.id} (float64)"],
        "sizes": [],
    }
    assert "without sizes no mutant would be missed" in report.problems
    assert "without rates no mutant would be missed" not in report.problems


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("no such text", ""), "occurs 0 times in gd"),
        (("theta", "x"), "occurs 4 times in gd"),
        ((STEP, "s.nothing"), "does not run on gd/rates: AttributeError"),
    ],
)
def test_a_mutant_that_cannot_be_made_or_run_ends_the_test(cases, edit, message):
    broken = Mutant("gd", "broken", "", ["rate"], [edit])
    with pytest.raises(MutantError, match=message):
        report_on(some(cases, "rates"), broken)


def test_a_variant_that_does_not_run_ends_the_test(cases):
    broken = Mutant("gd", "broken", "", ["rate"], [(STEP, "s.nothing")]).adapter()
    with pytest.raises(MutantError, match="gd/broken does not run on gd/rates"):
        report_on(some(cases, "rates"), RATES, variants={"broken": broken})


def test_a_mutant_without_cases_ends_the_test(cases):
    with pytest.raises(MutantError, match="no case for nadam/climbing in float32"):
        report_on(cases, BY_ID["nadam/climbing"])


def test_an_edit_can_follow_another_in_the_same_piece(cases):
    twice = Mutant("gd", "twice", "", ["rate"], [(STEP, "s.eta(t) * x"), ("* x", "* g * 2")])
    assert report_on(some(cases, "rates"), twice).trials["gd/twice"][0].killers == ["rates"]


def test_hidden_slots_do_not_count():
    mutant = BY_ID["momentum/m-a-mean"]
    (mixed,) = some(case.stored(case.FOLDER / "momentum"), "mixed-scales")
    run = run_of(mixed, "float64", 5)
    output = ThetaOnly(mutant.adapter()).start(run).step(list(run.gradients[0]))
    assert set(output) == {"theta"}
    seen = grade(mutant.adapter(), parts(mixed), "float64")
    unseen = grade(ThetaOnly(mutant.adapter()), parts(mixed), "float64")
    assert seen.slots > 1
    assert unseen == Ratios(seen.theta, 0.0)


@pytest.mark.parametrize(
    ("mutants", "recorded", "code"),
    [([RATES], True, 0), ([RATES], False, 1), ([UNCHANGED], True, 1)],
)
def test_exit_code(cases, monkeypatch, capsys, mutants, recorded, code):
    chosen = some(cases, "rates")
    record = {m.id: {"margin": 0.0} for m in mutants} if recorded else {}
    report = report_on(chosen, *mutants, expected=record)
    monkeypatch.setattr(selftest, "self_test", lambda: report)
    assert selftest.main([]) == code
    printed = capsys.readouterr().out
    assert mutants[0].id in printed
    assert ("WRONG" in printed) is bool(code)


def test_exit_code_where_nothing_can_be_said(monkeypatch, capsys):
    def broken():
        raise MutantError("gd/broken does not run")

    monkeypatch.setattr(selftest, "self_test", broken)
    assert selftest.main([]) == 2
    assert "gd/broken does not run" in capsys.readouterr().err


def test_update_writes_what_was_found(cases, monkeypatch, tmp_path):
    monkeypatch.setattr(selftest, "EXPECTED", tmp_path / "expected.toml")
    chosen, whole = some(cases, "rates"), selftest.self_test
    monkeypatch.setattr(selftest, "self_test", lambda: whole([RATES], {}, chosen))
    assert selftest.main([]) == 1
    assert selftest.main(["--update"]) == 0
    assert selftest.main([]) == 0


def test_there_are_enough_mutants():
    assert len(BY_ID) == len(ALL)
    by_method = Counter(mutant.method for mutant in ALL)
    assert by_method.keys() == METHODS.keys()
    assert by_method["nadam"] >= 33
    assert min(by_method.values()) >= 5
    assert {flag for mutant in ALL for flag in mutant.flags} == FLAGS.keys()


def test_every_mutant_is_recorded():
    recorded = tomllib.loads(selftest.EXPECTED.read_text(encoding="utf-8"))
    assert list(recorded) == list(BY_ID)
    for name, record in recorded.items():
        wrong = {"float32", "float64"} - BY_ID[name].equivalent.keys()
        assert record.keys() == {"margin"} | wrong
        assert record["margin"] >= 3
        assert all(record[dtype] and set(record[dtype]) <= FAMILIES.keys() for dtype in wrong)


@pytest.mark.parametrize(("problem", "point"), [("quadratic", (3, -5, 7)), ("rosenbrock", (3, -5))])
def test_values_belong_to_the_gradients(problem, point):
    value, h = loops.VALUES[problem], Fraction(1, 10**20)
    x = [Fraction(p, 4) for p in point]
    for i, slope in enumerate(GRADIENTS[problem](x)):
        ahead, behind = ([*x[:i], x[i] + d, *x[i + 1 :]] for d in (h, -h))
        assert abs((value(ahead) - value(behind)) / (2 * h) - slope) < 1e-30
