"""The roofline command: what a stream moves, what a share is, and what is refused or left out."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from asv_benchmarks.compare.measure import Effort
from asv_benchmarks.roofline import contestants, shares, stream, table
from asv_benchmarks.roofline.shares import Place, Share
from nadamkit._runtime import cuda as runtime

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "asv_benchmarks.roofline"]
#: Vectors that the report's algorithms carry from one step to the next, beside the parameters.
SLOTS = {
    "gd": 0,
    **dict.fromkeys(("momentum", "nag", "adagrad", "rmsprop", "maxaprop"), 1),
    **dict.fromkeys(("adam", "adamax", "nadam", "nadamax"), 2),
}
BYTES = {"float32": 4, "float64": 8}
TINY = Effort(rounds=2, sample=1e-6, iterations=1, processes=1, sizes=(1, 33))
ROW = Share("nadam", "float32", 100, "serial", 1, 28, 1.0, 2.0, 0.5, 2.8, 5.6, 0.5, 0.25, 0.0)

no_cuda = pytest.mark.skipif(
    runtime.status()[0] == "missing", reason=f"no CUDA: {runtime.status()[1]}"
)


def call(path, *arguments, **environment):
    """Output and document of the command."""
    done = subprocess.run(
        [*COMMAND, *arguments, "--json", str(path)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(path.read_text(), parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A quick run of two methods at tiny sizes."""
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    chosen = ["--methods", "nadam,gd", "--sizes", "33,1e3", "--dtypes", "float32", "--threads", "1"]
    return call(path, "--quick", *chosen)


def test_each_combination_has_a_row(quick):
    output, document = quick
    assert [(row["method"], row["n"]) for row in document["rows"]] == [
        *(("nadam", 33), ("nadam", 1000), ("gd", 33), ("gd", 1000))
    ]
    for row in document["rows"]:
        assert (row["backend"], row["threads"], row["dtype"]) == ("serial", 1, "float32")
        for share in (row["kernel_share"], row["step_share"]):
            assert 0.0 < share < float("inf")
        gbs = row["bytes_per_number"] * row["n"] / (row["kernel_us"] * 1e-6) / 1e9
        assert row["kernel_gbs"] == pytest.approx(gbs)
        assert re.search(rf"^{row['method']} +float32 +{row['n']}  serial 1 ", output, re.MULTILINE)
    assert "Furthest from the limit" in output


def test_document_says_where_and_how_it_was_made(quick):
    output, document = quick
    assert "cores" in document["header"]["machine"]
    assert document["header"]["versions"] in output
    assert document["command"].startswith("python -m asv_benchmarks.roofline --quick --methods")


@pytest.mark.parametrize("simulated", ["1", "0"])
def test_gpu_is_skipped_with_the_reason(simulated, tmp_path):
    environment = {"NUMBA_ENABLE_CUDASIM": simulated, "CUDA_VISIBLE_DEVICES": ""}
    output, document = call(tmp_path / "figures.json", "--device", "cuda", **environment)
    assert document["rows"] == []
    found = re.search(r"^cuda +skipped: (.+)$", output, re.MULTILINE)
    assert found
    reason = found[1]
    assert document["header"]["gpu"] == f"none: {reason}"
    assert ("NUMBA_ENABLE_CUDASIM is set" in reason) == (simulated == "1")


@pytest.fixture
def main():
    return importlib.import_module("asv_benchmarks.roofline.__main__").main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "nadm"], r"unknown method 'nadm'; did you mean 'nadam'\? Choose from: all"),
        (["--methods", "gd,"], "unknown method ''"),
        (["--dtypes", "float16"], "unknown dtype 'float16'"),
        (["--device", "gpuu"], "unknown device 'gpuu'"),
        (["--sizes", "1e3,x"], "'1e3,x' is not a list of sizes such as 1e3,1e5"),
        (["--sizes", "0"], "'0' is not a list of sizes"),
        (["--sizes", "inf"], "'inf' is not a list of sizes"),
        (["--threads", "0"], "'0' is not a number of threads from 1 to"),
        (["--threads", "99999"], "'99999' is not a number of threads from 1 to"),
    ],
)
def test_what_makes_no_sense_is_refused(main, arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert re.search(message, capsys.readouterr().err)


def test_not_a_number_is_null_in_the_document(main):
    entry = sys.modules[main.__module__]._entry(ROW._replace(others=np.nan))
    assert entry["others"] is None
    assert entry["kernel_us"] == 1.0


@pytest.mark.parametrize("place", [Place("serial", 1), Place("parallel", 2)], ids=str)
def test_bytes_are_those_of_the_algorithms(place):
    rows = list(shares.shares(list(SLOTS), list(BYTES), [place], TINY))
    assert len(rows) == len(SLOTS) * len(BYTES) * len(TINY.sizes)
    for row in rows:
        assert row.bytes_per_number == (2 * SLOTS[row.method] + 3) * BYTES[row.dtype]
        assert (row.backend, row.threads) == place
    for slots in set(SLOTS.values()):  # for each dtype, and not for each method
        assert len(stream.compiled(slots, place.backend == "parallel").signatures) == len(BYTES)


def test_share_is_the_median_of_the_rounds(monkeypatch):
    seconds = {"step": [4.0, 4.0, 8.0], "kernel": [2.0, 1.0, 4.0], "stream": [1.0, 1.0, 0.5]}
    seconds = {name: np.array(times) for name, times in seconds.items()}
    monkeypatch.setattr(shares, "interleaved", lambda calls, effort, pause: seconds)
    effort = TINY._replace(sizes=(1000,))
    (row,) = shares.shares(["nadam"], ["float64"], [Place("serial", 1)], effort)
    assert (row.kernel_share, row.step_share) == (0.5, 0.25)
    assert (row.kernel_us, row.step_us, row.stream_us) == (1e6, 4e6, 0.5e6)
    assert row.kernel_gbs == pytest.approx(56e3 / 1.0 / 1e9)
    assert row.stream_gbs == pytest.approx(56e3 / 0.5 / 1e9)


def test_lowest_shares_are_named():
    rows = [
        ROW,
        ROW._replace(method="gd", kernel_share=0.4),
        ROW._replace(n=33, kernel_share=0.9),
        ROW._replace(n=33, method="adam", kernel_share=0.95),
        ROW._replace(backend="cuda", threads=None),
        ROW._replace(n=33, backend="cuda", threads=None, others=1.0),
    ]
    _, serial, gpu = table.furthest(rows, "kernel_share").splitlines()
    assert serial.split() == ["float32", "serial", "1", "gd", "0.40", "nadam", "0.90"]
    assert gpu.split() == ["float32", "cuda", "nadam", "0.50", "nadam", "0.50"]
    assert table.disturbed(rows) == 1
    assert [table.line(row).endswith("others 1.00 cores") for row in rows] == [False] * 5 + [True]


def arrays(slots, n, dtype):
    rng = np.random.default_rng(n)
    x, g, s = (rng.standard_normal(shape).astype(dtype) for shape in (n, n, (slots, n)))
    return x, g, s


@pytest.mark.parametrize("parallel", [False, True], ids=["serial", "parallel"])
@pytest.mark.parametrize("slots", range(4))
@pytest.mark.parametrize("n", [0, 1, 33, 4097])
def test_a_stream_writes_x_and_each_slot(slots, n, parallel, dtype):
    x, g, s = arrays(slots, n, dtype)
    half = np.dtype(dtype).type(0.5)  # products are exact, and so there is one rounding
    expected, before = (half * x + g, half * s + g), g.tobytes()
    stream.compiled(slots, parallel)(x, g, s, half)
    assert x.dtype == s.dtype == dtype
    assert (x.tobytes(), s.tobytes()) == tuple(a.tobytes() for a in expected)
    assert g.tobytes() == before


@no_cuda
@pytest.mark.parametrize("slots", range(3))
@pytest.mark.parametrize("n", [1, 33, 257])
def test_the_stream_of_a_gpu_does_the_same(slots, n, dtype):
    from asv_benchmarks.roofline import gpu

    x, g, s = arrays(slots, n, dtype)
    half = np.dtype(dtype).type(0.5)
    there = [runtime.on_device(a) for a in (x, g, s)]
    gpu.compiled(slots)[2, 256](*there, half)
    for a, expected in zip(there, (half * x + g, g, half * s + g), strict=True):
        assert runtime.fetch(a).tobytes() == expected.tobytes()


@no_cuda
def test_contestants_of_a_gpu(monkeypatch, dtype):
    from asv_benchmarks.roofline import gpu

    monkeypatch.setattr(gpu, "LAUNCHES", 2)
    rows = shares.shares(["nadam", "gd"], [dtype], [Place("cuda")], TINY._replace(rounds=1))
    for row in rows:
        assert str(row.place) == "cuda"
        assert 0.0 < row.kernel_share < float("inf")
        assert 0.0 < row.step_share < float("inf")


def test_a_stream_never_comes_to_subnormal_numbers(dtype):
    g = np.random.default_rng(0).standard_normal(1000).astype(dtype)
    x, g, s, c = stream.state(g, 2)
    assert (x.shape, s.shape, x.dtype, s.dtype) == ((1000,), (2, 1000), dtype, dtype)
    for _ in range(5000):
        stream.compiled(2, False)(x, g, s, c)
    # The sum of a geometric series: g / (1 - 1/2).
    for a in (x, *s):
        np.testing.assert_allclose(a, 2 * g, rtol=4 * np.finfo(dtype).eps)
        assert np.abs(a).min() > 1e-10


@pytest.mark.parametrize("slots", range(4))
def test_a_stream_is_vectorised(slots):
    vector = numba.float32[::1]
    signature = numba.void(vector, vector, numba.float32[:, ::1], numba.float32)
    compiled = numba.njit(signature, error_model="numpy")(stream.plain(slots, range))
    (code,) = compiled.inspect_llvm().values()
    products = len(re.findall(r"fmul <\d+ x float>", code))
    assert products
    assert products % (1 + slots) == 0  # each array as often as the others


def test_the_kernel_alone_has_state_of_its_own(dtype):
    from nadamkit.loops.stepper import Stepper

    g = np.full(33, 2.0, dtype)
    stepper = Stepper("momentum", np.ones_like(g), backend="serial")
    kernel = contestants.kernel_alone(stepper, g)
    before = stepper.slots.copy()
    x = stepper.x.copy()
    kernel()
    assert np.array_equal(stepper.slots, before)
    assert (stepper.x < x).all()
    assert stepper.t == 1
