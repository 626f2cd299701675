"""Every coefficient of every rule is within 1 ulp of what the paper says, for t up to 1e9.

The expectations are the paper's formulas in 77-digit arithmetic; what each column of the table
stands for is in the docstring of the rule's file.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from conformance.reference.arithmetic import CONTEXT, mpf
from conformance.reference.setting import dozat
from nadamkit import registry, schedules
from nadamkit.coefficients import CoefficientTable

FIRST = range(1, 301)
BLOCK_ENDS = range(1020, 1030)
LATE = (1_000, 10_000, 36_000, 100_000, 1_000_000, 10_000_000, 1_000_000_000)
#: A product below this is 0 to all the digits that count here.
NOTHING = mpf("1e-100")


def jagged(t: int) -> float:
    """A user's schedule, with jumps and with momenta next to 1."""
    return (0.5, 0.999999, 0.0, 0.97)[t % 4] if t < 200 else 0.9


class Sequences:
    """mu_t, its products and nu^t, exact."""

    def __init__(self, mu: float, nu: float, schedule: str) -> None:
        self.mu, self.nu, self._schedule = mpf(mu), mpf(nu), schedule
        self._of_t = {"constant": lambda t: mu, "dozat": dozat(mu), "jagged": jagged}[schedule]
        self._products = [mpf(1)]

    def mu_t(self, t: int) -> Any:
        return mpf(self._of_t(t))

    def product(self, t: int) -> Any:
        if self._schedule == "constant":
            return self.mu**t
        while len(self._products) <= t and self._products[-1] > NOTHING:
            self._products.append(self._products[-1] * self.mu_t(len(self._products)))
        return self._products[min(t, len(self._products) - 1)]

    def nu_power(self, t: int) -> Any:
        return self.nu**t


Formula = Callable[[Sequences, int], Any]
ONE: Formula = lambda s, t: mpf(1)  # noqa: E731
ZERO: Formula = lambda s, t: mpf(0)  # noqa: E731
EPS: Formula = lambda s, t: mpf(1e-8)  # noqa: E731
MEAN: Formula = lambda s, t: 1 - s.mu  # noqa: E731
SCHEDULED: Formula = lambda s, t: 1 - s.mu_t(t)  # noqa: E731
NORM: Formula = lambda s, t: 1 - s.nu  # noqa: E731
N_HAT: Formula = lambda s, t: 1 / (1 - s.nu_power(t))  # noqa: E731
M_HAT: Formula = lambda s, t: 1 / (1 - s.product(t))  # noqa: E731
G_BAR: Formula = lambda s, t: (1 - s.mu_t(t)) / (1 - s.product(t))  # noqa: E731
M_BAR: Formula = lambda s, t: s.mu_t(t + 1) / (1 - s.product(t + 1))  # noqa: E731
NEXT: Formula = lambda s, t: s.mu_t(t + 1)  # noqa: E731

ROOT = {"inside": EPS, "outside": ZERO}
MAXIMUM = {"d": NORM, "floor": ZERO, "outside": EPS}
#: The printed algorithms: coefficients by name.
PRINTED: dict[str, dict[str, Formula]] = {
    "gd": {},
    "momentum": {"c": MEAN, "b": ONE},
    "nag": {"c": SCHEDULED, "a": ONE, "b": NEXT},
    "adagrad": ROOT,
    "rmsprop": {"d": NORM, "h": ONE, **ROOT},
    "maxaprop": MAXIMUM,
    "adam": {"c": MEAN, "b": M_HAT, "d": NORM, "h": N_HAT, **ROOT},
    "adamax": {"c": MEAN, "b": M_HAT, **MAXIMUM},
    "nadam": {"c": MEAN, "a": G_BAR, "b": M_BAR, "d": NORM, "h": N_HAT, **ROOT},
    "nadamax": {"c": MEAN, "a": G_BAR, "b": M_BAR, **MAXIMUM},
}
#: Knobs: method, options, and the coefficients that they change.
KNOBS: list[tuple[str, dict[str, Any], dict[str, Formula]]] = [
    ("nadam", {"m_coef": "mu_t"}, {"c": SCHEDULED}),
    ("nadam", {"m_bias": "none"}, {"a": SCHEDULED, "b": NEXT}),
    ("nadam", {"m_bias": "t"}, {"b": lambda s, t: s.mu_t(t + 1) / (1 - s.product(t))}),
    ("nadam", {"lookahead": False}, {"a": ZERO, "b": M_HAT}),
    ("nadam", {"lookahead": False, "m_bias": "none"}, {"a": ZERO, "b": ONE}),
    ("nadam", {"n_bias": "none"}, {"h": ONE}),
    ("nadam", {"n_bias": "nu"}, {"h": lambda s, t: s.nu / (1 - s.nu_power(t))}),
    ("nadam", {"eps_kind": "out"}, {"inside": ZERO, "outside": EPS}),
    (
        "nadam",
        {"eps_kind": "out_raw"},
        {"inside": ZERO, "outside": lambda s, t: EPS(s, t) / CONTEXT.sqrt(1 - s.nu_power(t))},
    ),
    ("nadamax", {"eps_kind": "max"}, {"floor": EPS, "outside": ZERO}),
    ("momentum", {"m_bias": "t"}, {"b": lambda s, t: (1 - s.mu_t(t)) / (1 - s.product(t))}),
    (
        "nag",
        {"m_bias": "t+1"},
        {"a": G_BAR, "b": lambda s, t: (1 - s.mu_t(t)) * M_BAR(s, t)},
    ),
    ("rmsprop", {"n_bias": "std"}, {"h": N_HAT}),
]
NUMBERS = [(None, None), (0.9, 0.5), (0.99, 0.999), (0.999999, 1 - 1e-9)]


@cache
def sequences(mu: float, nu: float, schedule: str) -> Sequences:
    return Sequences(mu, nu, schedule)


def ulps(got: Any, exact: Any, digits: int) -> float:
    """The error of `got` in units of the last of `digits` bits of the exact value."""
    if exact == 0:
        return 0.0 if got == 0 else math.inf
    _, exponent = CONTEXT.frexp(exact)
    return float(abs(mpf(float(got)) - exact) / mpf(2) ** (int(exponent) - digits))


def worst_ulps(method: str, options: dict[str, Any], dtype: str, changed: Any = None) -> Any:
    """Largest error over all steps and coefficients: (ulps, t, name)."""
    rule = registry.get(method)
    table = CoefficientTable(rule, options, dtype)
    formulas = PRINTED[method] | (changed or {})
    assert set(table.names) == set(formulas)
    known = rule.validated(options)
    schedule = "jagged" if callable(known.get("schedule")) else known.get("schedule", "constant")
    s = sequences(known.get("mu", 0.0), known.get("nu", 0.0), schedule)
    # A callable is evaluated block by block; late steps would take hours with any product.
    spans = [FIRST, BLOCK_ENDS, *(range(t, t + 2) for t in LATE if schedule != "jagged")]
    found = (0.0, 0, "")
    for span in spans:
        rows = table.rows(span.start, len(span))
        assert rows.shape == (len(span), len(table.names))
        assert rows.dtype == np.dtype(dtype)
        for t, row in zip(span, rows, strict=True):
            for name, got in zip(table.names, row, strict=True):
                error = ulps(got, formulas[name](s, t), np.finfo(dtype).nmant + 1)
                found = max(found, (error, t, name))
    return found


def options_of(method: str, mu: Any, nu: Any, schedule: Any) -> dict[str, Any]:
    """Those of the values that are given and that the method has."""
    given = {"mu": mu, "nu": nu, "schedule": schedule}
    known = registry.get(method).validated({})
    return {name: v for name, v in given.items() if v is not None and name in known}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("mu", "nu"), NUMBERS)
@pytest.mark.parametrize("method", PRINTED)
def test_printed_algorithms(method: str, mu: Any, nu: Any, dtype: str) -> None:
    found = worst_ulps(method, options_of(method, mu, nu, None), dtype)
    assert found[0] <= 1.0, found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("mu", "nu"), NUMBERS)
@pytest.mark.parametrize("method", ["nag", "nadam", "nadamax"])
def test_constant_momentum(method: str, mu: Any, nu: Any, dtype: str) -> None:
    found = worst_ulps(method, options_of(method, mu, nu, "constant"), dtype)
    assert found[0] <= 1.0, found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", ["nag", "nadam", "nadamax"])
def test_a_callable_schedule(method: str, dtype: str) -> None:
    found = worst_ulps(method, {"schedule": jagged}, dtype)
    assert found[0] <= 1.0, found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("t", [1, 2, 77, 1023, 5000])
def test_a_schedule_with_other_constants(t: int, dtype: str) -> None:
    """Floats given to Dozat are taken for the numbers they are."""
    options = {"schedule": schedules.Dozat(kappa=0.25, base=0.9, psi=0.01)}
    table = CoefficientTable(registry.get("nag"), options, dtype)
    exact = mpf(0.99) * (1 - mpf(0.25) * mpf(0.9) ** (mpf(0.01) * t))
    got = dict(zip(table.names, table.rows(t, 1)[0], strict=True))["c"]
    assert ulps(got, 1 - exact, np.finfo(dtype).nmant + 1) <= 1.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("method", "options", "changed"), KNOBS)
def test_knobs(method: str, options: dict[str, Any], changed: Any, dtype: str) -> None:
    found = worst_ulps(method, options, dtype, changed)
    assert found[0] <= 1.0, found


@pytest.mark.parametrize("name", ["adam", "adamax", "momentum"])
def test_dozat_schedule_in_the_methods_printed_with_a_constant(name: str) -> None:
    """mu becomes mu_t throughout, mu^t the product."""
    changed = {"momentum": {"c": SCHEDULED}}.get(name, {"c": SCHEDULED, "b": M_HAT})
    found = worst_ulps(name, {"schedule": "dozat"}, "float64", changed)
    assert found[0] <= 1.0, found


def test_the_constants_of_the_schedule_are_the_papers_decimals() -> None:
    """0.96 and 1/250 are not the floats next to them; this shows only at late steps."""
    t = 30_000
    mus = schedules.Dozat().sequence(0.99, t, 1)
    decayed = 1 - (mpf(float(mus.hi[0])) + mpf(float(mus.lo[0]))) / mpf(0.99)
    exact = mpf("0.5") * mpf("0.96") ** (mpf(t) / 250)
    assert abs(decayed / exact - 1) < mpf("1e-24")


@pytest.mark.parametrize("method", PRINTED)
def test_rows_do_not_depend_on_how_they_are_asked_for(method: str) -> None:
    table = CoefficientTable(registry.get(method), {}, "float64")
    whole = table.rows(1, 2100)
    for t, count in ((1, 1), (1000, 60), (1024, 1), (1025, 1), (2048, 2)):
        np.testing.assert_array_equal(table.rows(t, count), whole[t - 1 : t - 1 + count])
