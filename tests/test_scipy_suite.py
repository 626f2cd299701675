"""SciPy's own minimiser tests: the quick nodes on one method, and the harness itself.

All nodes on all ten methods: ``python -m tests.scipy_suite.run``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import scipy

from tests.scipy_suite import nodes, run, shim

ROOT = Path(__file__).parents[1]
LISTS = nodes.load()


@pytest.mark.slow
@pytest.mark.skipif(
    not LISTS.fits(scipy.__version__), reason=f"the lists are for SciPy {LISTS.scipy}"
)
@pytest.mark.parametrize("method", ["nadam", "gd"])
def test_scipys_tests_pass(method):
    done = subprocess.run(
        [sys.executable, "-m", "tests.scipy_suite.run", "--quick", "--method", method],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_node_is_in_both_lists():
    assert [node for node in LISTS.applicable if LISTS.reason(node)] == []


def test_most_nodes_are_quick():
    assert LISTS.quick <= LISTS.applicable.keys()
    assert len(LISTS.quick) > 250


def test_brackets_of_a_node_stand_for_themselves():
    assert nodes.matches("a.py::f[*-b]", "a.py::f[x-b]")
    assert not nodes.matches("a.py::f[*-b]", "a.py::fx")
    assert not nodes.matches("a.py::f", "a.py::f[x]")


def test_options_are_translated():
    options = {"maxfun": 3, "eps": 1e-8, "gtol": 1e-3, "verbose": 2}
    assert shim.translate(options) == {"maxfun": 3, "gtol": 1e-3}
    assert len(options) == 4
    assert shim.translate(None) == {}


def test_only_solvers_of_scipy_are_routed():
    assert shim.is_named(None)
    assert shim.is_named("L-BFGS-B")
    assert not shim.is_named("no such solver")
    assert not shim.is_named(lambda fun, x0, **options: None)


class TestVerdict:
    """A run with a fault in it is not called good."""

    lists = nodes.Lists(
        scipy="",
        files=(),
        applicable={"a.py::one": "", "a.py::two": ""},
        quick=frozenset({"a.py::one"}),
        left_out=(nodes.Group("a reason", ("a.py::out*",)),),
        may_skip=(),
    )

    def report(self, **outcomes):
        results = {f"a.py::{node}": {"outcome": o, "why": ""} for node, o in outcomes.items()}
        return {"outcomes": results, "calls": dict.fromkeys(results, 1), "collected": []}

    def test_good(self):
        report = self.report(one="passed", two="passed")
        assert run.check_method(self.lists, report, quick=False) == []

    @pytest.mark.parametrize("outcome", ["failed", "error", "skipped", "xfailed", "xpassed"])
    def test_not_passed(self, outcome):
        (line,) = run.check_method(self.lists, self.report(one=outcome, two="passed"), quick=False)
        assert line.startswith(outcome)
        assert "a.py::one" in line

    def test_missing(self):
        assert run.check_method(self.lists, self.report(one="passed"), quick=True) == []
        (line,) = run.check_method(self.lists, self.report(one="passed"), quick=False)
        assert "not found  a.py::two" in line

    def test_passed_without_a_call(self):
        report = self.report(one="passed") | {"calls": {}}
        (line,) = run.check_method(self.lists, report, quick=True)
        assert "without calling minimize" in line

    def test_unlisted(self):
        report = {"calls": {"a.py::new": 1, "a.py::one": 1, "a.py::two": 1, "a.py::out": 1}}
        report["collected"] = list(report["calls"])
        assert run.check_audit(self.lists, report) == ["in neither list  a.py::new"]

    def test_stale_pattern(self):
        report = {"calls": {"a.py::one": 1, "a.py::two": 1}, "collected": ["a.py::one"]}
        assert run.check_audit(self.lists, report) == ["matches no node  a.py::out*"]
