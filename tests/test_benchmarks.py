"""The benchmark command runs, and its table has a ratio for each peer that is installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "asv_benchmarks.compare"]
OURS = {"our kernel alone", "stream of the same bytes"}
TORCH = {"torch NAdam for-loop", "torch NAdam foreach", "torch Adam fused"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Output and figures of a quick run at tiny sizes."""
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    arguments = ["--quick", "--only", "step", "--sizes", "33,1000", "--json", str(path)]
    done = subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(path.read_text())


def test_each_peer_has_a_ratio_or_is_named_as_skipped(run):
    output, figures = run
    ratios = {row["peer"]: row for row in figures["rows"] if row["peer"]}
    expected = OURS
    if importlib.util.find_spec("torch"):
        expected = OURS | TORCH
    else:
        assert "torch is not installed" in output
    assert set(ratios) == expected
    for row in ratios.values():
        assert 0.0 < row["least"] < float("inf")
        assert 0.0 < row["median"] < float("inf")
        assert f"{row['peer']}" in output


def test_goals_have_a_verdict(run):
    _, figures = run
    judged = [row for row in figures["rows"] if row["goal"]]
    assert [row["what"] for row in judged] == ["n = 1e3, 1 thread"]
    assert {row["verdict"] for row in judged} <= {"met", "short", "disturbed"}


def test_header_names_machine_and_versions(run):
    output, figures = run
    assert "cores" in figures["header"]["machine"]
    for name in ("nadamkit", "numpy", "numba", "torch", "optax"):
        assert name in figures["header"]["versions"]
    assert figures["header"]["versions"] in output


def test_unknown_section_is_refused():
    done = subprocess.run([*COMMAND, "--only", "stepp"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "'stepp' is none of step" in done.stderr
