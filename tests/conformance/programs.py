"""Small programs that keep the protocol of the conformance suite, or break it in a given way."""

import sys
from pathlib import Path

from conformance.adapter import Run

ROOT = Path(__file__).parents[2]
RUN = Run(
    method="gd",
    dtype="float64",
    theta=[1.0, 2.0],
    eta=0.5,
    mu=0.9,
    nu=0.999,
    eps=1e-8,
    steps=3,
    mu_t=[0.9] * 4,
    schedule="constant",
    eta_t=[0.5] * 3,
)

_HEAD = """
import json, os, signal, subprocess, sys, time
with open({pid!r}, "w") as file:
    file.write(str(os.getpid()))
def say(answer):
    print(json.dumps(answer), flush=True)
HELLO = {{"name": "p", "version": "1", "methods": ["gd"], "dtypes": ["float32", "float64"]}}
for line in sys.stdin:
    cmd = json.loads(line)["cmd"]
"""
_WELL = {
    "hello": "say(HELLO)",
    "start": 'say({"ok": True})',
    "step": 'say({"theta": [0.0, 0.0]})',
    "state": 'say({"t": 1, "theta": [0.0, 0.0]})',
    "stop": "break",
}

_SERVER = """
import json, math, sys
sys.path.insert(0, {root!r})
from conformance.adapter import Run
from conformance.adapters.template import Template
adapter = Template()
def written(answer):
    return {{**answer, "theta": [{number} for x in answer["theta"]]}}
for line in sys.stdin:
    message = json.loads(line)
    match message["cmd"]:
        case "hello":
            names = "name", "version", "methods", "dtypes", "features"
            answer = {{name: getattr(adapter, name) for name in names}}
        case "start":
            theta = [float(x) for x in message["run"].pop("theta")]
            session = adapter.start(Run(theta=theta, **message["run"]))
            answer = {{"ok": True}}
        case "step":
            answer = written(session.step([float(g) for g in message["g"]]))
        case "state":
            answer = written(session.state())
        case "stop":
            break
    print(json.dumps(answer), flush=True)
"""
#: How a number of an answer is written.
NUMBERS = {"decimal": "x if math.isfinite(x) else repr(x)", "hexadecimal": "x.hex()"}

_RECORDER = """
import subprocess, sys
log, *command = sys.argv[1:]
program = subprocess.Popen(command, stdin=-1, stdout=-1, text=True)
with open(log, "w") as file:
    for line in sys.stdin:
        file.write(line)
        program.stdin.write(line)
        program.stdin.flush()
        if '"stop"' in line:
            break
        answer = program.stdout.readline()
        file.write(answer)
        print(answer, end="", flush=True)
program.stdin.close()
sys.exit(program.wait())
"""


def command(path, text):
    path.write_text(text, encoding="utf-8")
    return f"{sys.executable} -S {path}"


def behaving(folder, **behaviour):
    """A program with a statement for each command, and the file that will hold its number."""
    lines = [f"    if cmd == {k!r}: {v}\n" for k, v in {**_WELL, **behaviour}.items()]
    pid = folder / "pid"
    return command(folder / "program.py", _HEAD.format(pid=str(pid)) + "".join(lines)), pid


def serving(folder, numbers="decimal"):
    """A program that is the template, behind the protocol."""
    text = _SERVER.format(root=str(ROOT), number=NUMBERS[numbers])
    return command(folder / "server.py", text)


def recorded(folder, inner):
    """A program that stands before another, and the file in which it writes all messages."""
    log = folder / "log"
    return f"{command(folder / 'recorder.py', _RECORDER)} {log} {inner}", log
