"""pytest plugin: SciPy's tests with `scipy.optimize.minimize` routed to a nadamkit method.

``pytest -p tests.scipy_suite.plugin --nadamkit-method nadam FILES`` runs the nodes that
`nodes.toml` lists as applicable. With ``--nadamkit-audit`` every node is run, but only up to its
first call of ``minimize``: that finds the nodes that get there, so that none goes unlisted.
``--nadamkit-report FILE`` writes what happened as JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.scipy_suite import nodes, shim


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add this plugin's options."""
    group = parser.getgroup("nadamkit")
    group.addoption("--nadamkit-method", metavar="NAME", help="method that minimize runs")
    group.addoption(
        "--nadamkit-audit",
        action="store_true",
        help="run every node up to its first call of minimize",
    )
    group.addoption("--nadamkit-quick", action="store_true", help="leave out the slow nodes")
    group.addoption("--nadamkit-report", metavar="FILE", help="write the outcomes as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Route `minimize`, unless the plugin was loaded without being told what to do."""
    method, audit = config.getoption("nadamkit_method"), config.getoption("nadamkit_audit")
    if bool(method) == audit:
        raise pytest.UsageError("give one of --nadamkit-method and --nadamkit-audit")
    config.pluginmanager.register(Run(config, method), "nadamkit-run")


class Run:
    """One run of SciPy's tests: what was collected, what reached `minimize`, what came of it."""

    def __init__(self, config: pytest.Config, method: str | None) -> None:
        self.lists = nodes.load()
        self.method = method
        self.quick = config.getoption("nadamkit_quick")
        self.report_path = config.getoption("nadamkit_report")
        self.calls: Counter[str] = Counter()
        self.options: dict[str, set[str]] = {}
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.collected: list[str] = []
        self.current = ""
        self.patched = shim.install(shim.make(self.reached, method))

    def reached(self, options: dict[str, Any] | None) -> None:
        """Note that the running node called `minimize`; an audit ends it here."""
        self.calls[self.current] += 1
        self.options.setdefault(self.current, set()).update(options or {})
        if self.method is None:
            pytest.skip("reached minimize")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list) -> None:
        """Keep the listed nodes; an audit keeps all."""
        self.collected = [nodes.short_name(item.nodeid) for item in items]
        if self.method is None:
            return
        wanted = self.lists.quick if self.quick else self.lists.applicable
        kept = [item for item in items if nodes.short_name(item.nodeid) in wanted]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        """Remember which node is running."""
        self.current = nodes.short_name(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome: that of the call, unless set-up or tear-down did not pass."""
        if report.when != "call" and report.passed:
            return
        outcome = report.outcome if report.when == "call" or report.skipped else "error"
        if hasattr(report, "wasxfail"):
            outcome = "xpassed" if report.passed else "xfailed"
        self.outcomes[nodes.short_name(report.nodeid)] = {
            "outcome": outcome,
            "seconds": report.duration,
            "why": _why(report),
        }

    def pytest_sessionfinish(self) -> None:
        """Write the report and give SciPy its `minimize` back."""
        shim.uninstall(self.patched)
        if self.report_path:
            Path(self.report_path).write_text(json.dumps(self._summary()), encoding="utf-8")

    def _summary(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "collected": self.collected,
            "calls": self.calls,
            "options": {node: sorted(names) for node, names in self.options.items()},
            "outcomes": self.outcomes,
        }


def _why(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):  # (path, line, reason) of a skip
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    return f"{Path(crash.path).name}:{crash.lineno}: {crash.message}" if crash else ""
