"""What a user waits for: imports, the first result in a second process, a new objective."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numba
import numpy as np

from asv_benchmarks.compare.measure import Effort, Neighbours, Row
from asv_benchmarks.compare.processes import python
from nadamkit import minimize

SECTION = "startup"
FIRST = "first process, empty cache"
UNWANTED = ("numba", "torch", "matplotlib", "scipy.optimize", "jax")
IMPORTS = {
    "import nadamkit": "import nadamkit",
    "nadamkit.minimize": "from nadamkit import minimize",
    "scipy.optimize": "import scipy.optimize",
    "numba": "import numba",
}
#: A user's script; the second process runs the same file.
SCRIPT = """
import numpy as np
from numba import njit
from nadamkit import minimize

@njit{cached}
def fun(x, g):
    d = x[1] - x[0] * x[0]
    e = 1.0 - x[0]
    g[0] = -400.0 * x[0] * d - 2.0 * e
    g[1] = 200.0 * d
    return 100.0 * d * d + e * e

assert minimize(fun, np.array([-1.2, 1.0]), options={options}).nit > 1
"""
RUNS = {
    "second process, njit(cache=True) objective": ("(cache=True)", {"maxiter": 100}),
    "second process, @njit objective": ("", {"maxiter": 100}),
    "second process, @njit objective, a number as rate": (
        "",
        {"maxiter": 100, "learning_rate": 1e-3},
    ),
}
TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def rows(effort: Effort) -> Iterator[Row]:
    """Import time, time to the first result, compile time."""
    for part in (_imports, _processes, _new_objective):
        neighbours = Neighbours()
        found = list(part(effort.processes))
        others = neighbours.cores()
        for row in found:
            timed = row.unit != "modules"
            note = f"{row.note}; others {others:.2f} cores" if timed else row.note
            yield row._replace(others=others if timed else np.nan, note=note)


def seconds(processes: int) -> dict[str, float]:
    """The medians by name, for `asv_benchmarks.benchmarks`."""
    found = [*_imports(processes), *_processes(processes), *_new_objective(processes)]
    scale = {"s": 1.0, "ms": 1e-3}
    return {row.what: row.ours * scale[row.unit] for row in found if row.unit in scale}


def _imports(processes: int) -> Iterator[Row]:
    codes = {name: f"import numpy, scipy; {TIMED.format(c)}" for name, c in IMPORTS.items()}
    seconds = _in_turn(codes, processes, {})
    name = "import nadamkit"
    yield _row(name, seconds[name], 1e3, "ms", "import, ms", "over numpy and scipy")
    loaded = python(f"import nadamkit, sys; print(*[m for m in {UNWANTED} if m in sys.modules])")
    yield Row(
        *(SECTION, "import nadamkit", "", float(len(loaded.split())), np.nan, "modules"),
        goal="import, unwanted modules",
        note=f"of {', '.join(UNWANTED)}: {loaded or 'none'}",
    )
    for other in list(IMPORTS)[1:]:
        yield _row(f"import {other}", seconds[other], 1e3, "ms", "", "over numpy and scipy")


def _processes(processes: int) -> Iterator[Row]:
    """The first result of a user's script, in a first process and in later ones."""
    with tempfile.TemporaryDirectory() as folder:
        codes = {"numba": TIMED.format("import numba")}
        for i, (name, (cached, options)) in enumerate(RUNS.items()):
            script = Path(folder) / f"user_{i}.py"
            script.write_text(SCRIPT.format(cached=cached, options=options))
            codes[name] = TIMED.format(f"import runpy; runpy.run_path({str(script)!r})")
        environment = {"NUMBA_CACHE_DIR": folder}
        first = {name: float(python(code, **environment)) for name, code in codes.items()}
        found = _in_turn(codes, processes, environment)
    whole = np.array([first[next(iter(RUNS))]])
    yield _row(FIRST, whole, 1.0, "s", "", "import numba and all compiling included")
    for name in RUNS:
        over = found[name] - found["numba"]
        goal = "" if "rate" in name else "second process, s"
        note = f"over import numba; {np.median(found[name]):.2f} s in all"
        yield _row(name, over, 1.0, "s", goal, note)


def _new_objective(processes: int) -> Iterator[Row]:
    """A function that is new each time, in a process whose loop is compiled."""
    options = {"maxiter": 1, "learning_rate": 1e-3}
    seconds = []
    for i in range(processes + 1):
        fun, times = _function(float(i)), []
        for _ in range(2):
            start = time.perf_counter()
            minimize(fun, np.ones(2), options=options)
            times.append(time.perf_counter() - start)
        seconds.append(times[0] - times[1])
    note = "first call less the second; an in-place objective of 2 variables"
    yield _row("compile a new objective", np.array(seconds[1:]), 1.0, "s", "new objective, s", note)


def _function(shift: float):
    @numba.njit
    def fun(x, g):
        d = x[1] - x[0] * x[0]
        e = shift - x[0]
        g[0] = -400.0 * x[0] * d - 2.0 * e
        g[1] = 200.0 * d
        return 100.0 * d * d + e * e

    return fun


def _in_turn(
    codes: Mapping[str, str], processes: int, environment: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Seconds that each code prints, one process of each in turn."""
    found: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(processes):
        for name, code in codes.items():
            found[name].append(float(python(code, **environment)))
    return {name: np.array(values) for name, values in found.items()}


def _row(what: str, seconds: np.ndarray, scale: float, unit: str, goal: str, note: str) -> Row:
    """The median, with the least in the note."""
    least = f"least {seconds.min() * scale:.3g}"
    median = float(np.median(seconds)) * scale
    return Row(SECTION, what, "", median, np.nan, unit, goal=goal, note=f"{note}; {least}")
