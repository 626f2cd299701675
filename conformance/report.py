"""What is said about an adapter: as text, as JSON, as a page."""

from __future__ import annotations

import html
import math
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from conformance.case import VERSION
from conformance.runner import Result

#: Statuses that mean: it does not conform.
BAD = ("fail", "xpass")
STATUSES = ("pass", "fail", "xfail", "xpass", "skip", "error")


@dataclass
class Report:
    """The results of one adapter.

    Parameters
    ----------
    adapter, version, profile, device, date, python : str
        What was graded, how, where and when.
    versions : dict
        Of what the implementation stands on.
    results : list of Result
        One for each case and dtype.
    wiring : list of str
        What the smoke check found; then nothing was graded.
    unmatched : list of str
        Expected failures that match no case.
    matches : dict
        By method, for one that fails, the nearest dialects and their ratios.
    """

    adapter: str
    version: str
    profile: str
    device: str
    date: str
    python: str
    versions: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    wiring: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    matches: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, adapter: Any, profile: str, device: str) -> Report:
        """Begin a report."""
        return cls(
            adapter=adapter.name,
            version=adapter.version,
            profile=profile,
            device=str(getattr(adapter, "device", device)),
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            python=platform.python_version(),
            versions=dict(getattr(adapter, "versions", {})),
        )

    @property
    def counts(self) -> Counter[str]:
        """How many results there are of each status."""
        return Counter(result.status for result in self.results)

    @property
    def code(self) -> int:
        """0 for conforming, 1 for not, 2 where nothing can be said."""
        if self.wiring or self.unmatched or self.counts["error"] or not self._graded():
            return 2
        return 1 if any(self.counts[status] for status in BAD) else 0

    def _graded(self) -> int:
        return sum(n for status, n in self.counts.items() if status != "skip")

    def families(self) -> dict[str, list[Result]]:
        """Results by family."""
        grouped: dict[str, list[Result]] = {}
        for result in self.results:
            grouped.setdefault(result.family, []).append(result)
        return grouped

    def json(self) -> dict[str, Any]:
        """The report as plain data; see ``schema/report.schema.json``."""
        data = {"format": "report-v1", "suite": VERSION, **asdict(self)}
        data["counts"] = {status: self.counts[status] for status in STATUSES}
        data["code"] = self.code
        for result, plain in zip(self.results, data["results"], strict=True):
            plain["worst"] = {p: w._asdict() for p, w in result.worst.items()}
        return _finite(data)

    def text(self) -> str:
        """The report for a terminal."""
        if self.wiring:
            return "\n".join(["The smoke check failed; nothing was graded:", *self.wiring])
        lines = [self.title(), "", *self._table(), ""]
        shown = [r for r in self.results if r.status in ("fail", "error", "xpass")]
        lines += [sentence(result, self.profile) for result in shown[:20]]
        if len(shown) > 20:
            lines.append(f"... and {len(shown) - 20} more; --json has them all")
        lines += map(speaks, self.matches, self.matches.values())
        known = sorted({r.reason for r in self.results if r.status == "xfail"})
        lines += [f"expected to fail: {reason}" for reason in known]
        skips = Counter(r.reason for r in self.results if r.status == "skip")
        lines += [f"skipped {n}: {reason}" for reason, n in skips.most_common()]
        lines += [f"expected failure {case!r} matches no case" for case in self.unmatched]
        return "\n".join([*lines, "", self.verdict()])

    def title(self) -> str:
        """Who was graded."""
        stands = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        on = f" on {stands}" if stands else ""
        return f"{self.adapter} {self.version}{on}; profile {self.profile}, {self.device}"

    def verdict(self) -> str:
        """One line."""
        counts = ", ".join(f"{n} {status}" for status in STATUSES if (n := self.counts[status]))
        words = {0: "CONFORMS", 1: "DOES NOT CONFORM", 2: "NOT GRADED in full: see the errors"}
        known = ", but for known differences" if self.counts["xfail"] and not self.code else ""
        return f"{words[self.code]}{known}: {counts}"

    def worst(self, results: list[Result]) -> float | None:
        """The largest ratio of those that were graded and not expected to fail."""
        ratios = [
            r.worst[self.profile].ratio
            for r in results
            if r.status in ("pass", "fail", "xpass") and r.worst
        ]
        return max(ratios, default=None)

    def _table(self) -> Iterator[str]:
        wide = max(map(len, self.families()), default=6)
        yield f"{'family':<{wide}}  {'float32':>9} {'float64':>9}   (worst error / bound)"
        for family, results in self.families().items():
            cells = [
                ratio(self.worst([r for r in results if r.dtype == dtype]))
                for dtype in ("float32", "float64")
            ]
            bad = Counter(r.status for r in results if r.status not in ("pass", "skip"))
            after = "".join(f"  {n} {status}" for status, n in bad.items())
            yield f"{family:<{wide}}  {cells[0]:>9} {cells[1]:>9}{after}"

    def html(self) -> str:
        """The report as one page without scripts."""
        rows = "\n".join(self._row(family, results) for family, results in self.families().items())
        failures = "\n".join(
            f"<li>{html.escape(sentence(r, self.profile))}</li>"
            for r in self.results
            if r.status not in ("pass", "skip")
        )
        return PAGE.format(
            title=html.escape(self.title()),
            verdict=html.escape(self.verdict()),
            date=self.date,
            rows=rows,
            failures=failures or "<li>none</li>",
        )

    def _row(self, family: str, results: list[Result]) -> str:
        cells = []
        for dtype in ("float32", "float64"):
            mine = [r for r in results if r.dtype == dtype]
            bad = any(r.status in (*BAD, "error") for r in mine)
            worst = self.worst(mine)
            kind = "bad" if bad else "known" if any(r.status == "xfail" for r in mine) else "good"
            kind = "none" if worst is None and kind == "good" else kind
            cells.append(f'<td class="{kind}">{ratio(worst)}</td>')
        counts = Counter(r.status for r in results)
        said = ", ".join(f"{n} {status}" for status, n in counts.items())
        return f"<tr><th>{html.escape(family)}</th>{''.join(cells)}<td>{said}</td></tr>"


def ratio(value: float | None) -> str:
    """Write a ratio, or a dash where nothing was graded."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 100 else "inf" if math.isinf(value) else f"{value:.1e}"


def sentence(result: Result, profile: str) -> str:
    """Say what is wrong with one result."""
    head = f"{result.status}: {result.case}, {result.dtype}"
    if result.status in ("error", "skip", "xfail", "xpass"):
        return f"{head}: {result.reason}"
    w = result.worst[profile]
    return f"{head}: {w.field}[{w.index}] at t = {w.t} is off by {ratio(w.ratio)} times the bound"


def speaks(method: str, matches: list[tuple[str, float]]) -> str:
    """Say which dialect an implementation speaks that was not the one graded."""
    near = "; ".join(f"{name} ({ratio(x)} times the bound)" for name, x in matches)
    return f"{method} {'matches' if matches[0][1] <= 1 else 'is nearest to'} {near}"


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return "inf" if isinstance(value, float) and math.isinf(value) else value


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance: {title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto }}
body {{ padding: 0 1rem }}
table {{ border-collapse: collapse }}
th, td {{ padding: .3rem .8rem; border-bottom: 1px solid #ccc; text-align: right }}
th:first-child, td:last-child {{ text-align: left; font-weight: normal }}
.good {{ background: #e2f2e4 }} .known {{ background: #fdf1cf }} .bad {{ background: #f9d9d6 }}
.bad::after {{ content: " \\2717" }}
</style></head><body>
<h1>{verdict}</h1>
<p>{title}, {date}</p>
<table><thead><tr><th>family</th><th>float32</th><th>float64</th><td>results</td></tr></thead>
<tbody>
{rows}
</tbody></table>
<p>The figures are the worst error in units of its derived bound; at most 1 conforms.</p>
<h2>What is not as graded</h2>
<ul>
{failures}
</ul>
</body></html>
"""
