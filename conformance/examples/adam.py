"""The README's adapter: Adam (Dozat 2015, Algorithm 6) in plain Python, epsilon inside the root."""

# ruff: noqa: D101, D102 -- the README shows all that follows

from math import sqrt


class Adam:
    name, version = "my Adam", "1.0"
    methods, dtypes = ("adam",), ("float64",)

    def start(self, run):
        self.run, self.t, self.theta = run, 0, run.theta
        self.m = self.n = [0.0] * len(run.theta)
        return self

    def step(self, g):
        self.t += 1
        eta, mu, nu, eps = self.run.eta, self.run.mu, self.run.nu, self.run.eps
        a, b = 1 - mu**self.t, 1 - nu**self.t
        self.m = [mu * m + (1 - mu) * x for m, x in zip(self.m, g, strict=True)]
        self.n = [nu * n + (1 - nu) * x * x for n, x in zip(self.n, g, strict=True)]
        state = zip(self.theta, self.m, self.n, strict=True)
        self.theta = [x - eta * (m / a) / sqrt(n / b + eps) for x, m, n in state]
        return {"theta": self.theta, "m": self.m, "n": self.n}
