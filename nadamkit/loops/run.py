"""Runs a loop in chunks: tables, history and the clock between them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nadamkit import backends, schedules
from nadamkit.backends import pieces
from nadamkit.coefficients import CoefficientTable
from nadamkit.loops import compiled, python, search
from nadamkit.loops.parts import Records, Work
from nadamkit.loops.stepper import initial_slots
from nadamkit.loops.stopping import (
    AGE,
    BEST,
    CALLBACK,
    FUN,
    MAXTIME,
    NFEV,
    NIT,
    NJEV,
    RECORDS,
    RUNNING,
    Limits,
    new_counts,
    new_values,
)
from nadamkit.rule import Rule

#: Rows of the table a chunk has: the Python loop's, and the first and most of the compiled loop.
PYTHON_ROWS = 256
COMPILED_ROWS = (8, 65_536)
#: A compiled chunk should take this long in seconds: Ctrl-C and maxtime wait for its end.
CHUNK_SECONDS = 0.05
#: A chunk may have this many times the rows of the one before; entering a loop costs 26 us.
GROWTH = 16.0
#: A chunk's history may take this many bytes.
RECORD_BYTES = 2**24


@dataclass
class Problem:
    """What is to be run.

    Parameters
    ----------
    rule, hyper : Rule, dict
        The method and its validated hyperparameters.
    x : ndarray of shape (n,)
        The start; the run works on it in place.
    box : Box or None
        Bounds.
    rate : float, callable or None
        Learning rate; None for the line search.
    rates : ndarray
        Its factor for each parameter, or empty.
    limits : Limits
        Stopping tests.
    maxtime : float
        Seconds.
    backend : str
        Where steps are computed.
    """

    rule: Rule
    hyper: dict[str, Any]
    x: NDArray[Any]
    box: Any
    rate: Any
    rates: NDArray[Any]
    limits: Limits
    maxtime: float
    backend: str


class History(NamedTuple):
    """What ``options={"history": k}`` recorded, every k-th iteration.

    Parameters
    ----------
    nit, nfev : ndarray of int64, shape (records,)
        Iteration, and calls of the function so far.
    fun, gnorm : ndarray of float64, shape (records,)
        Function value and largest component of the projected gradient.
    x : ndarray, shape (records, n)
        The points.
    """

    nit: NDArray[np.int64]
    nfev: NDArray[np.int64]
    fun: NDArray[np.float64]
    gnorm: NDArray[np.float64]
    x: NDArray[Any]


@dataclass
class Outcome:
    """How a run ended; ``g`` is the gradient at the best point ``x``."""

    status: int
    x: NDArray[Any]
    g: NDArray[Any]
    counts: NDArray[np.int64]
    values: NDArray[np.float64]
    scalars: list[NDArray[np.float64]] = field(default_factory=list)
    xs: list[NDArray[Any]] = field(default_factory=list)

    def history(self) -> History:
        """The records of the whole run."""
        n = self.x.size
        rows = np.concatenate([np.empty((0, 4)), *self.scalars])
        xs = np.concatenate([np.empty((0, n), self.x.dtype), *self.xs])
        return History(
            rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2], rows[:, 3], xs
        )


class Runner:
    """A problem with its arrays, table and counters, ready to run."""

    def __init__(self, problem: Problem) -> None:
        p = self.problem = problem
        self.auto = p.rate is None
        self.counts, self.values = new_counts(), new_values()
        metric = {"mu": 0.0, "schedule": "constant"} if "mu" in p.hyper else {}
        hyper = {**p.hyper, **metric} if self.auto else p.hyper
        self._table = CoefficientTable(p.rule, hyper, p.x.dtype)
        mods = pieces.modifiers({**p.hyper, "maximize": False}, p.x.dtype)
        self.variant = backends.Variant(p.rates.size > 0, mods.size > 0)
        self.work = _work(p, mods)
        clip_norm = p.hyper["clip_norm"]
        limit = np.inf if clip_norm is None else float(clip_norm)
        # In two dimensions p and s span everything, and the model would be all guess along p.
        momentum = "mu" in p.hyper and p.x.size > 2
        self._extra = search.new_state(momentum) if self.auto else limit
        self._rows = np.empty((0, 0), p.x.dtype)
        self.outcome = Outcome(
            RUNNING, self.work.best_x, self.work.best_g, self.counts, self.values
        )

    def python(self, objective: Any, callback: Any) -> Outcome:
        """Run a Python objective."""
        p = self.problem
        kernel = backends.make_kernel(p.rule, self._table.names, p.backend, self.variant)
        hook = python.make_hook(callback, time.perf_counter() + p.maxtime, p.limits.sign)
        loop = python.make_loop(kernel, self.auto, p.backend != "numpy", hook)
        while self.outcome.status == RUNNING:
            table, records = self._chunk(PYTHON_ROWS)
            try:
                self._go(loop, objective, (), table, records, (kernel,) if self.auto else ())
            except python.Stopped:
                self._drain(records)
                self.outcome.status = CALLBACK
        return self.outcome

    def compiled(self, objective: Any) -> Outcome:
        """Run a compiled objective."""
        p = self.problem
        functions = pieces.pieces_of(p.rule, self._table.names, self.variant)
        rows, most = COMPILED_ROWS
        loop, tail, deadline = None, (), math.inf
        while self.outcome.status == RUNNING:
            table, records = self._chunk(rows)
            if loop is None:
                arguments = self._arguments(objective.args, table, records)
                loop, tail = compiled.make_loop(
                    functions, self.auto, objective.signature, arguments
                )
                deadline = time.perf_counter() + p.maxtime  # compiling does not count
            started = time.perf_counter()
            self._go(loop, objective.function, objective.args, table, records, tail)
            now = time.perf_counter()
            if now >= deadline and self.outcome.status == RUNNING:
                self.outcome.status = MAXTIME
            share = CHUNK_SECONDS / max(now - started, 1e-9)
            rows = int(min(max(rows * min(share, GROWTH), 1), most))
        return self.outcome

    def _arguments(self, args: tuple[Any, ...], table: Any, records: Records) -> tuple[Any, ...]:
        limits = self.problem.limits
        return args, self.work, table, self._extra, limits, self.counts, self.values, records

    def _go(
        self,
        loop: Any,
        fun: Any,
        args: tuple[Any, ...],
        table: NDArray[Any],
        records: Records,
        tail: tuple[Any, ...],
    ) -> None:
        with np.errstate(all="ignore"):
            status = loop(fun, *self._arguments(args, table, records), *tail)
        self._drain(records)
        self.outcome.status = int(status)

    def _chunk(self, rows: int) -> tuple[NDArray[Any], Records]:
        """The table and the empty records of the next chunk."""
        p, every = self.problem, int(self.problem.limits.record)
        n, itemsize = p.x.size, p.x.dtype.itemsize
        if every:
            rows = max(1, min(rows, every * RECORD_BYTES // ((n + 4) * itemsize)))
        done = int(self.counts[AGE])
        scheduled = callable(p.rate) or not self._table.pure
        if scheduled:
            # Not many calls of the user's schedule ahead of the steps.
            rows = min(rows, PYTHON_ROWS)
        left = p.limits.maxiter - int(self.counts[NIT] if self.auto else done)
        rows = int(max(1, min(rows, left)))
        if len(self._rows) < rows:
            self._rows = np.empty((rows, 1 + len(self._table.names)), p.x.dtype)
        table = self._rows[:rows]
        if scheduled and left <= 0:
            table.fill(0.0)  # only the last point is evaluated; no step is made
            return table, self._room(rows)
        self._table.fill(table, done + 1)
        if callable(p.rate):
            table[:, 0] = schedules.rates(p.rate, done + 1, rows)
        else:
            table[:, 0] = 1.0 if self.auto else p.rate
        return table, self._room(rows)

    def _room(self, rows: int) -> Records:
        every, x = int(self.problem.limits.record), self.problem.x
        room = rows // every + 2 if every else 0
        return Records(np.empty((room, 4)), np.empty((room, x.size if room else 0), x.dtype))

    def _drain(self, records: Records) -> None:
        count = int(self.counts[RECORDS])
        if count:
            self.outcome.scalars.append(records.scalars[:count].copy())
            self.outcome.xs.append(records.xs[:count].copy())
            self.counts[RECORDS] = 0


def _work(p: Problem, mods: NDArray[Any]) -> Work:
    x, dtype = p.x, p.x.dtype
    s = initial_slots(p.rule, p.hyper, x.size, dtype)
    lower = np.empty(0, dtype) if p.box is None else np.array(p.box.lower, dtype)
    upper = np.empty(0, dtype) if p.box is None else np.array(p.box.upper, dtype)
    search = np.zeros((6, x.size if p.rate is None else 0), dtype)
    best_g = np.full_like(x, np.nan)
    points = (x, np.zeros_like(x), s, x.copy(), best_g, np.zeros_like(x))
    return Work._make((*points, *search, lower, upper, p.rates, mods))


__all__ = ["BEST", "FUN", "NFEV", "NIT", "NJEV", "History", "Outcome", "Problem", "Runner"]
