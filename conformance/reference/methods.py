"""The methods by name, for whoever needs no arithmetic."""

from __future__ import annotations

#: Those whose printed algorithm has mu_t; the others have a constant mu, or none.
SCHEDULED = ("nag", "nadam", "nadamax")


def defaults(method: str) -> dict[str, float]:
    """Return the hyperparameters of a method: section 4's, and mu = 0.9 where mu is constant."""
    mu = 0.99 if method in SCHEDULED else 0.9
    return {"mu": mu, "nu": 0.999, "eps": 1e-8}
