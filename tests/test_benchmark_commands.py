"""What ``python -m asv_benchmarks`` asks of asv, and that the benchmarks can be found."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("asv")

from asv_benchmarks import __main__ as command
from asv_benchmarks import selftest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def calls(monkeypatch):
    """The calls of asv, which are not made, with the variables they have."""
    made = []

    def run(arguments, env, **options):
        config = Path(arguments[arguments.index("--config") + 1])
        settings = (
            command.settings() if config == command.CONFIG else json.loads(config.read_text())
        )
        made.append((arguments[3:], env, settings))
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(command.subprocess, "run", run)
    return made


def test_machines_are_named_by_what_they_are():
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-\d+-cores", command.machine())


def test_run_keeps_figures_of_this_commit(calls):
    assert command.main(["run", "--bench", "loop"]) == 0
    (register, _, _), (arguments, variables, settings) = calls
    assert register[0] == "machine"
    assert arguments[0] == "run"
    assert arguments[-4:] == ["--set-commit-hash", "HEAD", "--bench", "loop"]
    assert variables["OMP_WAIT_POLICY"] == "PASSIVE"
    assert settings["results_dir"] == "results/history"


def test_check_keeps_nothing(calls):
    assert command.main(["check"]) == 0
    arguments, variables, settings = calls[-1]
    assert {"--quick", "--dry-run"} <= set(arguments)
    assert variables["NADAMKIT_BENCHMARKS"] == "quick"
    assert str(ROOT) not in settings["results_dir"]
    assert Path(settings["repo"]) == ROOT


def test_history_measures_each_commit(calls):
    assert command.main(["history", "abc", "def"]) == 0
    assert [c[0][-1] for c in calls if c[0][0] == "run"] == ["abc^!", "def^!"]


def test_continuous_measures_in_turn_and_leaves_threads_out(calls):
    assert command.main(["continuous", "HEAD~1", "HEAD"]) == 0
    arguments = calls[-1][0]
    assert arguments[:1] == ["continuous"]
    assert "--interleave-rounds" in arguments
    gate = re.compile(arguments[arguments.index("--bench") + 1])
    assert gate.search("step.Step.time_step('nadam', 'serial', 1000, 'float32')")
    assert gate.search("optimizer.OptimizerStep.time_step('MLP, 10 arrays', 'raise')")
    assert not gate.search("step.StepThreads.time_step('nadam', 'parallel', 100000, 'float32')")
    assert not gate.search("loop.CompiledLoop.time_20000_iterations('nadam', 2, 'optax')")


def test_chosen_benchmarks_replace_the_gate(calls):
    command.main(["continuous", "HEAD~1", "HEAD", "--bench", "memory"])
    assert calls[-1][0].count("--bench") == 1


def test_unknown_command(capsys):
    with pytest.raises(SystemExit):
        command.main(["rnu"])
    assert "rnu" in capsys.readouterr().err


def test_a_failure_is_told(monkeypatch):
    failed = subprocess.CompletedProcess([], 2)
    monkeypatch.setattr(command.subprocess, "run", lambda *_, **__: failed)
    assert command.main(["run"]) == 2


def test_all_benchmarks_are_found():
    config = ["--config", str(command.CONFIG)]
    asked = [sys.executable, "-m", "asv", "check", "-E", "existing", *config]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("change", [c for c in selftest.CHANGES if c.file], ids=lambda c: c.what)
def test_changes_of_the_selftest_still_apply(change):
    assert (ROOT / change.file).read_text().count(change.old) == 1
