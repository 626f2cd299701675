"""Runs a loop in chunks: tables, history and the clock between them."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import backends, schedules
from nadamkit._runtime import numba
from nadamkit.backends import pieces
from nadamkit.coefficients import CoefficientTable
from nadamkit.loops import compiled, noisy, noisy_state, python, search
from nadamkit.loops.clock import Clock
from nadamkit.loops.parts import Records, Work
from nadamkit.loops.plan import COOLDOWN, GIVEN, LEARNED, Plan
from nadamkit.loops.stepper import initial_slots
from nadamkit.loops.stopping import (
    AGE,
    CALLBACK,
    EXHAUSTED,
    MAXTIME,
    NFEV,
    NIT,
    NJEV,
    RECORDS,
    RUNNING,
    new_counts,
    new_values,
)
from nadamkit.loops.task import Outcome, Problem
from nadamkit.loops.watch import Watch
from nadamkit.objectives.samples import Exhausted

#: Rows of the table a chunk has: the Python loop's, and the first and most of the compiled loop.
PYTHON_ROWS = 256
COMPILED_ROWS = (1, 65_536)
#: A compiled chunk should take this long in seconds: Ctrl-C and maxtime wait for its end.
CHUNK_SECONDS = 0.05
#: A chunk may have this many times the rows of the one before; entering a loop costs 26 us.
GROWTH = 16.0
#: A chunk's history may take this many bytes.
RECORD_BYTES = 2**24


class Runner:
    """A problem with its arrays, table and counters, ready to run.

    Parameters
    ----------
    problem : Problem
        What is to be run.
    plan : Plan, optional
        The course of a noisy run; without one the objective is taken to be deterministic.
    before : Outcome, optional
        A run that this one goes on from; its iterations and calls count.
    check : bool, default False
        Let a search that fails look whether the objective is noisy.
    """

    def __init__(
        self,
        problem: Problem,
        plan: Plan | None = None,
        before: Outcome | None = None,
        *,
        check: bool = False,
    ) -> None:
        p = self.problem = problem
        self.plan, self._check = plan, check
        self.mode = "noisy" if plan else "search" if p.rate is None else "fixed"
        self.counts, self.values = new_counts(), new_values()
        self._count_from(before)
        self._table = CoefficientTable(p.rule, self._hyper(), p.x.dtype)
        mods = pieces.modifiers({**p.hyper, "maximize": False}, p.x.dtype)
        self.variant = backends.Variant(p.rates.size > 0, mods.size > 0)
        self.work = _work(p, mods, self.mode)
        self._extra = self._state()
        self._rows = np.empty((0, 0), p.x.dtype)
        self.outcome = Outcome(
            RUNNING, self.work.best_x, self.work.best_g, self.counts, self.values
        )

    def python(self, objective: Any, callback: Any, watch: Watch | None = None) -> Outcome:
        """Run a Python objective."""
        p = self.problem
        kernel = backends.make_kernel(p.rule, self._table.names, p.backend, self.variant)
        clock = self._clock()
        hook = python.make_hook(callback, clock, p.limits.sign)
        if watch is not None:
            hook = python.watching(hook, watch, self._iterations)
        loop = python.make_loop(kernel, self.mode, p.backend != "numpy", hook)
        tail = () if self.mode == "fixed" else (kernel,)
        while self.outcome.status == RUNNING:
            table, records = self._chunk(PYTHON_ROWS)
            try:
                self._go(loop, objective, (), table, records, tail)
            except python.Stopped:
                self._drain(records)
                self.outcome.status = CALLBACK
            except Exhausted:
                self._drain(records)
                self.outcome.status = EXHAUSTED
            self._between(clock)
        return self._ended()

    def compiled(self, objective: Any, watch: Watch | None = None) -> Outcome:
        """Run a compiled objective."""
        p = self.problem
        functions = pieces.pieces_of(p.rule, self._table.names, self.variant)
        rows, most = COMPILED_ROWS
        address = objective.handle.address
        loop, tail, clock = None, (), None
        while self.outcome.status == RUNNING:
            table, records = self._chunk(rows)
            if loop is None:
                arguments = self._arguments(address, table, records)
                loop, tail = compiled.make_loop(
                    functions, self.mode, objective.signature, arguments
                )
                clock = self._clock()  # compiling does not count
            started = time.perf_counter()
            self._go(loop, objective.function, address, table, records, tail)
            now = time.perf_counter()
            assert clock is not None
            if now >= clock.deadline and self.outcome.status == RUNNING:
                self.outcome.status = MAXTIME
            self._between(clock)
            if watch is not None:
                watch.look(self.counts, self.values, self._iterations)
            share = CHUNK_SECONDS / max(now - started, 1e-9)
            rows = int(min(max(rows * min(share, GROWTH), 1), most))
        return self._ended()

    def again(self, plan: Plan, before: Outcome | None) -> None:
        """Ready the next part of a noisy run, which goes on from where this one ended."""
        self.plan = plan
        self._extra.start[:] = self.work.x
        self._count_from(before)
        self.outcome = Outcome(
            RUNNING, self.work.best_x, self.work.best_g, self.counts, self.values
        )

    def _count_from(self, before: Outcome | None) -> None:
        self._iterations = 0 if before is None else int(before.counts[NIT])
        if before is not None:
            self.counts[NFEV], self.counts[NJEV] = before.counts[NFEV], before.counts[NJEV]
        self.counts[NIT] = 0

    def _hyper(self) -> dict[str, Any]:
        """The rule's hyperparameters: those of its metric where the coefficients are chosen."""
        p = self.problem
        if self.mode == "search":
            own = {"mu": 0.0, "schedule": "constant"}
        elif self.plan is not None and self.plan.kind != GIVEN:
            own = {k: v for k, v in noisy.HYPER.items() if k not in p.given}
        else:
            own = {}
        return {**p.hyper, **{k: v for k, v in own.items() if k in p.hyper}}

    def _state(self) -> Any:
        """What the loop remembers beside the work arrays."""
        p = self.problem
        if self.mode == "search":
            # In one dimension p and s are the same.
            return search.new_state("mu" in p.hyper and p.x.size > 1, self._check)
        clip_norm = p.hyper["clip_norm"]
        limit = np.inf if clip_norm is None else float(clip_norm)
        if self.plan is None:
            return limit
        kind = noisy_state.Kind(
            learned=self.plan.kind != GIVEN,
            guarded=self.plan.kind == LEARNED,
            normed="n" in p.rule.slots,
            average=self.plan.noise.average,
            clip_norm=limit,
            watch=self.plan.open,
            stretch=self.plan.stretch,
            widest=math.inf if p.box is None else float(np.max(p.box.upper - p.box.lower)),
        )
        return noisy_state.new_state(p.x, kind)

    def _clock(self) -> Clock:
        share = 1.0
        if self.plan is not None and self.plan.open:
            share = 1.0 / (1.0 + COOLDOWN)
        return Clock(self.problem.maxtime, share)

    def _arguments(self, args: Any, table: Any, records: Records) -> tuple[Any, ...]:
        limits = self.problem.limits
        if self.plan is not None:
            limits = limits._replace(maxiter=float(self.plan.end))
        return args, self.work, table, self._extra, limits, self.counts, self.values, records

    def _go(
        self,
        loop: Any,
        fun: Any,
        args: Any,
        table: NDArray[Any],
        records: Records,
        tail: tuple[Any, ...],
    ) -> None:
        with np.errstate(all="ignore"), numba.interruptible():
            status = loop(fun, *self._arguments(args, table, records), *tail)
        self._drain(records)
        self.outcome.status = int(status)

    def _between(self, clock: Clock) -> None:
        """Let the plan of a noisy run decide how it goes on."""
        if self.plan is None:
            return
        done = int(self.counts[NIT])
        self.outcome.status = self.plan.after(self.outcome.status, done, self._extra.mean_x)
        if self.plan.cooling:
            clock.extend()
            self._extra = self._extra._replace(watch=False)

    def _ended(self) -> Outcome:
        if self.plan is not None:
            self._record_end()
            self.plan.finish(self.outcome, self._extra, self.work.best_x, self.problem.box)
        self.counts[NIT] += self._iterations
        return self.outcome

    def _record_end(self) -> None:
        """The last iterate of a noisy run, which is not evaluated any more."""
        nit, every = int(self.counts[NIT]), int(self.problem.limits.record)
        if every and nit % every == 0:
            row = [nit + self._iterations, self.counts[NFEV], np.nan, np.nan]
            self.outcome.scalars.append(np.array([row]))
            self.outcome.xs.append(self.work.x[np.newaxis].copy())

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
        k = int(self.counts[NIT])
        left = p.limits.maxiter - (k if self.mode == "search" else done)
        if self.plan is not None:
            left = self.plan.rows(k, rows)
        rows = int(max(1, min(rows, left)))
        if len(self._rows) < rows:
            self._rows = np.empty((rows, 1 + len(self._table.names)), p.x.dtype)
        table = self._rows[:rows]
        if left <= 0 and (scheduled or self.plan):
            table.fill(0.0)  # only the last point is evaluated; no step is made
            return table, self._room(rows)
        self._table.fill(table, done + 1)
        table[:, 0] = self._rates(done + 1, rows)
        return table, self._room(rows)

    def _rates(self, first: int, rows: int) -> Any:
        rate = self.problem.rate
        if callable(rate):
            return schedules.rates(rate, first, rows)
        rate = 1.0 if rate is None else rate
        if self.plan is None or self.plan.kind == GIVEN:
            return rate
        return rate * self.plan.shares(int(self.counts[NIT]) + 1, rows)

    def _room(self, rows: int) -> Records:
        every, x = int(self.problem.limits.record), self.problem.x
        room = rows // every + 2 if every else 0
        return Records(np.empty((room, 4)), np.empty((room, x.size if room else 0), x.dtype))

    def _drain(self, records: Records) -> None:
        count = int(self.counts[RECORDS])
        if count:
            scalars = records.scalars[:count].copy()
            scalars[:, 0] += self._iterations
            self.outcome.scalars.append(scalars)
            self.outcome.xs.append(records.xs[:count].copy())
            self.counts[RECORDS] = 0


def _work(p: Problem, mods: NDArray[Any], mode: str) -> Work:
    x, dtype = p.x, p.x.dtype
    s = initial_slots(p.rule, p.hyper, x.size, dtype)
    lower = np.empty(0, dtype) if p.box is None else np.array(p.box.lower, dtype)
    upper = np.empty(0, dtype) if p.box is None else np.array(p.box.upper, dtype)
    search = np.zeros((6, x.size if mode == "search" else 0), dtype)
    best_g = np.full_like(x, np.nan)
    points = (x, np.zeros_like(x), s, x.copy(), best_g, np.zeros_like(x))
    return Work._make((*points, *search, lower, upper, p.rates, mods))
