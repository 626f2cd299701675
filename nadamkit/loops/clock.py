"""The time limit of a run."""

from __future__ import annotations

import time


class Clock:
    """Says when a run is to end.

    Parameters
    ----------
    seconds : float
        Time limit from now on.
    share : float
        The part of it after which a run is first told, where it needs the rest to come to rest.
    """

    def __init__(self, seconds: float, share: float = 1.0) -> None:
        self._started, self._seconds = time.perf_counter(), seconds
        self.deadline = self._started + share * seconds

    def extend(self) -> None:
        """Let the rest of the time be used."""
        self.deadline = self._started + self._seconds

    def over(self) -> bool:
        """Whether the time is up."""
        return time.perf_counter() >= self.deadline
