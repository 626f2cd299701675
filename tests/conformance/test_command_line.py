"""The command line, the report and what is said about an implementation that does not conform."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from conformance.__main__ import main
from conformance.adapter import AdapterError, load
from conformance.expected import read
from conformance.explain import explain
from conformance.identity import first_difference
from conformance.report import Report
from conformance.suite import library, selected

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "conformance" / "schema" / "report.schema.json"


class Rmsprop:
    """RMSProp in plain Python; what is wrong with it is up to the subclass."""

    name, version, methods, dtypes = "mine", "1", ("rmsprop",), ("float64",)

    def start(self, run):
        self.run, self.theta, self.n = run, list(run.theta), [0.0] * len(run.theta)
        return self

    def root(self, n):
        return math.sqrt(n + self.run.eps)

    def mean(self, n, g):
        return self.run.nu * n + (1 - self.run.nu) * g * g

    def step(self, g):
        self.n = [self.mean(n, x) for n, x in zip(self.n, g, strict=True)]
        steps = [self.run.eta * x / self.root(n) for n, x in zip(self.n, g, strict=True)]
        self.theta = [x - s for x, s in zip(self.theta, steps, strict=True)]
        return {"theta": list(self.theta), "n": list(self.n)}


class Outside(Rmsprop):
    def root(self, n):
        return math.sqrt(n) + self.run.eps


class Unscaled(Rmsprop):
    def mean(self, n, g):
        return self.run.nu * n + g * g


class LastElement(Rmsprop):
    def step(self, g):
        before, n = list(self.theta), list(self.n)
        after = super().step(g)
        if len(g) > 100:
            self.theta[-1] = after["theta"][-1] = before[-1]
            self.n[-1] = after["n"][-1] = n[-1]
        return after


class Miswired(Rmsprop):
    def step(self, g):
        return [0.0] * len(g)


def name(cls):
    return f"{__name__}:{cls.__name__}"


def run(*arguments):
    return main(list(arguments))


def test_a_conforming_adapter(capsys):
    assert run("--adapter", name(Rmsprop)) == 0
    said = capsys.readouterr().out
    assert "CONFORMS: 9 pass, 9 skip" in said
    assert "skipped 2: the adapter has no start" in said


def test_one_that_does_not_is_told_its_dialect(capsys):
    assert run("--adapter", name(Outside)) == 1
    said = capsys.readouterr().out
    assert "DOES NOT CONFORM" in said
    assert "rmsprop matches torch" in said


def test_a_wiring_error_is_not_forty_failures(capsys):
    assert run("--adapter", name(Miswired)) == 2
    said = capsys.readouterr().out
    assert "The smoke check failed; nothing was graded" in said
    assert "a step returns a dict with 'theta', not [0.0" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--adapter", "nothing"), "there is no adapter 'nothing'. Known are nadamkit-numpy"),
        (("--adapter", "no_such_module:X"), "no_such_module:X cannot be loaded"),
        (("--dialect", "klingon"), "there is no dialect 'klingon'. Known are paper, torch"),
        (("--case", "nadam/none"), "no case of adagrad"),
        (("--dtype", "float16"), "--dtype float16: nadamkit-numpy has float32, float64"),
        (("--identity", "nadamkit-numpy"), "--identity takes two or more adapters"),
        (("--expected", "no-such.toml"), "expected failures no-such.toml: [Errno 2]"),
    ],
)
def test_bad_input(arguments, said, capsys):
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err


def test_json_and_html(tmp_path, capsys):
    file, folder = tmp_path / "deep" / "report.json", tmp_path / "pages"
    assert run("--adapter", name(Unscaled), "--json", str(file), "--html", str(folder)) == 1
    data = json.loads(file.read_text())
    assert data["format"] == "report-v1"
    assert data["counts"]["fail"] == len([r for r in data["results"] if r["status"] == "fail"]) > 5
    jsonschema.validate(data, json.loads(SCHEMA.read_text()))
    page = (folder / "mine.html").read_text()
    assert "DOES NOT CONFORM" in page
    assert "rmsprop/mixed-scales, float64: n[" in page


def test_expected_failures(tmp_path, capsys):
    known = tmp_path / "known.toml"
    known.write_text(
        '[[xfail]]\ncase = "rmsprop/*"\nreason = "eps outside"\nlink = "https://example.org"\n'
    )
    assert run("--adapter", name(Outside), "--expected", str(known)) == 1
    said = capsys.readouterr().out
    # What is insensitive to epsilon passes, which was not expected.
    assert "xfail" in said
    assert "xpass: rmsprop/subnormal-f64, float64: eps outside (https://example.org)" in said
    known.write_text('[[xfail]]\ncase = "rmsprop/nope"\nreason = "x"\nlink = "y"\n')
    assert run("--adapter", name(Rmsprop), "--expected", str(known)) == 2
    assert "expected failure 'rmsprop/nope' matches no case" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[[xfail]]\ncase = 'a'\n", "[other]\n", "nonsense"])
def test_bad_files_of_expected_failures(text, tmp_path):
    file = tmp_path / "known.toml"
    file.write_text(text)
    with pytest.raises(AdapterError, match="expected failures"):
        read(file)


def case(pattern):
    return next(c for c in library() if c.id == pattern)


def test_explain_names_epsilon():
    said = explain(Outside(), case("rmsprop/paper-defaults"), "float64")
    assert "First outside its bound at t = 1: step[" in said
    assert "theta = theta - s.eta(t) * g / sqrt(n + s.eps)" in said
    assert "the update with n right: a coefficient" in said


def test_explain_names_the_slot():
    said = explain(Unscaled(), case("rmsprop/mixed-scales"), "float64")
    assert "First outside its bound at t = 1: n[" in said
    assert "n itself: its decay, what it averages" in said


def test_explain_names_the_edge():
    said = explain(LastElement(), case("rmsprop/sizes"), "float64")
    assert "n[126] of 127 elements" in said
    assert "only elements 126 of 127 are wrong: the edge of a vector" in said


def test_explain_of_what_is_right():
    said = explain(Rmsprop(), case("rmsprop/zeros-and-spikes"), "float64")
    assert said.endswith("Every value of every step is inside its bound.")


def test_explain_on_the_command_line(capsys):
    assert run("--adapter", name(Outside), "--explain", "rmsprop/none") == 2
    assert "no case of rmsprop in dialect paper matches" in capsys.readouterr().err
    assert run("--adapter", name(Outside), "--explain", "rmsprop/rates") == 2
    assert "rmsprop/rates needs rates" in capsys.readouterr().err
    assert run("--adapter", name(Outside), "--explain", "rmsprop/paper-defaults") == 0
    assert "First outside its bound" in capsys.readouterr().out
    assert run("--adapter", name(Outside), "--explain", "rmsprop/nonfinite@torch") == 0
    assert "Every value of every step is inside" in capsys.readouterr().out


def test_first_difference():
    same = first_difference((Rmsprop(), Rmsprop()), case("rmsprop/sizes"), "float64")
    assert same == "the bits are the same"
    other = first_difference((Rmsprop(), LastElement()), case("rmsprop/sizes"), "float64")
    assert other.startswith("t = 1, theta[126] of 127: ")


def test_identity(capsys):
    names = "nadamkit-numpy,nadamkit-serial"
    assert run("--identity", names, "--case", "gd/*") == 0
    assert "nadamkit-serial: the bits of nadamkit-numpy in 36 of 36 runs" in capsys.readouterr().out
    assert run("--identity", f"{names},{name(Rmsprop)}", "--case", "gd/*") == 2
    assert run("--identity", f"nadamkit-numpy,{name(Rmsprop)}", "--case", "rmsprop/*") == 1
    assert "n, theta differs" in capsys.readouterr().out


def test_nothing_graded_is_not_a_pass():
    report = Report.of(Rmsprop(), "standard", "cpu")
    assert report.code == 2


def test_no_arguments_and_the_list(capsys):
    assert run("--case", "gd/rates") == 0
    assert capsys.readouterr().out.startswith("Adapters: nadamkit-numpy,")
    assert run("--list") == 0
    said = capsys.readouterr().out
    assert "dialects: paper, torch, keras" in said
    assert "nadam/mixed-scales  [decay, product" in said


def test_a_profile_can_be_asked_for(capsys):
    assert run("--adapter", name(Rmsprop), "--profile", "strict", "--case", "*/sizes") == 0
    assert "profile strict" in capsys.readouterr().out


def test_every_dialect_can_be_spoken():
    adapter = load("nadamkit-numpy")
    spoken = selected(adapter, "optax", "nadam/zeros-and-spikes@optax")
    assert [c.id for c in spoken] == ["nadam/zeros-and-spikes@optax"]
    assert spoken[0].expected
    assert replace(spoken[0], expected={}).knobs == {"eps_kind": "out"}


def test_the_module_runs():
    command = [sys.executable, "-m", "conformance", "--case", "gd/rates"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "CONFORMS: 2 pass" in done.stdout
