"""Gradients by JAX; `test_autodiff` runs this file in a process of its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import rosen_der

from nadamkit import minimize
from nadamkit.errors import ObjectiveError
from nadamkit.objectives.autodiff import on_host
from nadamkit.objectives.foreign import Kind
from tests.objectives.test_autodiff import ROWS, bowl, distance, distance_both, same_run, valley
from tests.problems import X0

DTYPES = ("float32", "float64")


def counted(fun):
    """`fun` with a list that gets one element for each run of the compiled code."""
    calls = []

    def counting(x, *args):
        jax.debug.callback(lambda: calls.append(1))
        return fun(x, *args)

    return counting, calls


def traced(fun):
    """`fun` with a list of its arguments each time that Python runs it."""
    traces = []

    def tracing(x, *args):
        traces.append((x, *args))
        return fun(x, *args)

    return tracing, traces


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient(dtype):
    fun, jac, _ = on_host(valley, "jax", Kind())
    assert jac is True
    for point in np.random.default_rng(0).integers(-8, 9, (20, 4)) / 4:
        # All of it is exact: the points have few bits.
        assert_array_equal(fun(point.astype(dtype))[1], rosen_der(point))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("setting", [False, True])
def test_solution_counts_and_precision(dtype, setting):
    tracing, traces = traced(valley)
    fun, calls = counted(tracing)
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", setting)
    try:
        result = minimize(fun, X0.astype(dtype), jac="jax", options={"return_all": True})
        jax.effects_barrier()
        assert jax.config.jax_enable_x64 == setting
    finally:
        jax.config.update("jax_enable_x64", before)
    assert result.nfev == result.njev == len(calls)
    assert len(traces) == 1  # compiled once
    assert traces[0][0].dtype == result.x.dtype == result.jac.dtype == dtype
    assert all(type(x) is np.ndarray for x in (result.x, result.jac, *result.allvecs))
    if dtype == "float64":
        assert result.success
        assert_allclose(result.x, 1, atol=1e-5)
    else:
        # Values near the minimum differ by less than float32 can tell.
        assert valley(result.x.astype(float)) < 1e-6


def test_run_is_that_of_the_exact_gradient():
    # All of it is exact, so that it makes no difference what the compiler joins.
    options = {"learning_rate": 0.5, "maxiter": 20}
    ours = minimize(bowl, [4.0, 0.0], method="gd", jac="jax", options=options)
    same_run(ours, minimize(bowl, [4.0, 0.0], method="gd", jac=lambda x: x, options=options))


def test_numbers_are_traced_and_the_rest_is_constant():
    class Opaque:
        shift = 1.0

    opaque = Opaque()
    args = (np.ones(2), 2.0, 3, np.float32(0.5), {"a": [np.zeros(2), None]}, True, "max", opaque)

    def loss(x, array, number, count, scalar, tree, flag, word, thing):
        assert all(isinstance(a, jax.Array) for a in (array, number, count, scalar, tree["a"][0]))
        assert tree["a"][1] is None
        assert flag is True
        assert word == "max"
        assert thing is opaque
        # A branch on a traced value would fail.
        shift = thing.shift if flag and word == "max" else jnp.nan
        return (number * count * scalar * (x - array - tree["a"][0] - shift) ** 2).sum()

    fun, traces = traced(loss)
    result = minimize(fun, X0, args, jac="jax")
    assert len(traces) == 1
    assert_allclose(result.x, 2, atol=1e-5)


def test_callable_argument():
    fun, traces = traced(lambda x, f: f(x).sum())
    minimize(fun, X0, (jnp.square,), jac="jax")
    assert len(traces) == 1


@pytest.mark.parametrize("rate", ["auto", 0.1])
def test_batches_are_compiled_once(rate):
    fun, traces = traced(distance)
    given = dict(batch_size=2, epochs=10, rng=3, options={"learning_rate": rate})
    ours = minimize(fun, [0.0], (ROWS,), jac="jax", **given)
    theirs = minimize(distance_both, [0.0], (ROWS,), jac=True, **given)
    assert len(traces) == 1
    assert_allclose(ours.x, theirs.x, rtol=1e-12)
    assert (ours.nit, ours.nfev, ours.njev) == (theirs.nit, theirs.nfev, theirs.njev)


def test_own_batches_with_constants():
    fun, traces = traced(lambda x, rows, *_: distance(x, rows))
    batches = [(ROWS[:2], "one", {"step": 1}), (ROWS[2:4], "one", {"step": 2})]
    options = {"maxiter": 12}
    ours = minimize(fun, [0.0], jac="jax", batches=batches, options=options)
    plain = [rows for rows, *_ in batches]
    theirs = minimize(distance_both, [0.0], jac=True, batches=plain, options=options)
    assert len(traces) == 1
    assert_allclose(ours.x, theirs.x, rtol=1e-12)


@pytest.mark.parametrize("stochastic", [None, False])
def test_random_numbers_are_new_in_each_call(stochastic):
    def both(x, rng):
        noisy = x + rng.standard_normal(2)
        return bowl(noisy), noisy

    given = dict(rng=5, stochastic=stochastic, options={"maxiter": 50})
    ours = minimize(
        lambda x, rng: bowl(x + rng.standard_normal(2)), [3.0, -4.0], jac="jax", **given
    )
    theirs = minimize(both, [3.0, -4.0], jac=True, **given)
    assert_allclose(ours.x, theirs.x, rtol=1e-12)
    assert ours.nfev == theirs.nfev


def test_validation_in_double_precision():
    seen = []

    def validation(x):
        seen.append((isinstance(x, jax.Array), str(x.dtype)))
        return jnp.sum((x - jnp.ones(1)) ** 2)

    given = dict(batch_size=2, epochs=4, rng=3, validation=validation)
    result = minimize(distance, [0.0], (ROWS,), jac="jax", **given)
    assert set(seen) == {(True, "float64")}
    assert_allclose(result.validation, (result.x[0] - 1) ** 2, rtol=1e-15)


def test_bounds_and_callback():
    seen = []
    bounds = [(1.5, None), (None, None), (0.25, 0.25)]
    result = minimize(valley, [2.0, 1.0, 0.25], jac="jax", bounds=bounds, callback=seen.append)
    usual = minimize(valley, [2.0, 1.0, 0.25], jac=rosen_der, bounds=bounds)
    assert_array_equal(result.x[[0, 2]], [1.5, 0.25])
    assert_allclose(result.x, usual.x, rtol=1e-5)
    assert result.jac[2] == 0
    assert len(seen) == result.nit
    assert all(type(x) is np.ndarray for x in seen)


def test_value_of_shape_one():
    assert minimize(lambda x: bowl(x).reshape(1), X0, jac="jax").success


def test_not_finite():
    result = minimize(lambda x: jnp.log(x[0]) + x[0], [-1.0], jac="jax")
    assert result.status == 3


@pytest.mark.parametrize(
    "returned", [1.0, 1, None, np.float64(1), np.ones(1), (1.0, X0), jnp.int32(1)], ids=repr
)
def test_value_from_outside(returned):
    with pytest.raises(ObjectiveError, match=r"^The value has no gradient: with jac='jax' "):
        minimize(lambda x: returned, X0, jac="jax")


def test_vector_and_complex_value():
    with pytest.raises(ObjectiveError, match=r"must return a scalar value\. .* 2 elements"):
        minimize(lambda x: x * x, X0, jac="jax")
    with pytest.raises(ObjectiveError, match=r"complex value, of dtype complex128"):
        minimize(lambda x: (x * 1j).sum(), X0, jac="jax")


def test_jaxs_own_errors_propagate():
    with pytest.raises(jax.errors.ConcretizationTypeError):
        minimize(lambda x: float(x[0]), X0, jac="jax")
    with pytest.raises(jax.errors.TracerBoolConversionError):
        minimize(lambda x: x.sum() if x[0] > 0 else -x.sum(), X0, jac="jax")


@pytest.mark.parametrize("error", [KeyError("mine"), StopIteration("mine"), ValueError("mine")])
def test_exceptions_propagate(error):
    def fails(x):
        raise error

    with pytest.raises(type(error)) as caught:
        minimize(fails, X0, jac="jax")
    assert caught.value is error
    assert "fails" in [entry.name for entry in caught.traceback]
