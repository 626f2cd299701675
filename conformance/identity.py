"""Whether several adapters give the same bits: a grade of its own, apart from the bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.case import Case
from conformance.report import Report
from conformance.runner import outputs, run_of


@dataclass
class Identity:
    """How often one adapter gave the bits of another.

    Parameters
    ----------
    adapter, other : str
        Their names.
    same : int
        Pairs of case and dtype in which every common field has the same bits at every step.
    different : list of (case, dtype, field)
        The others.
    """

    adapter: str
    other: str
    same: int = 0
    different: list[tuple[str, str, str]] = field(default_factory=list)

    def text(self) -> str:
        """One line, and one for each difference."""
        total = self.same + len(self.different)
        lines = [f"{self.adapter}: the bits of {self.other} in {self.same} of {total} runs"]
        lines += [f"  {case}, {dtype}: {name} differs" for case, dtype, name in self.different]
        return "\n".join(lines)


def compare(first: Report, other: Report) -> Identity:
    """Compare the digests of two reports on the runs that both made."""
    known = {(r.case, r.dtype): r.digests for r in first.results if r.digests}
    found = Identity(other.adapter, first.adapter)
    for r in other.results:
        digests = known.get((r.case, r.dtype))
        if not digests or not r.digests:
            continue
        wrong = [name for name in digests.keys() & r.digests if digests[name] != r.digests[name]]
        if wrong:
            found.different.append((r.case, r.dtype, ", ".join(sorted(wrong))))
        else:
            found.same += 1
    return found


def first_difference(adapters: Sequence[Any], case: Case, dtype: str) -> str:
    """Tell where two adapters first give different bits."""
    done = int(case.start.get("t", 0))
    for size in case.sizes or (len(case.theta0),):
        run = run_of(case, dtype, size)
        pair = zip(*(outputs(a, run, case) for a in adapters), strict=True)
        for t, (one, two) in enumerate(pair, done + 1):
            for name in (name for name in one if name in two):
                for i, (x, y) in enumerate(zip(one[name], two[name], strict=True)):
                    if x.hex() != y.hex():
                        return f"t = {t}, {name}[{i}] of {size}: {x.hex()} and {y.hex()}"
    return "the bits are the same"
