"""Timing side by side, and the rows of the table."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asv_benchmarks.compare.goals import GOALS

#: An OpenMP thread spins for some milliseconds after its work, on a core that the next one needs.
PAUSE = 0.02
#: Cores that other processes may keep busy meanwhile. With more, a thread at a barrier waits for
#: one that has no core, ratios come out a thousand times too good or too bad, and goals have no
#: verdict.
OTHERS = 0.25


class Effort(NamedTuple):
    """How long to measure: rounds, seconds a sample, iterations, processes, and array sizes."""

    rounds: int
    sample: float
    iterations: int
    processes: int
    sizes: tuple[int, ...]


FULL = Effort(rounds=15, sample=0.01, iterations=100_000, processes=15, sizes=(10**3, 10**5, 10**7))
QUICK = Effort(rounds=3, sample=0.001, iterations=20_000, processes=3, sizes=(10**3, 10**5))


class Row(NamedTuple):
    """One figure. Without a goal it is for information.

    Parameters
    ----------
    section, what : str
        What was measured.
    peer : str
        What it is compared with, or empty.
    ours, theirs : float
        Least times or other figures, in `unit`.
    unit : str
        Their unit.
    least, median : float
        Ratio ``theirs / ours`` of the least times, and the median of that of each round.
    goal : str
        Key in `GOALS`, or empty.
    note : str
        How it was measured, or why it was not.
    others : float
        Cores that other processes kept busy meanwhile; NaN where the system does not tell.
    """

    section: str
    what: str
    peer: str = ""
    ours: float = np.nan
    theirs: float = np.nan
    unit: str = ""
    least: float = np.nan
    median: float = np.nan
    goal: str = ""
    note: str = ""
    others: float = np.nan

    @property
    def verdict(self) -> str:
        """Whether the goal is met: by the median ratio where there is one, else by our figure."""
        goal = GOALS.get(self.goal)
        if goal is None:
            return "skipped" if self.note.startswith("skipped") else ""
        if self.others > OTHERS:
            return "disturbed"
        return "met" if goal.met(self.median if goal.at_least else self.ours) else "short"


class Neighbours:
    """Counts the processor time of everyone but this process and its children."""

    def __init__(self) -> None:
        self._start, self._used = time.perf_counter(), self._time()

    def cores(self) -> float:
        """Cores they have kept busy since the start."""
        return (self._time() - self._used) / (time.perf_counter() - self._start)

    @staticmethod
    def _time() -> float:
        try:
            fields = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
        except OSError:
            return np.nan
        user, nice, system, _, _, irq, softirq, steal = map(int, fields)
        everyone = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        return everyone - sum(os.times()[:4])


def interleaved(
    calls: Mapping[str, Callable[[], Any]], effort: Effort, pause: float = PAUSE
) -> dict[str, np.ndarray]:
    """Seconds per call in each round, one contestant after the other in turn.

    Each sample begins with untimed calls, so that threads are awake and caches are its own.
    """
    numbers = {name: _calls_per_sample(call, effort.sample) for name, call in calls.items()}
    seconds = {name: np.empty(effort.rounds) for name in calls}
    for i in range(effort.rounds):
        for name, call in calls.items():
            time.sleep(pause)
            for _ in range(min(3, numbers[name])):
                call()
            seconds[name][i] = _timed(call, numbers[name])
    return seconds


def compared(
    section: str, what: str, seconds: Mapping[str, np.ndarray], scale: float, unit: str
) -> list[Row]:
    """A row for our time, the first of `seconds`, against each of the others."""
    (_, ours), *others = seconds.items()
    return [
        Row(
            *(section, what, peer, ours.min() * scale, theirs.min() * scale, unit),
            least=theirs.min() / ours.min(),
            median=float(np.median(theirs / ours)),
        )
        for peer, theirs in others
    ]


def _calls_per_sample(call: Callable[[], Any], sample: float) -> int:
    call()
    return max(1, min(10_000, int(sample / max(_timed(call, 1), 1e-7))))


def _timed(call: Callable[[], Any], number: int) -> float:
    repeat = range(number)
    start = time.perf_counter()
    for _ in repeat:
        call()
    return (time.perf_counter() - start) / number
