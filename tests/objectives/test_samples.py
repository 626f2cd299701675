"""Where the arguments of a noisy objective come from."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from nadamkit.errors import OptionError
from nadamkit.objectives.samples import Batches, Draws

ROWS = 11
SIZES = [1, 2, 3, 4, 5, 10, 11]


def source(*args, size=3, seed=0):
    return Batches(args, size, np.random.default_rng(seed))


def rows_of(batches, count):
    """The rows, taken from a column of row numbers, of so many batches."""
    return [batches.draw()[0].tolist() for _ in range(count)]


def shuffled(seed, rows=ROWS, epochs=3):
    """The order of the rows in each epoch, as NumPy shuffles."""
    rng, order = np.random.default_rng(seed), np.arange(rows)
    for _ in range(epochs):
        rng.shuffle(order)
        yield order.tolist()


# Batches -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_an_epoch_has_each_row_once_in_batches_of_like_size(size):
    batches = source(np.arange(ROWS), size=size)
    count = -(-ROWS // size)
    assert batches.per_epoch == count
    for _ in range(4):
        epoch = rows_of(batches, count)
        lengths = [len(batch) for batch in epoch]
        assert max(lengths) <= size
        assert max(lengths) - min(lengths) <= 1
        assert sorted(row for batch in epoch for row in batch) == list(range(ROWS))


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("size", SIZES)
def test_the_order_is_that_of_numpys_shuffle(size, seed):
    batches = source(np.arange(ROWS), size=size, seed=seed)
    for order in shuffled(seed):
        epoch = rows_of(batches, int(batches.per_epoch))
        assert [row for batch in epoch for row in batch] == order


def test_a_whole_batch_is_still_shuffled():
    batches = source(np.arange(ROWS), size=ROWS)
    first, second = rows_of(batches, 2)
    assert first != second
    assert sorted(first) == sorted(second)


def test_one_row():
    batches = source(np.array([4.0]), size=1)
    assert [batches.draw()[0].tolist() for _ in range(3)] == [[4.0]] * 3


VALUES = np.arange(ROWS * 4.0).reshape(ROWS, 4)
ARRAYS = {
    "1-D": VALUES[:, 0],
    "2-D": VALUES,
    "3-D": VALUES.reshape(ROWS, 2, 2),
    "no columns": VALUES[:, :0],
    "float32": np.float32(VALUES),
    "integers": VALUES.astype(np.int16),
    "booleans": VALUES > 9,
    "complex": VALUES * 1j,
    "strings": VALUES.astype(str),
    "objects": VALUES.astype(object),
    "Fortran order": np.asfortranarray(VALUES),
    "strided": np.repeat(VALUES, 2, axis=0)[::2],
    "reversed": VALUES[::-1],
    "broadcast": np.broadcast_to(VALUES[0], (ROWS, 4)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_are_cut_along_the_first_axis(kind):
    array = ARRAYS[kind]
    before = array.copy()
    batches = source(np.arange(ROWS), array)
    for _ in range(8):
        rows, part = batches.draw()
        assert type(part) is np.ndarray
        assert part.dtype == array.dtype
        assert_array_equal(part, array[rows])
    assert_array_equal(array, before)


def test_read_only_data_and_what_the_user_does_with_a_batch():
    data = VALUES.copy()
    data.flags.writeable = False
    batches = source(data)
    for _ in range(5):
        part = batches.draw()[0]
        assert not np.shares_memory(part, data)
        part[:] = -1.0
    assert_array_equal(data, VALUES)


def test_all_arrays_get_the_same_rows():
    batches = source(np.arange(ROWS), VALUES, VALUES[:, 1], size=4)
    for _ in range(7):
        rows, part, column = batches.draw()
        assert_array_equal(part, VALUES[rows])
        assert_array_equal(column, VALUES[rows, 1])


def test_lists_are_arrays():
    batches = source(list(range(ROWS)), [[i, 2.0 * i] for i in range(ROWS)])
    rows, part = batches.draw()
    assert isinstance(rows, np.ndarray)
    assert_array_equal(part, np.outer(rows, [1, 2]))


def whole_things():
    return [0.5, 3, True, None, "text", {"a": 1}, np.float32(2), np.array(7.0), len, (1, 2)]


@pytest.mark.parametrize("place", [0, 1])
def test_what_has_no_rows_is_passed_whole(place):
    for thing in whole_things():
        args = [np.arange(ROWS)]
        args.insert(place, thing)
        batches = source(*args)
        assert batches.example[place] is thing
        assert all(batches.draw()[place] is thing for _ in range(5))


def test_data_frames_and_series():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"b": np.arange(ROWS), "a": VALUES[:, 2]}, index=np.arange(ROWS)[::-1])
    batches = source(np.arange(ROWS), frame, frame["a"])
    for _ in range(6):
        rows, part, column = batches.draw()
        assert type(part) is pd.DataFrame
        assert_array_equal(part["b"], rows)
        assert_array_equal(column, VALUES[rows, 2])


class Framed:
    """Has a shape, and its rows only in iloc."""

    shape = (ROWS, 2)

    @property
    def iloc(self):
        return np.arange(ROWS) * 10


def test_anything_with_iloc():
    batches = source(np.arange(ROWS), Framed())
    rows, part = batches.draw()
    assert_array_equal(part, 10 * rows)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_sparse_matrices(make):
    batches = source(np.arange(ROWS), make(VALUES))
    for _ in range(5):
        rows, part = batches.draw()
        assert sparse.issparse(part)
        assert_array_equal(part.toarray(), VALUES[rows])


def test_memory_maps(tmp_path):
    np.save(tmp_path / "data.npy", VALUES)
    batches = source(np.arange(ROWS), np.load(tmp_path / "data.npy", mmap_mode="r"))
    for _ in range(5):
        rows, part = batches.draw()
        assert_array_equal(part, VALUES[rows])


def test_the_last_batch_again():
    batches = source(np.arange(ROWS), VALUES)
    for _ in range(6):
        drawn = batches.draw()
        for _ in range(3):
            again = batches.again()
            assert all(a is b for a, b in zip(drawn, again, strict=True))


@pytest.mark.parametrize("before", [0, 1, 4, 6])
def test_back_to_a_mark(before):
    batches = source(np.arange(ROWS))
    rows_of(batches, before)
    mark = batches.mark()
    first = rows_of(batches, 9)
    for _ in range(2):
        batches.back_to(mark)
        assert rows_of(batches, 9) == first


def test_construction_draws_nothing():
    rng = np.random.default_rng(5)
    state = rng.bit_generator.state
    batches = Batches((VALUES,), 3, rng)
    assert batches.example[0].shape == (1, 4)
    assert rng.bit_generator.state == state
    batches.draw()
    assert rng.bit_generator.state != state


@pytest.mark.parametrize("args", [(), (0.5,), (np.array(1.0), "a"), (None,)], ids=repr)
def test_no_array(args):
    with pytest.raises(OptionError, match=r"^batch_size cuts .* but args has no array; pass the"):
        source(*args)


def test_different_lengths():
    message = r"but args\[0\] has 11 rows, args\[2\] has 10 rows\. Bind what is not to be cut"
    with pytest.raises(OptionError, match=message):
        source(VALUES, 0.5, VALUES[1:])


@pytest.mark.parametrize("size", [0, -1, ROWS + 1])
def test_sizes_that_fit_no_batch(size):
    with pytest.raises(OptionError, match=rf"^batch_size={size} .* 11 rows; .* from 1 to 11\."):
        source(VALUES, size=size)


# Draws -------------------------------------------------------------------------------------------


def test_draws_give_the_numbers_of_the_generator():
    expected = np.random.default_rng(3).random(5)
    draws = Draws(("more",), np.random.default_rng(3))
    for number in expected:
        more, rng = draws.draw()
        assert more == "more"
        assert rng.random() == number
        for _ in range(2):
            assert draws.again()[1].random() == number


def test_frozen_draws_are_all_the_same():
    draws = Draws((), np.random.default_rng(3), frozen=True)
    first = np.random.default_rng(3).random(4)
    for take in (draws.draw, draws.draw, draws.again, draws.draw):
        assert_array_equal(take()[0].random(4), first)


@pytest.mark.parametrize("used", [0, 1, 3])
def test_the_next_draw_is_new_however_much_the_repetition_used(used):
    draws, seen = Draws((), np.random.default_rng(3)), []
    for _ in range(20):
        seen.extend(draws.draw()[0].random(2))
        draws.again()[0].random(used)
    assert len(set(seen)) == 40


def test_draws_back_to_a_mark():
    draws = Draws((), np.random.default_rng(3))
    draws.draw()[0].random()
    mark = draws.mark()
    first = [draws.draw()[0].random() for _ in range(4)]
    draws.back_to(mark)
    assert [draws.draw()[0].random() for _ in range(4)] == first


def test_a_generator_of_another_kind():
    for kind in (np.random.MT19937, np.random.SFC64, np.random.Philox):
        draws = Draws((), np.random.Generator(kind(1)))
        value = draws.draw()[0].normal()
        assert draws.again()[0].normal() == value
        assert draws.draw()[0].normal() != value
