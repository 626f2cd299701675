"""Run SciPy's own minimiser tests, from the installed SciPy, on nadamkit's methods.

``python -m tests.scipy_suite.run`` (or ``--all``) runs every method and the audit of the lists;
``--method nadam`` runs one, ``--quick`` leaves out the audit and the nodes marked slow. The exit
status is 1 when a listed node fails, is missing, or passes without having called ``minimize``, and
when a node that calls ``minimize`` is in none or in both of the lists of `nodes.toml`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import scipy

from tests.scipy_suite import nodes

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCIPY = Path(scipy.__file__).parent


def run_pytest(files: Iterable[str], *options: str) -> dict[str, Any]:
    """Run pytest in a process of its own and return the plugin's report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--no-header", "-rN"]
        # SciPy's conftest.py has to load, and the settings of this project must not.
        command += ["-c", str(HERE / "pytest.ini"), f"--rootdir={SCIPY}", f"--confcutdir={SCIPY}"]
        command += ["-p", "tests.scipy_suite.plugin", f"--nadamkit-report={report}", *options]
        command += [str(SCIPY / "optimize" / file) for file in files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError(f"pytest did not run:\n{done.stdout}\n{done.stderr}")
        return json.loads(report.read_text(encoding="utf-8"))


def check_method(lists: nodes.Lists, report: dict[str, Any], quick: bool) -> list[str]:
    """Return what is wrong with a run of the listed nodes, one line for each."""
    wrong = []
    outcomes = report["outcomes"]
    for node in sorted(lists.quick if quick else lists.applicable):
        if node not in outcomes:
            wrong.append(f"not found  {node}")
            continue
        outcome, why = outcomes[node]["outcome"], outcomes[node]["why"].partition("\n")[0]
        if outcome == "skipped" and any(group.holds(node) for group in lists.may_skip):
            continue
        if outcome != "passed":
            wrong.append(f"{outcome:9}  {node}\n             {why}")
        elif node not in report["calls"]:
            wrong.append(f"no call    {node}: it passed without calling minimize")
    return wrong


def check_audit(lists: nodes.Lists, report: dict[str, Any]) -> list[str]:
    """Return what is wrong with the lists: nodes in none or both, patterns that match nothing."""
    wrong = []
    for node in sorted(report["calls"]):
        places = (node in lists.applicable) + (lists.reason(node) is not None)
        if places != 1:
            where = "in neither list" if places == 0 else "in both lists"
            wrong.append(f"{where}  {node}")
    collected = report["collected"]
    for group in lists.left_out:
        wrong += [
            f"matches no node  {pattern}"
            for pattern in group.patterns
            if not any(nodes.matches(pattern, node) for node in collected)
        ]
    return wrong


def audit(lists: nodes.Lists) -> list[str]:
    """Run every node up to its first call of `minimize`, print the counts, return what is wrong."""
    report = run_pytest(lists.files, "--nadamkit-audit")
    reached, collected = report["calls"], report["collected"]
    left_out = [node for node in reached if lists.reason(node) is not None]
    print(f"SciPy {scipy.__version__}: {len(collected)} nodes in {len(lists.files)} files")
    print(f"{len(reached)} call minimize: {len(lists.applicable)} apply, {len(left_out)} left out")
    return check_audit(lists, report)


def run_method(lists: nodes.Lists, method: str, quick: bool, slowest: int) -> list[str]:
    """Run the listed nodes on one method, print the counts, return what is wrong."""
    start = time.perf_counter()
    wanted = {node.partition("::")[0] for node in (lists.quick if quick else lists.applicable)}
    files = [file for file in lists.files if Path(file).name in wanted]
    options = ["--nadamkit-quick"] if quick else []
    report = run_pytest(files, f"--nadamkit-method={method}", *options)
    seconds = time.perf_counter() - start
    wrong = check_method(lists, report, quick)
    counts = Counter(outcome["outcome"] for outcome in report["outcomes"].values())
    others = "".join(f", {counts[key]} {key}" for key in sorted(counts) if key != "passed")
    failed = "" if "failed" in counts else ", 0 failed"
    print(f"{method:10}{counts['passed']:5} passed{failed}{others} in {seconds:.1f} s", flush=True)
    ranked = sorted(report["outcomes"].items(), key=lambda item: -item[1]["seconds"])
    for node, outcome in ranked[:slowest]:
        print(f"    {outcome['seconds']:6.2f} s  {node}")
    return [f"{method}: {line}" for line in wrong]


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(description="SciPy's own minimiser tests on nadamkit")
    parser.add_argument("--method", nargs="+", metavar="NAME", help="only these methods")
    parser.add_argument("--all", action="store_true", help="every method (the default)")
    parser.add_argument("--quick", action="store_true", help="leave out slow nodes and the audit")
    parser.add_argument("--audit", action="store_true", help="only check the lists")
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="print N slowest nodes")
    asked = parser.parse_args(arguments)
    lists = nodes.load()
    if not lists.fits(scipy.__version__):
        print(f"The lists are for SciPy {lists.scipy}, this is {scipy.__version__}: update them.")
    wrong = [] if asked.quick else audit(lists)
    for method in [] if asked.audit else asked.method or _all_methods():
        wrong += run_method(lists, method, asked.quick, asked.slowest)
    print("\n".join(wrong))
    return 1 if wrong else 0


def _all_methods() -> tuple[str, ...]:
    from nadamkit import registry  # late: an audit needs no nadamkit

    return registry.names()


if __name__ == "__main__":
    sys.exit(main())
