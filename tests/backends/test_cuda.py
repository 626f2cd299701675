"""The CUDA kernel beyond its bits: what is copied, what is not, and how large a launch is."""

import numpy as np
import pytest

from nadamkit import backends, registry
from nadamkit._runtime import cuda as runtime
from nadamkit.backends import cuda
from nadamkit.coefficients import CoefficientTable
from nadamkit.schedules import rates

pytestmark = pytest.mark.skipif(
    runtime.status()[0] == "missing", reason=f"no CUDA: {runtime.status()[1]}"
)


def call(size, dtype, where):
    """One step of Nadam on arrays that `where` puts somewhere; the arrays afterwards."""
    rule = registry.get("nadam")
    table = CoefficientTable(rule, rule.validated({}), np.dtype(dtype))
    rows = np.empty((4, 1 + len(table.names)), dtype)
    table.fill(rows, 1)
    rows[:, 0] = rates(0.1, 1, 4)
    kernel = backends.make_kernel(rule, table.names, "cuda", backends.Variant())
    rng = np.random.default_rng(size)
    x, g, s = (rng.standard_normal(shape).astype(dtype) for shape in (size, size, (2, size)))
    s = abs(s)
    arrays = [where(a) for a in (x, g, s)]
    kernel(*arrays, rows, 2, np.empty(0, dtype), np.empty(0, dtype))
    return arrays


def test_arrays_on_the_device_are_used_in_place(dtype):
    host = call(300, dtype, np.copy)
    device = call(300, dtype, runtime.on_device)
    for a, b in zip(host, device, strict=True):
        assert not isinstance(b, np.ndarray)
        assert a.tobytes() == b.copy_to_host().tobytes()


def test_gradient_is_not_copied_back(dtype):
    def frozen(a):
        a.flags.writeable = a.ndim == 2 or not hasattr(frozen, "seen")
        frozen.seen = True
        return a

    _, g, _ = call(33, dtype, frozen)
    assert not g.flags.writeable


def test_nothing_is_launched_for_an_empty_array(dtype, monkeypatch):
    monkeypatch.setattr(runtime, "launcher", None)
    call(0, dtype, np.copy)


def test_each_dtype_has_its_kernel():
    assert call(3, "float32", np.copy)[0].dtype == np.float32
    assert call(3, "float64", np.copy)[0].dtype == np.float64


def test_launch_is_bounded(monkeypatch):
    class Kernel:
        def __getitem__(self, configuration):
            return configuration

    kernel = Kernel()
    monkeypatch.setattr(runtime, "simulated", lambda: False)
    monkeypatch.setattr(runtime, "_processors", lambda: 132)
    assert runtime.launcher(kernel, 1) == (1, 256)
    assert runtime.launcher(kernel, 257) == (2, 256)
    assert runtime.launcher(kernel, 2**40) == (8 * 132, 256)


@pytest.mark.parametrize("function", [cuda.maximum, cuda.minimum])
def test_extremes_are_numpys(function, dtype):
    values = np.array([-np.inf, -1.0, -0.5, 0.0, 2.0, np.inf, np.nan], dtype)
    for a in values:
        for b in values:
            expected = getattr(np, function.__name__)(a, b)
            assert np.array_equal(function(a, b), expected, equal_nan=True)
