"""What the user says about noise, checked: where it comes from, and how long the run is."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sized
from typing import Any, NamedTuple

import numpy as np

from nadamkit.errors import OptionError, described, shown, warn
from nadamkit.loops.plan import HORIZON, VALIDATE_EVERY, Noise
from nadamkit.objectives.samples import Batches, Draws, Samples, Stream

#: Options that compare single values or gradients, which noise makes meaningless.
EXACT_ONLY = ("gtol", "ftol", "xtol")


class Asked(NamedTuple):
    """The arguments of `minimize` that are about noise, as given."""

    stochastic: bool | None
    batch_size: int | None
    epochs: int | None
    batches: Iterable[Any] | None
    validation: Callable[[Any], Any] | None
    rng: Any


def source(
    asked: Asked, args: tuple[Any, ...], run: Mapping[str, Any], given: frozenset[str]
) -> tuple[Samples | None, tuple[Any, ...], bool | None]:
    """Where the arguments of an evaluation come from.

    Parameters
    ----------
    asked : Asked
        As given to `minimize`.
    args : tuple
        Arguments of the function.
    run, given : mapping, frozenset
        The options of the run, and those that the user gave.

    Returns
    -------
    samples : Samples or None
        None where they are the same each time.
    args : tuple
        An example of them.
    stochastic : bool or None
        Whether the function is noisy; None where that is to be found out.

    Raises
    ------
    OptionError
        For arguments that contradict each other.
    """
    _check(asked, run)
    samples = _samples(asked, args)
    stochastic = None if asked.stochastic is None else bool(asked.stochastic)
    if _is_race(run) or asked.validation is not None:
        stochastic = True
    if isinstance(samples, Batches | Stream):
        stochastic = True
    elif samples is not None or any(isinstance(a, np.random.Generator) for a in args):
        stochastic = stochastic is not False
    if stochastic:
        _warn_unused(asked, run, given)
    return samples, args if samples is None else samples.example, stochastic


def noise(asked: Asked, samples: Samples | None, run: Mapping[str, Any]) -> Noise:
    """How a noisy run goes.

    Parameters
    ----------
    asked : Asked
        As given to `minimize`.
    samples : Samples or None
        From `source`.
    run : mapping
        The options of the run.

    Returns
    -------
    Noise
    """
    epoch = math.inf if samples is None else samples.per_epoch
    given = [math.inf if run["maxiter"] is None else float(run["maxiter"])]
    if asked.epochs is not None:
        given.append(asked.epochs * epoch)
    if run["maxiter"] is None and asked.epochs is None:
        # A time limit alone says when to end, and so do batches that are used up.
        known = run["maxtime"] is None and (samples is None or samples.endless)
        given.append(HORIZON if known else math.inf)
    horizon = min(given)
    every = run["validation_every"]
    if every is None:
        every = epoch if math.isfinite(epoch) else VALIDATE_EVERY
    return Noise(
        horizon=float(max(0, math.floor(horizon))) if math.isfinite(horizon) else math.inf,
        average=_average(run["average"]),
        validation=asked.validation,
        every=int(every),
        patience=math.inf if run["patience"] in (None, "auto") else float(run["patience"]),
        race=_is_race(run),
        limited=run["maxiter"] is not None,
    )


def _samples(asked: Asked, args: tuple[Any, ...]) -> Samples | None:
    if asked.batch_size is not None:
        return Batches(args, _whole("batch_size", asked.batch_size), _generator(asked.rng))
    if asked.batches is not None:
        return Stream(asked.batches, args)
    if asked.rng is not None:
        return Draws(args, _generator(asked.rng), frozen=_is_false(asked.stochastic))
    return None


def _check(asked: Asked, run: Mapping[str, Any]) -> None:
    if not (asked.stochastic is None or isinstance(asked.stochastic, bool | np.bool_)):
        raise OptionError(
            f"stochastic={shown(asked.stochastic)} is not allowed: it must be True, False, or None "
            "to find out."
        )
    cut = asked.batch_size is not None or asked.batches is not None
    if asked.batch_size is not None and asked.batches is not None:
        raise OptionError("batch_size cuts args into batches; give it or batches, not both.")
    if asked.epochs is not None:
        _whole("epochs", asked.epochs)
        if not cut:
            raise OptionError("epochs counts passes over batches; give batch_size or batches too.")
        if asked.batches is not None and not hasattr(asked.batches, "__len__"):
            raise OptionError(
                "epochs needs to know how many batches there are, but batches has no length; "
                "give options={'maxiter': ...}, the number of batches to use in all."
            )
    if _is_false(asked.stochastic) and cut:
        raise OptionError("with batches the objective is noisy; leave stochastic=False out.")
    if _is_race(run):
        _check_race(asked, run)
    if asked.batches is not None and asked.rng is not None:
        raise OptionError("rng shuffles what batch_size cuts; shuffle your own batches yourself.")
    if asked.validation is not None and not callable(asked.validation):
        raise OptionError(
            f"validation is {described(asked.validation)}; pass a callable validation(x) -> float."
        )
    if asked.validation is not None and _is_false(asked.stochastic):
        raise OptionError("validation is for noisy objectives; leave stochastic=False out.")


def _check_race(asked: Asked, run: Mapping[str, Any]) -> None:
    if _is_false(asked.stochastic):
        raise OptionError(
            "learning_rate='race' is for noisy objectives; give 'auto', or leave stochastic out."
        )
    endless = run["maxiter"] is not None and math.isinf(float(run["maxiter"]))
    once = asked.batches is not None and not isinstance(asked.batches, Sized)
    unlimited = run["maxtime"] is not None or once
    if asked.epochs is None and (endless or (run["maxiter"] is None and unlimited)):
        raise OptionError(
            "learning_rate='race' shares out a known number of iterations, and here there is none; "
            "give options={'maxiter': ...} or epochs."
        )


def _is_false(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) and not value


def _warn_unused(asked: Asked, run: Mapping[str, Any], given: frozenset[str]) -> None:
    from scipy.optimize import OptimizeWarning

    if asked.validation is None:
        for name in ("patience", "validation_every"):
            if run[name] not in (None, "auto"):
                warn(
                    f"{name} is not used, because a noisy run has no validations without "
                    "validation=...; pass that function, or leave the option out.",
                    OptimizeWarning,
                )
    unused = [name for name in EXACT_ONLY if name in given and run[name] is not None]
    if unused:
        warn(
            f"{', '.join(unused)}: not used in a noisy run, where single values and gradients mean "
            "little; it ends with its horizon (maxiter or epochs), or by validation and patience.",
            OptimizeWarning,
        )


def _average(value: Any) -> float:
    if value is None or value == "last":
        return 0.0
    return 1.0 if value == "tail" else float(value)


def _is_race(run: Mapping[str, Any]) -> bool:
    return isinstance(run["learning_rate"], str) and run["learning_rate"] == "race"


def _whole(name: str, value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise OptionError(f"{name}={shown(value)} is not allowed: it must be a whole number >= 1.")
    return number


def _generator(rng: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"rng={shown(rng)} is not allowed: pass a seed, or a numpy.random.Generator ({error})."
        ) from None
