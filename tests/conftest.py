"""How the tests run: which device, where compiled kernels are kept, and what tests range over."""

import os
from pathlib import Path

import pytest

# Before numba is imported, which reads these once.
if os.environ.get("NADAMKIT_TEST_GPU") != "1":
    os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".numba_cache"))
# Tests run side by side, and a thread that waits for work would keep a core from another process.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())) < 2:
    os.environ.setdefault("NUMBA_NUM_THREADS", "2")

from nadamkit import registry

#: Backends and their options. All must give the bits of the first.
BACKENDS = {
    "numpy": {"backend": "numpy"},
    "serial": {"backend": "serial"},
    "parallel, 1 thread": {"backend": "parallel", "threads": 1},
    "parallel, 2 threads": {"backend": "parallel", "threads": 2},
    "cuda": {"backend": "cuda"},
}


@pytest.fixture(params=registry.names())
def method(request):
    """Each method."""
    return request.param


@pytest.fixture(params=("float32", "float64"))
def dtype(request):
    """Each dtype."""
    return request.param


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Keyword arguments of `Stepper` for each backend, the reference included."""
    return BACKENDS[request.param]


@pytest.fixture(params=[name for name in BACKENDS if name != "numpy"])
def other_backend(request):
    """Keyword arguments of `Stepper` for each backend but the reference."""
    return BACKENDS[request.param]
