"""The proof that the suite has teeth: it finds every mutant, and nothing where nothing is wrong.

``python -m conformance --self-test`` runs the mutants and the correct variants over the stored
cases, and asks that

* in both profiles every mutant is found in each type in which it is wrong, and only there, by
  every family that ``mutants/expected.toml`` records for it, three times beyond the bound in the
  best of them, and by families that carry its flags;
* every correct variant passes every case in the profile "standard";
* every family finds some mutant that no other family finds.

``python -m conformance.selftest --update`` writes ``mutants/expected.toml`` anew, to be read before
it is kept. Exit codes: 0 all is so, 1 it is not, 2 a mutant cannot be made or run.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.adapter import Unsupported
from conformance.adapters.plain import Plain
from conformance.case import Case, stored
from conformance.mutants import ALL
from conformance.mutants.mutant import Mutant, MutantError
from conformance.mutants.trial import MARGIN, Parts, Trial, grade, parts, tried
from conformance.mutants.variants import VARIANTS

EXPECTED = Path(__file__).parent / "mutants" / "expected.toml"
HEAD = """\
# What has to find each mutant: in each type the families that find it at least three times beyond
# the bound, and how far the best family is beyond it in the worse type.
# Written by: python -m conformance.selftest --update
"""


@dataclass
class Report:
    """What the self-test found.

    Parameters
    ----------
    families : list of str
        All there are.
    trials : dict of str to list of Trial
        By mutant, one for each type in which it is wrong.
    variants : dict
        By correct variant, the largest ratio and where it was.
    problems : list of str
        What is not as it has to be.
    differences : list of str
        What is less than is recorded, or not recorded.
    """

    families: list[str]
    trials: dict[str, list[Trial]] = field(default_factory=dict)
    variants: dict[str, tuple[float, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def every(self) -> list[Trial]:
        """All trials."""
        return [trial for trials in self.trials.values() for trial in trials]

    def victims(self) -> dict[str, list[str]]:
        """For each family, the mutants that no other family finds."""
        found: dict[str, list[str]] = {family: [] for family in self.families}
        for trial in self.every:
            if len(trial.killers) == 1:
                found[trial.killers[0]].append(f"{trial.mutant.id} ({trial.dtype})")
        return found

    def text(self) -> str:
        """A line for each mutant, family and variant, and what is wrong."""
        parts = (self._mutants(), self._families(), self._variants(), self._sums())
        return "\n\n".join("\n".join(part) for part in parts)

    def _mutants(self) -> Iterator[str]:
        for name, trials in self.trials.items():
            worst = min(trials, key=lambda trial: trial.margin)
            families = {family for trial in trials for family in trial.killers}
            how = f"{worst.margin:8.1e} x bound in {worst.best}, {worst.dtype}"
            yield f"{name:34} {len(families):2} families, {how}"

    def _families(self) -> Iterator[str]:
        for family, names in self.victims().items():
            more = f", {len(names) - 2} more" if len(names) > 2 else ""
            yield f"only {family:20} finds {', '.join(names[:2]) or 'nothing'}{more}"

    def _variants(self) -> Iterator[str]:
        for name, (ratio, where) in self.variants.items():
            yield f"{name:20} is right, at most {ratio:.3f} x bound, {where}"

    def _sums(self) -> Iterator[str]:
        trials = self.every
        least = min(trials, key=lambda trial: trial.margin)
        yield f"{len(self.trials)} mutants, {len(trials)} with their types"
        yield f"smallest margin {least.margin:.1f}, {least.mutant.id} in {least.dtype}"
        yield f"theta alone shows {sum(trial.shown_by_theta for trial in trials)} of {len(trials)}"
        wrong = [*self.problems, *self.differences]
        yield from (f"WRONG: {line}" for line in wrong)
        yield f"{len(wrong)} things are wrong"


def self_test(
    mutants: Sequence[Mutant] = ALL,
    variants: Mapping[str, Any] | None = None,
    cases: Iterable[Case] | None = None,
    expected: Mapping[str, Any] | None = None,
) -> Report:
    """Run mutants and correct variants, and say what is not as it has to be.

    Parameters
    ----------
    mutants : sequence of Mutant
        Each has to be found.
    variants : mapping, optional
        Correct adapters by name; those of `plain` by default.
    cases : iterable of Case, optional
        The stored ones of the paper by default.
    expected : mapping, optional
        By mutant what is recorded; ``mutants/expected.toml`` by default.

    Raises
    ------
    MutantError
        If a mutant cannot be made or run.
    """
    given = stored() if cases is None else cases
    everything = [parts(case) for case in given if case.dialect == "paper"]
    report = Report(list(dict.fromkeys(part.case.family for part in everything)))
    for mutant in mutants:
        trials = tried(mutant, everything)
        report.trials[mutant.id] = [trial for trial in trials if not trial.right]
        report.problems += [
            f"{mutant.id} is found in {trial.dtype}, where it is said to be right"
            for trial in trials
            if trial.right and trial.killers
        ]
    if variants is None:
        variants = {name: Plain(forms) for name, forms in VARIANTS.items()}
    for name, adapter in variants.items():
        report.problems += _false_alarms(report, name, adapter, everything)
    recorded = _recorded() if expected is None else expected
    flags = {(part.case.family, flag) for part in everything for flag in part.case.flags}
    for name, trials in report.trials.items():
        report.problems += _not_found(name, trials, flags)
        report.differences += _less(name, trials, recorded)
    unknown = sorted(recorded.keys() - report.trials.keys())
    report.differences += [f"{name} is recorded, and there is no such mutant" for name in unknown]
    idle = [family for family, names in report.victims().items() if not names]
    report.problems += [f"without {family} no mutant would be missed" for family in idle]
    return report


def _false_alarms(
    report: Report, name: str, adapter: Any, everything: Iterable[Parts]
) -> Iterator[str]:
    report.variants[name] = (0.0, "")
    for part in everything:
        for dtype in part.case.dtypes:
            ratio, where = max(grade(adapter, part, dtype)), f"{part.case.id} {dtype}"
            report.variants[name] = max(report.variants[name], (ratio, where))
            if ratio > 1.0:
                yield f"false alarm: {name} is right, and has {ratio:.2f} x bound in {where}"


def _not_found(name: str, trials: Sequence[Trial], flags: set[tuple[str, str]]) -> Iterator[str]:
    for trial in trials:
        if not trial.killers:
            yield f"{name} lives in {trial.dtype}"
        elif trial.margin < MARGIN:
            yield f"{name} is found in {trial.dtype} with a margin of {trial.margin:.2f} only"
    clear = {family for trial in trials for family in trial.clear}
    for flag in trials[0].mutant.flags:
        if not any((family, flag) in flags for family in clear):
            yield f"{name} is not found by any family that is there for {flag!r}"


def _less(name: str, trials: Sequence[Trial], recorded: Mapping[str, Any]) -> Iterator[str]:
    """What is less than is recorded; half of a margin may be the machine's."""
    if name not in recorded:
        yield f"{name} is not recorded"
        return
    record = recorded[name]
    for trial in trials:
        missed = set(record.get(trial.dtype, ())) - set(trial.killers)
        yield from (f"{name} is not found by {f} in {trial.dtype}" for f in sorted(missed))
    margin = min(trial.margin for trial in trials)
    if margin < record["margin"] / 2:
        yield f"{name} has a margin of {margin:.2g}, and had {record['margin']:.2g}"


def _recorded() -> dict[str, Any]:
    return tomllib.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}


def record(report: Report) -> str:
    """The text of ``mutants/expected.toml``."""
    lines = [HEAD]
    for name, trials in report.trials.items():
        margin = min(trial.margin for trial in trials)
        lines.append(f'["{name}"]\nmargin = {margin if math.isinf(margin) else f"{margin:.1e}"}')
        for trial in trials:
            families = ", ".join(f'"{family}"' for family in trial.clear)
            lines.append(f"{trial.dtype} = [{families}]")
        lines.append("")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the self-test and print it."""
    p = argparse.ArgumentParser(prog="python -m conformance.selftest", description="Self-test.")
    p.add_argument("--update", action="store_true", help="write mutants/expected.toml")
    options, begin = p.parse_args(arguments), time.perf_counter()
    try:
        report = self_test()
    except (MutantError, Unsupported) as error:
        print(f"self-test: {error}", file=sys.stderr)
        return 2
    print(report.text(), f"\n{time.perf_counter() - begin:.0f} s")
    if options.update:
        EXPECTED.write_text(record(report), encoding="utf-8")
        report.differences.clear()
    return 1 if report.problems or report.differences else 0


if __name__ == "__main__":
    sys.exit(main())
