"""Batches of the user's own making."""

from itertools import cycle, islice

import numpy as np
import pytest

from nadamkit.errors import OptionError
from nadamkit.objectives.samples import Exhausted, Stream
from tests.ids import plain


def drawn(stream, count):
    return [stream.draw() for _ in range(count)]


BATCHES = {
    "tuples": ([(1, 2), (3, 4)], [(1, 2), (3, 4)]),
    "lists": ([[1, 2], [3, 4], [5, 6]], [(1, 2), (3, 4), (5, 6)]),
    "single arguments": ([7, 8, 9], [(7,), (8,), (9,)]),
    "of various lengths": ([(), (1,), 2], [(), (1,), (2,)]),
    "a tuple of them": (((1, 2), (3, 4)), [(1, 2), (3, 4)]),
    "one": ([(1, 2)], [(1, 2)]),
    "a range": (range(3), [(0,), (1,), (2,)]),
    "texts": (["ab", b"cd"], [("ab",), (b"cd",)]),
}


@pytest.mark.parametrize("kind", BATCHES)
def test_batches_that_can_be_passed_over_again(kind):
    given, expected = BATCHES[kind]
    stream = Stream(given, ("more", 0.5))
    assert stream.per_epoch == len(expected)
    assert stream.example == (*expected[0], "more", 0.5)
    whole = [(*batch, "more", 0.5) for batch in islice(cycle(expected), 10)]
    assert drawn(stream, 10) == whole


def test_arrays_are_passed_as_they_are():
    batches = [(np.arange(3), np.ones((3, 2))), (np.arange(2), np.ones((2, 2)))]
    stream = Stream(batches, ())
    for batch in batches * 2:
        assert all(a is b for a, b in zip(stream.draw(), batch, strict=True))


def test_a_generator_is_used_up():
    stream = Stream(((i, i + 1) for i in range(3)), ())
    assert stream.per_epoch == np.inf
    assert drawn(stream, 3) == [(0, 1), (1, 2), (2, 3)]
    for _ in range(2):
        with pytest.raises(Exhausted):
            stream.draw()


def test_no_batch_is_made_before_its_turn():
    made = []

    def making():
        for i in range(5):
            made.append(i)
            yield i

    stream = Stream(making(), ())
    assert made == [0]
    for i in range(5):
        assert stream.draw() == (i,)
        assert made == list(range(i + 1))


class Loader:
    """Batches with a length, made anew at each pass."""

    def __init__(self, count):
        self.count, self.passes = count, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        self.passes += 1
        return iter([(self.passes, i) for i in range(self.count)])


def test_a_class_with_a_length_that_makes_batches_anew():
    loader = Loader(3)
    stream = Stream(loader, ())
    assert stream.per_epoch == 3.0
    assert drawn(stream, 7) == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0)]
    assert loader.passes == 3


class Unsized:
    def __iter__(self):
        return iter([1, 2])


def test_a_class_without_a_length_is_passed_over_again():
    stream = Stream(Unsized(), ())
    assert stream.per_epoch == np.inf
    assert drawn(stream, 5) == [(1,), (2,), (1,), (2,), (1,)]


def test_the_last_batch_again():
    stream = Stream([(1, 2), (3, 4)], ())
    for _ in range(5):
        batch = stream.draw()
        assert stream.again() is stream.again() is batch


def test_a_mark_keeps_nothing():
    stream = Stream(iter([1, 2, 3]), ())
    mark = stream.mark()
    assert stream.draw() == (1,)
    stream.back_to(mark)
    assert stream.draw() == (2,)


@pytest.mark.parametrize("given", [3, 0.5, len, "batches", b"batches", {"a": 1}], ids=repr)
def test_what_is_no_iterable_of_batches(given):
    name = type(given).__name__
    with pytest.raises(OptionError, match=rf"^batches is an? {name}\b.*; pass an iterable of"):
        Stream(given, ())


@pytest.mark.parametrize("given", [(), [], iter([]), np.empty((0, 2)), range(0)], ids=plain)
def test_no_batch(given):
    with pytest.raises(OptionError, match=r"^batches is empty, or .* used up, .*; pass at least"):
        Stream(given, ())


def test_what_the_users_iterator_raises_passes():
    def broken():
        yield 1
        raise OSError("disk")

    stream = Stream(broken(), ())
    stream.draw()
    with pytest.raises(OSError, match="disk"):
        stream.draw()
