"""What a user waits for: imports, the first result with and without a cache, a new objective."""

from .common import QUICK, left_out, part


def timeraw_import_nadamkit() -> str:
    return "import nadamkit"


def timeraw_import_nadamkit_minimize() -> str:
    return "import nadamkit; nadamkit.minimize"


def timeraw_import_scipy_optimize() -> str:
    """What has to be subtracted: nadamkit needs it in any case."""
    return "import scipy.optimize"


class Startup:
    """Medians of some processes, each cache in a folder of its own."""

    params = (
        "first process, empty cache",
        "second process, njit(cache=True) objective",
        "second process, @njit objective",
        "import numba",
        "compile a new objective",
    )
    param_names = ("what",)
    unit = "s"
    timeout = 300

    def setup_cache(self) -> dict[str, float]:
        try:
            measured = part("asv_benchmarks.compare.startup")
            return measured.seconds(2 if QUICK else 5)
        except NotImplementedError:
            return {}

    def setup(self, found: dict[str, float], what: str) -> None:
        if what not in found:
            raise left_out(f"this commit has no figure for {what!r}")

    def track_seconds(self, found: dict[str, float], what: str) -> float:
        return found[what]
