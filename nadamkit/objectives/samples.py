"""Where an objective's randomness comes from: a generator, shuffled rows, or the user's batches.

A source gives the arguments of each evaluation with `draw`, and the same ones once more with
`again`: the gradient and the finite differences of an iteration see the sample that its value saw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nadamkit.errors import OptionError, described

Args = tuple[Any, ...]


class Exhausted(Exception):  # noqa: N818  it is no error
    """The user's batches are used up."""


class Samples(Protocol):
    """A source of arguments.

    Attributes
    ----------
    example : tuple
        Arguments as an evaluation gets them, to look at their number and types.
    per_epoch : float
        Evaluations in one pass over the data; infinity where that is not known.
    endless : bool
        Whether there is always another sample.
    """

    example: Args
    per_epoch: float
    endless: bool

    def draw(self) -> Args:
        """The arguments of the next evaluation."""
        ...

    def again(self) -> Args:
        """The arguments of the last one, with the same randomness."""
        ...

    def mark(self) -> Any:
        """Where the source is now."""
        ...

    def back_to(self, mark: Any) -> None:
        """Put the source back to a mark, where it can be."""
        ...


class Draws:
    """``fun(x, *args, rng)``, which draws from the generator itself.

    Parameters
    ----------
    args : tuple
        What comes before the generator.
    rng : numpy.random.Generator
        Advanced by the function.
    frozen : bool, default False
        The same random numbers in each evaluation, so that the function is deterministic: the
        approximation by one sample average.

    Examples
    --------
    >>> source = Draws((), np.random.default_rng(1))
    >>> value = source.draw()[0].random()
    >>> source.again()[0].random() == value, source.draw()[0].random() == value
    (True, False)
    """

    per_epoch = math.inf
    endless = True

    def __init__(self, args: Args, rng: np.random.Generator, frozen: bool = False) -> None:
        self.example = (*args, rng)
        self.frozen = frozen
        self._generator = rng.bit_generator
        self._state = self._generator.state
        #: Where the next draw goes on, if the last one has been repeated.
        self._after: Any = None

    def draw(self) -> Args:
        """The arguments, with new random numbers unless frozen."""
        if self.frozen:
            return self.again()
        if self._after is not None:
            self._generator.state, self._after = self._after, None
        self._state = self._generator.state
        return self.example

    def again(self) -> Args:
        """The arguments, with the generator back where it was."""
        if self._after is None:
            self._after = self._generator.state
        self._generator.state = self._state
        return self.example

    def mark(self) -> Any:
        """The state of the generator."""
        return self._generator.state if self._after is None else self._after

    def back_to(self, mark: Any) -> None:
        """Draw the same numbers as after the mark."""
        self._generator.state, self._after = mark, None


class Batches:
    """The rows of the arrays among the arguments, shuffled and cut anew in each epoch.

    The batches of an epoch hold each row once and differ by at most one row in size.

    Parameters
    ----------
    args : tuple
        Arrays, which are cut along their first axis, and anything else, which is not.
    size : int
        Most rows of a batch.
    rng : numpy.random.Generator
        Shuffles.

    Raises
    ------
    OptionError
        If there is no array, if their lengths differ, or if `size` fits none.

    Examples
    --------
    >>> source = Batches((np.arange(5.0), 0.1), 2, np.random.default_rng(0))
    >>> sorted(sum((source.draw()[0].tolist() for _ in range(3)), []))
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """

    endless = True

    def __init__(self, args: Args, size: int, rng: np.random.Generator) -> None:
        self.args = tuple(np.asarray(a) if isinstance(a, list) else a for a in args)
        self.cut = tuple(len(getattr(a, "shape", ())) > 0 for a in self.args)
        rows = _common_rows(self.args, self.cut)
        if not 1 <= size <= rows:
            raise OptionError(
                f"batch_size={size} is not allowed: the arrays in args have {rows} rows; give a "
                f"whole number from 1 to {rows}."
            )
        self.rng = rng
        self.order = np.arange(rows)
        self.per_epoch = float(-(-rows // size))
        #: The batch that comes next, and the number of batches in an epoch.
        self.place = np.array([0, int(self.per_epoch)])
        self.example = self._taken(self.order[:1])
        self._last = self.example

    def draw(self) -> Args:
        """The next batch."""
        k, count = self.place.tolist()
        rows = self.order.size
        if k == 0:
            self.rng.shuffle(self.order)
        self.place[0] = (k + 1) % count
        self._last = self._taken(self.order[k * rows // count : (k + 1) * rows // count])
        return self._last

    def again(self) -> Args:
        """The same batch."""
        return self._last

    def mark(self) -> Any:
        """The order, the place in it, and the state of the generator."""
        return self.order.copy(), self.place.copy(), self.rng.bit_generator.state

    def back_to(self, mark: Any) -> None:
        """Cut the same batches as after the mark."""
        self.order[:], self.place[:], self.rng.bit_generator.state = mark

    def _taken(self, rows: npt.NDArray[np.intp]) -> Args:
        return tuple(
            _rows(a, rows) if cut else a for a, cut in zip(self.args, self.cut, strict=True)
        )


class Stream:
    """``fun(x, *batch, *args)`` for batches that the user makes; data need not fit in memory.

    Parameters
    ----------
    batches : iterable
        Of tuples, or of single arguments; passed over again and again if it can be.
    args : tuple
        What follows the batch.

    Raises
    ------
    OptionError
        If `batches` is no iterable or has no batch.

    Examples
    --------
    >>> source = Stream([(1, 2), (3, 4)], ("more",))
    >>> source.draw(), source.draw(), source.draw()
    ((1, 2, 'more'), (3, 4, 'more'), (1, 2, 'more'))
    """

    def __init__(self, batches: Iterable[Any], args: Args) -> None:
        if not isinstance(batches, Iterable) or isinstance(batches, str | bytes | dict):
            raise OptionError(
                f"batches is {described(batches)}; pass an iterable of batches, each a "
                "tuple of the arguments that follow x."
            )
        self._batches, self._args = batches, args
        self._passing: Iterator[Any] = iter(batches)
        self.endless = self._passing is not batches
        self.per_epoch = float(len(batches)) if isinstance(batches, Sized) else math.inf
        try:
            self._first: tuple[Any, ...] = (next(self._passing),)
        except StopIteration:
            raise OptionError(
                "batches is empty, or an iterator that is used up, so there is nothing to evaluate "
                "fun with; pass at least one batch."
            ) from None
        self.example = self._last = self._with_args(self._first[0])

    def draw(self) -> Args:
        """The next batch; raises `Exhausted` where there is none, nor a second pass."""
        if self._first:
            batch, self._first = self._first[0], ()
        else:
            batch = self._next()
        self._last = self._with_args(batch)
        return self._last

    def again(self) -> Args:
        """The same batch."""
        return self._last

    def mark(self) -> None:
        """Nothing: what the user's batches bring is not kept."""

    def back_to(self, mark: Any) -> None:
        """Go on with other batches."""

    def _next(self) -> Any:
        for _ in range(2):
            for batch in self._passing:
                return batch
            self._passing = iter(self._batches)
        raise Exhausted

    def _with_args(self, batch: Any) -> Args:
        return (*(batch if isinstance(batch, tuple | list) else (batch,)), *self._args)


def _common_rows(args: Args, cut: tuple[bool, ...]) -> int:
    lengths = {i: int(a.shape[0]) for i, (a, c) in enumerate(zip(args, cut, strict=True)) if c}
    if not lengths:
        raise OptionError(
            "batch_size cuts the arrays in args along their first axis, but args has no array; "
            "pass the data as args=(X, y), and let fun take them after x."
        )
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"args[{i}] has {rows} rows" for i, rows in lengths.items())
        raise OptionError(
            f"batch_size cuts every array in args along its first axis, but {told}. Bind what is "
            "not to be cut to fun, with functools.partial for example."
        )
    return next(iter(lengths.values()))


def _rows(array: Any, rows: npt.NDArray[np.intp]) -> Any:
    """Some rows of anything with a first axis; a data frame has them in ``iloc``."""
    return array.iloc[rows] if hasattr(array, "iloc") else array[rows]
