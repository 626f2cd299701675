"""What runs optax and Keras in this process; `test_dialects_living` runs it in one of its own."""

import inspect
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np
import pytest

from nadamkit import dialects
from tests.dialect_runs import (
    BOUND,
    GRADIENTS,
    ORIGIN,
    SHAPES,
    SMALL,
    cancellation,
    distance,
    exact,
    rate_of,
    run,
    walk,
)

jax.config.update("jax_enable_x64", True)

RATE = 0.003


def by_optax(make, rate, points):
    """The displacements by an optimizer of optax, of all tensors at once."""
    import optax

    # Optax counts steps from 0.
    factors = jax.numpy.asarray([rate(t) for t in range(1, len(GRADIENTS) + 1)])
    optimizer = make(optax, lambda count: factors[count])
    state = optimizer.init(ORIGIN[0])

    @jax.jit
    def updated(g, state, x):
        updates, state = optimizer.update(g, state, x)
        return optax.apply_updates(x, updates), state

    def step(t, tensors, g):
        nonlocal state
        after, state = updated(g, state, tensors)
        return [np.asarray(a) for a in after]

    return walk(step, GRADIENTS, points)


OPTAX = {
    "gd": ({}, lambda o, lr: o.sgd(lr)),
    "momentum": ({}, lambda o, lr: o.sgd(lr, 0.9)),
    "nag": ({}, lambda o, lr: o.sgd(lr, 0.9, nesterov=True)),
    "adagrad": ({}, lambda o, lr: o.adagrad(lr)),
    "adagrad from zero": ({"n0": 1e-3}, lambda o, lr: o.adagrad(lr, 1e-3)),
    "rmsprop": ({}, lambda o, lr: o.rmsprop(lr)),
    "rmsprop centered": ({"centered": True}, lambda o, lr: o.rmsprop(lr, centered=True)),
    "rmsprop momentum": ({"momentum": 0.9}, lambda o, lr: o.rmsprop(lr, momentum=0.9)),
    "rmsprop both": (
        {"momentum": 0.8, "centered": True},
        lambda o, lr: o.rmsprop(lr, momentum=0.8, centered=True),
    ),
    "rmsprop as torch": ({"eps_kind": "out"}, lambda o, lr: o.rmsprop(lr, eps_in_sqrt=False)),
    "rmsprop corrected": ({"n_bias": "std"}, lambda o, lr: o.rmsprop(lr, bias_correction=True)),
    "adam": ({}, lambda o, lr: o.adam(lr)),
    "adam quick": ({"nu": 0.9}, lambda o, lr: o.adam(lr, b2=0.9)),
    "adam eps_root": ({"eps_root": 1e-6}, lambda o, lr: o.adam(lr, eps_root=1e-6)),
    "adam decay": ({"weight_decay": 0.1}, lambda o, lr: o.adamw(lr, weight_decay=0.1)),
    "adamax": ({}, lambda o, lr: o.adamax(lr)),
    "adamax decay": ({"weight_decay": 0.1}, lambda o, lr: o.adamaxw(lr, weight_decay=0.1)),
    "nadam": ({}, lambda o, lr: o.nadam(lr)),
    "nadam quick": ({"nu": 0.9}, lambda o, lr: o.nadam(lr, b2=0.9)),
    "nadam eps_root": ({"eps_root": 1e-6}, lambda o, lr: o.nadam(lr, eps_root=1e-6)),
    "nadam decay": ({"weight_decay": 0.1}, lambda o, lr: o.nadamw(lr, weight_decay=0.1)),
    "nadam l2": (
        {"weight_decay": 0.1, "wd_kind": "l2"},
        lambda o, lr: o.chain(o.add_decayed_weights(0.1), o.nadam(lr)),
    ),
}


def compared(dialect, method, given, theirs):
    """Our distance from a library, and what its 1 - nu^t may be off by if it has one."""
    points = SMALL if "weight_decay" in given else ORIGIN
    rate = rate_of(RATE)
    ours = run(method, dialect, GRADIENTS, rate, points, **given)
    nu = given.get("nu", 0.999)
    corrected = method in ("adam", "nadam") and nu == 0.999
    allowed = cancellation(ours, nu) if corrected else 0.0
    return distance(ours, theirs(rate, points)), allowed


@pytest.mark.parametrize("name", OPTAX)
def test_optax(name):
    given, make = OPTAX[name]
    apart, allowed = compared(
        *("optax", name.split()[0], given), lambda rate, points: by_optax(make, rate, points)
    )
    assert apart < BOUND + allowed


def by_keras(make, rate, points):
    """The displacements by an optimizer of Keras, in its stateless form."""
    import keras

    keras.config.set_floatx("float64")
    optimizer = make(keras.optimizers)
    optimizer.build([keras.Variable(np.zeros(shape), name=f"x{len(shape)}") for shape in SHAPES])
    state = [v.value for v in optimizer.variables]
    place = [v.name for v in optimizer.variables].index("learning_rate")
    apply = jax.jit(optimizer.stateless_apply)

    def step(t, tensors, g):
        nonlocal state
        state[place] = jax.numpy.asarray(rate(t))
        after, state = apply(state, g, tensors)
        state = list(state)
        return [np.asarray(a) for a in after]

    return walk(step, GRADIENTS, points)


KERAS = {
    "gd": ({}, lambda k: k.SGD()),
    "gd decay": ({"weight_decay": 50.0}, lambda k: k.SGD(weight_decay=50.0)),
    "momentum": ({}, lambda k: k.SGD(momentum=0.9)),
    "nag": ({}, lambda k: k.SGD(momentum=0.9, nesterov=True)),
    "adagrad": ({}, lambda k: k.Adagrad()),
    "adagrad from less": ({"n0": 1e-3}, lambda k: k.Adagrad(initial_accumulator_value=1e-3)),
    "rmsprop": ({}, lambda k: k.RMSprop()),
    "rmsprop centered": ({"centered": True}, lambda k: k.RMSprop(centered=True)),
    "rmsprop momentum": ({"momentum": 0.9}, lambda k: k.RMSprop(momentum=0.9)),
    "rmsprop both": (
        {"momentum": 0.8, "centered": True},
        lambda k: k.RMSprop(momentum=0.8, centered=True),
    ),
    "adam": ({}, lambda k: k.Adam()),
    "adam quick": ({"nu": 0.9}, lambda k: k.Adam(beta_2=0.9)),
    "adam amsgrad": ({"amsgrad": True, "nu": 0.9}, lambda k: k.Adam(beta_2=0.9, amsgrad=True)),
    "adam decay": ({"weight_decay": 0.1}, lambda k: k.Adam(weight_decay=0.1)),
    "adamax": ({}, lambda k: k.Adamax()),
    "nadam": ({}, lambda k: k.Nadam()),
    "nadam quick": ({"nu": 0.9}, lambda k: k.Nadam(beta_2=0.9)),
    "nadam decay": ({"weight_decay": 0.1}, lambda k: k.Nadam(weight_decay=0.1)),
    "nadam clip": ({"clip_value": 1e-3}, lambda k: k.Nadam(clipvalue=1e-3)),
}


@pytest.mark.parametrize("name", KERAS)
def test_keras(name):
    given, make = KERAS[name]
    apart, allowed = compared(
        *("keras", name.split()[0], given), lambda rate, points: by_keras(make, rate, points)
    )
    assert apart < BOUND + allowed


def test_powers_of_nu_are_rounded():
    """Why there is an allowance: half a step's error of more than 1e-15, in the library."""
    power = float(jax.jit(lambda t: 0.999**t)(jax.numpy.int32(2)))
    theirs, truth = 1.0 - power, 1 - exact(0.999) ** 2
    assert abs(theirs - truth) / truth > 1e-14


#: Ours and the names of the libraries' parameters.
NAMES = {"n0": "initial_accumulator_value"}
KERAS_NAMES = {"eps": "epsilon", "mu": "beta_1", "nu": "beta_2", **NAMES}
OPTAX_NAMES = {"eps": "eps", "mu": "b1", "nu": "b2", **NAMES}


def defaults(library, preset):
    kind = getattr(library, preset.symbol.split("(")[0].split(".")[-1])
    parameters = inspect.signature(kind).parameters.items()
    return {name: p.default for name, p in parameters}


@pytest.mark.parametrize("dialect", ["keras", "optax"])
def test_defaults_are_the_librarys(dialect):
    import keras
    import optax

    library, names = {
        "keras": (keras.optimizers, KERAS_NAMES),
        "optax": (optax, OPTAX_NAMES),
    }[dialect]
    for method, preset in dialects.get(dialect).methods.items():
        theirs = defaults(library, preset)
        if dialect == "keras":
            assert preset.learning_rate == theirs["learning_rate"]
        else:
            assert theirs["learning_rate"] is inspect.Parameter.empty
        own = {"nu": "rho" if dialect == "keras" else "decay"} if method == "rmsprop" else {}
        shared = {k: v for k, v in {**names, **own}.items() if v in theirs}
        assert {k: preset.hyper[k] for k in shared} == {k: theirs[v] for k, v in shared.items()}


def test_version_is_the_one_that_is_installed():
    import keras
    import optax

    assert dialects.get("keras").version == keras.__version__
    assert dialects.get("optax").version == optax.__version__
