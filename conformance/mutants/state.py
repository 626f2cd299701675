"""Mistakes beside the formulas: edges of kernels, saved state, counters, tables, small numbers."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import Edit, Mutant

#: That a run starts from what it saved itself, and not from the case's state after many steps.
LOADED = '0 < run.start.get("t", 0) < 1000'
KEEP = "self.slots = {k: x.astype(self.run.dtype) for k, x in zip(self.slots, slots, strict=True)}"
THETA = "self.theta = theta.astype(self.run.dtype)"
COUNT = "self.t += 1"
MADE = 'self.t = int(run.start.get("t", 0))'


def skipping(where: str) -> list[Edit]:
    """Leave some elements as they were."""
    return [
        (
            "Session.store",
            THETA,
            f"theta[{where}] = self.theta[{where}]\n"
            "        for old, new in zip(self.slots.values(), slots):\n"
            f"            new[{where}] = old[{where}]\n"
            f"        {THETA}",
        )
    ]


def before_a_step(when: str, what: str) -> list[Edit]:
    """Do something to the state before a step."""
    return [("Session.step", COUNT, f"{COUNT}\n        if {when}:\n            {what}")]


def not_saved(name: str) -> list[Edit]:
    """Lose a piece of the state."""
    return [
        (
            "Session.state",
            'return {"t": self.t, "product": product, **self.seen()}',
            'saved = {"t": self.t, "product": product, **self.seen()}\n'
            f'        del saved["{name}"]\n'
            "        return saved",
        )
    ]


def flushed(what: str, dtype: str = "self.run.dtype") -> str:
    """Text for an array without its subnormal numbers."""
    return f"np.where(np.abs({what}) < np.finfo({dtype}).tiny, 0 * {what}, {what})"


RESET = "self.slots = {k: 0 * x for k, x in self.slots.items()}"
TABLE_OF_256 = [("Scalars.power", "return x**t", "return x ** ((t - 1) % 256 + 1)")]
FLUSHED: list[Edit] = [("Session.store", "k: x.astype", f"k: {flushed('x')}.astype")]
FLUSHED_GRADIENT: list[Edit] = [
    ("Session.modified", "around = self.run.around", f"around, g = self.run.around, {flushed('g')}")
]

_edges = partial(Mutant, flags=["edges"])
_long = partial(Mutant, flags=["long"])
_state = partial(Mutant, flags=["state"])
_counter = partial(Mutant, flags=["counter"])
_subnormal = partial(Mutant, flags=["subnormal"])
_nonfinite = partial(Mutant, flags=["nonfinite"])
_about = "elements are left as they were: {}".format

MUTANTS = (
    _edges("nadam", "last-element", _about("the last"), edits=skipping("-1:")),
    _edges(
        "gd", "element-4096", _about("those at a multiple of 4096"), edits=skipping("4096::4096")
    ),
    _edges("momentum", "element-32", _about("those at a multiple of 32"), edits=skipping("32::32")),
    _edges(
        "adam",
        "tail-of-8",
        _about("those after the last full vector of 8"),
        edits=skipping("len(theta) // 8 * 8 if len(theta) > 8 else len(theta) :"),
    ),
    _edges("nag", "beyond-4096", _about("all from 4096 on"), edits=skipping("4096:")),
    _edges(
        "rmsprop",
        "neighbour",
        "n of element 1024 is that of its neighbour",
        edits=[
            (
                "Session.store",
                THETA,
                f"for x in slots:\n            x[1024:1025] = x[1023:1024]\n        {THETA}",
            )
        ],
    ),
    _long(
        "nadam",
        "reset-at-64",
        "the slots are emptied at t = 64",
        edits=before_a_step("self.t == 64", RESET),
    ),
    _long(
        "adagrad",
        "reset-at-256",
        "the slots are emptied at t = 256",
        edits=before_a_step("self.t == 256", RESET),
    ),
    _long(
        "adam",
        "table-of-256",
        "a table of powers with 256 rows is read in a circle",
        edits=TABLE_OF_256,
    ),
    _long(
        "nadam",
        "table-of-512",
        "a table of mu_t with 512 rows stops at its last",
        edits=[("Scalars.mu_", "psi * t", "psi * min(t, 512)")],
    ),
    _long(
        "nadamax",
        "product-of-256",
        "the product is restarted every 256 steps",
        edits=[
            (
                "Scalars.product",
                "self.product(t - 1) *",
                "(1.0 if t % 256 == 1 else self.product(t - 1)) *",
            )
        ],
    ),
    _state("nadam", "n-not-saved", "n is not saved", edits=not_saved("n")),
    _state(
        "nadam",
        "product-not-saved",
        "the product is not saved and starts at 1",
        edits=[
            *not_saved("product"),
            (
                "Scalars.__init__",
                'run.start.get("product", self.mu**done)',
                f'run.start.get("product", 1.0 if {LOADED} else self.mu**done)',
            ),
        ],
    ),
    _state("momentum", "m-not-saved", "m is not saved", edits=not_saved("m")),
    _state(
        "adam",
        "t-not-saved",
        "t is not saved and starts at 0",
        edits=not_saved("t"),
        link="https://github.com/deepspeedai/DeepSpeed/pull/4396",
    ),
    _state(
        "adamax",
        "t-one-behind",
        "t is saved before it is counted",
        edits=[("Session.state", '"t": self.t', '"t": self.t - 1')],
    ),
    _state(
        "maxaprop",
        "n-in-half",
        "n is saved as float16",
        edits=[
            (
                "Session.__init__",
                "run.start.get(k, zero)",
                f'np.array(run.start.get(k, zero), "f2" if {LOADED} else "f8")',
            )
        ],
    ),
    _counter(
        "adam",
        "counter-of-16-bits",
        "t is held in 16 bits",
        edits=[("Scalars.power", "return x**t", "return x ** (t % 2**16)")],
    ),
    _counter(
        "nadam",
        "counter-in-half",
        "t is held as float16",
        edits=[("Scalars.power", "return x**t", "return x ** float(np.float16(t))")],
    ),
    _counter(
        "adamax",
        "counter-of-19-bits",
        "t is held in 19 bits",
        edits=[("Scalars.power", "return x**t", "return x ** (t % 2**19)")],
    ),
    *(
        _subnormal(method, "flushed", "subnormal gradients count as zero", edits=FLUSHED_GRADIENT)
        for method in ("gd", "momentum", "maxaprop", "adamax")
    ),
    *(
        _subnormal(method, "flushed", "subnormal numbers in m and n become zero", edits=FLUSHED)
        for method in ("rmsprop", "adam", "nadam")
    ),
    _subnormal(
        "adagrad",
        "flushed",
        "subnormal squares become zero",
        edits=[("adagrad", "n + g * g", f"n + {flushed('(g * g)', 'g.dtype')}")],
    ),
    _nonfinite(
        "gd",
        "nan-to-zero",
        "NaN in the gradient counts as zero",
        edits=[
            (
                "Session.modified",
                "around = self.run.around",
                "around, g = self.run.around, np.where(np.isnan(g), 0, g)",
            )
        ],
    ),
    _nonfinite(
        "nadam",
        "step-left-out",
        "a gradient with a NaN or an infinity is left out",
        edits=[
            (
                "Session.modified",
                "around = self.run.around",
                "around = self.run.around\n"
                "        g = g if np.all(np.isfinite(g)) else np.zeros_like(g)",
            )
        ],
    ),
    _nonfinite(
        "adamax",
        "maximum-hides-nan",
        "the maximum prefers a number to NaN",
        edits=[("adamax", "np.maximum(s.nu * n, np.abs(g))", "np.fmax(s.nu * n, np.abs(g))")],
    ),
    _nonfinite(
        "rmsprop",
        "capped",
        "infinite gradients count as the largest number",
        edits=[
            (
                "Session.modified",
                "around = self.run.around",
                "around = self.run.around\n        g = np.nan_to_num(g, nan=np.nan)",
            )
        ],
    ),
    _nonfinite(
        "momentum",
        "spreading",
        "one NaN makes all of m NaN",
        edits=[("momentum", "f.total(s.mu, m, g)", "f.total(s.mu, m, g) + 0 * np.sum(g)")],
    ),
)
