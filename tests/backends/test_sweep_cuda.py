"""The sweep on a GPU, or in the simulator: its bits, what it copies, and what a launch takes."""

import numpy as np
import pytest

from nadamkit._runtime import cuda as runtime
from nadamkit._runtime.addresses import address
from nadamkit.backends import sweep
from nadamkit.backends.storage import STORAGE
from nadamkit.errors import BackendUnavailable
from tests.backends.test_identity import extremes
from tests.backends.test_sweep import EXTREMES, SIZES, VARIANTS, Arrays, Case, expected, run, same

pytestmark = pytest.mark.skipif(
    runtime.status()[0] == "missing", reason=f"no CUDA: {runtime.status()[1]}"
)

BLOCKS = sweep.blocks_of(SIZES)
#: The simulator runs Python for each element.
STEPS = 2


@pytest.fixture(params=STORAGE)
def storage(request):
    """Each storage."""
    return request.param


def on_device(a):
    """A copy there; in the simulator that is an array of the host."""
    device = runtime.zeros(a.nbytes).view(a.dtype)
    if a.size:
        runtime.send(a, device)
    return device


def run_there(case, blocks=BLOCKS, steps=STEPS):
    arrays = Arrays(case, on_device)
    step = arrays.sweep("cuda")
    for t in range(steps):
        kept = arrays.prepare(t)
        step(arrays.leaves, blocks)
        del kept
    return arrays.found(runtime.fetch)


@pytest.mark.parametrize("variant", EXTREMES)
def test_each_method(method, dtype, variant):
    """16 bits differ by what is loaded and stored only, which nadam is enough for."""
    case = Case(method, dtype, **VARIANTS[variant])
    same(run_there(case), expected(case, STEPS))


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v not in EXTREMES])
def test_each_part_by_itself(storage, variant):
    case = Case("nadam", storage, **VARIANTS[variant])
    same(run_there(case), expected(case, STEPS))


def test_serial_sweep_has_the_same_bits(storage):
    case = Case("nadam", storage, **VARIANTS["everything"])
    same(run_there(case), run(case, "serial", steps=STEPS))


def test_how_arrays_are_cut_changes_nothing(storage):
    case = Case("nadam", storage, **VARIANTS["everything"])
    blocks = np.array(
        [(j, i, min(100, n - i)) for j, n in enumerate(SIZES) for i in range(0, n, 100)], np.int64
    )
    mixed = np.random.default_rng(0).permutation(blocks)
    same(run_there(case, mixed), expected(case, STEPS))


class Extreme(Case):
    """Gradients with NaN, both infinities, both zeros, subnormal and huge numbers."""

    def g(self, j, t):
        return np.resize(extremes(self.dtype.name)[2 * t + 1], SIZES[j]).astype(self.dtype)


@pytest.mark.parametrize("variant", EXTREMES)
def test_extreme_gradients_give_the_same_bits(method, dtype, variant):
    case = Extreme(method, dtype, **VARIANTS[variant])
    for found, wanted in zip(run_there(case), run(case, "numpy", steps=STEPS), strict=True):
        for a, b in zip(found, wanted, strict=True):
            assert np.array_equal(a, b, equal_nan=True)
            assert np.array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0]))


def test_arrays_without_blocks_may_have_any_row():
    case = Case("adam", "float32")
    arrays = Arrays(case, on_device)
    step = arrays.sweep("cuda")
    kept = arrays.prepare(0)
    arrays.leaves[::2, sweep.COEFFICIENTS] = 8  # to read there would crash
    arrays.leaves[::2, sweep.MODS] = 8
    step(arrays.leaves, BLOCKS[BLOCKS[:, 0] % 2 == 1])
    untouched, wanted = Arrays(case).found(), expected(case, 1)
    same(
        arrays.found(runtime.fetch),
        [(wanted if j % 2 else untouched)[j] for j in range(len(SIZES))],
    )
    assert len(kept) == len(SIZES)


@pytest.fixture
def sent(monkeypatch):
    """Shapes of all arrays that are sent to the device."""
    shapes, send = [], runtime.send

    def noted(a, *rest):
        shapes.append(a.shape)
        send(a, *rest)

    monkeypatch.setattr(runtime, "send", noted)
    return shapes


def test_only_what_has_changed_is_sent(sent):
    arrays = Arrays(Case("nadam", "float32"))
    step = arrays.sweep("cuda")
    kept = arrays.prepare(0)
    step(arrays.leaves, BLOCKS)
    rows, leaves = (len(SIZES[1:]) + 1, arrays.rows.shape[1]), arrays.leaves.shape
    pieces = (len(BLOCKS), 3)
    assert sent == [pieces, leaves, rows]
    sent.clear()
    step(arrays.leaves, BLOCKS)
    assert sent == []
    arrays.rows[1, 0] *= 2
    step(arrays.leaves, BLOCKS)
    assert sent == [rows]
    sent.clear()
    moved = kept[1].copy()
    arrays.leaves[1, sweep.G] = address(moved)
    step(arrays.leaves, BLOCKS)
    assert sent == [leaves]
    sent.clear()
    step(arrays.leaves, BLOCKS[::-1])
    assert sent == [pieces]


def test_a_replay_has_what_was_uploaded_last():
    """What a CUDA graph that captured `launch` does: launches, with or without an upload between.

    The second upload has other coefficients and gradients, elsewhere.
    """
    case = Case("nadam", "float64", **VARIANTS["everything"])
    there, here = Arrays(case, on_device), Arrays(case)
    graph, step = there.sweep("cuda"), here.sweep("serial")
    places = []
    for t, replays in ((0, 2), (1, 1)):
        kept = there.prepare(t), here.prepare(t)
        graph.upload(there.leaves, BLOCKS)
        places += [graph._leaves.device, graph._pieces.device, graph._rows.device]
        for _ in range(replays):
            graph.launch()
            step(here.leaves, BLOCKS)
        assert kept
    assert all(a is b for a, b in zip(places[:3], places[3:], strict=True))
    same(there.found(runtime.fetch), here.found())


def test_coefficients_are_read_when_they_are_uploaded():
    case = Case("gd", "float32")
    arrays = Arrays(case, on_device)
    step, kept = arrays.sweep("cuda"), arrays.prepare(0)
    step.upload(arrays.leaves, BLOCKS)
    arrays.rows[...] = np.nan
    step.launch()
    same(arrays.found(runtime.fetch), expected(case, 1))
    assert kept


def test_arrays_with_the_same_row_share_it_on_the_device(sent):
    arrays = Arrays(Case("nadam", "float32"))
    step, kept = arrays.sweep("cuda"), arrays.prepare(0)
    arrays.leaves[:, sweep.COEFFICIENTS] = address(arrays.rows[0])
    step(arrays.leaves, BLOCKS)
    width = max(arrays.rows.shape[1], sweep.WEIGHTS)
    assert sent[-1] == (2, width)  # one of coefficients, one of mods
    assert kept


def test_nothing_is_launched_without_blocks(sent, monkeypatch):
    monkeypatch.setattr(runtime, "sharer", None)
    arrays = Arrays(Case("nadam", "float32"))
    arrays.sweep("cuda")(arrays.leaves, BLOCKS[:0])
    assert sent == []


def test_sweeps_share_their_kernel_and_nothing_else():
    first, second = (Arrays(Case("nadam", "float32")).sweep("cuda") for _ in range(2))
    assert first is not second
    assert first._kernel is second._kernel


def test_launch_is_bounded(monkeypatch):
    class Kernel:
        def __getitem__(self, configuration):
            return configuration

    kernel = Kernel()
    monkeypatch.setattr(runtime, "simulated", lambda: False)
    monkeypatch.setattr(runtime, "_processors", lambda: 132)
    monkeypatch.setattr(runtime, "stream", lambda pointer: f"stream {pointer}")
    assert runtime.sharer(kernel, 1, None) == (1, 256, "stream None")
    assert runtime.sharer(kernel, 257, 17) == (257, 256, "stream 17")
    assert runtime.sharer(kernel, 2**40, 17) == (8 * 132, 256, "stream 17")


def test_the_stream_is_the_callers(monkeypatch):
    class Package:
        default_stream = staticmethod(lambda: "default")
        external_stream = staticmethod(lambda pointer: f"at {pointer}")

    monkeypatch.setattr(runtime, "simulated", lambda: False)
    monkeypatch.setattr(runtime, "module", Package)
    stream = runtime.stream.__wrapped__
    assert [stream(pointer) for pointer in (None, 0, 2, 1 << 40)] == [
        *("default", "default", "at 2", f"at {1 << 40}")
    ]


@pytest.mark.parametrize("size", [0, 1, 4097])
def test_memory_on_the_device(size):
    device = runtime.zeros(size)
    assert runtime.fetch(device).tobytes() == bytes(size)
    host = np.arange(size).astype(np.uint8)
    if size:
        runtime.send(host, device)
        assert address(device) != address(host)
    assert runtime.fetch(device).tobytes() == host.tobytes()


def test_without_cuda_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setattr(runtime, "status", lambda: ("missing", "no NVIDIA GPU was found"))
    with pytest.raises(BackendUnavailable, match=r"no NVIDIA GPU.*NUMBA_ENABLE_CUDASIM=1"):
        Arrays(Case("nadam", "float32")).sweep("cuda")
