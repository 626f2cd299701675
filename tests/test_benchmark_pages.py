"""The page on speed shows what stands in the result files."""

import json
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from asv_benchmarks import pages
from asv_benchmarks.compare.goals import GOALS, OPEN
from asv_benchmarks.pages import files

ROOT = Path(__file__).parents[1]
MACHINE = "some-machine"
STEP = "step.Step.time_step"


def asv_file(commit, date, numbers, name=STEP):
    """As asv 0.6 writes it: values over the product of the parameters, None where left out."""
    entry = [numbers, [["'gd'", "'nadam'"], ["1000", "100000"]], "version", 0, 1.0]
    return {
        "commit_hash": commit + 32 * "0",
        "date": date,
        "python": "3.11",
        "requirements": {"numba": "0.68.1"},
        "result_columns": ["result", "params", "version", "started_at", "duration"],
        "results": {name: entry},
        "version": 2,
    }


def row(goal="", **more):
    """As ``python -m asv_benchmarks.compare --json`` writes it."""
    fields = {"section": "step", "what": "n = 1e7, 2 threads", "peer": "torch NAdam foreach"}
    fields |= {"ours": 2.0, "theirs": 12.5, "unit": "us", "least": 6.0, "median": 6.25}
    return fields | {"goal": goal, "note": "", "others": 0.0, "verdict": "met"} | more


@pytest.fixture
def results(tmp_path):
    """Three files of asv, of two commits, and one of the comparison."""
    folder = tmp_path / "results"
    history = folder / "history" / MACHINE
    history.mkdir(parents=True)
    (folder / "history" / "benchmarks.json").write_text("{}")
    (history / "machine.json").write_text("{}")
    entries = {
        "bbbbbbbb-env.json": asv_file("bbbbbbbb", 20, [2e-6, 4e-6, 1e-6, 8e-6]),
        "aaaaaaaa-env.json": asv_file("aaaaaaaa", 10, [4e-6, 4e-6, None, 2e-6]),
        "aaaaaaaa-other.json": asv_file("aaaaaaaa", 10, [1e-3] * 4, "loop.Loop.time_run"),
    }
    for name, document in entries.items():
        (history / name).write_text(json.dumps(document))
    header = {"machine": "CPU, 2 cores, load 0", "python": "3.11", "versions": "numba 0.68.1"}
    rows = [row("step 1e7 / NAdam foreach"), row("step 1e3, us", peer="", ours=1.6, median=None)]
    document = {"header": header, "rows": rows}
    (folder / "compare-cpu.json").write_text(json.dumps(document))
    return folder


def test_commits_are_in_the_order_of_their_dates(results):
    found = files.histories(results)
    assert list(found) == [MACHINE]
    assert [commit.name for commit in found[MACHINE]] == ["aaaaaaaa", "bbbbbbbb"]


def test_values_are_found_by_their_parameters(results):
    old, new = files.histories(results)[MACHINE]
    assert new.values[STEP] == {
        ("gd", "1000"): 2e-6,
        ("gd", "100000"): 4e-6,
        ("nadam", "1000"): 1e-6,
        ("nadam", "100000"): 8e-6,
    }
    assert old.values[STEP]["nadam", "1000"] is None
    assert set(old.values) == {STEP, "loop.Loop.time_run"}
    assert old.versions == {"python": "3.11", "numba": "0.68.1"}


def test_history_says_how_times_changed(results, tmp_path):
    pages.write(tmp_path, results)
    text = (tmp_path / "generated" / "benchmarks" / "history.md").read_text()
    # Over what both commits have: the cube root of 2/4 * 4/4 * 8/2 = 2.
    assert f"| `{STEP}` | 1.26 |" in text
    assert "loop.Loop" not in text  # of one commit only


def test_goals_have_figure_and_verdict(results, tmp_path):
    pages.write(tmp_path, results)
    lines = (tmp_path / "generated" / "benchmarks" / "goals.md").read_text().splitlines()[2:]
    assert len(lines) == len(GOALS) + len(OPEN)
    lines = [line.replace("\u00a0", " ") for line in lines]
    first = "| n = 1e7, 2 threads | torch NAdam foreach | ≥ 6 | 6.25 x | met | `--only step` |"
    assert first in lines
    assert sum("| ≤ 1.5 | 1.6 us |" in line for line in lines) == 1
    assert sum("not measured" in line for line in lines) == len(GOALS) - 2


def test_parts_of_what_was_measured_are_all_there(tmp_path):
    folder = pages.write(tmp_path)
    for name in pages.PARTS:
        assert (folder / f"{name}.md").read_text().strip(), name
    shown = {line.split("/")[-1] for part in folder.glob("*.md") for line in images(part)}
    assert shown == {path.name for path in folder.glob("*.svg")}


def images(part):
    return [line for line in part.read_text().splitlines() if line.startswith("```{image}")]


def test_the_same_figures_give_the_same_files(tmp_path):
    first, second = pages.write(tmp_path / "a"), pages.write(tmp_path / "b")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_the_history_has_five_commits_that_are_in_the_repository():
    for commits in files.histories(pages.RESULTS).values():
        assert len(commits) >= 5


def test_the_page_names_the_command_of_each_part():
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    sections = text.split("\n## ")[1:]
    for name in ("goals", "limit", "history"):
        (section,) = (s for s in sections if f"generated/benchmarks/{name}.md" in s)
        assert "python -m asv_benchmarks" in section
