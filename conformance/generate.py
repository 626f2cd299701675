"""Writes the cases, or checks that the files are what it would write.

``python -m conformance.generate`` writes ``cases/v1``; with ``--check`` it writes nothing, and
exits with 1 if a file differs, is missing, or is one too many.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from conformance import dialects, golden, numbers
from conformance.case import FOLDER, PAPER_SCHEDULE, VERSION, Case
from conformance.families import FAMILIES
from conformance.reference.methods import SCHEDULED
from conformance.reference.paper import ALGORITHMS

SUITE = "2026.11"


def cases() -> Iterator[Case]:
    """Every case, without its expected values."""
    for method in ALGORITHMS:
        for family, inputs in FAMILIES.items():
            made = inputs(method)
            made.setdefault("mu_t", PAPER_SCHEDULE if method in SCHEDULED else "constant")
            yield Case(f"{method}/{family}", method, family, "paper", **made)
    yield from dialects.cases()


def text(case: Case) -> str:
    """The file of a case."""
    computed = golden.compute(case)
    head = {
        "format": f"case-{VERSION}",
        "id": case.id,
        "method": case.method,
        "family": case.family,
        "dialect": case.dialect,
        "flags": list(case.flags),
        "needs": list(case.needs),
        "dtypes": list(case.dtypes),
        "provenance": _provenance(case),
        "hyper": case.hyper,
        "eta": case.eta,
        "mu_t": case.mu_t,
        "knobs": case.knobs,
        "around": case.around,
        "start": case.start,
        "sizes": case.sizes,
        "restart_after": case.restart_after,
        "theta0": case.theta0,
        "problem": case.problem,
    }
    lines = [f"{json.dumps(key)}: {_json(value)}" for key, value in head.items() if _says(value)]
    if case.gradients is not None:
        lines.append('"gradients": [\n' + ",\n".join(map(_json, case.gradients)) + "\n]")
    rows = [_checkpoint(case, t, point) for t, point in computed.items()]
    lines.append('"expected": [\n' + ",\n".join(rows) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _says(value: Any) -> bool:
    return value not in (None, 0, (), [], {})


def _provenance(case: Case) -> dict[str, Any]:
    made = "family.py" if case.knobs else "paper.py"
    return {
        "suite": SUITE,
        "reference": f"conformance/reference/{made}",
        "arithmetic": "mpmath, 256 bits",
    }


def _checkpoint(case: Case, t: int, point: golden.Checkpoint) -> str:
    fields = [f'"t": {t}']
    for name, row in point.values.items():
        kinds = golden.kinds(case, t, name)
        values = [k or numbers.long(x) for k, x in zip(kinds, row, strict=True)]
        entry: dict[str, Any] = {"value": values}
        for (dtype, profile), bounds in point.bounds.items():
            entry.setdefault(dtype, {})[profile] = [numbers.upper(b) for b in bounds[name]]
        fields.append(f"{json.dumps(name)}: {json.dumps(entry)}")
    return "{" + ",\n ".join(fields) + "}"


def _json(value: Any) -> str:
    return json.dumps(_written(value))


def _written(value: Any) -> Any:
    if isinstance(value, float):
        return numbers.short(value)
    if isinstance(value, dict):
        return {k: _written(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_written(v) for v in value]
    return value


def path(case: Case, folder: Path = FOLDER) -> Path:
    """Where a case is kept."""
    return folder / f"{case.id}.json"


def main(arguments: list[str] | None = None) -> int:
    """Write or check all files."""
    parser = argparse.ArgumentParser(prog="python -m conformance.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare bytes")
    options = parser.parse_args(arguments)
    everything = list(cases())
    wanted = {path(case) for case in everything}
    assert len(wanted) == len(everything), "an id is used twice"
    wrong = [f"{p}: not a case" for p in sorted(FOLDER.rglob("*.json")) if p not in wanted]
    with ProcessPoolExecutor() as pool:
        for case, content in zip(everything, pool.map(text, everything), strict=True):
            file = path(case)
            if options.check:
                same = file.exists() and file.read_bytes() == content.encode()
                wrong += [] if same else [f"{file}: differs"]
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.encode())
    print(*wrong, f"{len(everything)} cases, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
