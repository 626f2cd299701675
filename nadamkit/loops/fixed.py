"""The loop of the paper: evaluate, test, step, with the learning rate the user gave."""

from __future__ import annotations

from typing import Any

from nadamkit.loops.parts import Parts
from nadamkit.loops.stopping import MAXFUN, MOVED, NFEV, NIT, RUNNING


def make_loop(parts: Parts) -> Any:
    """The loop as a plain function, to be run interpreted or compiled.

    Returns
    -------
    callable
        ``loop(fun, args, w, table, clip_norm, limits, counts, values, records) -> status`` runs until
        a test ends the run or the rows of the table are used up.
    """
    evaluate, kernel, gradient_norm, _, _, project, distance, *rest = parts
    _, _, _, clip, flip, observe, record, hook, token = rest

    def loop(fun, args, w, table, clip_norm, limits, counts, values, records):
        token  # noqa: B018  part of the cache key
        x, g = w.x, w.g
        for r in range(table.shape[0]):
            if counts[NFEV] >= limits.maxfun:
                return MAXFUN
            f = limits.sign * evaluate(fun, args, x, g, counts)
            if limits.sign < 0.0:
                flip(g)
            gnorm = gradient_norm(x, g, w.lower, w.upper)
            status = observe(f, gnorm, x, g, w.best_x, w.best_g, limits, counts, values)
            record(x, counts, values, limits, records)
            asked = hook(x, counts, values)
            if status != RUNNING:
                return status
            if asked != RUNNING:
                return asked
            if limits.xtol >= 0.0:
                w.old_x[:] = x
            clip(w.mods, g, clip_norm)
            kernel(x, g, w.s, table, r, w.rates, w.mods)
            project(x, w.lower, w.upper)
            if limits.xtol >= 0.0:
                values[MOVED] = distance(x, w.old_x)
            counts[NIT] += 1
        return RUNNING

    return loop
