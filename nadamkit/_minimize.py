"""`minimize`: SciPy's contract around a loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import _execute, _noise, _options, _progress, _result, backends, registry
from nadamkit.errors import OptionError, described
from nadamkit.loops.stepper import NAMED_RATES, split_rate
from nadamkit.loops.task import Problem
from nadamkit.objectives import autodiff, foreign
from nadamkit.objectives.bounds import standardise

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

#: What no model and no learned scale of the step knows of.
_CHANGES_THE_STEP = (
    *("weight_decay", "clip_norm", "clip_value"),
    *("dampening", "centered", "momentum", "amsgrad"),
)


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "nadam",
    jac: Any = None,
    bounds: Any = None,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    backend: str = "auto",
    stochastic: bool | None = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    batches: Iterable[Any] | None = None,
    validation: Callable[[Any], Any] | None = None,
    rng: Any = None,
    progress: bool | Callable[[Any], Any] = False,
    hess: Any = None,
    hessp: Any = None,
    constraints: Any = (),
) -> OptimizeResult:
    """Minimise a function of several variables with a first-order method.

    The contract is that of `scipy.optimize.minimize`. With ``learning_rate="auto"``, the default,
    nothing has to be tuned: a deterministic function is searched in the metric of the method, with
    steps chosen from a model; a noisy one gets steps of a learned scale that shrink over `maxiter`.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> float`` with x of shape (n,). With ``jac=True`` it returns the value and
        the gradient; with the name of a library as `jac` it is written in that library. An
        ``@njit`` function runs in a compiled loop; its fastest form is ``fun(x, g, *args) ->
        float``, which writes the gradient into g. It must not change x.
    x0 : array_like of shape (n,)
        Start. float32 is kept, anything else real becomes float64. It may be an array of PyTorch,
        JAX, CuPy or Numba's CUDA target, float32 or float64: then `fun`, `jac`, `validation` and
        `callback` get arrays of that kind, dtype and device, and x, jac and allvecs of the result
        are such arrays too. The loop itself works in the host's memory: an array on a device is
        copied there and back in each evaluation. A tensor's graph is left alone.
    args : tuple, optional
        Further arguments of `fun` and `jac`.
    method : str, default "nadam"
        One of `nadamkit.registry.names`.
    jac : {callable, True, '2-point', '3-point', 'cs', 'jax', 'torch', 'autograd', None}, optional
        ``jac(x, *args) -> array of shape (n,)``, or how to difference; None is '2-point'. The name
        of a library differentiates `fun` with it: `fun` and `validation` then get x as its array,
        `fun` returns its scalar, and a call counts in nfev and in njev. JAX compiles `fun` once for
        all arguments of the same shapes; numbers, arrays and trees of them are arguments of the
        compiled code, anything else is part of it. With a NumPy generator among the arguments
        nothing is compiled. float64 is float64 in JAX too, whatever its settings.
    bounds : sequence of (min, max) or scipy.optimize.Bounds, optional
        Bounds; the iterates and all differences stay inside.
    tol : float, optional
        Sets gtol.
    callback : callable, optional
        ``callback(xk)`` or ``callback(intermediate_result)`` after each iteration. Raising
        StopIteration ends the run.
    options : dict, optional
        Of the run: learning_rate (default "auto"), maxiter, maxfun, maxtime, gtol, ftol,
        ftol_window, xtol, target, patience, validation_every, average, disp, return_all, history,
        workers, finite_diff_rel_step. Of the method: its hyperparameters (mu, nu, eps, schedule and
        so on), weight_decay, wd_kind, clip_norm, clip_value, maximize. A learning rate that is a
        number, an array or a schedule means the paper's algorithm exactly. dialect (one of
        `nadamkit.dialects.names`, for example "torch") means that of a library: its
        hyperparameters and its learning rate are the defaults then. The tables of options in the
        documentation have the meaning, default and allowed values of each.
    backend : {'auto', 'numpy', 'serial', 'parallel', 'cuda'}, default 'auto'
        Where steps are computed. The result is the same to the bit.
    stochastic : bool, optional
        Whether `fun` is noisy. By default it is taken to be deterministic until a search fails;
        then it is called again at the same point, and if it disagrees with itself the run goes on
        as a noisy one, and says so.
    batch_size : int, optional
        Cut every array in `args` along its first axis into batches of at most so many rows,
        shuffled in each epoch; `fun` and `jac` get the rows of one batch.
    epochs : int, optional
        Passes over the data; sets maxiter.
    batches : iterable, optional
        Batches of one's own making, in place of `batch_size`: tuples of the arguments between x and
        `args`, ``fun(x, *batch, *args)``. Passed over again and again if it can be.
    validation : callable, optional
        ``validation(x) -> float``, called every `validation_every` iterations of a noisy run. The
        point with the lowest value is returned; `patience` counts validations.
    rng : int or numpy.random.Generator, optional
        Shuffles the batches. Without batches, it is passed to `fun` as its last argument,
        ``fun(x, *args, rng)``, and to `jac` with the same numbers to come; with
        ``stochastic=False`` each call gets the same numbers. The same seed gives the same bits.
    progress : bool or callable, default False
        True shows iterations, their rate, the value and the gradient's norm while it runs, in a bar
        of tqdm or a line of text, and nothing where the output is neither a terminal nor a
        notebook. A function gets the state ten times a second, with fields nit, nfev, fun, gnorm,
        seconds and horizon (the iterations it is to make, or None); what it raises ends the run.
    hess, hessp, constraints : optional
        Not used; given, they cause a warning, as in SciPy.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With x and fun (the best point seen), jac (the gradient there), success, status, message,
        nit, nfev, njev, and allvecs or history if asked for. After a noisy run x is the last
        iterate or an average, never the luckiest one; fun and jac are means over the last
        iterations, fun_error is the standard error of fun, and stochastic is True; validation is
        the value of `validation` at x. Status: 0 gtol, 1 maxiter, 2 maxfun, 3 NaN or Inf, 10 ftol,
        11 xtol, 12 target, 13 patience, 14 maxtime, 15 precision loss, 16 noise floor, 17 batches
        used up, 18 diverged, 19 unbounded, 99 callback. Notebooks show it as a table.

    Raises
    ------
    ValueError
        For input that makes no sense; before `fun` is called, except where its result does not.
    BackendUnavailable
        If the library that `jac` names, or what `backend` needs, is not there.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam". Of "auto": Birgin, Martínez and
    Raydan (2000), "Nonmonotone spectral projected gradient methods on convex sets"; Yuan and Stoer
    (1995), "A subspace study on conjugate gradient algorithms"; Mishchenko and Defazio (2024),
    "Prodigy: an expeditiously adaptive parameter-free learner".

    Examples
    --------
    >>> from scipy.optimize import rosen, rosen_der
    >>> result = minimize(rosen, [-1.2, 1.0], jac=rosen_der)
    >>> result.success, result.x.round(4).tolist()
    (True, [1.0, 1.0])

    A straight line through noisy data, 32 points at a time:

    >>> rng = np.random.default_rng(0)
    >>> t = rng.uniform(size=1000)
    >>> y = 1.0 + 2.0 * t + 0.1 * rng.standard_normal(1000)
    >>> def loss(x, t, y):
    ...     r = x[0] + x[1] * t - y
    ...     return np.mean(r**2), 2 * np.array([np.mean(r), np.mean(r * t)])
    >>> result = minimize(loss, [0.0, 0.0], args=(t, y), jac=True, batch_size=32, rng=1)
    >>> result.x.round(1).tolist()
    [1.0, 2.0]
    """
    rule = registry.get(method)
    _options.warn_unused(method, hess=hess, hessp=hessp, constraints=constraints)
    _progress.check(progress)
    run, hyper, given = _options.parse(rule, options, tol)
    rule = rule.chosen(hyper)
    home, x0 = foreign.unpacked(x0)
    x = start(x0)
    fun, jac, kind = autodiff.on_host(fun, jac, home)
    validation, callback = kind.function(validation), home.callback(callback)
    args = args if isinstance(args, tuple) else (args,)
    box = standardise(bounds, x.size, x.dtype)
    rate, rates = _learning_rate(run["learning_rate"], hyper, x)
    if box is not None:
        box.project(x)
    asked = _noise.Asked(stochastic, batch_size, epochs, batches, validation, rng)
    samples, args, stochastic = _noise.source(asked, args, run, given)
    sign = -1.0 if hyper["maximize"] else 1.0
    problem = Problem(
        rule=rule,
        hyper=hyper,
        given=given,
        x=x,
        box=box,
        rate=rate,
        rates=rates,
        limits=_options.limits(run, x.size, sign, x.dtype),
        maxtime=math.inf if run["maxtime"] is None else float(run["maxtime"]),
        backend=backends.choose(backend, x.size),
    )
    noise = _noise.noise(asked, samples, run)
    horizon = _progress.horizon(noise.horizon if stochastic else run["maxiter"])
    user = _execute.User(
        *(fun, jac, args, callback, run["finite_diff_rel_step"], run["workers"]),
        *(samples, stochastic, partial(_progress.watched, progress, sign, horizon)),
    )
    result = _execute.solve(problem, user, noise)
    return home.result(_result.finished(result, run))


def start(x0: Any) -> NDArray[Any]:
    """A fresh, contiguous start of dtype float32 or float64, checked."""
    try:
        x = np.asarray(x0)
    except ValueError as error:  # rows of different lengths
        raise OptionError(
            f"x0 must be an array of real numbers, but is {described(x0)} that makes none "
            f"({error}). Pass a list or an array of floats."
        ) from error
    if x.ndim > 1:
        # SciPy's own sentence, and what to do.
        raise OptionError(
            f"'x0' must only have one dimension. It has shape {x.shape}; pass x0.ravel(), and let "
            "fun reshape its x."
        )
    if x.dtype.kind == "c":
        raise OptionError(
            "x0 is complex, and the methods are defined for real variables; pass real and "
            "imaginary parts as one real array, x0.view(float), and take x.view(complex) in fun."
        )
    if x.dtype.kind not in "fiub":
        raise OptionError(
            f"x0 must be an array of real numbers, but its dtype is {x.dtype}: it is "
            f"{described(x0)}. Pass a list or an array of floats."
        )
    return np.array(
        np.atleast_1d(x), np.float32 if x.dtype == np.float32 else np.float64, order="C"
    )


def _learning_rate(value: Any, hyper: dict[str, Any], x: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
    if not (isinstance(value, str) and value in NAMED_RATES):
        return split_rate(value, x.shape, x.dtype)
    for name in _CHANGES_THE_STEP:
        if hyper.get(name):
            raise OptionError(
                f"{name}={hyper[name]!r} changes the step, which learning_rate={value!r} measures; "
                "give a number or a schedule as learning_rate."
            )
    return None, np.empty(0, x.dtype)
