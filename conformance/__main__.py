"""Command line: ``python -m conformance``.

Exit codes: 0 it conforms, 1 it does not, 2 nothing can be said (a wiring error, an unknown name).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance import adapters, expected
from conformance.adapter import AdapterError, Unsupported, load
from conformance.report import Report
from conformance.suite import ALL, grade, library, selected

DTYPES = ("float32", "float64")


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = argparse.ArgumentParser(
        prog="python -m conformance",
        description="Grade an optimiser against the algorithms of Dozat (2015). Without options: "
        "list the adapters and grade nadamkit's reference backend.",
        epilog="conformance/README.md says how to write an adapter.",
    )
    p.add_argument("--adapter", metavar="NAME", help="a name, module:Class, or exec:COMMAND")
    p.add_argument("--dtype", default="", help="float32, float64, or both with a comma")
    p.add_argument("--dialect", default="", help="a dialect; 'all' for every stored case")
    p.add_argument("--case", default="*", metavar="GLOB", help="ids of cases, as 'nadam/*'")
    p.add_argument("--profile", choices=("strict", "standard"), help="instead of the adapter's")
    p.add_argument("--expected", type=Path, metavar="FILE", help="expected failures")
    p.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
    p.add_argument("--html", type=Path, metavar="FOLDER", help="write the report as a page")
    p.add_argument("--explain", metavar="CASE", help="say where a case goes wrong first")
    p.add_argument("--identity", metavar="A,B,...", help="compare the bits of adapters")
    p.add_argument("--self-test", action="store_true", help="check the suite with its mutants")
    p.add_argument("--list", action="store_true", help="list adapters, dialects and cases")
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except (AdapterError, Unsupported) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    if options.self_test:
        from conformance import selftest

        return selftest.main([])
    if options.list:
        return _list()
    if options.identity:
        return _identity(options, options.identity.split(","))
    if not options.adapter:
        print(f"Adapters: {', '.join(adapters.NAMES)}; --adapter chooses one.\n")
        options.adapter = "nadamkit-numpy"
    return _grade(options, _loaded(options, options.adapter))


def _loaded(options: argparse.Namespace, name: str) -> Any:
    adapter = load(name)
    if options.profile:
        adapter.profile = options.profile
    return adapter


def _dtypes(options: argparse.Namespace, adapter: Any) -> list[str]:
    wanted = options.dtype.split(",") if options.dtype else list(adapter.dtypes)
    wrong = [d for d in wanted if d not in DTYPES or d not in adapter.dtypes]
    if wrong:
        has = ", ".join(adapter.dtypes)
        raise AdapterError(f"--dtype {options.dtype}: {adapter.name} has {has}")
    return wanted


def _dialect(options: argparse.Namespace, adapter: Any) -> str:
    return options.dialect or str(getattr(adapter, "dialect", "paper"))


def _grade(options: argparse.Namespace, adapter: Any) -> int:
    try:
        if options.explain:
            return _explain(options, adapter)
        report = _report(options, adapter)
    finally:
        getattr(adapter, "close", lambda: None)()
    print(report.text())
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report.json(), indent=1) + "\n", encoding="utf-8")
    if options.html:
        options.html.mkdir(parents=True, exist_ok=True)
        (options.html / f"{report.adapter}.html").write_text(report.html(), encoding="utf-8")
    return report.code


def _report(options: argparse.Namespace, adapter: Any) -> Report:
    dtypes = _dtypes(options, adapter)
    cases = selected(adapter, _dialect(options, adapter), options.case)
    known = expected.read(options.expected) if options.expected else expected.of(adapter.name)
    if options.case != "*" or options.dialect or options.dtype or options.profile:
        # Of a part of the suite it cannot be said which entries match nothing.
        ids = [(case.id, dtype) for case in cases for dtype in dtypes]
        known = [e for e in known if any(e.matches(*pair) for pair in ids)]
    report = grade(adapter, cases, dtypes, known, _progress())
    if report.counts["fail"]:
        _search(adapter, cases, report)
    return report


def _progress() -> Any:
    if not sys.stderr.isatty():
        return lambda text: None
    return lambda text: print(f"\r\033[K{text}\r", end="", file=sys.stderr, flush=True)


def _search(adapter: Any, cases: Sequence[Any], report: Report) -> None:
    """For each method that fails, find the dialect it speaks."""
    try:
        from conformance import search
    except ImportError:
        print("With mpmath installed, the nearest dialect would be named here.", file=sys.stderr)
        return
    failed = {(r.case, r.dtype) for r in report.results if r.status == "fail"}
    for case in cases:
        dtype = next((d for d in ("float64", "float32") if (case.id, d) in failed), None)
        if case.family == search.FAMILY and dtype:
            nearest = search.best(adapter, case, dtype)[:3]
            report.matches.update({case.method: nearest} if nearest else {})


def _explain(options: argparse.Namespace, adapter: Any) -> int:
    try:
        from conformance.explain import explain
    except ImportError as error:
        raise AdapterError(f"{error}; python -m pip install mpmath") from error
    for case in selected(adapter, _dialect_of(options, adapter), options.explain):
        missing = set(case.needs) - set(getattr(adapter, "features", ()))
        if missing:
            raise AdapterError(f"{case.id} needs {', '.join(sorted(missing))}")
        for dtype in _dtypes(options, adapter):
            if dtype in case.dtypes:
                print(explain(adapter, case, dtype), end="\n\n")
    return 0


def _dialect_of(options: argparse.Namespace, adapter: Any) -> str:
    """The dialect that an id names, as in nadam/rates@torch; stored cases name their own."""
    _, _, named = options.explain.partition("@")
    stored = any(case.id == options.explain for case in library())
    return named or (ALL if stored else _dialect(options, adapter))


def _identity(options: argparse.Namespace, names: list[str]) -> int:
    """Grade several adapters, and compare their bits with the first one's."""
    from conformance.identity import compare

    if len(names) < 2:
        raise AdapterError("--identity takes two or more adapters, with commas between them")
    reports: list[Report] = []
    # All before the first runs: the simulator has to be chosen before anything loads numba.
    for adapter in [_loaded(options, name) for name in names]:
        try:
            reports.append(_report(options, adapter))
        finally:
            getattr(adapter, "close", lambda: None)()
        print(reports[-1].text(), end="\n\n", flush=True)
    found = [compare(reports[0], other) for other in reports[1:]]
    print(*(identity.text() for identity in found), sep="\n")
    if not all(identity.same for identity in found):
        raise AdapterError("an adapter has no run in common with the first")
    different = any(identity.different for identity in found)
    return max(int(different), *(report.code for report in reports))


def _list() -> int:
    from conformance.dialects import names

    print(f"adapters: {', '.join(adapters.NAMES)}")
    print(f"dialects: {', '.join((*names(), ALL))}")
    print("cases:", *(f"{case.id}  [{', '.join(case.flags)}]" for case in library()), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
