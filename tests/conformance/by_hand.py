"""A case and an adapter made by hand: gradient descent whose every number is exact."""

from conformance.case import Case, Field

GRADIENTS = [[1.0, -2.0], [4.0, 0.0], [-0.5, 1.0]]
THETAS = [[0.5, 2.0], [-1.5, 2.0], [-1.25, 1.5]]
KINDS = [(dtype, profile) for dtype in ("float32", "float64") for profile in ("strict", "standard")]


def exactly(row, bound=0.0):
    return Field([(x, 0.0, 0) for x in row], {kind: [bound] * len(row) for kind in KINDS})


def case(**changes):
    """Three steps of gradient descent with a rate of 1/2, from (1, 1)."""
    before = [[1.0, 1.0], *THETAS]
    expected = {
        t: {"theta": exactly(row), "step": exactly([a - b for a, b in zip(row, last, strict=True)])}
        for t, row, last in zip((1, 2, 3), THETAS, before, strict=False)
    }
    given = {
        "gradients": GRADIENTS,
        "theta0": [1.0, 1.0],
        "eta": 0.5,
        "hyper": {"mu": 0.0, "nu": 0.0, "eps": 0.0},
        "expected": expected,
        "checkpoints": list(expected),
    }
    return Case("gd/by-hand", "gd", "by-hand", "paper", **(given | changes))


class Descent:
    """An adapter; its methods are what a test wants to be different."""

    name, version, methods, dtypes = "descent", "1", ("gd",), ("float32", "float64")

    def __init__(self, **different):
        self.runs, self.gradients, self.saved = [], [], []
        for name, value in different.items():
            setattr(self, name, value)

    def start(self, run):
        self.runs.append(run)
        self.theta, self.t, self.eta = list(run.theta), run.start.get("t", 0), run.eta
        return self

    def step(self, g):
        self.gradients.append(g)
        self.t += 1
        self.theta = [x - self.eta * y for x, y in zip(self.theta, g, strict=True)]
        return self.output()

    def output(self):
        return {"theta": list(self.theta)}

    def state(self):
        self.saved.append(self.t)
        return {"t": self.t, "theta": list(self.theta), "secret": "kept"}


def altered(t, change):
    """An adapter whose output of step t is another."""

    class Altered(Descent):
        def output(self):
            output = super().output()
            return change(output) if self.t == t else output

    return Altered()


def raising(error):
    def raises(*arguments):
        raise error

    return raises


#: Answers to a step that are none, and what is said of them.
MALFORMED = {
    "no dict": (lambda o: o["theta"], "dict with 'theta'"),
    "no theta": (lambda o: {}, "dict with 'theta'"),
    "nothing": (lambda o: None, "dict with 'theta'"),
    "too short": (lambda o: {"theta": o["theta"][:1]}, "theta has to be 2 Python floats"),
    "too long": (lambda o: {"theta": [*o["theta"], 0.0]}, "theta has to be 2 Python floats"),
    "integers": (lambda o: {"theta": [1, 2]}, "theta has to be 2 Python floats"),
    "texts": (lambda o: {"theta": ["1", "2"]}, "theta has to be 2 Python floats"),
    "an unknown slot": (lambda o: o | {"v": o["theta"]}, "returned v; fields are theta"),
}
