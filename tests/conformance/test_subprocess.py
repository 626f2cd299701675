"""The line protocol: the C example, and every message against the schema."""

import json
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import jsonschema
import pytest

from conformance.adapter import FEATURES, AdapterError, Unsupported, load
from conformance.adapters.subprocess import Program
from conformance.adapters.template import Template
from conformance.case import stored
from conformance.runner import run_case, run_of
from tests.conformance.programs import NUMBERS, ROOT, RUN, behaving, recorded, serving

SCHEMA = json.loads((ROOT / "conformance/schema/protocol.schema.json").read_text(encoding="utf-8"))
PROTOCOL = (ROOT / "conformance/PROTOCOL.md").read_text(encoding="utf-8")
COMPILER = shutil.which("gcc") or shutil.which("cc")
FLAGS = {"separate": ["-ffp-contract=off"], "fused": ["-ffp-contract=fast", "-march=native"]}
ALL = stored()
CASES = [case for case in ALL if case.dialect == "paper"]
VALIDATORS = {
    name: jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    for name in SCHEMA["$defs"]
}


def cases_of(method, *families):
    return [c for c in CASES if c.method == method and (not families or c.family in families)]


def compiled(folder, *flags):
    if not COMPILER:
        pytest.skip("no C compiler")
    program = folder / "adam"
    strict = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    source = str(ROOT / "conformance/examples/adam.c")
    subprocess.run([COMPILER, *strict, *flags, "-o", str(program), source, "-lm"], check=True)
    return program


@pytest.fixture(scope="module", params=FLAGS)
def adam(request, tmp_path_factory):
    return compiled(tmp_path_factory.mktemp(request.param), *FLAGS[request.param])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_c_example_conforms(adam, dtype):
    program = load(f"exec:{adam}")
    cases = [case for case in cases_of("adam") if dtype in case.dtypes]
    results = {case.id: run_case(program, case, dtype) for case in cases}
    program.close()
    for case in cases:
        result = results[case.id]
        assert result.status == ("skip" if case.needs else "pass"), result
        assert case.needs or result.fields == ("theta", "m", "n")
    assert sum(r.status == "pass" for r in results.values()) == 9


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="-ffast-math is known to flush subnormal numbers on x86-64 Linux",
)
def test_c_example_with_fast_math_is_found(tmp_path):
    program = Program(str(compiled(tmp_path, "-ffast-math")))
    for case in cases_of("adam", "subnormal-f32", "subnormal-f64"):
        assert run_case(program, case, *case.dtypes).status == "fail"
    program.close()


def test_c_example_answers_as_the_protocol_shows(adam):
    sent, answers = (re.findall(f"^{sign} (.*)$", PROTOCOL, re.MULTILINE) for sign in "><")
    given = subprocess.run([adam], input="\n".join(sent) + "\n", capture_output=True, text=True)
    assert given.returncode == 0
    assert given.stdout.splitlines() == answers


def test_c_example_says_why_it_fails(adam):
    program = Program(str(adam))
    session = program.start(replace(RUN, method="adam"))
    with pytest.raises(AdapterError, match=r"exit code 1 .*\n.*\nadam: wrong number of comp"):
        session.step([1.0])
    with pytest.raises(Unsupported, match="only adam"):
        program.start(RUN)
    program.close()


@pytest.mark.parametrize("numbers", NUMBERS)
def test_no_bit_is_lost_on_the_way(tmp_path, numbers):
    program, here = Program(serving(tmp_path, numbers)), Template()
    for case in cases_of("gd", "mixed-scales", "resume", "late", "nonfinite", "subnormal-f64"):
        there = run_case(program, case, "float64")
        assert there.status == "pass"
        assert there.digests == run_case(here, case, "float64").digests
    program.close()


def thinned(value):
    """Leave out most numbers of long lists; a thousand are as valid as ten."""
    if isinstance(value, dict):
        return {key: thinned(x) for key, x in value.items()}
    if isinstance(value, list):
        return [x for i, x in enumerate(value) if i < 10 or not isinstance(x, float)]
    return value


def validated(log):
    """Check recorded messages against the schema, and return the commands."""
    messages = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    commands = [message for message in messages if "cmd" in message]
    answers = [message for message in messages if "cmd" not in message]
    for command in commands:
        VALIDATORS[command["cmd"]].validate(thinned(command))
    for command, answer in zip(commands[:-1], answers, strict=True):  # "stop" has none
        VALIDATORS[f"{command['cmd']} answer"].validate(thinned(answer))
    return commands


def test_schema_is_one_and_covers_all_commands():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    named = [entry["$ref"].rpartition("/")[2] for entry in SCHEMA["oneOf"]]
    assert named == ["hello", "start", "step", "state", "stop"]
    assert not VALIDATORS["step"].is_valid({"cmd": "step", "g": ["NaN"]})
    assert not VALIDATORS["step answer"].is_valid({"theta": ["0.5"]})


def test_messages_keep_the_schema(tmp_path, adam):
    seen = set()
    runs = [
        (str(adam), cases_of("adam", "nonfinite"), ("float32", "float64")),
        (serving(tmp_path, "hexadecimal"), cases_of("gd", "resume", "nonfinite"), ("float64",)),
    ]
    for inner, cases, dtypes in runs:
        command, log = recorded(tmp_path, inner)
        program = Program(command)
        assert {run_case(program, c, d).status for c in cases for d in dtypes} == {"pass"}
        program.close()
        seen |= {message["cmd"] for message in validated(log)}
    assert seen == {"hello", "start", "step", "state", "stop"}


def test_every_run_of_the_suite_keeps_the_schema(tmp_path):
    inner, _ = behaving(tmp_path, start='say({"unsupported": "no"})')
    command, log = recorded(tmp_path, inner)
    program = Program(command)
    program.features = list(FEATURES)
    for case in ALL:
        assert run_case(program, case, case.dtypes[0]).reason == "no"
    program.close()
    _, *starts, _ = validated(log)
    for start, case in zip(starts, ALL, strict=True):
        run = run_of(case, case.dtypes[0], (*case.sizes, len(case.theta0))[0])
        names = ("method", "theta", "eta", "mu", "nu", "eps", "mu_t", "eta_t")
        assert all(start["run"][name] == getattr(run, name) for name in names)


def test_lines_are_as_small_programs_need_them(tmp_path):
    command, log = recorded(tmp_path, serving(tmp_path))
    program = Program(command)
    program.start(RUN).step([float("nan"), float("-inf")])
    program.close()
    start, step = log.read_text(encoding="utf-8").splitlines()[2:6:2]
    assert start.startswith(
        '{"cmd":"start","run":{"method":"gd","dtype":"float64","theta":[1.0,2.0]'
    )
    assert step == '{"cmd":"step","g":["nan","-inf"]}'
