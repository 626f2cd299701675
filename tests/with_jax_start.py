"""`minimize` from an array of JAX; `test_minimize_foreign` runs this file in its own process."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nadamkit import minimize
from nadamkit.errors import OptionError
from nadamkit.objectives.foreign import unpacked
from tests.test_minimize_foreign import RATES, START, bowl, bowl_both, bowl_jac, same_run

KIND = type(jnp.ones(1))


def started(dtype):
    """A start of a dtype that a user may have made under any setting."""
    return jnp.asarray(np.array(START, dtype)) if dtype == "float32" else double()


def double():
    place = jax if hasattr(jax, "enable_x64") else __import__("jax.experimental").experimental
    with place.enable_x64(True):
        return jnp.asarray(START, "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("fun", "jac"),
    [(bowl, bowl_jac), (bowl_both, True), (bowl, None), (bowl, "3-point"), (bowl, "cs")],
)
def test_functions_get_arrays_of_jax(fun, jac, rate, dtype):
    kinds = set()

    def ours(x):
        kinds.add((type(x), str(x.dtype)))
        return fun(x)

    options = {"learning_rate": rate, "maxiter": 30}
    result = minimize(ours, started(dtype), jac=jac, options=options)
    usual = minimize(fun, np.array(START, dtype), jac=jac, options=options)
    same_run(result, usual, KIND)
    complex_too = {"float32": "complex64", "float64": "complex128"}[dtype]
    names = {dtype, complex_too} if jac == "cs" else {dtype}
    assert kinds == {(KIND, name) for name in names}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_by_jax(dtype):
    seen = []
    result = minimize(
        bowl, started(dtype), jac="jax", callback=seen.append, options={"return_all": True}
    )
    assert {type(a) for a in (result.x, result.jac, *result.allvecs, *seen)} == {KIND}
    assert {str(a.dtype) for a in (result.x, result.jac, *result.allvecs, *seen)} == {dtype}
    assert_allclose(result.x, 1.0, atol=1e-5)
    assert result.success


def test_points_that_are_kept_stay():
    kept, then = [], []

    def keeps(x):
        kept.append(x)
        then.append(np.array(x))

    def fun(x):
        keeps(x)
        return bowl(x)

    minimize(fun, double(), jac=bowl_jac, callback=keeps)
    assert_array_equal(kept, then)


def test_place():
    """What was put somewhere stays there; what was not follows other arrays."""
    free, put = jnp.ones(2), jax.device_put(jnp.ones(2), jax.devices()[0])
    for start in (free, put):
        kind, host = unpacked(start)
        assert type(host) is np.ndarray
        made = kind.array(host)
        assert made.sharding == start.sharding
        if hasattr(made, "committed"):
            assert made.committed == start.committed


def test_refused():
    with pytest.raises(OptionError, match=r"^x0 is a jax array of dtype bfloat16, .*astype"):
        minimize(bowl, jnp.ones(2, "bfloat16"), jac="jax")
    with pytest.raises(OptionError, match=r"^The elements of x0, a jax array, cannot be copied"):
        jax.jit(lambda x: minimize(bowl, x).x)(jnp.ones(2))
    with pytest.raises(OptionError, match=r"must only have one dimension"):
        minimize(bowl, jnp.ones((2, 2)))
