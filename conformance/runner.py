"""Runs an adapter over cases and grades what it gives."""

from __future__ import annotations

import hashlib
import traceback
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from conformance.adapter import AdapterError, Run, Unsupported
from conformance.case import PROFILES, Case
from conformance.grading import Output, Worst, graded
from conformance.reference.problems import GRADIENTS

FORMAT = {"float32": "f", "float64": "d"}


@dataclass
class Result:
    """What came of one case in one dtype.

    Parameters
    ----------
    case : str
        Its id.
    family, method, dtype, dialect : str
        What it belongs to.
    status : {'pass', 'fail', 'skip', 'error', 'xfail', 'xpass'}
        Whether the worst ratio of the adapter's profile is at most 1.
    worst : dict of str to Worst
        By profile.
    fields : tuple of str
        What was seen, and so graded.
    digests : dict of str to str
        By field, of the bits the adapter gave at every step, to compare backends.
    reason : str
        Of a skip, an error, or an expected failure.
    """

    case: str
    family: str
    method: str
    dtype: str
    dialect: str
    status: str
    worst: dict[str, Worst] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def run_case(adapter: Any, case: Case, dtype: str) -> Result:
    """Run and grade one case.

    Parameters
    ----------
    adapter : Adapter
        The implementation.
    case : Case
        With expected values.
    dtype : str
        'float32' or 'float64'.
    """
    result = Result(case.id, case.family, case.method, dtype, case.dialect, "pass")
    missing = [need for need in case.needs if need not in getattr(adapter, "features", ())]
    if missing:
        return replace(result, status="skip", reason=f"the adapter has no {', '.join(missing)}")
    try:
        _grade(adapter, case, dtype, result)
    except Unsupported as reason:
        return replace(result, status="skip", reason=str(reason))
    except Exception as error:  # whatever an adapter raises is a result
        return replace(result, status="error", worst={}, reason=_said(error))
    if result.worst[profile(adapter)].ratio > 1.0:
        result.status = "fail"
    return result


def _said(error: Exception) -> str:
    """What an adapter's exception says: all of it, but for our own."""
    if isinstance(error, AdapterError):
        return str(error)
    return "".join(traceback.format_exception(error, limit=-3)).strip()


def profile(adapter: Any) -> str:
    """The profile an adapter is judged by."""
    return str(getattr(adapter, "profile", "standard"))


def _grade(adapter: Any, case: Case, dtype: str, result: Result) -> None:
    result.worst = {p: Worst(0.0) for p in PROFILES}
    digests: dict[str, Any] = {}
    for size in case.sizes or (len(case.theta0),):
        t = done = int(case.start.get("t", 0))
        # One more than there should be, so that a run without end is seen.
        for t, output, before in islice(states(adapter, case, dtype, size), case.steps + 1):
            result.fields = tuple(output)
            for name, values in output.items():
                bits = array(FORMAT[dtype], values).tobytes()
                digests.setdefault(name, hashlib.sha256()).update(bits)
            if t in case.expected:
                for p in PROFILES:
                    found = graded(case, dtype, p, t, output, before)
                    if found.ratio > result.worst[p].ratio:  # the first of equals
                        result.worst[p] = found
        if t != done + case.steps:
            raise AdapterError(f"{t - done} steps were made, not {case.steps}")
    result.digests = {name: digest.hexdigest() for name, digest in digests.items()}


def states(
    adapter: Any, case: Case, dtype: str, size: int
) -> Iterator[tuple[int, Output, Sequence[float]]]:
    """Yield each t with what the adapter gives after that step, and theta before it."""
    before: Sequence[float] = repeated(case.theta0, size)
    first = int(case.start.get("t", 0)) + 1
    for t, output in enumerate(outputs(adapter, run_of(case, dtype, size), case), first):
        yield t, output, before
        before = output["theta"]


def run_of(case: Case, dtype: str, size: int) -> Run:
    """What the adapter is given, with the columns of the case repeated to `size`."""
    done, steps = int(case.start.get("t", 0)), case.steps
    eta_t = [case.eta] * steps if isinstance(case.eta, float | int) else list(case.eta)
    shape = "constant" if case.mu_t == "constant" else case.mu_t
    return Run(
        method=case.method,
        dtype=dtype,
        theta=repeated(case.theta0, size),
        eta=eta_t[0],
        **case.hyper,
        steps=steps,
        mu_t=case.momenta(done + steps + 1),
        schedule=shape if isinstance(shape, str | dict) else "table",
        eta_t=eta_t,
        knobs=case.knobs,
        around=case.around,
        start={k: repeated(v, size) if isinstance(v, list) else v for k, v in case.start.items()},
        gradients=_rows(case, size),
        problem=case.problem,
    )


def _rows(case: Case, size: int) -> list[list[float]] | None:
    rows = case.gradients
    return None if rows is None else [repeated(g, size) for g in rows[: case.steps]]


def repeated(row: Sequence[float], size: int) -> list[float]:
    """Repeat a row to a length."""
    return [row[i % len(row)] for i in range(size)]


def outputs(adapter: Any, run: Run, case: Case) -> Iterator[Output]:
    """Yield what the adapter gives after each step, checked for its form."""
    slots = set(next(iter(case.expected.values()))) - {"step"}
    given = adapter.trajectory(run) if hasattr(adapter, "trajectory") else drive(adapter, run, case)
    for output in given:
        yield _checked(output, slots, len(run.theta))


def drive(adapter: Any, run: Run, case: Case) -> Iterable[Output]:
    """Make the steps one by one, with gradients of the case or at the last theta."""
    session = adapter.start(run)
    theta: Sequence[float] = run.theta
    for step in range(run.steps):
        if step and step == case.restart_after:
            session = adapter.start(_rest(run, step, dict(session.state())))
        output = session.step(gradient(run, step, theta))
        yield output  # and is checked, before it is used
        theta = output["theta"]


def _rest(run: Run, step: int, state: dict[str, Any]) -> Run:
    """What is left of a run after so many steps, from the state that was saved."""
    return replace(
        run,
        theta=list(state.pop("theta")),
        start=state,
        steps=run.steps - step,
        mu_t=run.mu_t[step:],
        eta_t=run.eta_t[step:],
        gradients=None if run.gradients is None else run.gradients[step:],
    )


def gradient(run: Run, step: int, theta: Sequence[float]) -> list[float]:
    """The gradient of a step, in the type of the run."""
    if run.gradients is not None:
        return list(run.gradients[step])
    kind = FORMAT[run.dtype]
    exact = GRADIENTS[str(run.problem)](theta)
    # Computed in double and rounded once, it stays inside the bound of either type.
    return array(kind, exact).tolist()


def _checked(output: Any, slots: set[str], size: int) -> Output:
    if not isinstance(output, dict) or "theta" not in output:
        raise AdapterError(f"a step returns a dict with 'theta', not {output!r:.80}")
    unknown = set(output) - slots
    if unknown:
        raise AdapterError(
            f"a step returned {', '.join(sorted(unknown))}; fields are {', '.join(sorted(slots))}"
        )
    for name, values in output.items():
        if len(values) != size or not all(type(x) is float for x in values):
            raise AdapterError(
                f"{name} has to be {size} Python floats (array.tolist()), not {values!r:.80}"
            )
    return {name: list(values) for name, values in output.items()}  # it may go on using its own


def smoke(adapter: Any, cases: Iterable[Case], dtypes: Sequence[str]) -> list[str]:
    """Find wiring errors before grading.

    A step of the first open loop of each method has to run and to move theta where the gradient is
    not zero. Whether it moves it rightly is not asked here.

    Returns
    -------
    list of str
        What is wrong.
    """
    seen, wrong = set(), []
    for case in cases:
        if case.gradients is None or case.needs or case.method in seen or case.start:
            continue
        seen.add(case.method)
        for dtype in (d for d in dtypes if d in case.dtypes):
            trouble = _trouble(adapter, case, dtype)
            if trouble:
                wrong.append(f"{case.method}, {dtype}: {trouble}")
    return wrong


def _trouble(adapter: Any, case: Case, dtype: str) -> str:
    size = len(case.theta0)
    run = replace(run_of(case, dtype, size), steps=1)
    try:
        first = next(iter(outputs(adapter, run, case)))
    except Unsupported:
        return ""
    except Exception as error:  # as above
        return _said(error)
    moved = [x != y for x, y in zip(first["theta"], run.theta, strict=True)]
    still = [i for i, g in enumerate((case.gradients or ())[0]) if g and not moved[i]]
    return f"theta does not move in components {still}" if still else ""
