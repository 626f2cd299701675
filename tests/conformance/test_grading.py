"""What passes and what does not, on cases made by hand."""

import math

import pytest

from conformance.case import Case, Field
from conformance.grading import UNIT, compared, graded

DTYPES = ("float32", "float64")


def field(values, bounds, dtype="float64", profile="strict"):
    return Field(values, {(dtype, profile): bounds})


def case(columns=1, **expected):
    """A case with one checkpoint, t = 1."""
    return Case("x", "gd", "x", "paper", [0.0] * columns, [1], 1.0, {}, expected={1: expected})


def ratio(value, bound, got, before=0.0, dtype="float64"):
    return compared(field([value], [bound], dtype), 0, dtype, "strict", got, before).ratio


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_error_of_the_bound_passes_and_a_hair_more_does_not(dtype, sign):
    u = UNIT[dtype]
    got = sign * (1 + 2 * u)
    assert ratio((sign, -sign * u, 0), 3.0, got, dtype=dtype) == 1.0
    assert ratio((sign, -sign * u * (1 + 2.0**-40), 0), 3.0, got, dtype=dtype) > 1.0
    assert ratio((sign, -sign * u * (1 - 2.0**-40), 0), 3.0, got, dtype=dtype) < 1.0


def test_what_a_double_does_not_show_counts():
    got = 1 + 2.0**-52
    assert ratio((got, 2.0**-60, 0), 1.0, got) == 2.0**-7
    assert (
        compared(field([(got, 2.0**-60, 0)], [1.0]), 0, "float64", "strict", got).error == 2.0**-7
    )


@pytest.mark.parametrize("got", [math.nan, math.inf, -math.inf])
def test_nothing_but_a_number_passes_for_a_number(got):
    assert ratio((1.0, 0.0, 0), 1e300, got) == math.inf
    assert ratio((1.0, 0.0, 0), 1e300, 1.0, before=got) == math.inf


def test_where_the_bound_is_zero_the_value_is_exact():
    assert ratio((0.5, 0.0, 0), 0.0, 0.5) == 0.0
    assert ratio((0.0, 0.0, 0), 0.0, -0.0) == 0.0
    assert ratio((0.0, 0.0, 0), 0.0, 2.0**-1074) == math.inf
    assert ratio((0.5, 2.0**-100, 0), 0.0, 0.5) == math.inf


@pytest.mark.parametrize(
    ("word", "passing", "failing"),
    [
        ("nan", [math.nan], [0.0, math.inf, -math.inf, 1.0]),
        ("nonfinite", [math.nan, math.inf, -math.inf], [0.0, 1e308]),
        ("any", [math.nan, math.inf, -math.inf, 0.0, 1e308], []),
    ],
)
def test_words(word, passing, failing):
    assert [ratio(word, 1.0, got) for got in passing] == [0.0] * len(passing)
    assert [ratio(word, 1.0, got) for got in failing] == [math.inf] * len(failing)


@pytest.mark.parametrize(
    ("got", "before", "fits"),
    [(math.inf, math.inf, True), (math.nan, 1.0, True), (1.0, math.nan, True), (2.0, 1.0, False)],
)
def test_a_step_that_is_no_number(got, before, fits):
    assert ratio("nan", 1.0, got, before) == (0.0 if fits else math.inf)


def test_a_step_is_the_exact_difference_of_two_thetas():
    after, before = 1.0, 1 - 2.0**-53
    assert ratio((2.0**-53, 0.0, 0), 0.0, after, before) == 0.0
    # Rounded to a double this difference would be 1.
    assert ratio((1.0, 2.0**-60, 0), 0.0, 1 + 2.0**-52, 2.0**-52 - 2.0**-60) == 0.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_errors_of_subnormal_numbers(dtype):
    smallest = {"float32": 2.0**-149, "float64": 2.0**-1074}[dtype]
    shift = 1000 if dtype == "float64" else 0
    half = smallest * 2.0**shift / 2
    value = (half, 0.0, shift)  # half the smallest number, which 0 and it are equally near
    bound = {"float32": 2.0**-126, "float64": 2.0**-1022}[dtype]
    for got in (0.0, smallest):
        assert ratio(value, bound, got, dtype=dtype) == 1.0
        assert ratio((half * (1 + 2.0**-40), 0.0, shift), bound, got, dtype=dtype) != 1.0
    assert ratio(value, bound, 2 * smallest, dtype=dtype) == 3.0
    assert ratio(value, bound, -smallest, dtype=dtype) == 3.0


def test_numbers_out_of_all_proportion_fail():
    assert ratio((0.5, 0.0, 1000), 2.0**-1022, 1.0) == math.inf
    assert ratio((0.5, 0.0, 0), 1.0, 1e308) == 1e308 / 2.0**-53


@pytest.mark.parametrize(
    ("value", "got", "before"),
    [((0.5, 0.0, 1000), 1e10, 0.0), ((0.5, 0.0, 0), 1.7e308, -1.7e308)],
)
def test_numbers_beyond_what_can_be_subtracted_fail(value, got, before):
    assert ratio(value, 1.0, got, before) == math.inf


def test_a_dtype_without_bounds_is_not_judged():
    judged = compared(field([(1.0, 0.0, 0)], [0.0]), 0, "float32", "strict", 7.0)
    assert judged.ratio == 0.0
    assert compared(field([(1.0, 0.0, 0)], [0.0]), 0, "float32", "strict", math.nan).ratio == 0.0


ONE = field([(1.0, 0.0, 0)], [1.0])
TWO = field([(1.0, 0.0, 0), (2.0, 0.0, 0)], [1.0, 4.0])
U = UNIT["float64"]


def test_the_worst_of_all_fields_is_named():
    fields = case(2, theta=TWO, step=TWO, m=TWO)
    output = {"theta": [1.0, 2 + 8 * U], "m": [1 + 6 * U, 2.0]}
    assert graded(fields, "float64", "strict", 1, output, [0.0, 0.0]) == (6.0, 1, "m", 0, 2)
    del output["m"]
    assert graded(fields, "float64", "strict", 1, output, [0.0, 0.0]) == (2.0, 1, "theta", 1, 2)


def test_a_step_shows_what_theta_hides():
    fields = case(1, theta=field([(1e6, 0.0, 0)], [1e12]), step=ONE)
    found = graded(fields, "float64", "strict", 1, {"theta": [1e6]}, [1e6 - 2])
    assert (found.ratio, found.field) == (1 / U, "step")


def test_what_is_not_seen_is_not_graded():
    fields = case(1, theta=ONE, m=field([(5.0, 0.0, 0)], [0.0]))
    assert graded(fields, "float64", "strict", 1, {"theta": [1.0]}, [0.0]).ratio == 0.0


def test_every_element_of_repeated_columns_is_graded():
    fields = case(2, theta=TWO, step=TWO)
    for bad in range(7):
        theta = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0]
        theta[bad] += 16 * U
        found = graded(fields, "float64", "strict", 1, {"theta": theta}, [0.0] * 7)
        assert found == ((16.0, 4.0)[bad % 2], 1, "theta", bad, 7)


def test_the_first_of_repeated_columns_that_is_wrong_is_named():
    theta = [1.0, 2.0, 1 + 2 * U, 2.0, 1 + 8 * U, 2.0, 1 + 8 * U]
    found = graded(case(2, theta=TWO), "float64", "strict", 1, {"theta": theta}, [0.0] * 7)
    assert (found.ratio, found.index) == (8.0, 4)


def test_a_nan_among_repeated_columns_is_seen():
    theta = [1.0, 2.0, 1.0, math.nan]
    found = graded(case(2, theta=TWO), "float64", "strict", 1, {"theta": theta}, [0.0] * 4)
    assert (found.ratio, found.index) == (math.inf, 3)


def test_the_profile_and_the_dtype_choose_the_bounds():
    bounds = {("float64", "strict"): [1.0], ("float64", "standard"): [8.0]}
    both = case(1, theta=Field([(1.0, 0.0, 0)], bounds | {("float32", "strict"): [1.0]}))
    output = {"theta": [1 + 4 * U]}
    assert graded(both, "float64", "strict", 1, output, [0.0]).ratio == 4.0
    assert graded(both, "float64", "standard", 1, output, [0.0]).ratio == 0.5
    assert graded(both, "float32", "strict", 1, output, [0.0]).ratio == 4 * 2.0**-29
