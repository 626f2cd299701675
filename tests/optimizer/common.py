"""What the tests of `Optimizer` share: arrays of every size and layout, and what must stay."""

from contextlib import contextmanager

import numpy as np

from nadamkit.errors import OptionError
from tests.backends.trajectories import numbers

BACKENDS = ("numpy", "serial", "parallel")
#: Where each combination is another kernel; that threads change nothing is tested elsewhere.
FEWER_BACKENDS = ("numpy", "serial")
#: Around the widths of vectors, a row of `reduce`, and the blocks of a sweep.
SIZES = (
    *(0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 4097),
    *(32_767, 32_768, 32_769, 65_537),
)


def unaligned(a):
    """A contiguous copy that begins in the middle of a number."""
    memory = bytearray(a.nbytes + 1)
    b = np.frombuffer(memory, a.dtype, offset=1)
    b[:] = a
    return b


LAYOUTS = {
    "no elements": lambda a: a[:0].reshape(0, 3).copy(),
    "no axes": lambda a: np.array(a[5]),
    "strided": lambda a: a.copy()[::2],
    "reversed": lambda a: a.copy()[::-1],
    "Fortran": lambda a: np.asfortranarray(a.reshape(6, 10)),
    "column": lambda a: a.reshape(30, 2).copy()[:, 1],
    "part of a transpose": lambda a: a.reshape(3, 4, 5).copy().T[1:4, ::-1],
    "axes swapped": lambda a: a.reshape(3, 4, 5).copy().swapaxes(0, 1),
    "unaligned": unaligned,
    "field": lambda a: structured(a)["value"],
}


def structured(a):
    records = np.zeros(a.shape, [("flag", "i1"), ("value", a.dtype)])
    records["value"] = a
    return records


def tree(dtype, seed):
    """A dict of an array of each size and one of each layout."""
    arrays = {f"size {n}": numbers(dtype, n, seed).copy() for n in SIZES}
    return arrays | {name: lay(numbers(dtype, 60, seed)) for name, lay in LAYOUTS.items()}


def bits(a):
    """The numbers of an array, in C order."""
    return np.asarray(a).tobytes()


def contents(optimizer, *arrays):
    """Everything a step could change, as bits."""
    begun = optimizer._all is not None
    state = optimizer.state_dict() if begun else {}
    kept = {name: bits(a) if isinstance(a, np.ndarray) else a for name, a in state.items()}
    return kept, [bits(a) for a in arrays], optimizer.t, repr(optimizer.learning_rate)


@contextmanager
def unchanged(optimizer, *arrays):
    """Nothing of an optimizer and of these arrays is another bit afterwards."""
    before = contents(optimizer, *arrays)
    yield
    assert contents(optimizer, *arrays) == before


@contextmanager
def refused(optimizer, message, *arrays, error=OptionError):
    """An error with this message, and nothing changed."""
    import pytest

    with unchanged(optimizer, *arrays), pytest.raises(error, match=message):
        yield
