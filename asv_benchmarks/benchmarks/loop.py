"""The compiled loop on Rosenbrock's function at a fixed rate, stopping tests on."""

from .common import part, some

ITERATIONS = 20_000


class CompiledLoop:
    """Time of 20,000 iterations in one call; optax has them in one ``jit``."""

    params = (("adam", "nadam"), (2, 100), ("nadamkit", "optax"))
    param_names = ("method", "n", "library")

    def setup(self, method: str, n: int, library: str) -> None:
        measured = part("asv_benchmarks.compare.loop")
        if library == "optax":
            part("optax")
        self.run, done = measured.LIBRARIES[library](n, method, ITERATIONS)
        assert done == ITERATIONS

    def time_20000_iterations(self, method: str, n: int, library: str) -> None:
        self.run()


class AutoLoop:
    """The same with the learned rate: 2000 calls of a function that is steep across its valley."""

    params = (some(("nag", "nadam"), ("nadam",)), (2, 100))
    param_names = ("method", "n")

    def setup(self, method: str, n: int) -> None:
        measured = part("asv_benchmarks.compare.auto")
        self.run = measured.search("auto", 2000, n, method)
        self.run()

    def time_2000_calls(self, method: str, n: int) -> None:
        self.run()
