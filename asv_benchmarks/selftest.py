"""Notice a slower commit, and not an equal one: ``python -m asv_benchmarks.selftest``.

In a clone, commits are made that slow one part down, and one that changes nothing, and each is
compared with its parent by ``python -m asv_benchmarks continuous``. Takes a quarter of an hour and
an idle machine; ends with 1 where a verdict is wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from asv_benchmarks.__main__ import CONFIG, ROOT, settings

#: What the slowed steps need; peers would take minutes to install.
NEEDED = ("numba", "numpy", "scipy")
#: Enough to see a slower step.
STEPS = r"step\.Step\.time_step\('nadam', 'serial', (1000|100000), 'float32'\)"


class Change(NamedTuple):
    """A commit: what it is, the edit, the benchmarks that are asked, and whether it is slower."""

    what: str
    file: str = ""
    old: str = ""
    new: str = ""
    bench: str = ""

    @property
    def slower(self) -> bool:
        """Whether the comparison has to notice it."""
        return bool(self.file)


CHANGES = (
    Change(
        "copies of the gradient in the serial backend",
        "nadamkit/backends/serial.py",
        "        eta, c, w = k[r, 0]",
        "        g = g.copy().copy()\n        eta, c, w = k[r, 0]",
        STEPS,
    ),
    Change(
        "divisions checked one by one, so that loops are no longer vectorised",
        "nadamkit/_runtime/numba.py",
        '"error_model": "numpy"',
        '"error_model": "python"',
        STEPS,
    ),
    Change("nothing"),
)


def main() -> int:
    """Try all changes."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "nadamkit"
        _git("clone", "--quiet", str(ROOT), str(clone))
        _git("checkout", "--quiet", "-B", "main", cwd=clone)
        base = _git("rev-parse", "HEAD", cwd=clone)
        for change in CHANGES:
            noticed = _noticed(change, base, clone)
            wrong += noticed != change.slower
            verdict = "right" if noticed == change.slower else "WRONG"
            print(
                f"\n{verdict}: {change.what}: {'slower' if noticed else 'not slower'}\n", flush=True
            )
    print("All verdicts are right." if not wrong else f"{wrong} verdicts are wrong.")
    return int(wrong > 0)


def _noticed(change: Change, base: str, clone: Path) -> bool:
    """Whether a commit with the change counts as slower than its parent."""
    _git("checkout", "--quiet", "--force", "-B", "main", base, cwd=clone)
    if change.file:
        path = clone / change.file
        text = path.read_text()
        if text.count(change.old) != 1:
            raise SystemExit(f"{change.file} no longer has {change.old!r} once; mend this change.")
        path.write_text(text.replace(change.old, change.new))
    who = ("-c", "user.name=selftest", "-c", "user.email=selftest@example.org")
    _git(*who, "commit", "--quiet", "--all", "--allow-empty", "-m", change.what, cwd=clone)
    matrix = settings()["matrix"]
    matrix["req"] = {name: matrix["req"][name] for name in NEEDED}
    config = clone / CONFIG.relative_to(ROOT)
    config.write_text(json.dumps(settings() | {"matrix": matrix}))
    command = [sys.executable, "-m", "asv_benchmarks", "continuous", base, "main"]
    command += ["--bench", change.bench] if change.bench else []
    environment = os.environ | {"PYTHONPATH": str(clone)}
    code = subprocess.run(command, cwd=clone, env=environment).returncode
    if code not in (0, 1):
        raise SystemExit(f"the comparison did not run: it ended with {code}")
    return code == 1


def _git(*arguments: str, cwd: Path = ROOT) -> str:
    run = subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return run.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
