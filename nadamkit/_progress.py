"""What ``progress`` of `minimize` shows: a bar of tqdm, a line of text, or the user's function."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nadamkit.errors import OptionError, shown
from nadamkit.loops.watch import State, Watch

#: Ends a line on a terminal that is to be written over.
CLEAR = "\033[K\r"


@contextmanager
def watched(progress: Any, sign: float, total: int | None) -> Iterator[Watch | None]:
    """What looks at a run, for as long as it lasts.

    Parameters
    ----------
    progress : bool or callable
        As given to `minimize`, checked.
    sign : float
        -1 where the function is maximised.
    total : int or None
        The iterations it is to make, where that is known.
    """
    if callable(progress):
        yield Watch(progress, sign, total)
        return
    bar = _bar(total) if progress else None
    try:
        yield None if bar is None else Watch(bar, sign, total)
    finally:
        if bar is not None:
            bar.close()


def check(progress: Any) -> None:
    """Refuse what is neither True nor False nor a function."""
    if not (callable(progress) or progress is True or progress is False):
        raise OptionError(
            f"progress={shown(progress)} is not allowed: it must be True, False, or a function of "
            "the state, which has nit, nfev, fun, gnorm, seconds and horizon."
        )


def horizon(iterations: Any) -> int | None:
    """The iterations a run is to make, as far as it has a limit."""
    return None if iterations is None or math.isinf(iterations) else int(iterations)


def _bar(total: int | None) -> Any:
    """A bar where there is someone to see it: a terminal or a notebook; else None."""
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        return Line() if sys.stderr.isatty() else None
    # disable=None: silent where the output is no terminal.
    bar = tqdm(total=total, disable=None, unit=" iterations", leave=False, mininterval=0.0)
    return None if bar.disable else Bar(bar)


class Bar:
    """A bar of tqdm, which also counts iterations per second."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __call__(self, state: State) -> None:
        self._bar.set_postfix_str(_values(state), refresh=False)
        self._bar.update(state.nit - self._bar.n)

    def close(self) -> None:
        """Take it off the screen."""
        self._bar.close()


class Line:
    """A line of text that is written over, where tqdm is not installed."""

    def __init__(self, write: Callable[[str], Any] | None = None) -> None:
        self._write = write or sys.stderr.write

    def __call__(self, state: State) -> None:
        of = "" if state.horizon is None else f" of {state.horizon}"
        rate = state.nit / state.seconds if state.seconds else 0.0
        self._write(f"{state.nit}{of} iterations, {rate:.3g}/s, {_values(state)}{CLEAR}")
        sys.stderr.flush()

    def close(self) -> None:
        """Take it off the screen."""
        self._write(CLEAR)


def _values(state: State) -> str:
    return f"f = {state.fun:.6g}, |g| = {state.gnorm:.2g}"
