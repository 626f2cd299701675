"""The benchmark of the step runs, and its models have the published sizes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from asv_benchmarks.compare import shapes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("model", "tensors", "numbers"),
    [
        (shapes.resnet50, 161, 25_557_032),  # torchvision.models.resnet50
        (shapes.gpt2, 148, 124_439_808),  # Hugging Face's GPT2Model, "gpt2"
        (shapes.mlp, 10, 20_800),
    ],
)
def test_models_have_the_published_sizes(model, tensors, numbers):
    assert len(model()) == tensors
    assert sum(map(math.prod, model())) == numbers


@pytest.mark.slow
def test_it_runs(tmp_path):
    path = tmp_path / "figures.json"
    command = [sys.executable, "-m", "asv_benchmarks.compare", "--quick", "--only", "torch_step"]
    subprocess.run([*command, "--json", str(path)], cwd=ROOT, check=True, capture_output=True)
    rows = json.loads(path.read_text())["rows"]
    peers = {row["peer"] for row in rows if row["peer"]}
    assert peers == {"torch NAdam for-loop", "torch NAdam foreach", "torch Adam fused"}
    assert all(0.0 < row["median"] < float("inf") for row in rows if row["peer"])
    assert {"training, digits", "training, characters"} <= {row["what"] for row in rows}
