"""Running a mutant, or an optimiser that is right, over cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from conformance.adapter import Unsupported
from conformance.case import Case
from conformance.grading import graded
from conformance.mutants.mutant import Mutant, MutantError
from conformance.runner import states

#: Mutants have to be found in both, since neither bound is everywhere the smaller one; correct
#: programs are held to the first alone.
PROFILES = ("standard", "strict")
#: How far beyond the bound, in the best family, a mutant has to be.
MARGIN = 3.0
DTYPES = ("float32", "float64")
#: Sizes for mutants that no size tells apart, and for those at edges.
FEW, EDGES = (1, 2, 33), (1, 2, 33, 1025, 4097)


class Parts(NamedTuple):
    """A case, and the same with what it expects of theta and of the slots alone."""

    case: Case
    theta: Case
    slots: Case


def parts(case: Case) -> Parts:
    """Divide what a case expects."""
    theta, slots = {}, {}
    for t, row in case.expected.items():
        theta[t] = {k: v for k, v in row.items() if k in ("theta", "step")}
        slots[t] = {k: v for k, v in row.items() if k not in theta[t]}
    return Parts(case, replace(case, expected=theta), replace(case, expected=slots))


class Ratios(NamedTuple):
    """The largest ratios of error to bound, of theta with its steps and of the slots."""

    theta: float
    slots: float


def grade(
    adapter: Any,
    part: Parts,
    dtype: str,
    sizes: Sequence[int] = EDGES,
    profiles: Sequence[str] = PROFILES[:1],
) -> Ratios:
    """Run an adapter on a case.

    Parameters
    ----------
    adapter : Adapter
        The optimiser.
    part : Parts
        The case.
    dtype : str
        In which type.
    sizes : sequence of int
        Lengths to which the columns are repeated, if the case asks for any.
    profiles : sequence of str
        The ratios are those of the profile that is kinder to the adapter.

    Raises
    ------
    Unsupported
        If the adapter cannot do what the case needs.
    MutantError
        If it crashes.
    """
    if not set(part.case.needs) <= set(adapter.features):
        raise Unsupported(f"{part.case.id} needs {', '.join(part.case.needs)}")
    try:
        return _graded(adapter, part, dtype, sizes, profiles)
    except Unsupported:
        raise
    except Exception as error:
        raise MutantError(f"{adapter.name} does not run on {part.case.id}: {error!r}") from error


def _graded(
    adapter: Any, part: Parts, dtype: str, sizes: Sequence[int], profiles: Sequence[str]
) -> Ratios:
    case, worst = part.case, {(p, what): 0.0 for p in profiles for what in Ratios._fields}
    for size in sizes if case.sizes else (len(case.theta0),):
        for t, output, before in states(adapter, case, dtype, size):
            for p, what in worst if t in case.expected else ():
                found = graded(getattr(part, what), dtype, p, t, output, before)
                worst[p, what] = max(worst[p, what], found.ratio)
    return Ratios(*(min(worst[p, what] for p in profiles) for what in Ratios._fields))


@dataclass(frozen=True)
class Trial:
    """One mutant in one type.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    dtype : str
        The type.
    found : dict of str to Ratios
        By family.
    """

    mutant: Mutant
    dtype: str
    found: dict[str, Ratios] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether it is said to be right in this type."""
        return self.dtype in self.mutant.equivalent

    @property
    def killers(self) -> list[str]:
        """Families that find it."""
        return [family for family, ratios in self.found.items() if max(ratios) > 1.0]

    @property
    def clear(self) -> list[str]:
        """Families that find it so clearly that no machine may miss it."""
        return [family for family, ratios in self.found.items() if max(ratios) >= MARGIN]

    @property
    def shown_by_theta(self) -> bool:
        """Whether it would be found if the slots were hidden."""
        return any(ratios.theta > 1.0 for ratios in self.found.values())

    @property
    def best(self) -> str:
        """The family that finds it most clearly."""
        return max(self.found, key=lambda family: max(self.found[family]))

    @property
    def margin(self) -> float:
        """The ratio in that family."""
        return max(self.found[self.best])


def tried(mutant: Mutant, everything: Iterable[Parts]) -> list[Trial]:
    """Run a mutant over the cases of its method, in each type.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    everything : iterable of Parts
        Cases, of all methods.

    Raises
    ------
    MutantError
        If it cannot be made or run.
    """
    adapter, sizes = mutant.adapter(), EDGES if "edges" in mutant.flags else FEW
    trials = [Trial(mutant, dtype) for dtype in DTYPES]
    for part in everything:
        for trial in trials:
            if part.case.method == mutant.method and trial.dtype in part.case.dtypes:
                with suppress(Unsupported):
                    trial.found[part.case.family] = grade(
                        adapter, part, trial.dtype, sizes, PROFILES
                    )
    for trial in trials:
        if not trial.found:
            raise MutantError(f"there is no case for {mutant.id} in {trial.dtype}")
    return trials
