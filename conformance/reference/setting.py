"""What an algorithm is run on: hyperparameters, schedules, gradients, the state to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from conformance.reference.arithmetic import mpf
from conformance.reference.bounded import Bounded, Scalar, Vector, scalar

Gradient = Callable[[Vector], Vector]
Source = Gradient | Iterable[Iterable[Any]]
Trajectory = Iterator[tuple[Vector, dict[str, Vector]]]
#: t -> mu_t, or the numbers mu_1, mu_2, ... themselves.
Momenta = Callable[[int], Any] | Sequence[float]


def dozat(mu: float, kappa: str = "0.5", base: str = "0.96", psi: str = "0.004") -> Momenta:
    """Return the schedule of section 4, mu_t = mu (1 - kappa base^(psi t)), its decimals exact."""
    return lambda t: mpf(mu) * (1 - mpf(kappa) * mpf(base) ** (mpf(psi) * t))


class Setting:
    """One run of an algorithm.

    Parameters
    ----------
    source : callable or iterable
        Gradient as a function of theta, or the gradients g_1, g_2, ... themselves.
    theta : sequence
        Starting point.
    eta : float or sequence of float
        Learning rate, or that of each step.
    mu, nu, eps : float
        Hyperparameters: the exact values of the floats.
    mu_t : callable or sequence, optional
        Momentum schedule; constant by default.
    start : mapping, optional
        ``t`` steps have been made, and the state was left as the other entries say (slots by name).
    """

    def __init__(
        self,
        source: Source,
        theta: Iterable[Any],
        eta: float | Sequence[float] = 1.0,
        mu: float = 0.9,
        nu: float = 0.999,
        eps: float = 1e-8,
        mu_t: Momenta | None = None,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        self._source, self._theta, self._state = source, Vector.of(theta), dict(start or {})
        self._done = int(self._state.pop("t", 0))
        self._eta, self._mu_t = eta, mu_t
        self.mu, self.nu, self.eps = (scalar(x, done=self._done) for x in (mu, nu, eps))
        self._mu: dict[int, Any] = {}
        self._product = {self._done: self._first_product()}

    def state(self, *slots: str) -> tuple[Vector, ...]:
        """Return theta and the slots before the first step: zeros, or what was given."""
        zero = [0] * len(self._theta)
        return self._theta, *(Vector.of(self._state.get(name, zero)) for name in slots)

    def steps(self) -> Iterator[tuple[int, Gradient]]:
        """Yield each t and the gradient as a function of theta."""
        t = self._done
        if callable(self._source):
            while True:
                t += 1
                yield t, self._source
        for row in self._source:
            t += 1
            yield t, _prescribed(Vector.of(row))

    def eta(self, t: int) -> Any:
        """Return the learning rate of step t."""
        eta = self._eta
        return scalar(eta if isinstance(eta, float | int) else eta[t - 1 - self._done])

    def mu_(self, t: int) -> Any:
        """Return mu_t; the subscript of the paper is the underscore."""
        if t not in self._mu:
            self._mu[t] = self._momentum(t)
        return self._mu[t]

    def product(self, t: int) -> Any:
        """Return mu_1 mu_2 ... mu_t."""
        if t < self._done:  # what bias corrections frozen at t = 1 ask of a later start
            assert self._mu_t is None, "a later start has a constant mu"
            return self.mu**t
        if t not in self._product:
            product = self.product(t - 1) * self.mu_(t)
            if isinstance(product, Bounded):  # one error source, or forms would grow with t
                product = Bounded(product.value).charged(product.bound)
            self._product[t] = product
        return self._product[t]

    def _momentum(self, t: int) -> Any:
        if self._mu_t is None:
            return self.mu
        if callable(self._mu_t):
            return scalar(self._mu_t(t), computed=True)
        return scalar(self._mu_t[t - 1 - self._done])

    def _first_product(self) -> Any:
        if not self._done:
            return Bounded(1) if isinstance(self.mu, Scalar) else mpf(1)
        assert self._mu_t is None, "a later start has a constant mu"
        return self.mu**self._done


def _prescribed(g: Vector) -> Gradient:
    return lambda theta: g
