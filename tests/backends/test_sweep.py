"""A sweep over many arrays gives each the bits of `Stepper`, which is graded against the paper.

The moving average is NumPy's formula; numbers of 16 bits are rounded by NumPy or torch.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest

from nadamkit import backends, registry
from nadamkit._runtime import numba
from nadamkit._runtime.addresses import address
from nadamkit.backends import pieces, sweep
from nadamkit.backends.storage import STORAGE
from nadamkit.coefficients import CoefficientTable
from nadamkit.loops.stepper import Stepper
from tests.backends.trajectories import numbers

SIZES = (0, 1, 31, 32, 33, 255, 256, 257, 4097)
STEPS = 3
WEIGHT = 0.3
AROUND = {"weight_decay": 0.01, "wd_kind": "decoupled", "clip_value": 0.5, "maximize": True}


class Case(NamedTuple):
    """One kind of sweep."""

    method: str
    storage: str
    hyper: dict[str, Any] = {}  # noqa: RUF012  never changed
    rated: bool = False
    mean: bool = False

    @property
    def dtype(self):
        return np.dtype(STORAGE[self.storage].dtype)

    @property
    def rule(self):
        return registry.get(self.method)

    def start(self, j):
        """Steps that array j has made: each has coefficients of its own."""
        return 3 * j

    def rate(self, j):
        """Its learning rate, or those of its elements."""
        if self.rated:
            return abs(numbers("float64", SIZES[j], 50 + j)) / 100
        return 0.002 * (j + 1)

    def x(self, j):
        return rounded(numbers(self.dtype.name, SIZES[j], j).copy(), self.storage)

    def g(self, j, t):
        return rounded(numbers(self.dtype.name, SIZES[j], 100 + 10 * j + t), self.storage)


#: What stands around the rule.
VARIANTS = {
    "plain": {},
    "rated": {"rated": True},
    "modified": {"hyper": AROUND},
    "mean": {"mean": True},
    "everything": {"hyper": AROUND, "rated": True, "mean": True},
}
EXTREMES = ("plain", "everything")


def packed(values, storage):
    """Numbers as they are kept."""
    if storage == "float16":
        return values.astype(np.float16).view(np.uint16)
    if storage == "bfloat16":
        torch = pytest.importorskip("torch")
        bits = torch.from_numpy(values).bfloat16().view(torch.int16)
        return bits.numpy().view(np.uint16)
    return values.copy()


def rounded(values, storage):
    """Numbers as they are read again."""
    if storage == "float16":
        return values.astype(np.float16).astype(np.float32)
    if storage == "bfloat16":
        torch = pytest.importorskip("torch")
        return torch.from_numpy(values).bfloat16().float().numpy()
    return values


def expected(case, steps=STEPS):
    """Parameters, state and moving average of each array, as they are kept."""
    found = []
    for j in range(len(SIZES)):
        x, w = case.x(j), case.dtype.type(WEIGHT)
        stepper = Stepper(case.method, x, backend="numpy", learning_rate=case.rate(j), **case.hyper)
        stepper.t = case.start(j)
        mean = x.copy()
        for t in range(steps):
            stepper.step(case.g(j, t))
            mean = rounded(mean + w * (x - mean), case.storage)
            x[...] = rounded(x, case.storage)
            stepper.slots[...] = rounded(stepper.slots, case.storage)
        arrays = [x, *stepper.slots] + [mean] * case.mean
        assert all(np.isfinite(a).all() for a in arrays)
        found.append([packed(a, case.storage) for a in arrays])
    return found


class Arrays:
    """The arrays of a case and the table of their addresses; `put` brings one to the device."""

    def __init__(self, case, put=np.copy):
        self.case, self._put = case, put
        hyper = case.rule.validated(case.hyper)
        self.coefficients = CoefficientTable(case.rule, hyper, case.dtype)
        self.mods = np.zeros(sweep.WEIGHTS, case.dtype)
        weights = pieces.modifiers(hyper, case.dtype)
        self.mods[: weights.size], self.mods[4] = weights, WEIGHT
        self.variant = backends.Variant(case.rated, weights.size > 0)
        self.leaves = np.zeros((len(SIZES), sweep.SLOTS + len(case.rule.slots)), np.int64)
        self.leaves[:, sweep.MODS] = address(self.mods)
        width = 1 + len(self.coefficients.names)
        self.rows = np.zeros((len(SIZES), width), case.dtype)
        self.arrays = [self._make(j) for j in range(len(SIZES))]

    def _make(self, j):
        case = self.case
        x = case.x(j)
        n0 = case.rule.validated({}).get("n0", 0.0)
        slots = [np.full(x.size, n0 * (s == "n"), case.dtype) for s in case.rule.slots]
        kept = [self._put(packed(a, case.storage)) for a in [x, *slots] + [x] * case.mean]
        self.leaves[j, sweep.COEFFICIENTS] = address(self.rows[j])
        self.leaves[j, sweep.X] = address(kept[0])
        self.leaves[j, sweep.SLOTS :] = [address(a) for a in kept[1 : 1 + len(slots)]]
        if case.mean:
            self.leaves[j, sweep.MEAN] = address(kept[-1])
        if case.rated:
            rates = self._put(case.rate(j).astype(case.dtype))
            self.leaves[j, sweep.RATES] = address(rates)
            return kept, rates
        return kept, None

    def prepare(self, t):
        """Write down the gradients and the coefficients of a step; returns what to keep alive."""
        given = []
        for j in range(len(SIZES)):
            self.rows[j, 0] = 1.0 if self.case.rated else self.case.rate(j)
            self.rows[j, 1:] = self.coefficients.rows(self.case.start(j) + t + 1, 1)[0]
            given.append(self._put(packed(self.case.g(j, t), self.case.storage)))
            self.leaves[j, sweep.G] = address(given[-1])
        return given

    def sweep(self, backend):
        """A function that makes a step."""
        parts = (self.variant, self.case.mean, self.case.storage)
        return sweep.make_sweep(self.case.rule, self.coefficients.names, backend, *parts)

    def found(self, get=np.asarray):
        return [[get(a) for a in kept] for kept, _ in self.arrays]


def same(found, wanted):
    for j, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert a.tobytes() == b.tobytes(), f"array {j} of {SIZES[j]}, column {k}"


def run(case, backend, blocks=None, steps=STEPS):
    arrays = Arrays(case)
    step = arrays.sweep(backend)
    blocks = sweep.blocks_of(SIZES) if blocks is None else blocks
    for t in range(steps):
        given = arrays.prepare(t)
        before = [g.tobytes() for g in given]
        step(arrays.leaves, blocks)
        assert [g.tobytes() for g in given] == before
    return arrays.found()


COMPILED = ("serial", "parallel, 1 thread", "parallel, 2 threads")


@pytest.fixture(params=["numpy", *COMPILED])
def backend(request):
    name, _, threads = request.param.partition(", ")
    with numba.using_threads(int(threads[0]) if threads else None):
        yield name


@pytest.mark.parametrize("variant", EXTREMES)
def test_each_method(method, dtype, variant, backend):
    case = Case(method, dtype, **VARIANTS[variant])
    same(run(case, backend), expected(case))


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v not in EXTREMES])
def test_each_part_by_itself(dtype, variant, backend):
    case = Case("nadam", dtype, **VARIANTS[variant])
    same(run(case, backend), expected(case))


@pytest.mark.parametrize("variant", EXTREMES)
@pytest.mark.parametrize("storage", ["bfloat16", "float16"])
@pytest.mark.parametrize("backend", COMPILED, indirect=True)
def test_16_bits(storage, variant, backend):
    case = Case("nadam", storage, **VARIANTS[variant])
    same(run(case, backend), expected(case))


@pytest.mark.parametrize("size", [1, 100, 4096])
def test_how_arrays_are_cut_changes_nothing(size, dtype, backend):
    case = Case("nadam", dtype, **VARIANTS["everything"])
    blocks = [
        (j, first, min(size, n - first)) for j, n in enumerate(SIZES) for first in range(0, n, size)
    ]
    mixed = np.random.default_rng(0).permutation(np.array(blocks, np.int64))
    same(run(case, backend, mixed), expected(case))


def test_arrays_without_blocks_are_left_alone(dtype, backend):
    case = Case("adam", dtype, **VARIANTS["plain"])
    blocks = sweep.blocks_of(SIZES)
    chosen = blocks[blocks[:, 0] % 2 == 0]
    found, untouched = run(case, backend, chosen), Arrays(case).found()
    wanted = expected(case)
    same(found, [(untouched if j % 2 else wanted)[j] for j in range(len(SIZES))])


@pytest.mark.parametrize(
    "lengths", [(), (0,), (1,), (sweep.BLOCK,), (0, 2 * sweep.BLOCK + 1, 0, 5)]
)
def test_blocks_cover_each_element_once(lengths):
    blocks = sweep.blocks_of(lengths)
    assert blocks.dtype == np.int64
    assert blocks.shape[1] == 3
    found = [(t, i) for t, first, n in blocks.tolist() for i in range(first, first + n)]
    assert found == [(t, i) for t, n in enumerate(lengths) for i in range(n)]
    assert (blocks[:, 2] > 0).all()
    assert (blocks[:, 2] <= sweep.BLOCK).all()
