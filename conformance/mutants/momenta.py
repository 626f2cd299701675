"""Mistakes in gradient descent, momentum and Nesterov's accelerated gradient."""

from __future__ import annotations

from functools import partial

from conformance.mutants.mutant import Mutant

_gd, _momentum, _nag = (partial(Mutant, method) for method in ("gd", "momentum", "nag"))

GD = (
    _gd(
        "climbing",
        "the step has the wrong sign",
        ["sign"],
        [("theta - s", "theta + s")],
    ),
    _gd(
        "rate-of-the-step-before",
        "the learning rate is that of the step before",
        ["rate"],
        [("s.eta(t)", "s.eta(max(t - 1, s.done + 1))")],
    ),
    _gd(
        "rate-of-the-first-step",
        "the learning rate is read once",
        ["rate"],
        [("s.eta(t)", "s.eta(s.done + 1)")],
    ),
    _gd(
        "normalised",
        "the gradient is divided by its norm",
        ["clipping"],
        [("s.eta(t) * g", "s.eta(t) * g / np.sqrt(np.sum(g * g))")],
    ),
    _gd(
        "in-single",
        "theta is computed in float32",
        ["precision"],
        [("theta - s.eta(t) * g", "(theta - s.eta(t) * g).astype(np.float32)")],
        equivalent={"float32": "that is the type asked for"},
    ),
)

MOMENTUM = (
    _momentum(
        "m-a-mean",
        "m is a decaying mean",
        ["decay"],
        [("f.total(s.mu, m, g)", "f.mean(s.mu, m, g)")],
        link="https://github.com/HIPS/autograd/issues/289",
    ),
    _momentum(
        "damped-from-the-second-step",
        "g is multiplied by 1 - mu, but for the first",
        ["decay"],
        [("f.total(s.mu, m, g)", "f.total(s.mu, m, g if t == 1 else (1 - s.mu) * g)")],
        link="https://github.com/pytorch/pytorch/issues/1099",
    ),
    _momentum(
        "never-decays",
        "m is a sum without decay",
        ["decay"],
        [("f.total(s.mu, m, g)", "m + g")],
    ),
    _momentum(
        "m-corrected",
        "m is corrected for its start at 0",
        ["product"],
        [("s.eta(t) * m", "s.eta(t) * (m / (1 - s.power(s.mu, t)))")],
    ),
    _momentum(
        "m-after-use",
        "theta moves along the m before this step",
        ["decay"],
        [
            (
                "m = f.total(s.mu, m, g)\n    theta = theta - s.eta(t) * m",
                "theta = theta - s.eta(t) * m\n    m = f.total(s.mu, m, g)",
            )
        ],
    ),
    _momentum(
        "nesterov",
        "the step looks ahead",
        ["look-ahead"],
        [("s.eta(t) * m", "s.eta(t) * (g + s.mu * m)")],
    ),
    _momentum(
        "rate-inside",
        "the learning rate is inside the buffer",
        ["rate"],
        [
            ("f.total(s.mu, m, g)", "f.total(s.mu, m, s.eta(t) * g)"),
            ("theta - s.eta(t) * m", "theta - m"),
        ],
        theta_only=True,
        link="https://github.com/paiml/aprender/pull/2190",
    ),
)

NAG = (
    _nag(
        "no-look-ahead",
        "the step is m: it is momentum",
        ["look-ahead"],
        [("g + s.mu_(t + 1) * m", "m")],
    ),
    _nag(
        "mu-t-for-next",
        "mu_t for mu_{t+1}",
        ["look-ahead"],
        [("s.mu_(t + 1) * m", "s.mu_(t) * m")],
    ),
    _nag(
        "no-gradient",
        "m-bar has no g",
        ["look-ahead"],
        [("g + s.mu_(t + 1) * m", "s.mu_(t + 1) * m")],
    ),
    _nag(
        "twice-ahead",
        "the step looks ahead from a buffer that did so already",
        ["look-ahead"],
        [("g + s.mu_(t + 1) * m", "g + s.mu_(t + 1) * (g + s.mu_(t + 1) * m)")],
    ),
    _nag(
        "m-with-next",
        "m decays with mu_{t+1}",
        ["decay"],
        [("f.total(s.mu_(t), m, g)", "f.total(s.mu_(t + 1), m, g)")],
    ),
    _nag(
        "m-a-mean",
        "m is a decaying mean",
        ["decay"],
        [("f.total(s.mu_(t), m, g)", "f.mean(s.mu_(t), m, g)")],
    ),
    _nag(
        "rate-inside",
        "the learning rate is inside the buffer",
        ["rate"],
        [
            ("f.total(s.mu_(t), m, g)", "f.total(s.mu_(t), m, s.eta(t) * g)"),
            ("g + s.mu_(t + 1) * m", "s.eta(t) * g + s.mu_(t + 1) * m"),
            ("theta - s.eta(t) * m_bar", "theta - m_bar"),
        ],
        theta_only=True,
        link="https://github.com/keras-team/keras/blob/v3.15.1/keras/src/optimizers/sgd.py",
    ),
    _nag(
        "decay-in-the-buffer",
        "weight decay is in m, and not in the g beside it",
        ["weight decay"],
        [
            (
                "m_bar = g +",
                'l2 = s._run.around.get("wd_kind") == "l2"\n'
                '    m_bar = g - (s._run.around["weight_decay"] * theta if l2 else 0) +',
            )
        ],
        link="https://github.com/apache/mxnet/pull/13683",
    ),
)

MUTANTS = (*GD, *MOMENTUM, *NAG)
