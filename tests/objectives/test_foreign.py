"""Kinds of arrays: how they are told, what is refused, and device arrays as far as a CPU goes."""

import sys
from contextlib import nullcontext
from types import ModuleType

import numpy as np
import pytest
from numba import cuda, njit
from numpy.testing import assert_array_equal

from nadamkit import minimize
from nadamkit.errors import OptionError
from nadamkit.objectives.foreign import unpacked

START = [3.0, -4.0]


def never(x):
    raise AssertionError("nothing is to be called")


def bowl(x):
    return 0.5 * ((x - 1) * (x - 1)).sum()


def bowl_jac(x):
    return x - 1


@pytest.mark.parametrize("x0", [1.0, START, np.ones(2), np.float32(1), np.ones((2, 2)), None, "a"])
def test_what_is_numpys(x0):
    kind, host = unpacked(x0)
    assert kind.name == "numpy"
    assert host is x0
    assert kind.function(never) is kind.callback(never) is never


def test_a_librarys_other_objects_are_no_arrays():
    torch = pytest.importorskip("torch")
    assert unpacked(torch.Size([2, 3]))[0].name == "numpy"
    assert unpacked([torch.tensor(1.0)])[0].name == "numpy"
    assert minimize(bowl, torch.Size([2, 3]), jac=bowl_jac).success


def test_subclasses_are_of_the_kind():
    torch = pytest.importorskip("torch")

    class Own(torch.Tensor):
        pass

    kind, host = unpacked(torch.ones(2).as_subclass(Own))
    assert kind.name == "torch"
    assert type(host) is np.ndarray


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int64", "int32", "bool", "uint8"])
def test_other_dtypes(dtype):
    torch = pytest.importorskip("torch")
    message = rf"^x0 is a torch array of dtype {dtype}, .* with x0\.to\(torch\.float64\)\."
    with pytest.raises(OptionError, match=message):
        minimize(never, torch.ones(2, dtype=getattr(torch, dtype)), jac="torch")


def test_complex_and_matrix():
    torch = pytest.importorskip("torch")
    with pytest.raises(OptionError, match=r"^x0 is complex, and the methods are"):
        minimize(never, torch.ones(2, dtype=torch.complex128))
    with pytest.raises(OptionError, match=r"^'x0' must only have one dimension"):
        minimize(never, torch.ones(2, 2))


def test_tensors_without_elements():
    torch = pytest.importorskip("torch")
    for start in (torch.ones(2, device="meta"), torch.ones(2).to_sparse()):
        with pytest.raises(OptionError, match=r"torch array, cannot be copied .* Pass"):
            minimize(never, start)


@pytest.mark.parametrize("where", ["fun", "jac", "validation"])
def test_compiled_functions(where):
    torch = pytest.importorskip("torch")
    functions = {"fun": never, "jac": never, "validation": never} | {where: njit(never)}
    with pytest.raises(OptionError, match=r"^an @njit function takes NumPy arrays, .* get torch"):
        minimize(x0=torch.ones(2), **functions)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fun": 3.0}, r"^fun is a float, 3\.0, which"),
        ({"jac": 1}, r"^Unknown jac 1\."),
        ({"callback": 3.0}, r"^callback must be callable"),
        ({"validation": 3.0}, r"^validation is a float, 3\.0; pass"),
    ],
)
def test_what_is_no_function_is_refused_as_usual(given, message):
    torch = pytest.importorskip("torch")
    with pytest.raises(OptionError, match=message):
        minimize(**{"fun": never, "x0": torch.ones(2), "jac": never} | given)


def on_host(function):
    """A function of device arrays, which leaves its arithmetic to NumPy."""

    def called(x):
        assert x.dtype == np.float32
        return function(x.copy_to_host())

    return called


@pytest.mark.parametrize("jac", [bowl_jac, None])
def test_device_arrays_of_numba(jac):
    start = np.array(START, np.float32)
    device = cuda.to_device(start)
    seen = []
    options = {"maxiter": 5, "return_all": True}
    gradient = jac and (lambda x: cuda.to_device(on_host(jac)(x)))
    ours = minimize(on_host(bowl), device, jac=gradient, callback=seen.append, options=options)
    usual = minimize(bowl, start, jac=jac, options=options)
    assert {type(a) for a in (ours.x, ours.jac, *ours.allvecs, *seen)} == {type(device)}
    assert_array_equal(ours.x.copy_to_host(), usual.x)
    assert_array_equal(ours.jac.copy_to_host(), usual.jac)
    assert_array_equal(device.copy_to_host(), START)
    assert (ours.nit, ours.nfev) == (usual.nit, usual.nfev)


@pytest.fixture
def cupy(monkeypatch):
    """As much of CuPy as is called, with arrays on a device that is entered to make them."""
    entered = []

    class ndarray:  # noqa: N801
        device = nullcontext()

        def __init__(self, array):
            self.array, self.dtype = array, array.dtype

        def get(self):
            return self.array.copy()

    class Device:
        def __enter__(self):
            entered.append(self)

        def __exit__(self, *details):
            pass

    ndarray.__module__ = "cupy"
    ndarray.device = Device()
    module = ModuleType("cupy")
    module.ndarray = ndarray
    module.asarray = lambda x: ndarray(x.copy())
    module.entered = entered
    monkeypatch.setitem(sys.modules, "cupy", module)
    return module


def test_arrays_of_cupy(cupy):
    start = cupy.ndarray(np.array(START, np.float32))

    def fun(x):
        assert type(x) is cupy.ndarray
        return cupy.ndarray(np.asarray(bowl(x.array)))

    options = {"maxiter": 5}
    ours = minimize(fun, start, jac=lambda x: cupy.ndarray(bowl_jac(x.array)), options=options)
    usual = minimize(bowl, np.array(START, np.float32), jac=bowl_jac, options=options)
    assert type(ours.x) is type(ours.jac) is cupy.ndarray
    assert_array_equal(ours.x.array, usual.x)
    assert (ours.fun, ours.nfev, ours.njev) == (usual.fun, usual.nfev, usual.njev)
    assert set(cupy.entered) == {start.device}


def test_dtype_of_cupy(cupy):
    with pytest.raises(OptionError, match=r"^x0 is a cupy array of dtype int64, .*astype\('"):
        minimize(never, cupy.ndarray(np.ones(2, int)))
