"""Arguments behind an address: read back unchanged, kept alive, and let go of."""

import gc
import weakref

import numba
import numpy as np
import pytest

from nadamkit._runtime import handles


def reader(args):
    """A compiled function that returns what lies at an address."""
    load = handles.loader(numba.typeof(args))

    @numba.njit
    def read(address):
        return load(address)

    return read


ARGS = [
    (),
    (2.5,),
    (np.arange(3.0), 7, True, 1j),
    (np.ones((2, 3), np.float32), (1, (np.arange(2), 0.5))),
    (np.arange(12.0)[::3], np.asfortranarray(np.arange(6.0).reshape(2, 3))),
]


@pytest.mark.parametrize("args", ARGS, ids=range(len(ARGS)))
def test_what_is_read_is_what_was_stored(args):
    handle = handles.Handle(args)
    read = reader(args)(handle.address)
    assert len(read) == len(args)
    for one, other in zip(read, args, strict=True):
        if isinstance(other, np.ndarray):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        elif isinstance(other, tuple):
            assert one[0] == other[0]
            np.testing.assert_array_equal(one[1][0], other[1][0])
        else:
            assert one == other


def test_an_array_is_the_users_own():
    data = np.zeros(3)
    handle = handles.Handle((data,))
    read = reader((data,))(handle.address)
    data[1] = 5.0
    assert read[0][1] == 5.0


def test_a_generator_goes_on():
    rng = np.random.default_rng(3)
    handle = handles.Handle((rng,))
    load = handles.loader(numba.typeof((rng,)))

    @numba.njit
    def draw(address):
        return load(address)[0].random()

    drawn = [draw(handle.address) for _ in range(3)]
    assert drawn == np.random.default_rng(3).random(3).tolist()
    assert rng.random() == np.random.default_rng(3).random(4)[3]


class Watched(np.ndarray):
    """An array that weak references can watch."""


def test_arguments_live_as_long_as_the_handle_and_no_longer():
    data = np.arange(5.0).view(Watched)
    watch = weakref.ref(data)
    args = (np.asarray(data),)
    handle = handles.Handle(args)
    read = reader(args)
    del data, args
    gc.collect()
    for _ in range(1000):
        assert read(handle.address)[0][4] == 4.0
    del handle
    gc.collect()
    assert watch() is None


def test_many_handles_of_one_type_do_not_mix():
    kept = [handles.Handle((np.full(4, float(i)), i)) for i in range(50)]
    read = reader((np.zeros(4), 1))
    for i, handle in enumerate(kept):
        values, number = read(handle.address)
        assert (values == i).all()
        assert number == i
