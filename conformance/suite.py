"""A whole grading: which cases an adapter is graded on, and the report on them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from functools import cache, partial
from multiprocessing import get_context
from typing import Any

from conformance import dialects, expected
from conformance.adapter import AdapterError
from conformance.case import Case, stored
from conformance.families import FAMILIES
from conformance.report import Report
from conformance.runner import profile, run_case, smoke

#: The dialect of an adapter that does everything the stored cases ask for.
ALL = "all"


@cache
def library() -> tuple[Case, ...]:
    """All stored cases, family by family: the most telling ones first."""
    order = [*FAMILIES, "dialect"]
    return tuple(sorted(stored(), key=lambda case: order.index(case.family)))


def selected(adapter: Any, dialect: str, pattern: str = "*") -> list[Case]:
    """Find the cases for an adapter.

    Parameters
    ----------
    adapter : Adapter
        Its methods and features choose among the cases.
    dialect : str
        "paper" for the stored cases of the paper, "all" for those of every dialect too; another
        for the families of the paper in that dialect, computed afresh, and its stored cases.
    pattern : str
        Of the ids wanted.

    Returns
    -------
    list of Case
        With expected values.

    Raises
    ------
    AdapterError
        For an unknown dialect, or if nothing is left.
    """
    if dialect not in (*dialects.names(), ALL):
        known = ", ".join((*dialects.names(), ALL))
        raise AdapterError(f"there is no dialect {dialect!r}. Known are {known}.")
    mine = [case for case in library() if case.method in adapter.methods]
    if dialect in (dialects.PAPER, ALL):
        wanted = [case for case in mine if dialect == ALL or case.dialect == dialect]
        chosen = [case for case in wanted if fnmatchcase(case.id, pattern)]
    else:
        chosen = list(_spoken(adapter, mine, dialect, pattern))
    if not chosen:
        raise AdapterError(
            f"no case of {', '.join(adapter.methods)} in dialect {dialect} matches {pattern!r}; "
            "python -m conformance --list shows the ids."
        )
    return chosen


def _spoken(adapter: Any, mine: list[Case], dialect: str, pattern: str) -> Iterator[Case]:
    """The families in a dialect, and its stored cases."""
    families = []
    for case in mine:
        spoken = dialects.table().get((dialect, case.method))
        if spoken and case.dialect == dialects.PAPER:
            families.append(dialects.spoken(case, spoken))
    families = [case for case in families if fnmatchcase(case.id, pattern)]
    features = set(getattr(adapter, "features", ()))
    able = [case for case in families if features.issuperset(case.needs)]
    yield from (case for case in families if case not in able)
    yield from completed(able, (profile(adapter),))
    yield from (c for c in mine if c.dialect == dialect and fnmatchcase(c.id, pattern))


def completed(cases: Sequence[Case], profiles: tuple[str, ...]) -> list[Case]:
    """Compute expected values, side by side where there are many."""
    try:
        from conformance import golden
    except ImportError as error:
        raise AdapterError(
            f"a dialect's values are computed with mpmath ({error}); python -m pip install mpmath"
        ) from error
    work = partial(golden.complete, profiles=profiles)
    if len(cases) < 8:
        return [work(case) for case in cases]
    # Not by fork: the adapter's library may have threads.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, cases))


def grade(
    adapter: Any,
    cases: Iterable[Case],
    dtypes: Sequence[str],
    known: Sequence[expected.Expected] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> Report:
    """Run an adapter over cases.

    Parameters
    ----------
    adapter : Adapter
        The implementation.
    cases : iterable of Case
        With expected values.
    dtypes : sequence of str
        Of those the adapter has.
    known : sequence of Expected
        Expected failures.
    progress : callable
        Called with the id of each case.

    Returns
    -------
    Report
        With the smoke check's findings alone, if it finds something.
    """
    cases = list(cases)
    report = Report.of(adapter, profile(adapter), platform.machine())
    report.wiring = smoke(adapter, cases, dtypes)
    if report.wiring:
        return report
    for case in cases:
        progress(case.id)
        for dtype in dtypes:
            if dtype in case.dtypes:
                report.results.append(run_case(adapter, case, dtype))
    expected.apply(known, report.results)
    report.unmatched = [entry.case for entry in expected.unmatched(known, report.results)]
    return report
