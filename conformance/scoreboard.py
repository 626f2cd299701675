"""The scoreboard: what was measured on each implementation, kept as JSON and shown as a page.

``python -m conformance.scoreboard [ADAPTER ...]`` grades them again, each in a process of its own,
and writes ``scoreboard/<adapter>@<dialect>.json``. Without names it grades all that are installed;
``nadamkit-cuda`` needs a GPU and is left out, visibly, without one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from conformance.report import ratio, speaks

FOLDER = Path(__file__).with_name("scoreboard")
#: What is graded, and the dialects it is graded in.
ENTRIES: dict[str, tuple[str, ...]] = {
    "nadamkit-numpy": ("all",),
    "nadamkit-serial": ("all",),
    "nadamkit-parallel": ("all",),
    "nadamkit-parallel-1": ("all",),
    "nadamkit-cuda": ("all",),
    "nadamkit-cudasim": ("all",),
    "nadamkit-compiled-loop": ("all",),
    "nadamkit-python-loop": ("all",),
    "nadamkit-optimizer": ("all",),
    "torch": ("torch", "paper"),
    "torch-float64": ("torch",),
    "keras": ("keras", "paper"),
    "optax": ("optax", "paper"),
}
#: Its bits are what the other backends are compared with.
REFERENCE = "nadamkit-numpy"
#: What the worst ratios are of; known differences are counted, and said in words.
GRADED = ("pass", "fail", "xpass")


def graded(adapter: str, dialect: str) -> dict[str, Any] | str:
    """Run the suite in a process of its own; a string says why there is no report."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.json")
        command = [sys.executable, "-m", "conformance", "--adapter", adapter]
        command += ["--dialect", dialect, "--json", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not file.exists() or not (report := json.loads(file.read_text()))["results"]:
            return (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
    return dict(report)


def summary(report: dict[str, Any], dialect: str, reference: dict[str, Any] | None) -> Any:
    """What the page shows of a report."""
    kept = ("adapter", "version", "versions", "profile", "device", "date", "python", "suite")
    data = {key: report[key] for key in kept}
    data |= {"dialect": dialect, "counts": report["counts"], "code": report["code"]}
    for key in ("family", "method"):
        data[key] = _worst(report, key)
    data["matches"] = report["matches"]
    data["findings"] = sorted({r["reason"] for r in report["results"] if r["status"] == "xfail"})
    data["skipped"] = sorted({r["reason"] for r in report["results"] if r["status"] == "skip"})
    if reference and report["adapter"].startswith("nadamkit"):
        data["identical"] = _identical(report, reference)
    return data


def _worst(report: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """By family or method, and dtype, the worst ratio and how many results of each status."""
    found: dict[str, dict[str, Any]] = {}
    for r in report["results"]:
        cell = found.setdefault(r[key], {}).setdefault(r["dtype"], {"worst": None})
        cell[r["status"]] = cell.get(r["status"], 0) + 1
        if r["status"] in GRADED and r["worst"]:
            x = float(r["worst"][report["profile"]]["ratio"])
            cell["worst"] = max(cell["worst"] or 0.0, x)
    for row in found.values():
        for cell in row.values():
            if cell["worst"] is not None:
                cell["worst"] = float(f"{cell['worst']:.3g}") if cell["worst"] < 1e300 else "inf"
    return found


def _identical(report: dict[str, Any], reference: dict[str, Any]) -> list[int]:
    """How many runs gave the reference's bits, of how many that both made."""
    known = {(r["case"], r["dtype"]): r["digests"] for r in reference["results"]}
    pairs = [
        (known[r["case"], r["dtype"]], r["digests"])
        for r in report["results"]
        if r["digests"] and known.get((r["case"], r["dtype"]))
    ]
    same = [all(a[name] == b[name] for name in a.keys() & b.keys()) for a, b in pairs]
    return [sum(same), len(same)]


def load(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Read the results, in the order of `ENTRIES`; those of others follow."""
    order = [f"{name}@{dialect}" for name, own in ENTRIES.items() for dialect in own]
    files = {path.stem: path for path in sorted(folder.glob("*.json"))}
    names = [n for n in order if n in files] + [n for n in files if n not in order]
    return [json.loads(files[name].read_text(encoding="utf-8")) for name in names]


def markdown(entries: list[dict[str, Any]]) -> str:
    """The page's tables."""
    ours = [e for e in entries if e["adapter"].startswith("nadamkit")]
    others = [e for e in entries if e not in ours]
    parts = ["## nadamkit", "", *_backends(ours), "", *_families(ours), ""]
    for e in others:
        parts += [*_implementation(e), ""]
    return "\n".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---"] * len(head)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def _cell(cell: dict[str, Any] | None) -> str:
    if not cell or cell["worst"] is None:
        return f"- ({cell['xfail']} known)" if cell and cell.get("xfail") else "-"
    known = f" ({cell['xfail']} known)" if cell.get("xfail") else ""
    return ratio(float(cell["worst"])) + (" ✗" if cell.get("fail") else "") + known


def _backends(entries: list[dict[str, Any]]) -> list[str]:
    rows = []
    for e in entries:
        worst = []
        for dtype in ("float32", "float64"):
            cells = [row[dtype]["worst"] for row in e["family"].values() if dtype in row]
            worst.append(ratio(max(float(x) for x in cells if x is not None)))
        c = e["counts"]
        wrong = sum(c[status] for status in ("fail", "xfail", "xpass", "error"))
        counts = [f"{c['pass']}{f', {wrong} ✗' if wrong else ''}", str(c["skip"])]
        same = "{} of {}".format(*e["identical"]) if "identical" in e else "reference"
        name = e["adapter"].removeprefix("nadamkit-")
        rows.append([name, e["device"], *worst, *counts, same])
    head = ["adapter", "device", "float32", "float64", "passed", "skipped", "same bits"]
    measured = {
        f"{e['date']} with {', '.join(f'{k} {v}' for k, v in e['versions'].items())}"
        for e in entries
    }
    return [*_table(head, rows), "", f"Measured {'; '.join(sorted(measured))}."]


def _families(entries: list[dict[str, Any]]) -> list[str]:
    """Each family's worst ratio over the backends, which differ in what they can be asked."""
    names = dict.fromkeys(name for e in entries for name in e["family"])
    rows = []
    for name in names:
        row = [name]
        for dtype in ("float32", "float64"):
            cells = [e["family"].get(name, {}).get(dtype, {}).get("worst") for e in entries]
            row.append(ratio(max((float(x) for x in cells if x is not None), default=None)))
        rows.append(row)
    return _table(["family", "float32", "float64"], rows)


def _implementation(e: dict[str, Any]) -> list[str]:
    stands = ", ".join(f"{k} {v}" for k, v in e["versions"].items())
    title = f"## {e['adapter']} {e['version']}, graded as {e['dialect']}"
    rows = []
    for method, row in e["method"].items():
        matches = e["matches"].get(method)
        rows.append([method, _cell(row.get("float32")), _cell(row.get("float64"))])
        near = [(name, float(x)) for name, x in matches[:1]] if matches else []
        rows[-1] += [speaks("", near).strip() if near else ""] if e["matches"] else []
    counts = ", ".join(f"{n} {status}" for status, n in e["counts"].items() if n)
    lines = [
        title,
        "",
        f"{stands}; profile {e['profile']}; {e['device']}; {e['date']}: {counts}.",
        "",
    ]
    lines += _table(["method", "float32", "float64", "nearest dialect"][: len(rows[0])], rows)
    return [*lines, "", *(f"- {finding}" for finding in e["findings"])]


def main(names: list[str]) -> int:
    """Grade and write."""
    FOLDER.mkdir(exist_ok=True)
    reference = graded(REFERENCE, "all")
    if isinstance(reference, str):
        print(f"{REFERENCE}, which the others are compared with, gives no report: {reference}")
        return 2
    for adapter in names or list(ENTRIES):
        for dialect in ENTRIES.get(adapter, ("paper",)):
            report = graded(adapter, dialect)
            if isinstance(report, str):
                print(f"{adapter}@{dialect}: left out: {report}")
                continue
            data = summary(report, dialect, reference if adapter != REFERENCE else None)
            file = FOLDER / f"{adapter}@{dialect}.json"
            file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
            print(f"{adapter}@{dialect}: {data['counts']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
