"""16-bit numbers: each pattern is read, each kind of float32 rounded, as NumPy and torch do."""

from functools import cache

import numpy as np
import pytest

from nadamkit._runtime import numba
from nadamkit.backends.storage import STORAGE

PATTERNS = np.arange(2**16, dtype=np.uint16)
RANDOM = 100_000


def numpy_load(bits):
    return bits.view(np.float16).astype(np.float32)


def numpy_store(values):
    with np.errstate(over="ignore"):
        return values.astype(np.float16).view(np.uint16)


def torch_load(name):
    torch = pytest.importorskip("torch")
    kind = getattr(torch, name)
    return lambda bits: torch.from_numpy(bits.view(np.int16)).view(kind).float().numpy()


def torch_store(name):
    torch = pytest.importorskip("torch")
    kind = getattr(torch, name)
    return lambda values: (
        torch.from_numpy(values).to(kind).view(torch.int16).numpy().view(np.uint16)
    )


@pytest.fixture(params=["bfloat16 of torch", "float16 of torch", "float16 of numpy"])
def case(request):
    """The name of a storage, and another library's way to read and to write it."""
    name, library = request.param.split(" of ")
    if library == "numpy":
        return name, numpy_load, numpy_store
    return name, torch_load(name), torch_store(name)


def loads(name):
    load = numba.inlinable(STORAGE[name].load)

    def loads(a, out):
        for i in range(a.size):
            out[i] = load(a, i)

    return loads


def stores(name):
    store = numba.inlinable(STORAGE[name].store)

    def stores(a, out):
        for i in range(a.size):
            store(out, i, a[i])

    return stores


@cache
def compiled(make, name):
    return numba.numba().njit(error_model="numpy")(make(name))


@pytest.fixture(params=["interpreted", "compiled"])
def way(request):
    """Plain Python, as in the simulator, or compiled."""
    if request.param == "compiled":
        return compiled
    return lambda make, name: np.errstate(all="ignore")(make(name))


def same(ours, theirs):
    """Equal bits, except that all NaN are one."""
    nan = np.isnan(theirs)
    assert np.array_equal(np.isnan(ours), nan)
    assert ours[~nan].tobytes() == theirs[~nan].tobytes()


def test_every_pattern_is_read(case, way):
    name, load, _ = case
    out = np.empty(PATTERNS.size, np.float32)
    way(loads, name)(PATTERNS, out)
    same(out, load(PATTERNS))


def check_stored(values, case, way):
    name, load, store = case
    out = np.empty(values.size, np.uint16)
    way(stores, name)(values, out)
    expected = store(values)
    number = ~np.isnan(values)
    assert np.array_equal(out[number], expected[number])
    assert np.isnan(load(out[~number])).all()


def test_every_pattern_is_written_back(case, way):
    check_stored(case[1](PATTERNS), case, way)


def ties(load):
    """The middle of each two neighbours, and the float32 just above and below it, both signs."""
    finite = load(PATTERNS[: 2**15])
    finite = finite[np.isfinite(finite)].astype(np.float64)
    beyond = 2 * finite[-1] - finite[-2]  # what overflow would be without a largest exponent
    middle = (finite + np.append(finite[1:], beyond)) / 2
    near = middle.astype(np.float32)
    assert np.array_equal(near, middle)
    near = np.concatenate([near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf)])
    return np.concatenate([near, -near]).astype(np.float32)


def test_ties_go_to_even(case, way):
    check_stored(ties(case[1]), case, way)


def test_random_bits_are_rounded(case, way):
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, RANDOM, dtype=np.uint32)
    check_stored(bits.view(np.float32), case, way)


def test_numbers_of_its_range_are_rounded(case, way):
    """Random bits are mostly out of the range of float16: here all of its exponents, and some."""
    rng = np.random.default_rng(1)
    values = rng.uniform(-2.0, 2.0, RANDOM) * 2.0 ** rng.integers(-27, 18, RANDOM)
    check_stored(values.astype(np.float32), case, way)


def test_special_numbers(case, way):
    limits = np.finfo(np.float32)
    numbers = [0.0, np.inf, limits.max, limits.tiny, limits.smallest_subnormal, limits.eps]
    numbers += [65504.0, 65519.996, 65520.0, 65536.0, 3.3895314e38, 3.3961775e38]
    numbers += [2.0**-24, 2.0**-25, 1.5 * 2.0**-25, 2.0**-14, 2.0**-133, 2.0**-134]
    values = np.array(numbers, np.float32)
    quiet_and_not = np.array([0x7FC00000, 0x7F800001, 0x7FFFFFFF, 0x7FBFFFFF], np.uint32)
    values = np.concatenate([values, quiet_and_not.view(np.float32)])
    check_stored(np.concatenate([values, -values]), case, way)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_what_is_computed_with_is_kept(name):
    kind = STORAGE[name]
    a = np.array([1.1, np.nan, -0.0], kind.dtype)
    out = np.empty_like(a)
    for i in range(a.size):
        kind.store(out, i, kind.load(a, i))
    assert out.tobytes() == a.tobytes()
    assert kind.itemsize == a.itemsize


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_16_bits_are_computed_with_in_float32(name):
    kind = STORAGE[name]
    assert kind.load(PATTERNS, 1).dtype == kind.dtype == np.float32
    assert kind.itemsize == PATTERNS.itemsize
