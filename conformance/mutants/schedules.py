"""Mistakes in the schedule of mu_t, in hyperparameters, and in how precisely they are known."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import SINGLE, Edit, Mutant

_nadam = partial(Mutant, "nadam")

FORMULA = "self.mu * (1 - kappa * base ** (psi * t))"
TABLE = "self._number(self._run.mu_t[t - 1 - self.done])"
DECIMALS = "self.mu * (1 - 0.5 * 0.96 ** (0.004 * t))"


def formula(new: str) -> list[Edit]:
    """Another formula for mu_t."""
    return [("Scalars.mu_", FORMULA, new)]


def in_single(*names: str) -> list[Edit]:
    """Hold hyperparameters as float32."""
    old = "self.mu, self.nu, self.eps = map(self._number, (run.mu, run.nu, run.eps))"
    rounded = "\n        ".join(f"self.{x} = float(np.float32(self.{x}))" for x in names)
    return [("Scalars.__init__", old, f"{old}\n        {rounded}")]


MUTANTS = (
    _nadam(
        "schedule-from-0",
        "the schedule begins at t = 0",
        ["schedule"],
        formula("self.mu * (1 - kappa * base ** (psi * (t - 1)))"),
    ),
    _nadam(
        "schedule-250-times-faster",
        "0.96^t: the 1/250 is lost",
        ["schedule"],
        formula("self.mu * (1 - kappa * base**t)"),
        link="https://github.com/keras-team/keras/blob/v3.15.1/keras/src/optimizers/nadam.py",
    ),
    _nadam(
        "schedule-in-integers",
        "t / 250 is a division of integers",
        ["schedule"],
        formula("self.mu * (1 - kappa * base ** (t // 250))"),
        link="https://github.com/mlpack/mlpack/pull/1164",
    ),
    _nadam("schedule-constant", "mu for the schedule", ["schedule"], formula("self.mu")),
    _nadam(
        "schedule-of-half",
        "the 1/2 of the schedule is lost",
        ["schedule"],
        formula("self.mu * (1 - base ** (psi * t))"),
    ),
    _nadam(
        "schedule-ends",
        "mu_t stays what it is at t = 500",
        ["schedule"],
        formula("self.mu * (1 - kappa * base ** (psi * min(t, 500)))"),
    ),
    _nadam(
        "schedule-in-single",
        "mu_t is a float32 number",
        ["precision"],
        formula(f"float(np.float32({FORMULA}))"),
        equivalent={"float32": SINGLE},
    ),
    _nadam(
        "eps-in-single",
        "eps is a float32 number",
        ["hyperparameters"],
        in_single("eps"),
        equivalent={"float32": SINGLE},
        link="https://github.com/PaddlePaddle/Paddle/pull/63671",
    ),
    _nadam(
        "nu-in-single",
        "nu is a float32 number",
        ["hyperparameters"],
        in_single("nu"),
        equivalent={"float32": SINGLE},
        link="https://github.com/PaddlePaddle/Paddle/pull/63671",
    ),
    _nadam(
        "table-ignored",
        "mu_t given as numbers are not taken: the formula is",
        ["schedule"],
        [("Scalars.mu_", TABLE, DECIMALS)],
    ),
    _nadam(
        "table-one-late",
        "mu_t given as numbers are taken one step late",
        ["schedule"],
        [("Scalars.mu_", "t - 1 - self.done", "max(t - 2 - self.done, 0)")],
    ),
    Mutant(
        "nag",
        "schedule-constant",
        "mu for mu_t",
        ["schedule"],
        formula("self.mu"),
        link="https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/sgd.py",
    ),
    Mutant(
        "nag",
        "schedule-in-integers",
        "t / 250 is a division of integers",
        ["schedule"],
        formula("self.mu * (1 - kappa * base ** (t // 250))"),
    ),
    Mutant(
        "nadamax",
        "table-cut",
        "mu_t given as numbers are taken up to t = 64, then the formula is",
        ["schedule"],
        [("Scalars.mu_", TABLE, f"{TABLE} if t <= 64 else {DECIMALS}")],
    ),
    Mutant(
        "nadamax",
        "schedule-in-single",
        "mu_t is a float32 number",
        ["precision"],
        formula(f"float(np.float32({FORMULA}))"),
        equivalent={"float32": SINGLE},
    ),
    Mutant(
        "momentum",
        "mu-in-single",
        "mu is a float32 number",
        ["hyperparameters"],
        in_single("mu"),
        equivalent={"float32": SINGLE},
    ),
    Mutant(
        "gd",
        "rate-in-single",
        "the learning rate is a float32 number",
        ["hyperparameters"],
        [
            (
                "Scalars.eta",
                "self._number(self._run.eta_t[t - 1 - self.done])",
                "float(np.float32(self._run.eta_t[t - 1 - self.done]))",
            )
        ],
        equivalent={"float32": SINGLE},
        link="https://github.com/keras-team/keras/blob/v3.15.1/keras/src/optimizers/"
        "base_optimizer.py",
    ),
)
