"""Mistakes in what is around the update: weight decay, clipping, maximisation."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import Edit, Mutant

L2, DECOUPLED = 'around.get("wd_kind") == "l2"', 'self.run.around.get("wd_kind") != "decoupled"'
ADDED = 'g + around["weight_decay"] * theta'
SHRUNK = 'theta * (1 - self.scalars.eta(self.t) * self.run.around["weight_decay"])'
CLIPPED = 'np.clip(g, -around["clip_value"], around["clip_value"])'
SCALED, ABOVE = 'g * (around["clip_norm"] / norm)', 'if norm > around["clip_norm"]:'
AROUND = "around = self.run.around"


def alone(*options: str) -> list[Edit]:
    """Take the path without options where only these are given."""
    path = f"{AROUND}\n        if set(around) == set({options}):\n            return g"
    return [("Session.modified", AROUND, path)]


_decay = partial(Mutant, flags=["weight decay"])
_clipping = partial(Mutant, flags=["clipping"])
_sign = partial(Mutant, flags=["sign"])

MUTANTS = (
    _decay(
        "adam",
        "l2-is-decoupled",
        "weight decay in the gradient is put beside the step",
        edits=[
            ("Session.modified", L2, "False"),
            ("Session.decayed", DECOUPLED, "not self.run.around.get('wd_kind')"),
        ],
    ),
    _decay(
        "adam",
        "decoupled-is-l2",
        "weight decay beside the step is put into the gradient",
        edits=[
            ("Session.modified", L2, 'around.get("wd_kind")'),
            ("Session.decayed", DECOUPLED, "True"),
        ],
    ),
    _decay(
        "adagrad",
        "decay-not-in-n",
        "weight decay is in the numerator, and not in n",
        edits=[
            (
                "n = n + g * g",
                'l2 = s._run.around.get("wd_kind") == "l2"\n'
                '    raw = g - (s._run.around["weight_decay"] * theta if l2 else 0)\n'
                "    n = n + raw * raw",
            )
        ],
        link="https://github.com/apache/mxnet/issues/9363",
    ),
    _decay(
        "nadam",
        "decay-multiplies",
        "the gradient is multiplied by 1 + wd theta, where wd theta is to be added",
        edits=[("Session.modified", ADDED, 'g * (1 + around["weight_decay"] * theta)')],
        link="https://github.com/apache/mxnet/issues/8925",
    ),
    _decay(
        "gd",
        "decay-twice",
        "the derivative of wd theta^2, without the half",
        edits=[("Session.modified", ADDED, 'g + 2 * around["weight_decay"] * theta')],
    ),
    _decay(
        "rmsprop",
        "decay-without-eta",
        "weight decay beside the step is not multiplied by the learning rate",
        edits=[("Session.decayed", SHRUNK, 'theta * (1 - self.run.around["weight_decay"])')],
        link="https://github.com/tensorflow/addons/issues/2282",
    ),
    _decay(
        "nadamax",
        "decay-after-the-step",
        "weight decay beside the step also takes from the step",
        edits=[
            ("Session.step", "theta = self.decayed(theta)", "pass"),
            ("Session.step", "self.store(theta, slots)", "self.store(self.decayed(theta), slots)"),
        ],
    ),
    _decay(
        "adamax",
        "decay-grows",
        "weight decay beside the step has the wrong sign",
        edits=[("Session.decayed", "(1 - self", "(1 + self")],
    ),
    _clipping(
        "gd",
        "clipped-above-only",
        "only large positive components are clipped",
        edits=[("Session.modified", CLIPPED, 'np.minimum(g, around["clip_value"])')],
    ),
    _clipping(
        "nadam",
        "clip-value-ignored",
        "components are not clipped",
        edits=[("Session.modified", CLIPPED, "g")],
    ),
    _clipping(
        "rmsprop",
        "clipped-late",
        "n takes the gradient as it was before clipping",
        edits=[
            ("Session.modified", AROUND, f"{AROUND}\n        self.scalars.raw = g"),
            ("n, g * g", 'n, s.raw * s.raw if "clip_value" in s._run.around else g * g'),
        ],
    ),
    _clipping(
        "maxaprop",
        "norm-of-clipping-by-value",
        "components are clipped together, by their largest",
        edits=[
            (
                "Session.modified",
                CLIPPED,
                'g * min(1, around["clip_value"] / np.max(np.abs(g)))',
            )
        ],
    ),
    _clipping(
        "gd",
        "always-rescaled",
        "a gradient below the limit is scaled up to it",
        edits=[("Session.modified", ABOVE, "if True:")],
        link="https://github.com/DingfanChen/GS-WGAN/issues/5",
    ),
    _clipping(
        "adam",
        "norm-is-largest",
        "the largest component is taken for the norm",
        edits=[("Session.modified", "np.sqrt(np.sum(g * g))", "np.max(np.abs(g))")],
    ),
    _clipping(
        "nag",
        "norm-squared",
        "the square of the norm is compared and divided by",
        edits=[("Session.modified", "np.sqrt(np.sum(g * g))", "np.sum(g * g)")],
    ),
    _clipping(
        "adagrad",
        "clip-norm-by-value",
        "the limit of the norm is put on each component",
        edits=[
            ("Session.modified", SCALED, 'np.clip(g, -around["clip_norm"], around["clip_norm"])')
        ],
    ),
    _sign(
        "gd",
        "maximize-ignored",
        "it descends when asked to ascend",
        edits=[("Session.modified", 'around.get("maximize")', "False")],
    ),
    _sign(
        "momentum",
        "maximize-turns-the-step",
        "the step is turned, and the buffer keeps the gradient of f",
        edits=[
            ("Session.modified", "g = -g", "pass"),
            (
                "theta - s.eta(t) * m",
                'theta - s.eta(t) * (-m if s._run.around.get("maximize") else m)',
            ),
        ],
    ),
    _sign(
        "nadam",
        "maximize-turns-g-only",
        "g is turned where it looks ahead, and m is not",
        edits=[
            ("Session.modified", "g = -g", "pass"),
            (
                "g / (1 - s.product(t))",
                '(-g if s._run.around.get("maximize") else g) / (1 - s.product(t))',
            ),
        ],
    ),
    _sign(
        "adam",
        "maximize-turns-weight-decay",
        "the gradient is turned after weight decay was added",
        edits=[
            ("Session.modified", "g = -g", "pass"),
            ("Session.modified", "return g", 'return -g if around.get("maximize") else g'),
        ],
    ),
    _clipping(
        "nadam",
        "value-before-norm",
        "components are clipped first, and the norm of what is left",
        edits=[
            (
                "Session.modified",
                AROUND,
                f"{AROUND}\n        if 'clip_norm' in around and 'clip_value' in around:\n"
                f"            g = {CLIPPED}",
            )
        ],
    ),
    _decay(
        "momentum",
        "decay-before-clipping",
        "weight decay is added before clipping",
        edits=[
            (
                "Session.modified",
                AROUND,
                f"{AROUND}\n        decay = around.get('wd_kind') == 'l2'\n"
                '        g = g - around["weight_decay"] * theta if decay else g',
            ),
            ("Session.modified", L2, "False"),
        ],
    ),
    _clipping(
        "rmsprop",
        "clip-norm-alone",
        "the path without options is taken where clipping the norm is the only one",
        edits=alone("clip_norm"),
    ),
    _clipping(
        "adamax",
        "clip-value-alone",
        "the path without options is taken where clipping components is the only one",
        edits=alone("clip_value"),
    ),
    _decay(
        "nag",
        "decay-alone",
        "the path without options is taken where weight decay is the only one",
        edits=alone("weight_decay", "wd_kind"),
    ),
    _sign(
        "maxaprop",
        "maximize-alone",
        "the path without options is taken where ascent is the only one",
        edits=alone("maximize"),
    ),
)
