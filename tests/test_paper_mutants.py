"""The comparison with the paper can fail: plausible misreadings of Algorithm 8 are told apart.

Each mutant is the transcription of Nadam with one expression changed, as people have got it wrong;
nadamkit's trajectory has to be outside the mutant's rounding bound.
"""

import inspect
from functools import cache

import pytest

from tests.open_loop import DTYPES, exact, origin, run, stream
from tests.reference import paper
from tests.reference.grading import expected, worst

MUTANTS = {
    "mu for mu_{t+1}": ("mu_(t + 1) * m_hat", "mu * m_hat"),
    "mu_t for mu_{t+1}": ("mu_(t + 1) * m_hat", "mu_(t) * m_hat"),
    "1 - mu for 1 - mu_t": ("(1 - mu_(t)) * g_hat", "(1 - mu) * g_hat"),
    "1 - mu_{t+1} for 1 - mu_t": ("(1 - mu_(t)) * g_hat", "(1 - mu_(t + 1)) * g_hat"),
    "m with mu_t": (
        "m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)",
        "m = mu_(t) * m + (1 - mu_(t)) * g",
    ),
    "m a decaying sum": (
        "m = mu * m + (1 - mu) * g | m + (1 - mu) * (g - m)",
        "m = mu * m + g",
    ),
    "no look-ahead": ("(1 - mu_(t)) * g_hat + mu_(t + 1) * m_hat", "1 * m_hat"),
    "eps outside the root": ("sqrt(n_hat + eps)", "(sqrt(n_hat) + eps)"),
    "eps before the correction": ("n_hat = n / (1 - nu**t)", "n_hat = (n + eps) / (1 - nu**t)"),
    "no eps to speak of": ("sqrt(n_hat + eps)", "sqrt(n_hat + eps * eps)"),
    "g not corrected": ("g_hat = g / (1 - mu_.product(t))", "g_hat = g"),
    "m not corrected": ("m_hat = m / (1 - mu_.product(t + 1))", "m_hat = m"),
    "n not corrected": ("n_hat = n / (1 - nu**t)", "n_hat = n"),
    "n corrected with t - 1": ("nu**t)", "nu ** max(t - 1, 1))"),
    "extra nu": ("n_hat = n / (1 - nu**t)", "n_hat = nu * n / (1 - nu**t)"),
    "product to t for m": ("mu_.product(t + 1)", "mu_.product(t)"),
    "product to t + 1 for g": ("mu_.product(t))", "mu_.product(t + 1))"),
    "product to t + 2 for m": ("mu_.product(t + 1)", "mu_.product(t + 2)"),
    "mu twice in the product": ("mu_.product(t + 1)", "(mu_.product(t + 1) * mu_(t))"),
    "power for product": ("mu_.product(t))", "mu**t)"),
    "constant schedule": ("Momentum(schedule(mu))", "Momentum(constant(mu))"),
    "schedule from t = 0": (
        "Momentum(schedule(mu))",
        "Momentum(lambda t: schedule(mu)(t - 1))",
    ),
    "schedule 250 times faster": (
        "Momentum(schedule(mu))",
        "Momentum(lambda t: schedule(mu)(250 * t))",
    ),
    "schedule frozen by t // 250": (
        "Momentum(schedule(mu))",
        "Momentum(lambda t: schedule(mu)(t // 250 * 250))",
    ),
    "schedule in single precision": (
        "Momentum(schedule(mu))",
        "Momentum(lambda t: schedule(mu)(t) * (1 + mpf(2) ** -24))",
    ),
    "n the largest so far": (
        "n = nu * n + (1 - nu) * g**2 | n + (1 - nu) * (g**2 - n)",
        "n = Vector(max(a, b, key=lambda x: x.value) for a, b in zip(n, nu * n + (1 - nu) * g**2))",
    ),
    "gradient climbed": ("theta - eta", "theta + eta"),
}
CASES = [(name, dtype) for name in MUTANTS for dtype in DTYPES]
# In float32 a schedule that is right to 2**-24 is right.
CASES.remove(("schedule in single precision", "float32"))
#: Times the bound.
CLEARLY = 10.0


@cache
def trajectory(dtype: str) -> list:
    return list(run("nadam", dtype, "numpy"))


def mutant(old: str, new: str):
    """Algorithm 8 with one expression replaced."""
    source = inspect.getsource(paper.nadam)
    assert source.count(old) == 1, f"{old!r} must occur once in the transcription"
    namespace = vars(paper).copy()
    exec(source.replace(old, new), namespace)
    return namespace["nadam"]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_misreading_is_rejected(name: str, dtype: str) -> None:
    wrong = mutant(*MUTANTS[name])(exact(stream(dtype)), origin(), 1.0)
    found = worst(trajectory(dtype), expected(wrong, dtype), enough=CLEARLY)
    assert found.ratio > CLEARLY, found


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_transcription_itself_is_not(dtype: str) -> None:
    right = mutant("theta - eta", "theta - eta")(exact(stream(dtype)), origin(), 1.0)
    assert worst(trajectory(dtype), expected(right, dtype)).ratio <= 1.0
