"""The reference by itself: its two forms agree, and its bounds are honest.

A bound is honest if a program whose every operation is as wrong as the arithmetic assumed allows
stays inside it, and means something if such a program comes near it. `Rough` is such a program: it
runs the transcriptions with numbers that have no bounds, but errors.
"""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest

from conformance import generate, golden, streams
from conformance.case import PROFILES, Case
from conformance.families import FAMILIES
from conformance.reference import around, bounded, paper, setting
from conformance.reference.arithmetic import CONTEXT, POW, assuming, current, mpf
from conformance.reference.arithmetic import PROFILES as ARITHMETIC
from conformance.reference.bounded import Bounded, Vector, maximum, sqrt
from conformance.reference.family import METHODS, family
from conformance.reference.setting import Setting, dozat

DTYPES = ("float32", "float64")
#: Of the largest error allowed: so near that what the bounds leave out, the products of two errors,
#: is less than the rest.
NEARLY = 1 - mpf(2) ** -8


class Rough:
    """A number computed with errors of the largest size and of random signs."""

    signs: random.Random
    bound = 0.0

    def __init__(self, value, form=None):
        self.value = mpf(value)
        self.form = form

    def charged(self, size):
        self.value += self.signs.choice((-1, 1)) * NEARLY * current().u * size
        return self

    def rounded(self):
        return self.charged(abs(self.value))

    @classmethod
    def lift(cls, other):
        if isinstance(other, Rough):
            return other
        relative = 0 if isinstance(other, int) else current().coefficient or 0
        return Rough(other).charged(relative * abs(mpf(other)))

    def _scaled(self, value):
        return Rough(value).charged(max(abs(value), current().smallest) if value else 0)

    def __add__(self, other):
        other = self.lift(other)
        if not self.value or not other.value:
            return Rough(self.value + other.value)
        return Rough(self.value + other.value).rounded()

    def __mul__(self, other):
        if isinstance(other, Vector):
            return NotImplemented
        return self._scaled(self.value * self.lift(other).value)

    def __truediv__(self, other):
        return self._scaled(self.value / self.lift(other).value)

    def __neg__(self):
        return Rough(-self.value)

    def __sub__(self, other):
        return self + -self.lift(other)

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self.lift(other) / self

    def __pow__(self, exponent):
        return self * self

    def __or__(self, other):
        return self.signs.choice((self, other))

    def __abs__(self):
        return Rough(abs(self.value))

    def sqrt(self):
        return Rough(CONTEXT.sqrt(self.value)).rounded() if self.value else Rough(0)

    __radd__, __rmul__ = __add__, __mul__


class RoughScalar(Rough):
    def __pow__(self, exponent):
        value = self.value**exponent
        roundings = exponent - self.done + (POW if self.done else 0)
        return Rough(value).charged(roundings * abs(value))


@contextmanager
def rough(arithmetic, seed: int) -> Iterator[None]:
    """Let the transcriptions run with errors."""
    Rough.signs = random.Random(seed)
    numbers = {"Bounded": Rough, "Scalar": RoughScalar}
    with (
        assuming(arithmetic),
        mock.patch.multiple(bounded, **numbers),
        mock.patch.multiple(setting, **numbers),
        mock.patch.object(around, "Bounded", Rough),
    ):
        yield


def wandered(case: Case, arithmetic, seed: int) -> dict:
    """Theta, the step and the slots at each checkpoint, with errors."""
    found, before = {}, [mpf(x) for x in case.theta0]
    with rough(arithmetic, seed):
        for t, (theta, slots) in enumerate(golden.trajectory(case), case.start.get("t", 0) + 1):
            after = [x.value for x in theta]
            step = [a - b for a, b in zip(after, before, strict=True)]
            rows = {name: [x.value for x in row] for name, row in slots.items()}
            found[t] = {"theta": after, "step": step, **rows}
            before = after
    return {t: found[t] for t in case.checkpoints}


def ratios(case: Case, of: tuple[str, str], against: tuple[str, str], seeds: int) -> dict:
    """By field the largest error of one arithmetic over the bound for one."""
    exact, unit, worst = golden.compute(case), ARITHMETIC[against].u, {}
    runs = [wandered(case, ARITHMETIC[of], seed) for seed in range(seeds)]
    for t, point in exact.items():
        for name, bounds in point.bounds[against].items():
            for rows in (run[t][name] for run in runs):
                for got, value, bound in zip(rows, point.values[name], bounds, strict=True):
                    error = abs(got - value) / unit
                    ratio = error / bound if bound else math.inf if error else 0.0
                    worst[name] = max(worst.get(name, 0.0), float(ratio))
    return worst


CASES = {case.id: case for case in generate.cases()}


def beginning(name: str, steps: int) -> Case:
    """The first steps of a case, each a checkpoint."""
    case = CASES[name]
    before = case.start.get("t", 0)
    return replace(case, checkpoints=list(range(before + 1, before + steps + 1)))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", paper.ALGORITHMS)
def test_bounds_of_every_method(method, dtype, profile):
    kind = dtype, profile
    found = ratios(beginning(f"{method}/paper-defaults", 12), kind, kind, seeds=6)
    assert max(found.values()) <= 1
    assert min(found.values()) >= 0.05


KINDS = [
    (family, dtype, profile)
    for family in FAMILIES
    for dtype in CASES[f"nadam/{family}"].dtypes
    for profile in PROFILES
]


@pytest.mark.parametrize(("family", "dtype", "profile"), KINDS)
def test_bounds_of_every_family(family, dtype, profile):
    kind = dtype, profile
    found = ratios(beginning(f"nadam/{family}", 5), kind, kind, seeds=4)
    assert max(found.values()) <= 1
    assert min(found.values()) >= 0.05


def test_bounds_that_count_no_roundings_are_found_out():
    kind = "float64", "standard"
    with mock.patch.object(Bounded, "scaled", lambda self: self):
        found = ratios(beginning("nadam/mixed-scales", 3), kind, kind, seeds=6)
    assert max(found.values()) > 1


def test_strict_bounds_do_not_hold_for_scalars_in_the_type_of_the_arrays():
    kinds = ("float32", "standard"), ("float32", "strict")
    assert max(ratios(beginning("nadam/paper-defaults", 5), *kinds, seeds=2).values()) > 10


@pytest.mark.parametrize("method", paper.ALGORITHMS)
def test_the_family_is_the_paper_at_its_knobs(method):
    rows = streams.mixed(1, 12)
    hyper = paper.defaults(method)
    if method in paper.SCHEDULED:
        hyper["mu_t"] = lambda t: 0.75 - 0.25 * (t % 3)
    with assuming(ARITHMETIC["float32", "strict"]):
        ours, printed = (
            run(Setting(rows, [0.5] * 5, 0.125, **hyper))
            for run in (lambda s: family(s, METHODS[method]), paper.ALGORITHMS[method])
        )
        for (theta, slots), (printed_theta, printed_slots) in zip(ours, printed, strict=True):
            assert slots.keys() == printed_slots.keys()
            pairs = [(theta, printed_theta), *((slots[k], printed_slots[k]) for k in slots)]
            for x, y in (pair for row in pairs for pair in zip(*row, strict=True)):
                assert abs(x.value - y.value) <= mpf(2) ** -240 * abs(y.value)
                assert x.bound == pytest.approx(y.bound)


def test_the_schedule_takes_its_decimals_exactly():
    exact = mpf(99) * (1 - CONTEXT.root(mpf(96) / 100, 250) / 2)
    assert abs(dozat(99.0)(1) - exact) < mpf(2) ** -240


@pytest.fixture
def x():
    """A number with an error."""
    return Bounded(3).rounded()


def test_errors_that_cancel_do_so(x):
    assert (x - x).bound == 0
    assert (x + x).bound == 6 + 6
    assert (x / x).bound == 1  # the rounding of the quotient


def test_exact_operations_cost_nothing(x):
    assert (-x).bound == abs(x).bound == (x + 0).bound == (x - 0).bound == (0 + x).bound == 3
    assert (Bounded(5) + 0).bound == (Bounded(5) * 0).bound == 0


def test_zero_over_anything_is_an_exact_zero(x):
    zero = Bounded(0) / x
    assert zero.is_zero()
    assert (Bounded(7) + zero).bound == 0
    assert zero.sqrt().is_zero()


def test_each_rounding_is_half_an_ulp_of_the_result(x):
    assert (Bounded(3) + Bounded(4)).bound == 7
    assert (Bounded(3) * Bounded(4)).bound == 12
    assert (Bounded(3) / Bounded(4)).bound == 0.75
    assert Bounded(9).sqrt().bound == 3
    assert (x * Bounded(4)).bound == 3 * 4 + 12
    assert (Bounded(12) / x).bound == 12 * 3 / 9 + 4


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1), ("float64", 2)])
def test_a_scalar_that_meets_an_array(dtype, error):
    with assuming(ARITHMETIC[dtype, "strict"]):
        product = mpf(0.5) * Bounded(4)
    assert product.bound == 2 * error + 2


def test_results_below_the_smallest_normal_number():
    with assuming(ARITHMETIC["float32", "strict"]):
        tiny = Bounded(2.0**-70) * Bounded(2.0**-70)
        assert tiny.bound == 2.0**-126  # times u: half the smallest subnormal number
        assert (tiny + Bounded(2.0**-149)).bound == 2.0**-126 + 2.0**-140 + 2.0**-149


def test_either_of_two_forms_has_the_larger_bound(x):
    y = Bounded(3).charged(5.0)
    assert (x | y).bound == 5
    with pytest.raises(AssertionError, match="not the same number"):
        _ = x | Bounded(4)


def test_a_maximum_that_rounding_may_turn_is_refused(x):
    near = Vector.of([mpf(3) + mpf(2) ** -60])
    with pytest.raises(AssertionError, match="rounding may choose"):
        maximum(Vector([x]), near)
    assert maximum(Vector([x]), Vector.of([2]))[0].bound == 3


def test_the_root_of_an_inexact_zero_is_refused():
    with pytest.raises(AssertionError, match="inexact zero"):
        sqrt(Vector([Bounded(0).charged(1.0)]))
