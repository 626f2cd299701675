"""The options of `minimize`: names, defaults, meanings and checks, in one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nadamkit import dialects
from nadamkit.errors import OptionError, described, shown, warn
from nadamkit.hyperparameters import COMMON, known_as
from nadamkit.loops.stopping import Limits
from nadamkit.rule import Rule

#: ``gtol`` unless the user says otherwise, as in SciPy's BFGS and CG.
GTOL = 1e-5
#: Iterations over which ``ftol`` is measured.
FTOL_WINDOW = 50
#: ``patience`` of a fixed rate, which may circle around a minimum for ever.
PATIENCE = 1000


class Option(NamedTuple):
    """One option: what it means and which values it takes.

    Parameters
    ----------
    default : object
        Its value where the user gives none.
    allowed : str
        The allowed values, in words, for the error message and the documentation.
    accepts : callable
        True for an allowed value; where it takes all, what uses the value checks it.
    meaning : str
        One line for people, with the unit.
    """

    default: Any
    allowed: str
    accepts: Callable[[Any], bool]
    meaning: str


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, str | bytes | complex) and not math.isnan(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _optional(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or (_is_number(value) and test(float(value)))


def _is_average(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value in (None, "last", "tail")
    return _is_number(value) and 0.0 < float(value) < 1.0


_tolerance = ("a number >= 0, or None to turn it off", _optional(lambda v: 0.0 <= v < math.inf))
_budget = ("a number, or None for no limit", _optional(lambda v: True))
_count = ("a whole number >= 1, or None", _optional(lambda v: v >= 1.0 and v.is_integer()))
_switch = ("True or False", lambda v: isinstance(v, bool | np.bool_ | int))


def _elsewhere(allowed: str) -> tuple[str, Callable[[Any], bool]]:
    """What is checked where it is used."""
    return allowed, lambda v: True


OPTIONS: Mapping[str, Option] = {
    "learning_rate": Option(
        "auto",
        *_elsewhere(
            "'auto', 'race', a number >= 0, an array with one such number for each variable, a "
            "schedule, or a callable of t"
        ),
        "'auto': nothing to tune; 'race', for noisy functions: a few rates compete; anything else "
        "makes it the paper's algorithm exactly",
    ),
    "dialect": Option(
        None,
        *_elsewhere("one of nadamkit.dialects.names(), or None for the paper's"),
        "the library whose formula and defaults to use",
    ),
    "maxiter": Option(
        None,
        "a number, or None for the default",
        _budget[1],
        "iterations; by default max(10000, 200 n), or 2000 of a noisy function; "
        "math.inf lets a noisy run end by itself",
    ),
    "maxfun": Option(None, *_budget, "calls of the function; finite differences may overrun it"),
    "maxtime": Option(None, *_budget, "seconds"),
    "gtol": Option(GTOL, *_tolerance, "largest component of the projected gradient"),
    "ftol": Option(
        None, *_tolerance, "improvement of the best value in ftol_window iterations, relative"
    ),
    "ftol_window": Option(FTOL_WINDOW, *_count, "iterations over which ftol is measured"),
    "xtol": Option(None, *_tolerance, "largest component of a step, relative to x and 1"),
    "target": Option(None, "a number, or None", _budget[1], "function value to reach"),
    "patience": Option(
        "auto",
        "'auto', " + _count[0],
        lambda value: (isinstance(value, str) and value == "auto") or _count[1](value),
        "iterations, or with a validation function validations, without a new best value; by "
        "default 1000 iterations with a fixed learning rate, else no limit",
    ),
    "validation_every": Option(
        None, *_count, "iterations between validations; by default an epoch, or 100"
    ),
    "average": Option(
        None,
        "'last', 'tail', or a number in (0, 1)",
        _is_average,
        "what a noisy run returns: the last iterate, the mean of the last ninth, or the "
        "exponential average with this decay; by default the last",
    ),
    "disp": Option(False, *_switch, "print how the run ended"),
    "return_all": Option(False, *_switch, "return the point of each iteration as allvecs"),
    "history": Option(None, *_count, "record f, gradient norm and x every so many iterations"),
    "workers": Option(
        None,
        *_elsewhere("a number of processes, -1 for one per core, a callable like map, or None"),
        "what evaluates finite differences; by default this process",
    ),
    "finite_diff_rel_step": Option(
        None,
        *_elsewhere("a number, an array with one for each variable, or None for SciPy's choice"),
        "relative step of finite differences",
    ),
}


def parse(
    rule: Rule, options: Mapping[str, Any] | None, tol: Any
) -> tuple[dict[str, Any], dict[str, Any], frozenset[str]]:
    """Check the user's options.

    Parameters
    ----------
    rule : Rule
        The method.
    options : mapping or None
        As given.
    tol : float or None
        Used for gtol where options has none.

    Returns
    -------
    run : dict
        The options of the run, with defaults.
    hyper : dict
        The method's hyperparameters, with defaults.
    names : frozenset of str
        What the user gave, and with it what a dialect says.

    Raises
    ------
    OptionError
        For a value that is not allowed, or a dialect that has no learning rate where none is
        given. An unknown name only warns, as in SciPy.
    """
    if options is not None and not isinstance(options, Mapping):
        raise OptionError(
            f"options must be a dict, but is {described(options)}; for example {{'maxiter': 100}}."
        )
    given = dict(options or {})
    run = {name: option.default for name, option in OPTIONS.items()}
    if tol is not None:
        _check("tol", tol, OPTIONS["gtol"])
        given.setdefault("gtol", tol)
    hyper = {}
    for name, value in given.items():
        if name in OPTIONS:
            _check(name, value, OPTIONS[name])
            run[name] = value
        elif name in rule.hyperparameters or name in COMMON:
            hyper[name] = value
        else:
            _warn_unknown(name, [*OPTIONS, *rule.hyperparameters, *COMMON], rule.name)
    if run["dialect"] is not None:
        rate, hyper = dialects.settings(rule, run["dialect"], hyper)
        if "learning_rate" not in given:
            run["learning_rate"] = _default_rate(rate, run["dialect"])
    return run, rule.validated(hyper), frozenset(given) | frozenset(hyper)


def _check(name: str, value: Any, option: Option) -> None:
    if not option.accepts(value):
        raise OptionError(f"{name}={shown(value)} is not allowed: it must be {option.allowed}.")


def _default_rate(rate: float | None, dialect: str) -> float:
    if rate is None:
        raise OptionError(
            f"The dialect {dialect!r} has no default learning rate; pass learning_rate: a number, "
            "a schedule, or 'auto'."
        )
    return rate


def limits(run: Mapping[str, Any], n: int, sign: float, dtype: Any) -> Limits:
    """The stopping tests of a run, as numbers."""

    def number(name: str, off: float) -> float:
        return off if run[name] is None else float(run[name])

    every = 1 if run["return_all"] else run["history"]
    return Limits(
        gtol=number("gtol", -1.0),
        ftol=number("ftol", -1.0),
        window=number("ftol_window", float(FTOL_WINDOW)),
        xtol=number("xtol", -1.0),
        target=-math.inf if run["target"] is None else sign * float(run["target"]),
        maxiter=number("maxiter", float(max(10_000, 200 * n))),
        maxfun=max(number("maxfun", math.inf), 1.0),
        patience=_patience(run),
        sign=sign,
        record=float(every or 0),
        rounding=4.0 * float(np.finfo(dtype).eps),
    )


def _patience(run: Mapping[str, Any]) -> float:
    """Iterations without a new best value; schedules may bring one late."""
    patience, rate = run["patience"], run["learning_rate"]
    if patience == "auto":
        return math.inf if isinstance(rate, str) or callable(rate) else float(PATIENCE)
    return math.inf if patience is None else float(patience)


def _warn_unknown(name: str, known: list[str], method: str) -> None:
    from scipy.optimize import OptimizeWarning

    warn(
        f"Unknown solver options: {name}{known_as(name, known)} Method {method!r} ignores it; "
        "help(nadamkit.minimize) lists the options.",
        OptimizeWarning,
    )


def warn_unused(method: str, **given: Any) -> None:
    """Warn, as SciPy does, of arguments of `minimize` that no method here uses."""
    for name, value in given.items():
        if value is None or (name == "constraints" and not np.size(value)):
            continue
        if name == "constraints":
            text = f"Method {method} cannot handle constraints."
        else:
            text = f"Method {method} does not use Hessian information ({name})."
        warn(text, RuntimeWarning)
