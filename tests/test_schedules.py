"""Schedules against their formulas, and what they refuse."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from nadamkit import momentum, schedules
from nadamkit.errors import OptionError

T = range(1, 131)
RATES = {
    "constant": schedules.constant(0.25),
    "cosine": schedules.cosine(0.3, 100, final=0.01),
    "exponential": schedules.exponential(0.3, 0.9, every=7),
    "one_cycle": schedules.one_cycle(0.3, 101, rise=0.4, start=0.1),
    "warmup": schedules.warmup(0.3, 20),
}


def exact(name, t):
    """The formula of each rate, in mpmath."""
    m = mpmath.MPContext()
    m.prec = 200
    rate, t = m.mpf(0.3), m.mpf(t)
    if name == "constant":
        return m.mpf(0.25)
    if name == "cosine":
        low = m.mpf(0.01)
        return low + (rate - low) * (1 + m.cos(m.pi * min((t - 1) / 99, 1))) / 2
    if name == "exponential":
        return rate * m.mpf(0.9) ** ((t - 1) / 7)
    if name == "warmup":
        return min(t / 20, 1) * rate
    top = m.mpf(0.4) * 100
    if t - 1 < top:
        start = m.mpf(0.1) * rate
        return rate + (start - rate) * (1 + m.cos(m.pi * (t - 1) / top)) / 2
    return rate * (1 + m.cos(m.pi * min((t - 1 - top) / (100 - top), 1))) / 2


@pytest.mark.parametrize("name", RATES)
def test_rate_is_the_formula(name):
    for t in T:
        assert abs(RATES[name](t) - exact(name, t)) <= 8 * 2.0**-53 * 0.3, t


def test_monotonicity():
    series = {name: np.diff([rate(t) for t in T]) for name, rate in RATES.items()}
    assert not series["constant"].any()
    assert (series["cosine"][:99] < 0).all()
    assert (series["cosine"][99:] == 0).all()
    assert (series["exponential"] < 0).all()
    assert (series["one_cycle"][:40] > 0).all()
    assert (series["one_cycle"][40:100] < 0).all()
    assert (series["one_cycle"][100:] == 0).all()
    assert (series["warmup"][:19] > 0).all()
    assert (series["warmup"][19:] == 0).all()


def test_ends_are_exact():
    cosine, cycle = RATES["cosine"], RATES["one_cycle"]
    assert (cosine(1), cosine(100), cosine(10**9)) == (0.3, 0.01, 0.01)
    assert (cycle(1), cycle(41), cycle(101), cycle(10**9)) == (0.1 * 0.3, 0.3, 0.0, 0.0)
    assert (RATES["warmup"](20), RATES["warmup"](10**9)) == (0.3, 0.3)
    assert RATES["exponential"](1) == 0.3
    assert schedules.exponential(1.0, 0.5)(10**9) == 0.0


@pytest.mark.parametrize("make", [schedules.cosine, schedules.one_cycle])
def test_one_step(make):
    assert make(0.5, 1)(1) == 0.5
    assert make(0.5, 1)(2) == 0.0


def test_cosine_may_rise():
    assert [schedules.cosine(0.0, 3, final=1.0)(t) for t in (1, 2, 3)] == [0.0, 0.5, 1.0]


def test_warmup_of_a_schedule():
    rate = schedules.warmup(schedules.exponential(1.0, 0.5), 4)
    assert [rate(t) for t in (1, 2, 4, 5)] == [0.25, 0.25, 0.125, 0.0625]


def test_numbers_of_numpy_are_numbers():
    rate = schedules.cosine(np.float32(0.5), np.int64(5), final=np.float64(0.25))
    assert (rate(1), rate(5)) == (0.5, 0.25)
    assert schedules.exponential(Fraction(1, 2), 0.5)(2) == 0.25


NO_RATE = [-0.1, np.nan, np.inf, None, "0.1", 1j, [0.1], np.ones(2)]
NO_COUNT = [0, -1, 1.5, np.nan, np.inf, None, "5", 1j, [5], np.ones(2)]


@pytest.mark.parametrize("bad", NO_RATE, ids=repr)
def test_refused_rate(bad):
    for name, make in (
        ("rate", lambda: schedules.constant(bad)),
        ("initial", lambda: schedules.cosine(bad, 5)),
        ("final", lambda: schedules.cosine(0.1, 5, final=bad)),
        ("initial", lambda: schedules.exponential(bad, 0.5)),
        ("peak", lambda: schedules.one_cycle(bad, 5)),
        ("rate", lambda: schedules.warmup(bad, 5)),
    ):
        with pytest.raises(OptionError, match=rf"(?s)^{name}=.* a rate is a finite number >= 0"):
            make()


@pytest.mark.parametrize("bad", NO_COUNT, ids=repr)
def test_refused_count(bad):
    for name, make in (
        ("steps", lambda: schedules.cosine(0.1, bad)),
        ("every", lambda: schedules.exponential(0.1, 0.5, every=bad)),
        ("steps", lambda: schedules.one_cycle(0.1, bad)),
        ("steps", lambda: schedules.warmup(0.1, bad)),
    ):
        with pytest.raises(OptionError, match=rf"(?s)^{name}=.* it is a whole number >= 1"):
            make()


@pytest.mark.parametrize("bad", [0.0, -0.5, 1.5, np.nan, None, "0.5", 1j, np.ones(2)], ids=repr)
def test_refused_shares(bad):
    with pytest.raises(OptionError, match=r"(?s)^decay=.* must be in \(0, 1\]"):
        schedules.exponential(0.1, bad)
    with pytest.raises(OptionError, match=r"(?s)^rise=.* must be in \(0, 1\)"):
        schedules.one_cycle(0.1, 5, rise=bad)
    if bad is None or np.ndim(bad) or bad != 0.0:
        with pytest.raises(OptionError, match=r"(?s)start=.* in \[0, 1\]"):
            schedules.one_cycle(0.1, 5, start=bad)


def test_checked_rates():
    assert schedules.rates(0.5, 7, 3).tolist() == [0.5, 0.5, 0.5]
    assert schedules.rates(lambda t: t / 4, 7, 3).tolist() == [1.75, 2.0, 2.25]
    assert schedules.rates(lambda t: np.float32(t), 1, 2).tolist() == [1.0, 2.0]
    assert schedules.rates(lambda t: np.array(t), 1, 2).tolist() == [1.0, 2.0]
    assert schedules.rates(lambda t: 0, 1, 0).shape == (0,)
    with pytest.raises(OptionError, match=r"^the learning-rate schedule returned -1 for t = 8;"):
        schedules.rates(lambda t: 7 - t, 7, 3)


# --- momentum -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *(("kappa", bad) for bad in (-0.1, 1.1, np.nan)),
        *(("base", bad) for bad in (0.0, 1.1, np.nan)),
        *(("psi", bad) for bad in (-1.0, np.inf, np.nan, "1")),
    ],
)
def test_refused_momentum(name, bad):
    with pytest.raises(OptionError, match=r"^Dozat\(.*kappa must be in \[0, 1\]"):
        schedules.Dozat(**{name: bad})


@pytest.mark.parametrize("given", [{"kappa": 0.0}, {"base": 1.0}, {"psi": 0.0}], ids=repr)
def test_momentum_without_a_rise_is_constant(given):
    schedule = schedules.Dozat(**given)
    factor = 1.0 if "kappa" in given else 0.5
    assert schedule.sequence(0.5, 1, 3).hi.tolist() == [0.5 * factor] * 3
    assert float(schedule.product(0.5, 3).hi) == (0.5 * factor) ** 3


@pytest.mark.parametrize("t", [1, 2, 250, 1024, 1025, 5000])
def test_momentum_and_its_product(t):
    m = mpmath.MPContext()
    m.prec = 250

    def mu(i):
        return m.mpf(0.99) * (1 - m.mpf(1) / 2 * (m.mpf(96) / 100) ** (m.mpf(i) / 250))

    schedule = schedules.Dozat()
    assert abs(schedule.sequence(0.99, t, 1).hi[0] - mu(t)) <= 2.0**-53
    wanted = m.fprod(mu(i) for i in range(1, t + 1))
    got = float(schedule.product(0.99, t).hi)
    # It is taken from 1, so that there is nothing to tell below 2**-200.
    assert abs(got - wanted) <= max(abs(wanted) * 2.0**-52, 2.0**-200)


def test_callable_momentum_is_asked_once_for_each_t():
    seen = []

    def mu(t):
        seen.append(t)
        return 0.5

    schedule = momentum.momentum_schedule(mu)
    schedule.sequence(0.9, 1, 5)
    assert float(schedule.product(0.9, 7).hi) == 2.0**-7
    schedule.sequence(0.9, 3, 4)
    assert seen == list(range(1, 8))


def test_half_cosine_is_one_everywhere():
    """Within rounding of the cosine, and of sums and products alone, whose bits no library has."""
    m = mpmath.MPContext()
    m.prec = 200
    shares = [*np.linspace(0.0, 1.0, 1001), *10.0 ** -np.arange(1.0, 15.0)]
    shares += [1.0 - share for share in shares]
    for share in map(float, shares):
        exact = (1 + m.cos(m.pi * share)) / 2
        # Roundings of the argument 1.4 and of the sine 1.6, doubled by the square, and its own.
        assert abs(schedules._half_cosine(share) - exact) <= 7 * 2.0**-53 * exact, share
    assert "cos" not in schedules._half_cosine.__code__.co_names
