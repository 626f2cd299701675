"""Where an implementation first leaves the paper, and what is likely to be wrong."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance import golden
from conformance.case import Case
from conformance.families import FLAGS
from conformance.grading import UNIT, Comparison, Output, compared
from conformance.reference import paper
from conformance.runner import profile, repeated, states


@dataclass(frozen=True)
class Finding:
    """The first step at which some value is outside its bound.

    Parameters
    ----------
    t, size : int
        The step, and the length of the arrays.
    seen : dict
        By field, every component's comparison.
    g : list of float or None
        The gradient of the step, if it was prescribed.
    """

    t: int
    size: int
    seen: dict[str, list[Comparison]]
    g: list[float] | None

    def wrong(self, name: str) -> list[int]:
        """Components of a field that are outside their bounds."""
        return [i for i, c in enumerate(self.seen.get(name, ())) if c.ratio > 1.0]


def explain(adapter: Any, case: Case, dtype: str) -> str:
    """Explain what happens in one case.

    Parameters
    ----------
    adapter : Adapter
        The implementation.
    case : Case
        Whose expected values are computed afresh, for every step.
    dtype : str
        'float32' or 'float64'.

    Returns
    -------
    str
        For a terminal.
    """
    done = int(case.start.get("t", 0))
    every = list(range(done + 1, done + case.steps + 1))
    kept = profile(adapter)
    dense = golden.complete(replace(case, checkpoints=every), (kept,))
    head = f"{case.id}, {dtype}, profile {kept}, of {adapter.name} {adapter.version}"
    for size in case.sizes or (len(case.theta0),):
        finding = first(adapter, dense, dtype, size)
        if finding:
            return "\n".join([head, *_told(case, dtype, finding)])
    return f"{head}\nEvery value of every step is inside its bound."


def first(adapter: Any, case: Case, dtype: str, size: int) -> Finding | None:
    """Find the first step with a value outside its bound."""
    for t, output, before in states(adapter, case, dtype, size):
        if t not in case.expected:
            break
        seen = {
            name: _compare(case, dtype, profile(adapter), t, name, output, before)
            for name in case.expected[t]
            if name == "step" or name in output
        }
        if any(c.ratio > 1.0 for row in seen.values() for c in row):
            step = t - int(case.start.get("t", 0)) - 1
            g = repeated(case.gradients[step], size) if case.gradients else None
            return Finding(t, size, seen, g)
    return None


def _compare(
    case: Case,
    dtype: str,
    kept: str,
    t: int,
    name: str,
    output: Output,
    before: Sequence[float],
) -> list[Comparison]:
    field, columns = case.expected[t][name], len(case.theta0)
    got = output["theta" if name == "step" else name]
    last = before if name == "step" else [0.0] * len(got)
    return [
        compared(field, i % columns, dtype, kept, x, y)
        for i, (x, y) in enumerate(zip(got, last, strict=True))
    ]


def _told(case: Case, dtype: str, f: Finding) -> Iterator[str]:
    name = _leading(f)
    i = max(f.wrong(name), key=lambda i: f.seen[name][i].ratio)
    c = f.seen[name][i]
    yield f"First outside its bound at t = {f.t}: {name}[{i}]" + (
        f" of {f.size} elements" if case.sizes else ""
    )
    line = _line(case, name)
    if line:
        yield f"  the paper   {line}"
    yield f"  expected    {c.high!r}  {c.high.hex()}"
    yield f"  got         {c.got!r}  {c.got.hex()}"
    yield f"  error       {_ulps(c, dtype)} ulp, {c.ratio:.3g} times the bound"
    if f.g:
        yield f"  gradient    {f.g[i]!r}  {f.g[i].hex()}"
    yield "Fields at this step, worst error / bound:"
    for field, row in f.seen.items():
        k = max(range(len(row)), key=lambda k: row[k].ratio)
        wrong = len(f.wrong(field))
        yield f"  {field:<6} {row[k].ratio:9.3g}   {wrong} of {len(row)} components outside"
    yield "Likely:"
    yield from (f"  - {guess}" for guess in guesses(case, f))
    if case.flags:
        yield "This case is there to catch:"
        yield from (f"  - {FLAGS[flag]}" for flag in case.flags)


def _leading(f: Finding) -> str:
    """The field to show: a slot that is wrong explains a wrong theta, not the other way round."""
    return next(name for name in ("m", "n", "step", "theta") if f.wrong(name))


def _line(case: Case, name: str) -> str:
    """The line of the paper that computes a field."""
    if case.knobs:
        return ""
    source = inspect.getsource(paper.ALGORITHMS[case.method]).splitlines()
    start = {"step": "theta"}.get(name, name)
    return next((x.strip() for x in source if x.strip().startswith(f"{start} = ")), "")


def _ulps(c: Comparison, dtype: str) -> str:
    if not math.isfinite(c.error):
        return "inf"
    exponent = math.frexp(c.high)[1] if c.high else -1000
    return f"{c.error * UNIT[dtype] / math.ldexp(UNIT[dtype], exponent):.3g}"


def guesses(case: Case, f: Finding) -> list[str]:
    """What a wrong value at this place usually means."""
    found = [*_places(case, f)]
    if not found or not case.sizes:  # at the edge of an array every field goes wrong
        found += _fields(case, f)
    restart = int(case.start.get("t", 0)) + case.restart_after + 1
    if case.restart_after and f.t == restart:
        found.insert(0, "it starts with the step after loading: something of the state was lost")
    if any(not math.isfinite(c.got) for row in f.seen.values() for c in row if c.ratio > 1.0):
        found.append("NaN or infinity: 0/0 without epsilon, or a subnormal number flushed to zero")
    return found or ["see what the case is there to catch"]


def _places(case: Case, f: Finding) -> Iterator[str]:
    """Guesses from which components are wrong."""
    name = _leading(f)
    wrong, row = f.wrong(name), f.seen[name]
    if case.sizes and len(wrong) < f.size:
        some = ", ".join(map(str, wrong[:6])) + (", ..." if len(wrong) > 6 else "")
        yield (
            f"only elements {some} of {f.size} are wrong: the edge of a vector, thread or block, "
            "or the tail of the loop"
        )
    still = [i for i in f.wrong("step") if f.seen["step"][i].got == 0.0]
    if still and name in ("step", "theta") and len(still) == len(f.wrong("step")):
        yield "these elements were not updated at all"
    if case.sizes or len(wrong) in (0, len(row)) or not f.g:
        return
    sizes = {i: abs(g) for i, g in enumerate(f.g)}
    if not any(sizes[i] for i in wrong):
        yield "only components whose gradient is zero: skipped, or divided by zero"
    elif max(sizes[i] for i in wrong) < min(x for i, x in sizes.items() if i not in wrong):
        yield "only components with small gradients: epsilon, or an underflow"


def _fields(case: Case, f: Finding) -> Iterator[str]:
    """Guesses from which fields are wrong."""
    slots = [name for name in ("m", "n") if name in f.seen]
    bad = [name for name in slots if f.wrong(name)]
    if bad:
        which = " and ".join(bad)
        yield f"{which} itself: its decay, what it averages, or what is done to g before"
    elif f.wrong("step"):
        right = f"{' and '.join(slots)} right" if slots else "the slots not seen"
        yield f"the update with {right}: a coefficient (bias correction, mu_t, eta) or epsilon"
        yield from _factor(f)
    else:
        yield "theta is wrong and its last step is not: the error came in before, or at the start"


def _factor(f: Finding) -> Iterator[str]:
    """Tell when all wrong components are off by the same factor."""
    pairs = [c for i, c in enumerate(f.seen["step"]) if i in f.wrong("step") and c.high]
    factors = [c.got / c.high for c in pairs]
    if len(factors) > 1 and math.isfinite(sum(factors)):
        low, high = min(factors), max(factors)
        if high and abs(high - low) <= 1e-3 * abs(high - 1.0):
            yield f"all wrong components are {high:.6g} times what they should be"
