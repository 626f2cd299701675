"""The expected values a second time: in decimals, and with sums where the paper has recursions.

Written from the paper alone. It shares no code with the rest of the suite, not even for reading a
case, and needs the standard library only. Every algorithm of the paper is one case of

    m_t     = m_0 and the a_i g_i, each times the c of every later step
    n_t     = n_0 and the (1 - nu) g_i^2, each times nu for every later step; or the sum of the
              squares; or the largest of n_0 and the |g_i|, each times nu for every later step
    step_t  = eta_t (A_t g_t + B_t m_t) / denominator of n_t
    theta_t = theta_0 and the -step_i, each times 1 - eta decay of every later step

and differs from the others in what `METHODS` says.

``python -m conformance.reference.second`` compares every stored case with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from itertools import accumulate, islice
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

#: A NaN or an infinity goes where arithmetic takes it, and stops nothing.
CONTEXT = Context(prec=120, traps=[])
#: Bits of the numbers in a file.
BITS = 69
ONE, ZERO, NAN = Decimal(1), Decimal(0), Decimal("NaN")
Row = list[Decimal]
State = dict[str, Row]


class Method(NamedTuple):
    """What the displays of the paper make of m and n, and what the step has of them."""

    m: str = ""
    n: str = ""
    numerator: str = "g"
    n_bias: str = "none"


METHODS = {
    "gd": Method(),
    "momentum": Method(m="sum", numerator="m"),
    "nag": Method(m="scheduled sum", numerator="g + mu m"),
    "adagrad": Method(n="sum"),
    "rmsprop": Method(n="mean"),
    "maxaprop": Method(n="max"),
    "adam": Method(m="mean", n="mean", numerator="m-hat", n_bias="std"),
    "adamax": Method(m="mean", n="max", numerator="m-hat"),
    "nadam": Method(m="mean", n="mean", numerator="m-bar", n_bias="std"),
    "nadamax": Method(m="mean", n="max", numerator="m-bar"),
}


def number(text: Any) -> Decimal:
    """Read a number as the files have it."""
    if not isinstance(text, str) or text.lstrip("-")[:2] != "0x":
        return Decimal(text)
    mantissa, _, exponent = text.lstrip("-")[2:].partition("p")
    whole, _, after = mantissa.partition(".")
    size = int(whole + after, 16) * Decimal(2) ** (int(exponent) - 4 * len(after))
    return -size if text[0] == "-" else size


def row(texts: Sequence[Any]) -> Row:
    """Read a row of numbers."""
    return [number(text) for text in texts]


class Decaying:
    """Terms, each multiplied by the factors of all later ones, then combined to one."""

    def __init__(self, first: Row, combined: Callable[[Row], Decimal]) -> None:
        self._terms, self._factors, self._combined = [first], [ONE], combined

    def add(self, term: Row, factor: Decimal) -> Row:
        """Add a term and return what all of them make."""
        self._terms.append(term)
        self._factors.append(factor)
        weights = list(accumulate(reversed(self._factors[1:]), mul, initial=ONE))[::-1]
        return [
            self._combined([w * x for w, x in zip(weights, terms, strict=True)])
            for terms in zip(*self._terms, strict=True)
        ]


def total(terms: Row) -> Decimal:
    """Return the sum."""
    return sum(terms, ZERO)


def largest(sizes: Row) -> Decimal:
    """Return the largest, or NaN if there is one."""
    return NAN if any(x.is_nan() for x in sizes) else max(sizes)


class Inputs:
    """What a file gives: hyperparameters, momenta, rates and gradients."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data, self._around = data, data.get("around", {})
        self.knobs, self.start = data.get("knobs", {}), data.get("start", {})
        self.done = int(self.start.get("t", 0))
        self.mu, self.nu, self.eps = (number(data["hyper"][name]) for name in ("mu", "nu", "eps"))
        self.theta0 = row(data["theta0"])
        self._momenta: dict[int, Decimal] = {}
        self._products = {self.done: self.mu**self.done}

    def mu_(self, t: int) -> Decimal:
        """Return mu_t: constant, by the formula of section 4, or from a table."""
        given = self._data["mu_t"]
        if given == "constant":
            return self.mu
        if isinstance(given, list):
            return number(given[t - self.done - 1])
        if t not in self._momenta:
            kappa, base, psi = (Decimal(given[name]) for name in ("kappa", "base", "psi"))
            self._momenta[t] = self.mu * (1 - kappa * (psi * t * base.ln()).exp())
        return self._momenta[t]

    def product(self, t: int) -> Decimal:
        """Return mu_1 mu_2 ... mu_t."""
        if t not in self._products:
            self._products[t] = self.product(t - 1) * self.mu_(t)
        return self._products[t]

    def eta(self, t: int) -> Decimal:
        """Return the learning rate of step t."""
        eta = self._data["eta"]
        return number(eta[t - self.done - 1] if isinstance(eta, list) else eta)

    def decay(self, t: int) -> Decimal:
        """Return what weight decay beside the step makes of 1."""
        if self._around.get("wd_kind") != "decoupled":
            return ONE
        return 1 - self.eta(t) * number(self._around["weight_decay"])

    def gradient(self, t: int, theta: Row) -> Row:
        """Return g_t after what is done to it before the algorithm sees it."""
        if "problem" in self._data:
            return PROBLEMS[self._data["problem"]](theta)
        g = row(self._data["gradients"][t - self.done - 1])
        if self._around.get("maximize"):
            g = [-x for x in g]
        if "clip_norm" in self._around:
            norm, limit = total([x * x for x in g]).sqrt(), number(self._around["clip_norm"])
            g = [x * limit / norm for x in g] if norm > limit else g
        if "clip_value" in self._around:
            limit = number(self._around["clip_value"])
            g = [min(max(x, -limit), limit) for x in g]
        if self._around.get("wd_kind") == "l2":
            decay = number(self._around["weight_decay"])
            g = [x + decay * y for x, y in zip(g, theta, strict=True)]
        return g


class Walk:
    """An algorithm on its way, for the contents of a file."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._given = given = Inputs(data)
        self._method, self._knobs = METHODS[data["method"]], given.knobs
        zeros = [0.0] * len(given.theta0)
        n0 = [given.knobs.get("n0", 0.0)] * len(zeros)
        self._m = Decaying(row(given.start.get("m", zeros)), total)
        combined = largest if self._method.n == "max" else total
        self._n = Decaying(row(given.start.get("n", n0)), combined)
        self._theta = Decaying(given.theta0, total)

    def states(self) -> Iterator[tuple[int, State]]:
        """Yield t, and theta, the step and the slots after it."""
        given, theta, t = self._given, self._given.theta0, self._given.done
        while True:
            t += 1
            g = given.gradient(t, theta)
            slots = {}
            if self._method.m:
                slots["m"] = self._slot_m(t, g)
            if self._method.n:
                slots["n"] = self._slot_n(g)
            step, lost = self._step(t, g, **slots), 1 - given.decay(t)
            moved = [-s - lost * x for s, x in zip(step, theta, strict=True)]
            theta = self._theta.add([-s for s in step], given.decay(t))
            yield t, {"theta": theta, "step": moved, **slots}

    def _slot_m(self, t: int, g: Row) -> Row:
        scheduled = self._method.m == "scheduled sum" or self._knobs.get("m_coef") == "mu_t"
        c = self._given.mu_(t) if scheduled else self._given.mu
        a = 1 - c if self._method.m == "mean" else ONE
        return self._m.add([a * x for x in g], c)

    def _slot_n(self, g: Row) -> Row:
        nu, kind = self._given.nu, self._method.n
        if kind == "max":
            raised = self._given.eps if self._knobs.get("eps_kind") == "max" else ZERO
            return self._n.add([abs(x) + raised for x in g], nu)
        if kind == "sum":
            return self._n.add([x * x for x in g], ONE)
        return self._n.add([(1 - nu) * x * x for x in g], nu)

    def _step(self, t: int, g: Row, m: Sequence[Decimal] = (), n: Sequence[Decimal] = ()) -> Row:
        a, b = self._numerator(t)
        top = [a * x + b * y for x, y in zip(g, m, strict=True)] if m else [a * x for x in g]
        bottom = [self._denominator(t, x) for x in n] or [ONE] * len(g)
        return [self._given.eta(t) * x / y for x, y in zip(top, bottom, strict=True)]

    def _numerator(self, t: int) -> tuple[Decimal, Decimal]:
        """Return A_t and B_t, the coefficients of g_t and m_t."""
        kind, mu_ = self._method.numerator, self._given.mu_
        if kind == "g":
            return ONE, ZERO
        if kind == "m":
            return ZERO, ONE
        if kind == "g + mu m":
            return ONE, mu_(t + 1)
        of_g, of_m = self._biases(t)
        if kind == "m-hat" or not self._knobs.get("lookahead", True):
            return ZERO, 1 / of_g
        return (1 - mu_(t)) / of_g, mu_(t + 1) / of_m

    def _biases(self, t: int) -> tuple[Decimal, Decimal]:
        """Return the divisors of g-hat and m-hat."""
        bias = self._knobs.get("m_bias", "t+1")
        last = 1 if bias == "frozen1" else t
        now = ZERO if bias == "none" else self._given.product(last)
        after = now if bias in ("none", "t") else self._given.product(last + 1)
        return 1 - now, 1 - (after * self._given.mu_(t) if bias == "dup" else after)

    def _denominator(self, t: int, n: Decimal) -> Decimal:
        given, knobs, kind = self._given, self._knobs, self._knobs.get("eps_kind", "in")
        if self._method.n == "max":
            return n if kind == "max" else n + given.eps
        corrected = 1 - given.nu ** (1 if knobs.get("m_bias") == "frozen1" else t)
        bias = knobs.get("n_bias", self._method.n_bias)
        n_hat = n * {"none": ONE, "std": 1 / corrected, "nu": given.nu / corrected}[bias]
        inside = number(knobs.get("eps_root", 0.0)) + (given.eps if kind == "in" else ZERO)
        outside = {"in": ZERO, "out": given.eps, "out_raw": given.eps / corrected.sqrt()}[kind]
        return (n_hat + inside).sqrt() + outside


def quadratic(x: Row) -> Row:
    """A x - b."""
    a, b = (row(line) for line in ([4, 1, 0], [1, 2, 0.5], [0, 0.5, 1])), row([1, 0, -1])
    products = [[p * q for p, q in zip(line, x, strict=True)] for line in a]
    return [total(line) - r for line, r in zip(products, b, strict=True)]


def rosenbrock(x: Row) -> Row:
    """Multiplied out."""
    a, b = x
    return [400 * a * a * a - 400 * a * b + 2 * a - 2, 200 * b - 200 * a * a]


PROBLEMS = {"quadratic": quadratic, "rosenbrock": rosenbrock}


def disagreements(data: Mapping[str, Any]) -> list[str]:
    """Each value of a file that is not the one found here, rounded to the file's digits."""
    wanted, wrong = {entry["t"]: entry for entry in data["expected"]}, []
    with localcontext(CONTEXT):
        for t, state in islice(Walk(data).states(), max(wanted) - Inputs(data).done):
            if t not in wanted:
                continue
            if set(wanted[t]) != {"t", *state}:
                wrong.append(f"{data['id']}: t = {t} has {', '.join(wanted[t])}")
                continue
            for name, found in state.items():
                pairs = zip(wanted[t][name]["value"], found, strict=True)
                for i, (text, x) in enumerate(pairs):
                    if not same(text, x):
                        wrong.append(f"{data['id']}: t = {t}, {name}[{i}] is {text}, not {x:.25e}")
    return wrong


def same(text: str, found: Decimal) -> bool:
    """Tell whether the value in a file is the one found, rounded."""
    kinds = {"nan": found.is_nan(), "nonfinite": not found.is_finite()}
    if text in kinds or text == "any":
        return kinds.get(text, True)
    return bool(abs(number(text) - found) * 2**BITS <= abs(found))


def main() -> int:
    """Compare all stored cases."""
    files = sorted((Path(__file__).parents[1] / "cases").rglob("*.json"))
    wrong = [w for file in files for w in disagreements(json.loads(file.read_text("utf-8")))]
    print(*wrong, f"{len(files)} cases, {len(wrong)} values differ", sep="\n")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
