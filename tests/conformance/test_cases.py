"""The stored cases: their form, what there is of them, and that they are what is generated."""

import json
import math
import struct
from dataclasses import fields, replace

import pytest
from jsonschema import Draft202012Validator

from conformance import dialects, generate, golden
from conformance.adapter import FEATURES
from conformance.case import FOLDER, PROFILES, stored
from conformance.families import FAMILIES, FLAGS
from conformance.grading import UNIT
from conformance.reference.family import METHODS, Knobs
from conformance.reference.paper import ALGORITHMS
from conformance.reference.problems import GRADIENTS
from conformance.runner import run_of

SCHEMA = json.loads((FOLDER.parents[1] / "schema" / "case.schema.json").read_text("utf-8"))
PATHS = sorted(FOLDER.rglob("*.json"))
FILES = {
    str(path.relative_to(FOLDER).with_suffix("")): json.loads(path.read_text("utf-8"))
    for path in PATHS
}
CASES = {case.id: case for case in stored()}
PLANNED = {case.id: case for case in generate.cases()}
CLOSED = sorted(name for name, case in CASES.items() if case.problem)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("folder", sorted({name.split("/")[0] for name in FILES}))
def test_every_file_has_the_form_of_the_schema(folder):
    validator = Draft202012Validator(SCHEMA)
    for name, data in FILES.items():
        if name.startswith(f"{folder}/"):
            errors = [f"{e.json_path}: {e.message:.200}" for e in validator.iter_errors(data)]
            assert not errors, name


BROKEN = {
    "an unknown key": {"note": "x"},
    "another format": {"format": "case-v2"},
    "a decimal for a hexadecimal number": {"theta0": ["0.5"]},
    "a number for a text": {"eta": 0.5},
    "an unknown flag": {"flags": ["speed"]},
    "an unknown need": {"needs": ["luck"]},
    "no component": {"theta0": []},
    "an unknown hyperparameter": {
        "hyper": {"mu": "0x0p+0", "nu": "0x0p+0", "eps": "0x0p+0", "rho": "0x0p+0"}
    },
    "a decay of no kind": {"around": {"weight_decay": "0x1p-4"}},
    "a loop both open and closed": {"problem": "quadratic"},
    "an empty option": {"knobs": {}},
    "a bound of too many bits": {
        "expected": [
            {
                "t": 1,
                "theta": {
                    "value": ["0x0p+0"],
                    "float32": {"strict": ["0x1.001p+0"], "standard": ["0x0p+0"]},
                },
            }
        ]
    },
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_schema_refuses(fault):
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid(FILES["gd/mixed-scales"])
    assert not validator.is_valid(FILES["gd/mixed-scales"] | BROKEN[fault])


def test_the_lists_of_the_schema_are_those_of_the_program():
    allowed = SCHEMA["properties"]
    assert allowed["method"]["enum"] == list(ALGORITHMS)
    assert allowed["family"]["enum"] == [*FAMILIES, "dialect"]
    assert allowed["flags"]["items"]["enum"] == list(FLAGS)
    assert allowed["needs"]["items"]["enum"] == list(FEATURES)
    assert allowed["dtypes"]["items"]["enum"] == list(UNIT)
    assert allowed["problem"]["enum"] == list(GRADIENTS)
    knobs = {field.name for field in fields(Knobs)} - {"momentum", "norm"}
    assert set(allowed["knobs"]["properties"]) == knobs


def test_the_files_are_the_cases_that_are_generated():
    assert set(FILES) == set(PLANNED)
    assert all(data["id"] == name for name, data in FILES.items())


@pytest.mark.parametrize("method", ALGORITHMS)
def test_every_method_has_every_family(method):
    required = {
        "mixed-scales",
        "paper-defaults",
        "zeros-and-spikes",
        "schedule-boundaries",
        "subnormal-f64",
    }
    assert required <= set(FAMILIES)
    for family in FAMILIES:
        data = FILES[f"{method}/{family}"]
        assert (data["method"], data["family"], data["dialect"]) == (method, family, "paper")


def test_every_living_dialect_has_a_case_for_each_of_its_methods():
    found = {(d["dialect"], d["method"]) for d in FILES.values() if d["family"] == "dialect"}
    assert found == {key for key, dialect in dialects.table().items() if dialect.living}
    assert len(found) > 20


def test_every_flag_and_every_need_is_there():
    assert {flag for data in FILES.values() for flag in data["flags"]} == set(FLAGS)
    assert {need for data in FILES.values() for need in data.get("needs", ())} == set(FEATURES)


def rows(data):
    """Everything in a file that has one entry for each component."""
    yield from data.get("gradients", ())
    yield from (row for name, row in data.get("start", {}).items() if name != "t")
    for entry in data["expected"]:
        for field in (entry[name] for name in entry if name != "t"):
            yield field["value"]
            yield from (row for dtype in UNIT for row in field.get(dtype, {}).values())


def test_lengths():
    for name, data in FILES.items():
        steps, eta, mu_t = CASES[name].steps, data["eta"], data["mu_t"]
        assert {len(row) for row in rows(data)} == {len(data["theta0"])}, name
        times = [entry["t"] for entry in data["expected"]]
        assert times == sorted(set(times)), name
        assert len(data.get("gradients", range(steps))) >= steps, name
        assert not isinstance(eta, list) or len(eta) == steps, name
        assert not isinstance(mu_t, list) or len(mu_t) > steps, name


def test_fields_and_words():
    for name, data in FILES.items():
        method = METHODS[data["method"]]
        slots = {"m"} if method.momentum != "none" else set()
        slots |= {"n"} if method.norm != "none" else set()
        for entry in data["expected"]:
            assert set(entry) == {"t", "theta", "step", *slots}, name
            for key in slots | {"theta", "step"}:
                words = set(entry[key]["value"]) & {"nan", "nonfinite", "any"}
                assert not words or data["family"] == "nonfinite", name
                assert "any" not in words or key == "step", name
                # A dtype that is not graded any more in a closed loop, or was never meant.
                assert entry[key].keys() - {"value"} <= set(data["dtypes"]), name


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def test_inputs_are_exact_in_float32():
    for name, case in CASES.items():
        if "float32" in case.dtypes:
            state = [row for row in case.start.values() if isinstance(row, list)]
            given = [x for row in (case.theta0, *(case.gradients or ()), *state) for x in row]
            assert all(single(x) == x for x in given if math.isfinite(x)), name


CHEAP = [
    "gd/paper-defaults",
    "momentum/subnormal-f32",
    "nag/mixed-scales",
    "adagrad/clip-norm",
    "rmsprop/subnormal-f64",
    "maxaprop/nonfinite",
    "adam/decay-l2",
    "adamax/late",
    "nadam/decay-decoupled",
    "nadamax/rates",
    "gd/smooth-quadratic",
    "dialects/dl4j/nadam",
    "dialects/optax/adamax",
]


@pytest.mark.parametrize("name", CHEAP)
def test_a_file_has_the_bytes_that_are_generated(name):
    assert generate.text(PLANNED[name]).encode() == (FOLDER / f"{name}.json").read_bytes()


def test_what_is_read_is_what_was_written():
    for name, planned in PLANNED.items():
        read = CASES[name]
        for dtype in read.dtypes:
            size = len(planned.theta0)
            # As texts, for NaN is not equal to NaN.
            assert repr(run_of(read, dtype, size)) == repr(run_of(planned, dtype, size)), name
        for field in ("family", "dialect", "flags", "needs", "sizes", "dtypes"):
            assert list(getattr(read, field)) == list(getattr(planned, field)), name
        assert read.restart_after == planned.restart_after


KINDS = [(dtype, profile) for dtype in UNIT for profile in PROFILES]


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_loop_ends_at_its_horizon(name):
    case = CASES[name]
    points = [case.expected[t]["theta"].bounds for t in case.checkpoints]
    assert set(points[0]) == set(KINDS)
    for kind in KINDS:
        certified = [kind in bounds for bounds in points]
        assert certified == sorted(certified, reverse=True), "certified again, after it was not"
        largest = [max(bounds[kind]) * UNIT[kind[0]] for bounds in points if kind in bounds]
        assert max(largest) <= golden.HORIZON * (1 + 2.0**-8)  # written with 9 bits, rounded up
    assert points[-1]


def test_beyond_the_horizon_nothing_is_certified(monkeypatch):
    planned = replace(PLANNED["gd/smooth-quadratic"], checkpoints=[1, 2, 4, 8, 16])
    largest = {
        (t, kind): max(bounds["theta"]) * UNIT[kind[0]]
        for t, point in golden.compute(planned).items()
        for kind, bounds in point.bounds.items()
    }
    assert len(largest) == 5 * len(KINDS)
    for limit in (largest[4, ("float32", "strict")], largest[8, ("float64", "standard")]):
        monkeypatch.setattr(golden, "HORIZON", limit)
        certified = {(t, kind) for t, p in golden.compute(planned).items() for kind in p.bounds}
        assert certified == {key for key, size in largest.items() if size <= limit}
        assert 0 < len(certified) < len(largest)
