"""The one door to Numba: how nadamkit compiles for the CPU.

Everything of ours is compiled with ``error_model="numpy"`` (the default checks each division, which
costs a factor of 4 to 9 and raises where IEEE 754 has Inf) and without fastmath (which makes
results depend on the CPU and the number of threads). Numba is imported on first use.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from types import CodeType, ModuleType
from typing import Any

from nadamkit._runtime import disk
from nadamkit._version import __version__
from nadamkit.errors import BackendUnavailable, NadamkitWarning, warn

_workqueue_lock = threading.Lock()
_cache_failed = False


def numba() -> Any:
    """The numba package.

    Raises
    ------
    BackendUnavailable
        If numba cannot be imported.
    """
    try:
        return import_module("numba")
    except ImportError as error:
        raise BackendUnavailable(
            f"compiled backends need numba, which cannot be imported ({error}). Install it with "
            "`python -m pip install numba`, or use backend='numpy'."
        ) from error


def available() -> bool:
    """Whether numba can be imported."""
    try:
        numba()
    except BackendUnavailable:
        return False
    return True


def version() -> str | None:
    """Version of the installed numba, without importing it."""
    try:
        return metadata.version("numba")
    except metadata.PackageNotFoundError:
        return None


#: How everything is compiled.
OPTIONS = {"error_model": "numpy", "nogil": True}


def jit(function: Callable[..., Any], *, parallel: bool = False, signature: Any = None) -> Any:
    """Compile a function for the CPU, cached on disk where a cache folder can be written.

    Parameters
    ----------
    function : callable
        What to compile. Functions it closes over are plain Python ones.
    parallel : bool
        Turn ``prange`` loops into threads.
    signature : numba signature, optional
        Compile for these types now.

    Returns
    -------
    numba dispatcher
    """
    dispatcher = _dispatcher(function, OPTIONS | {"parallel": parallel})
    disk.named_by_content(dispatcher)
    if signature is not None:
        dispatcher.compile(signature)
        dispatcher.disable_compile()
    return dispatcher


def _dispatcher(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    nb = numba()
    try:
        return nb.njit(cache=not _cache_failed, **options)(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        _warn_no_cache()
        return nb.njit(**options)(function)


def adapter(function: Callable[..., Any], signature: Any) -> Any:
    """Compile what lies around a user's function, for one signature, anew in each process.

    With Numba's own options: what it calls inherits them at its first call, and the user's function
    has to do what it does when they call it, also where it divides by zero.
    """
    return numba().njit(signature)(function)


def inlinable(function: Callable[..., Any], *, force: bool = False) -> Callable[..., Any]:
    """Let compiled code call a plain function; returns it unchanged.

    With `force` it is always inlined: an array is seven arguments of a call, which costs more than
    a few arithmetic operations.

    A plain function is pickled by name, so kernels that close over it are found again in the disk
    cache; a dispatcher has an identity of its own and never is.
    """
    numba()
    register = import_module("numba.extending").register_jitable
    return register(forceinline=True)(function) if force else register(function)


def shuffle() -> Callable[..., Any]:
    """``shuffle(rng, order)`` for compiled code: the order that NumPy's generator makes, in place.

    Numba's own ``rng.shuffle`` takes arrays of any number of axes and compiles for five seconds,
    these lines for a third of one.
    """
    methods = import_module("numba.np.random.random_methods")
    interval = getattr(methods, "random_interval", None)
    if interval is None:  # it is no public name
        return lambda rng, order: rng.shuffle(order)

    def fisher_yates(rng: Any, order: Any) -> None:
        for i in range(order.size - 1, 0, -1):
            j = int(interval(rng.bit_generator, i))
            order[i], order[j] = order[j], order[i]

    return fisher_yates


def fingerprint(*functions: Callable[..., Any], modules: tuple[ModuleType, ...] = ()) -> str:
    """A hash of what functions compute; it changes when one of them is edited.

    Numba's disk cache looks at the defining file of a kernel only, so a kernel captures this to be
    compiled anew when a rule, or a constant of one of the modules, has changed in another file; and
    with another version of this package, whose files may have the dates and sizes of the last.
    """
    digest = hashlib.sha256(repr((__version__, sorted(OPTIONS.items()))).encode())
    for function in functions:
        _digest(function.__code__, digest)
    for module in modules:
        constants = {k: v for k, v in vars(module).items() if isinstance(v, int | float)}
        digest.update(repr(sorted(constants.items())).encode())
    return digest.hexdigest()[:16]


def keyed(function: Callable[..., Any], token: str) -> Callable[..., Any]:
    """A plain function to be compiled, with a `fingerprint` of what it calls in its cache key."""

    def call(*arguments: Any) -> Any:
        token  # noqa: B018  part of the cache key
        return function(*arguments)

    return call


def _digest(code: CodeType, digest: Any) -> None:
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames)).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _digest(constant, digest)
        else:
            digest.update(repr(constant).encode())


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C through where compiled code that gets a function is entered.

    Numba looks for the function's address by calling Python, where a signal may be seen; what that
    raises is lost there, and ends in a TypeError that speaks of Numba's own arguments.
    """
    try:
        yield
    except TypeError as error:
        if "_get_wrapper_address" in str(error):
            raise KeyboardInterrupt from None
        raise


def threads() -> int:
    """Number of threads parallel kernels use."""
    return int(numba().get_num_threads())


def max_threads() -> int:
    """Number of threads numba was started with."""
    return int(numba().config.NUMBA_NUM_THREADS)


@contextlib.contextmanager
def using_threads(count: int | None) -> Iterator[None]:
    """Run parallel kernels on `count` threads inside the block."""
    if count is None:
        yield
        return
    nb = numba()
    before = nb.get_num_threads()
    nb.set_num_threads(count)
    try:
        yield
    finally:
        nb.set_num_threads(before)


def threading_layer() -> str:
    """Name of the threading layer; starts it if no parallel kernel has run yet."""
    nb = numba()
    try:
        return str(nb.threading_layer())
    except ValueError:
        nb.get_num_threads()  # starts the threads
        return str(nb.threading_layer())


def parallel_guard() -> contextlib.AbstractContextManager[Any]:
    """What a parallel call must hold: a lock under workqueue, which aborts when entered twice."""
    return _workqueue_lock if threading_layer() == "workqueue" else contextlib.nullcontext()


def cache_directory() -> str:
    """Folder under which compiled code is kept, or an empty string when none can be written."""
    try:
        used = os.path.abspath(numba().njit(cache=True)(threads).stats.cache_path)
    except RuntimeError:
        return ""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # Numba passes over a chosen folder that cannot be written.
    for folder in (os.environ.get("NUMBA_CACHE_DIR"), package):
        if folder and used.startswith(os.path.abspath(folder)):
            return folder
    return os.path.dirname(used)


def cpu() -> tuple[str, list[str]]:
    """Name of the CPU that Numba compiles for, as LLVM knows it, and the features it has."""
    config, host = numba().config, import_module("llvmlite.binding")
    features = config.CPU_FEATURES or host.get_host_cpu_features().flatten()
    has = [feature[1:] for feature in features.split(",") if feature.startswith("+")]
    return config.CPU_NAME or host.get_host_cpu_name(), has


def _warn_no_cache() -> None:
    global _cache_failed
    if not _cache_failed:
        _cache_failed = True
        warn(
            "no folder for compiled code can be written, so every process compiles anew. "
            "Set NUMBA_CACHE_DIR to a writable folder.",
            NadamkitWarning,
        )
