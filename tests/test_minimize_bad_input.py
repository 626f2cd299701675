"""What `minimize` refuses before it calls anything, or warns of, and how it says so."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, OptimizeWarning

from nadamkit import backends, minimize, registry
from nadamkit._runtime import cuda
from nadamkit.errors import BackendUnavailable, OptionError
from tests.problems import START, X0, Spy, bowl, bowl_jac, rosen, rosen_jac


def refused(message, error=OptionError, x0=START, jac=bowl_jac, **arguments):
    """Assert that `minimize` raises, having called neither function nor callback."""
    fun, gradient, callback = Spy(bowl), Spy(bowl_jac), Spy(lambda x: None)
    given = {"callback": callback} | arguments
    with pytest.raises(error, match=message) as caught:
        minimize(fun, x0, jac=gradient if jac is bowl_jac else jac, **given)
    assert fun.calls == gradient.calls == callback.calls == 0
    assert isinstance(caught.value, ValueError | BackendUnavailable)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("adm", r"^Unknown solver adm; did you mean 'adam'\? Choose one of: adagrad, adam"),
        ("BFGS", r"^Unknown solver BFGS"),
        (None, r"^Unknown solver None"),
        (3, r"^Unknown solver 3"),
        (["nadam"], r"^Unknown solver"),
    ],
)
def test_unknown_method(given, message):
    refused(message, method=given)


@pytest.mark.parametrize(
    ("x0", "message"),
    [
        (
            np.zeros((2, 2)),
            r"^'x0' must only have one dimension\. It has shape \(2, 2\); pass x0\.rav",
        ),
        (np.array([1 + 1j, 2]), r"^x0 is complex.*pass real and imaginary parts"),
        (np.complex64([1]), r"^x0 is complex"),
        (1j, r"^x0 is complex"),
        (["a", "b"], r"^x0 must be an array of real numbers, but its dtype is <U1"),
        ("ab", r"^x0 must be an array of real numbers"),
        ([1, None], r"but its dtype is object: it is a list of length 2\. Pass a list or an array"),
        (None, r"^x0 must be an array of real numbers, but its dtype is object: it is None\. Pass"),
        (np.array(["2020"], "M8[Y]"), r"^x0 must be an array of real numbers"),
        ([1.0, [2.0, 3.0]], r"^x0 must be .* a list of length 2 that makes none .*inhomogeneous"),
    ],
)
def test_start(x0, message):
    refused(message, x0=x0)


@pytest.mark.parametrize("jac", ["2point", "newton", 1, X0])
def test_unknown_jac(jac):
    refused(r"^Unknown jac .*'2-point', '3-point' or 'cs'", jac=jac)


@pytest.mark.parametrize("fun", [None, "rosen", 3.0])
def test_fun_is_not_callable(fun):
    with pytest.raises(OptionError, match=r"^fun is .*, which cannot be called; pass a callable"):
        minimize(fun, START)


@pytest.mark.parametrize("callback", [3, "print", [print]])
def test_callback_is_not_callable(callback):
    refused(r"^callback must be callable, but is an? .*; pass callback\(xk\) or", callback=callback)


@pytest.mark.parametrize("options", [["maxiter", 3], "maxiter", 3, {("maxiter", 3)}])
def test_options_is_not_a_dict(options):
    refused(r"^options must be a dict, but is an? .*; for example \{'maxiter'", options=options)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([(0, 1), (2, 1), (0, 1)], r"^An upper bound is less than the corresponding lower bound\."),
        (Bounds([2, 2, 2], [1, 3, 3]), r"^An upper bound is less than the corresponding"),
        ([(0, 1)] * 2, r"^The number of bounds is not compatible with the length of `x0`\."),
        (Bounds([0, 0], [1, 1]), r"^The number of bounds is not compatible"),
        ([(np.nan, 1)] * 3, r"^A bound of variable 0 is NaN"),
        (Bounds([0, 0, 0], [1, np.nan, 1]), r"^A bound of variable 1 is NaN"),
        ([(np.inf, np.inf)] * 3, r"No finite"),
        ([(0, 1, 2)] * 3, r"^bounds\[0\] is .*not a \(lower, upper\) pair"),
        (5, r"^bounds is an int, 5; pass"),
        ([("a", "b")] * 3, r"^The bounds are not real numbers"),
    ],
)
def test_bounds(bounds, message):
    refused(message, bounds=bounds)


TOLERANCES = ["gtol", "ftol", "xtol"]
BUDGETS = ["maxiter", "maxfun", "maxtime", "target"]
COUNTS = ["ftol_window", "patience", "history"]
NO_NUMBERS = [np.nan, "1", 1j, [1, 2], np.ones(2), print, {}]
BAD_OPTIONS = [
    *((name, bad, "a number") for name in TOLERANCES for bad in (-1e-9, np.inf, *NO_NUMBERS)),
    *((name, bad, "a number") for name in BUDGETS for bad in NO_NUMBERS),
    *((name, bad, "a whole number") for name in COUNTS for bad in (0, -1, 1.5, *NO_NUMBERS)),
    *((name, bad, "a whole number") for name in COUNTS for bad in (np.inf,)),
    *((name, bad, "True") for name in ("disp", "return_all") for bad in ("yes", None, 1.5, [])),
    *(("mu", bad, r"a number in \[0, 1\)") for bad in (1.0, -0.1, None, *NO_NUMBERS)),
    *(("nu", bad, r"a number in \[0, 1\)") for bad in (1.0, -0.1, None, *NO_NUMBERS)),
    *(("eps", bad, "a finite number >= 0") for bad in (-1e-9, np.inf, None, *NO_NUMBERS)),
    *(("eps_root", bad, "a finite number >= 0") for bad in (-1e-9, "0")),
    *(("weight_decay", bad, "a finite number >= 0") for bad in (-1.0, np.inf, *NO_NUMBERS)),
    *(("clip_norm", bad, "a number > 0 or None") for bad in (0.0, -1.0, np.inf, *NO_NUMBERS)),
    *(("clip_value", bad, "a number > 0 or None") for bad in (0.0, -1.0, np.inf, *NO_NUMBERS)),
    *(("schedule", bad, "'dozat', 'constant'") for bad in ("cosine", 0.9, None, np.ones(2))),
    *(("wd_kind", bad, "one of 'l2', 'decoupled'") for bad in ("L1", None, [])),
    *(("m_coef", bad, "one of 'mu', 'mu_t'") for bad in ("m", 1)),
    *(("eps_kind", bad, "one of 'in', 'out', 'out_raw'") for bad in ("inside", None)),
    *(("lookahead", bad, "one of True, False") for bad in ("no", None)),
    *(("maximize", bad, "one of False, True") for bad in ("no", None, np.ones(2))),
]


@pytest.mark.parametrize(("name", "bad", "allowed"), BAD_OPTIONS, ids=repr)
def test_option(name, bad, allowed):
    message = rf"(?s)^{name}=.* is not allowed: (it|{name}) must be .*{allowed}"
    refused(message, options={name: bad, "learning_rate": 0.1})


@pytest.mark.parametrize("tol", [-1.0, np.nan, "small", 1j])
def test_tol(tol):
    refused(r"^tol=.* is not allowed: it must be a number >= 0", tol=tol)


RATE = r"^learning_rate=.* is not allowed: it must be a finite number >= 0, an array"


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (-0.1, RATE),
        (np.nan, RATE),
        (np.inf, RATE),
        ("fast", RATE),
        ("Auto", RATE),
        (None, RATE),
        (1j, RATE),
        ({}, RATE),
        ([0.1, -0.1, 0.1], RATE),
        ([0.1, [0.1], 0.1], RATE),
        ([0.1, 0.1], r"^learning_rate has shape \(2,\), but the parameters have shape \(3,\)"),
        (np.ones((3, 1)), r"^learning_rate has shape \(3, 1\)"),
        ([], r"^learning_rate has shape \(0,\)"),
        ("race ", RATE + r".*'auto' or 'race'; did you mean 'race'\?$"),
        ([-0.1] * 30, r"^learning_rate=<list of length 30> is not allowed"),
    ],
    ids=repr,
)
def test_learning_rate(rate, message):
    refused(message, options={"learning_rate": rate})


@pytest.mark.parametrize(
    "bad", [None, np.nan, -1.0, np.inf, "0.1", 1j, np.ones(2), [0.1]], ids=repr
)
def test_learning_rate_of_a_callable(bad):
    message = (
        r"^the learning-rate schedule returned .* for t = 1; a rate must be a finite number >= 0"
    )
    refused(message, options={"learning_rate": lambda t: bad})


@pytest.mark.parametrize("bad", [None, np.nan, -0.1, 1.0, "0.9", 1j, np.ones(2)], ids=repr)
def test_momentum_of_a_callable(bad):
    message = (
        r"^the momentum schedule returned .* for t = 1; a momentum must be a number in \[0, 1\)"
    )
    refused(message, options={"learning_rate": 0.1, "schedule": lambda t: bad})


@pytest.mark.parametrize(
    "given", [{"weight_decay": 0.1}, {"clip_norm": 1.0}, {"clip_value": 1.0}], ids=repr
)
def test_line_search_has_no_modified_steps(given):
    name = next(iter(given))
    refused(rf"^{name}=.* changes the step, which learning_rate='auto' measures", options=given)


@pytest.mark.parametrize("workers", [0, -2, 1.5, "2", [1]])
@pytest.mark.parametrize("jac", [None, bowl_jac])
def test_workers(workers, jac):
    refused(r"^workers is .*pass a number of processes", jac=jac, options={"workers": workers})


@pytest.mark.parametrize("step", ["1", np.nan, [1e-8, 1e-8], np.ones((3, 1)), {}])
@pytest.mark.parametrize("jac", [None, bowl_jac])
def test_difference_step(step, jac):
    options = {"finite_diff_rel_step": step}
    refused(r"(?s)^finite_diff_rel_step is .*pass a finite number", jac=jac, options=options)


@pytest.mark.parametrize("backend", ["gpu", "Serial", None, 3, ["numpy"]])
def test_unknown_backend(backend):
    message = r"^Unknown backend .*Choose one of: auto, numpy, serial, parallel, cuda"
    refused(message, backend=backend)


def test_missing_cuda(monkeypatch):
    monkeypatch.setattr(cuda, "status", lambda: ("missing", "no NVIDIA GPU was found"))
    # A kernel that another test has made would need no device.
    monkeypatch.setattr(backends, "_kernel", backends._kernel.__wrapped__)
    message = r"^backend 'cuda' cannot run here: no NVIDIA GPU was found\. .*backend='auto'"
    refused(message, error=BackendUnavailable, backend="cuda")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("maxitr", "maxiter"), ("learningrate", "learning_rate"), ("patienc", "patience")],
)
def test_unknown_option_warns(name, meant):
    match = rf"^Unknown solver options: {name}; did you mean '{meant}'\?.*'nadam' ignores it"
    with pytest.warns(OptimizeWarning, match=match) as caught:
        result = minimize(rosen, X0, jac=rosen_jac, options={name: 3})
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert result.success


def test_option_that_is_no_name_warns():
    with pytest.warns(OptimizeWarning, match=r"^Unknown solver options: 3\. .*lists the options"):
        minimize(rosen, X0, jac=rosen_jac, options={3: 3, "maxiter": 1})


def test_hyperparameter_of_another_method_warns():
    with pytest.warns(OptimizeWarning, match=r"^Unknown solver options: nu.*'gd' ignores it"):
        minimize(rosen, X0, method="gd", jac=rosen_jac, options={"nu": 0.9, "maxiter": 1})


def hessian(x, *args):
    raise AssertionError("never called")


@pytest.mark.parametrize("name", registry.names()[:2])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"hess": hessian}, r"does not use Hessian information"),
        ({"hessp": hessian}, r"does not use Hessian information"),
        ({"constraints": {"type": "eq", "fun": hessian}}, r"cannot handle constraints"),
        ({"constraints": [{"type": "eq", "fun": hessian}]}, r"cannot handle constraints"),
        ({"constraints": LinearConstraint(np.eye(2))}, r"cannot handle constraints"),
    ],
)
def test_what_is_not_used_warns(name, given, message):
    with pytest.warns(RuntimeWarning, match=rf"^Method {name} {message}") as caught:
        minimize(rosen, X0, method=name, jac=rosen_jac, options={"maxiter": 1}, **given)
    assert caught[0].filename == __file__


def test_nothing_given_does_not_warn():
    for constraints in ((), [], None):
        minimize(rosen, X0, jac=rosen_jac, constraints=constraints, options={"maxiter": 1})
