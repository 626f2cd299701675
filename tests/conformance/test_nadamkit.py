"""nadamkit's own backends conform, strictly, and with the same bits."""

import pytest

from conformance.adapter import load
from conformance.identity import compare
from conformance.suite import ALL, grade, library, selected

DTYPES = ("float32", "float64")
RUNS = sum(len(case.dtypes) for case in library())


@pytest.fixture(scope="module")
def reports():
    """The NumPy and the serial backend on everything; .ci/run grades the others."""
    adapters = [load(name) for name in ("nadamkit-numpy", "nadamkit-serial")]
    return [grade(adapter, selected(adapter, ALL), DTYPES) for adapter in adapters]


@pytest.mark.parametrize("index", [0, 1])
def test_everything_passes_at_one_times_the_bound(reports, index):
    report = reports[index]
    assert report.profile == "strict"
    assert set(report.counts) == {"pass"}, report.text()
    assert report.counts["pass"] == RUNS > 400
    assert report.code == 0


def test_the_bounds_are_not_vacuous(reports):
    for family, results in reports[0].families().items():
        assert 0.1 < reports[0].worst(results) <= 1.0, family


def test_the_state_was_graded_too(reports):
    seen = {r.method: set(r.fields) for r in reports[0].results}
    assert seen["nadam"] == {"theta", "m", "n"}
    assert seen["gd"] == {"theta"}


def test_the_bits_are_the_same(reports):
    identity = compare(*reports)
    assert identity.same == RUNS
    assert not identity.different


SOME = ("zeros-and-spikes", "rates", "decay-l2", "smooth-quadratic", "schedule-boundaries")


@pytest.mark.parametrize("name", ["nadamkit-parallel", "nadamkit-cudasim", "nadamkit-python-loop"])
@pytest.mark.parametrize("family", SOME)
def test_other_backends(name, family):
    adapter = load(name)
    report = grade(adapter, selected(adapter, "paper", f"nadam/{family}"), DTYPES)
    assert set(report.counts) == {"pass"}, report.text()
