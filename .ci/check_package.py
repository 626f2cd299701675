"""Build the sdist and the wheel, and check what is in them.

The wheel must hold nothing but ``nadamkit``: ``tests``, ``conformance`` and ``asv_benchmarks`` are
generic names that must never be installed. The sdist must hold what a packager needs to test it.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_SDIST = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "docs/conf.py",
    "nadamkit/__init__.py",
    "nadamkit/py.typed",
    "pyproject.toml",
    "tests/",
)


def build(folder: str) -> tuple[Path, Path]:
    """Build both distributions in `folder`; the wheel is built from the sdist."""
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, str(ROOT)], check=True)
    (wheel,) = Path(folder).glob("*.whl")
    (sdist,) = Path(folder).glob("*.tar.gz")
    return wheel, sdist


def faults(wheel: Path, sdist: Path) -> list[str]:
    """List what is in the wheel and should not be, and what is missing."""
    installed = zipfile.ZipFile(wheel).namelist()
    wrong = [
        f"the wheel installs {name}"
        for name in installed
        if not name.startswith(("nadamkit/", "nadamkit-"))
    ]
    missing = [f"the wheel lacks {n}" for n in ("nadamkit/py.typed",) if n not in installed]
    with tarfile.open(sdist) as archive:
        packed = [name.partition("/")[2] for name in archive.getnames()]
    unpacked = [
        f"the sdist lacks {name}"
        for name in IN_SDIST
        if not any(entry == name or entry.startswith(name) for entry in packed)
    ]
    return wrong + missing + unpacked


def main() -> int:
    """Return 0 when both distributions hold what they should."""
    with tempfile.TemporaryDirectory() as folder:
        found = faults(*build(folder))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
