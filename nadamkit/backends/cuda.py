"""One CUDA kernel for all rules, on a GPU or in the simulator. Same bits as on the CPU.

The step is rewritten for the device (`nadamkit.backends.retarget`): each product is rounded by
itself, so that no fused multiply-add is formed, and ``ops`` means the device's functions. Square
root and division are correctly rounded there without help. The coefficients of the step are
arguments of the launch, not memory, so no thread loads them.

Arrays on the device (anything with ``__cuda_array_interface__``) are used in place. A NumPy array
is copied there and back at every call: x, g, and all slots, far dearer than the step itself.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from nadamkit._runtime import cuda as runtime
from nadamkit.backends.pieces import Pieces
from nadamkit.backends.retarget import PRODUCT, retarget

#: ``numba.cuda`` once a kernel was made. A global, as that is where the simulator swaps it.
cuda: Any = None


def make_kernel(p: Pieces) -> Any:
    """The kernel of one rule.

    Parameters
    ----------
    p : Pieces
        The functions it is built from.

    Returns
    -------
    callable
        ``kernel(x, g, s, k, r, rates, mods)``, see `nadamkit.backends.pieces`. The arrays x, g, s
        and rates may be on the device; k and mods are NumPy arrays.

    Raises
    ------
    BackendUnavailable
        If there is neither a GPU nor the simulator.
    """
    package = runtime.cuda()

    @cache
    def compiled(dtype: Any) -> Any:
        return package.jit(plain_kernel(p, dtype))

    def kernel(x: Any, g: Any, s: Any, k: Any, r: Any, rates: Any, mods: Any) -> None:
        if x.size == 0:
            return
        scalars = (k[r, 0], *p.row(k, r)), p.weights(mods)
        there = [runtime.on_device(a) for a in (x, g, s, rates if rates.size else g)]
        runtime.launcher(compiled(np.dtype(x.dtype)), x.size)(*there, *scalars)
        for host, device in ((x, there[0]), (s, there[2])):
            if host.size and isinstance(host, np.ndarray):
                device.copy_to_host(host)

    return kernel


def plain_kernel(p: Pieces, dtype: Any, exact: bool = True) -> Any:
    """The kernel before compilation.

    Parameters
    ----------
    p : Pieces
        The functions it is built from.
    dtype : numpy.dtype
        Of all arrays and scalars.
    exact : bool
        Round each product by itself. For tests: without it, results differ from the CPU's.

    Returns
    -------
    function
        ``kernel(x, g, s, rates, c, w)``: arrays as in `nadamkit.backends.pieces`, c the learning
        rate and the coefficients, w the four numbers of ``modified`` or nothing.
    """
    global cuda
    cuda = runtime.module()
    meanings = meanings_of(np.dtype(dtype), exact)
    step, rate, modify = (on_gpu(retarget(f, meanings)) for f in (p.step, p.rate, p.modify))
    gather, scatter = runtime.inlinable(p.gather), runtime.inlinable(p.scatter)

    def kernel(x, g, s, rates, c, w):
        i, stride, n = cuda.grid(1), cuda.gridsize(1), x.size
        while i < n:
            e = rate(c[0], rates, i)
            xi, gi = modify(x[i], g[i], e, w)
            x[i], new = step(xi, gi, gather(s, i), (e, *c[1:]))
            scatter(s, i, new)
            i += stride

    return kernel


def signature(p: Pieces, dtype: Any, coefficients: int) -> Any:
    """The argument types of `plain_kernel`, for compiling it without a GPU."""
    types = runtime.module().types
    real = getattr(types, np.dtype(dtype).name)
    vector, state = types.Array(real, 1, "C"), types.Array(real, 2, "C")
    weights = len(p.weights(np.zeros(4, dtype)))
    scalars = (types.UniTuple(real, 1 + coefficients), types.UniTuple(real, weights))
    return types.void(vector, vector, state, vector, *scalars)


def maximum(a, b):
    """NaN if either is, as in NumPy."""
    return a if a > b or a != a else b


def minimum(a, b):
    """NaN if either is, as in NumPy."""
    return a if a < b or a != a else b


def meanings_of(dtype: Any, exact: bool) -> dict[str, Any]:
    """What `nadamkit.ops` means on the device, and a product."""
    if runtime.simulated():  # scalars of NumPy: products are exact, and math.sqrt(-1) would raise
        return {"sqrt": np.sqrt, "absolute": abs, "maximum": maximum, "minimum": minimum}
    extremes = {f.__name__: runtime.inlinable(f) for f in (maximum, minimum)}
    product = {PRODUCT: runtime.exact_product(dtype)} if exact else {}
    return {"sqrt": math.sqrt, "absolute": abs, **extremes, **product}


def on_gpu(function: Any) -> Any:
    """Callable from a kernel; quiet about Inf and NaN in the simulator, as a GPU is."""
    if runtime.simulated():
        return np.errstate(all="ignore")(function)
    return runtime.inlinable(function)
