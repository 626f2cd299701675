"""Optimisers that are known to be wrong: what the suite has to find, to be believed otherwise."""

from __future__ import annotations

from conformance.mutants import around, loops, momenta, moments, nadam, norms, schedules, state
from conformance.mutants.mutant import Mutant

ALL: tuple[Mutant, ...] = (
    *nadam.MUTANTS,
    *schedules.MUTANTS,
    *momenta.MUTANTS,
    *norms.MUTANTS,
    *moments.MUTANTS,
    *state.MUTANTS,
    *around.MUTANTS,
    *loops.MUTANTS,
)
