"""Programs behind the line protocol: how their answers are read, and everything that can fail."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapter import AdapterError, load
from conformance.adapters import _child
from conformance.adapters.subprocess import Program
from conformance.case import stored
from conformance.runner import run_case
from tests.conformance.programs import ROOT, RUN, behaving


def running(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def program(tmp_path):
    """Make a program with some behaviour; afterwards there is no trace of it."""
    made, pids = [], []

    def make(**behaviour):
        command, pid = behaving(tmp_path, **behaviour)
        pids.append(pid)
        made.append(Program(command))
        return made[-1]

    yield make
    for one in made:
        one.close()
    if Path("/proc/self/stat").exists():
        assert not any(running(pid.read_text()) for pid in pids)


def test_numbers_of_answers(program):
    answer = '{"theta": ["0x1.8p-3", "-inf"], "m": [3, 0.1], "n": ["nan", "-nan"]}'
    made = program(step=f"say({answer})")
    given = made.start(RUN).step([1.0, 1.0])
    assert given["theta"] == [0.1875, -float("inf")]
    assert given["m"] == [3.0, 0.1]
    assert type(given["m"][0]) is float
    assert all(x != x for x in given["n"])


def test_decimals_of_float32_mean_the_nearest(program):
    made = program(step='say({"theta": [0.1, 1e39]})')
    given = made.start(replace(RUN, dtype="float32")).step([1.0, 1.0])
    assert given["theta"] == [float.fromhex("0x1.99999ap-4"), float("inf")]


FAULTS = {
    "dies at once": ({"hello": "sys.exit(3)"}, r"ended with exit code 3 \(at .* \"hello\"\)"),
    "dies": ({"step": "print('no GPU', file=sys.stderr); sys.exit(2)"}, r"code 2 .*\n.*\nno GPU$"),
    "is killed": (
        {"step": "os.kill(os.getpid(), signal.SIGSEGV)"},
        r"signal 11 \(.*\) \(at .*step",
    ),
    "breaks off": (
        {"step": "print('{', end='', flush=True); sys.exit()"},
        "ended with exit code 0",
    ),
    "shuts up": ({"step": "os.close(1); time.sleep(100)"}, "closed its output"),
    "babbles": ({"step": "print('theta = 1', flush=True)"}, r"'theta = 1\\n', which is no JSON"),
    "answers a list": ({"step": "say([1.0])"}, "no object"),
    "writes NaN": (
        {"step": 'say({"theta": [float("nan")] * 2})'},
        'NaN has to be the string "nan"',
    ),
    "is short": ({"step": 'say({"theta": [1.0]})'}, "as theta not a list of 2 numbers but 1 of"),
    "is a number": ({"step": 'say({"theta": 5})'}, "as theta not a list of 2 numbers but 5"),
    "writes text": ({"step": 'say({"theta": ["0.5", 1]})'}, "in theta '0.5'; it has to be"),
    "is not ready": ({"start": "say({})"}, "neither with ok nor with unsupported"),
    "is nobody": ({"hello": 'say({"name": "p"})'}, "without a proper version, methods, dtypes:"),
    "boasts": ({"hello": 'say({**HELLO, "profile": "best"})'}, "without a proper profile:"),
    "has no t": ({"state": 'say({"theta": [0.0, 0.0]})'}, "without a whole number t"),
    "forgets": ({"state": 'say({"t": 1})'}, "as theta not a list of 2 numbers but None"),
}


def use(program, behaviour):
    session = program(**behaviour).start(RUN)
    session.step([1.0, 1.0])
    session.state()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told_and_ends_the_program(program, monkeypatch, fault):
    monkeypatch.setattr(_child, "GRACE", 0.3)
    behaviour, message = FAULTS[fault]
    with pytest.raises(AdapterError, match=r"^program '.*program\.py' (?s:.*)" + message):
        use(program, behaviour)


HANGS = {
    "does not answer": {"step": "time.sleep(100)"},
    "does not read": {"start": 'say({"ok": True}); time.sleep(100)'},
    "leaves it to another": {"step": "subprocess.run([sys.executable, '-c', 'input()'])"},
}


@pytest.mark.parametrize("behaviour", HANGS.values(), ids=HANGS)
def test_hanging_program_is_killed_in_time(program, behaviour):
    made = program(**behaviour)
    session = made.start(replace(RUN, theta=[0.0] * 100_000))
    made.timeout, before = 0.3, time.monotonic()
    with pytest.raises(AdapterError, match=r"did not answer within 0\.3 s \(at .* \"step\"\)"):
        session.step([0.1] * 100_000)
    assert time.monotonic() - before < 5
    with pytest.raises(AdapterError, match="has ended"):
        session.step([0.1] * 100_000)


def test_child_of_a_hanging_program_is_killed_too(program, tmp_path):
    if not Path("/proc/self/stat").exists():
        pytest.skip("processes are looked up in /proc")
    pid = tmp_path / "child"
    child = "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)"
    noted = f"print(child.pid, file=open({str(pid)!r}, 'w'), flush=True)"
    made = program(start=f"{child}; {noted}; say({{'ok': True}})", step="child.wait()")
    session = made.start(RUN)
    assert running(int(pid.read_text()))
    made.timeout = 0.3
    with pytest.raises(AdapterError, match="did not answer"):
        session.step([1.0, 1.0])
    deadline = time.monotonic() + 5
    while running(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not running(int(pid.read_text()))


def test_program_that_hangs_on_stop_is_killed(program, monkeypatch):
    monkeypatch.setattr(_child, "GRACE", 0.3)
    made = program(stop="time.sleep(100)")
    made.close()
    made.close()
    with pytest.raises(AdapterError, match="has ended"):
        made.ask({"cmd": "step", "g": []})


def test_forgotten_program_is_ended(tmp_path):
    command, pid = behaving(tmp_path)
    code = f"from conformance.adapters.subprocess import Program; p = Program({command!r}); 1 / 0"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert "ZeroDivisionError" in ended.stderr
    assert not running(pid.read_text())


def test_died_program_is_started_again_for_the_next_run(program):
    made = program(step="sys.exit(1)")
    cases = [case for case in stored() if case.id in ("gd/late", "gd/sizes")]
    statuses = [run_case(made, case, "float64").status for case in cases]
    assert statuses == ["skip", "error"]
    assert made.start(RUN)


def test_stderr_is_passed_on(program, capsys):
    made = program(start='print("compiling", file=sys.stderr, flush=True); say({"ok": True})')
    made.start(RUN)
    made.close()
    assert capsys.readouterr().err == "compiling\n"


@pytest.mark.parametrize("command", ["./no-such-program", "", '"unclosed', os.fspath(ROOT)])
def test_program_that_cannot_be_started(command):
    with pytest.raises(AdapterError, match="cannot be started"):
        load(f"exec:{command}")
