"""The loop of the paper: evaluate, test, step, with the learning rate the user gave."""

from __future__ import annotations

from typing import Any

import numpy as np

from nadamkit.loops.parts import Parts
from nadamkit.loops.stopping import AGE, BEST, GTOL, MAXFUN, MOVED, NFEV, NIT, RUNNING, beaten


def make_loop(parts: Parts) -> Any:
    """The loop as a plain function, to be run interpreted or compiled.

    Returns
    -------
    callable
        ``loop(fun, args, w, table, clip_norm, limits, counts, values, records) -> status`` runs
        until a test ends the run or the rows of the table are used up.
    """
    evaluate, count, kernel, hook = parts.evaluate, parts.count, parts.kernel, parts.hook
    examine, distance, project = parts.examine, parts.distance, parts.project
    clip, copy, better, verdict = parts.clip, parts.copy, parts.better, parts.verdict
    record, borrow, token = parts.record, parts.borrow, parts.token

    def loop(fun, args, w, table, clip_norm, limits, counts, values, records):
        token  # noqa: B018  part of the cache key
        every = int(limits.record)
        w, table, counts, values, records = borrow((w, table, counts, values, records))
        x, g, s, best_x, best_g, old_x = w.x, w.g, w.s, w.best_x, w.best_g, w.old_x
        lower, upper, rates, mods = w.lower, w.upper, w.rates, w.mods
        for r in range(table.shape[0]):
            if counts[NFEV] >= limits.maxfun:
                return MAXFUN
            f = limits.sign * evaluate(fun, args, x, g)
            count(fun, counts)
            counts[NIT] = counts[AGE]
            gnorm = examine(x, g, lower, upper, limits.sign)
            if better(f, gnorm, limits, counts, values):
                copy(best_x, x)
                copy(best_g, g)
            status = verdict(limits, counts, values)
            if every and counts[NIT] % every == 0:
                record(x, counts, values, limits.sign, records)
            asked = hook(x, counts, values)
            if status != RUNNING or asked != RUNNING:
                if status == GTOL and beaten(f, values):
                    # What is returned meets gtol, even if a lower point was passed on the way.
                    copy(best_x, x)
                    copy(best_g, g)
                    values[BEST] = f
                return status if status != RUNNING else asked
            if limits.xtol >= 0.0:
                copy(old_x, x)
            if clip_norm < np.inf:
                clip(mods, g, clip_norm)
            kernel(x, g, s, table, r, rates, mods)
            if lower.size:
                project(x, lower, upper)
            if limits.xtol >= 0.0:
                values[MOVED] = distance(x, old_x)
            counts[AGE] += 1
        return RUNNING

    return loop
