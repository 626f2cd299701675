"""The names, settings and errors of dialects, and how `minimize` speaks one."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import rosen, rosen_der

import nadamkit
from conformance import dialects as independent
from nadamkit import dialects, minimize, registry
from nadamkit.errors import OptionError
from nadamkit.loops.stepper import Stepper
from nadamkit.momentum import Constant, Dozat, momentum_schedule

START = [-1.2, 1.0]
PAIRS = [(name, m) for name in dialects.names() for m in dialects.get(name).methods]
#: What the table of the conformance suite leaves out, or has in another column.
ELSEWHERE = {"mu", "nu", "eps", "schedule", "lr_inside", "weight_decay", "wd_kind"}


def defaults(method):
    return registry.get(method).validated({})


def test_names_are_the_independent_tables_and_one_more():
    assert {*dialects.names()} == {*independent.names(), "keras-2"}
    assert dialects.names()[0] == "paper"
    assert nadamkit.dialects is dialects


@pytest.mark.parametrize(("name", "method"), independent.table())
def test_agrees_with_the_independent_table(name, method):
    theirs = independent.table()[name, method]
    ours = dialects.get(name).methods[method]
    rule = registry.get(method)
    hyper = rule.validated(ours.hyper)
    changed = {k: v for k, v in hyper.items() if v != defaults(method)[k] and k not in ELSEWHERE}
    assert changed == {k: v for k, v in theirs.knobs.items() if v != defaults(method).get(k)}
    assert {k: hyper[k] for k in theirs.knobs} == theirs.knobs
    for key in ("mu", "nu", "eps"):
        assert key not in rule.hyperparameters or hyper[key] == theirs.hyper[key]
    if ours.learning_rate is not None:
        assert ours.learning_rate == theirs.hyper["eta"]
    if "schedule" in hyper:
        schedule = momentum_schedule(hyper["schedule"])
        if theirs.mu_t == "constant":
            assert schedule == Constant()
        else:
            exact = {key: Fraction(value) for key, value in theirs.mu_t.items()}
            assert schedule == Dozat(**exact)


def test_only_these_have_no_learning_rate():
    without = {n for n, m in PAIRS if dialects.get(n).methods[m].learning_rate is None}
    assert without == {"paper", "optax", "dozat-2016", "tensorflow-kernel"}
    assert dialects.get("tensorflow-kernel").methods["nadam"].learning_rate == 0.001


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_each_preset_is_valid_and_named(name, method):
    found = dialects.get(name)
    preset = found.methods[method]
    hyper = registry.get(method).validated(preset.hyper)
    assert hyper["wd_kind"] in ("l2", "decoupled")
    assert found.name == name
    assert found.library
    with pytest.raises(TypeError):
        preset.hyper["mu"] = 0.5


def test_paper_has_all_methods_and_changes_nothing():
    paper = dialects.get("paper").methods
    assert tuple(paper) == registry.names()
    assert not any(preset.hyper for preset in paper.values())


def test_settings_put_what_is_given_first():
    rate, hyper = dialects.settings("nadam", "torch", {"mu": 0.5, "eps_kind": "in"})
    assert (rate, hyper["mu"], hyper["nu"], hyper["eps_kind"]) == (0.002, 0.5, 0.999, "in")
    rate, hyper = dialects.settings(registry.get("Nadam"), "torch", {"learning_rate": "auto"})
    assert rate == "auto"
    assert "learning_rate" not in hyper
    assert dialects.settings("nadam", "torch")[1]["mu"] == 0.9  # and nothing was kept


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pytorch", r"^Unknown dialect 'pytorch'; did you mean 'torch'\? Choose one of: paper, t"),
        ("Keras", r"^Unknown dialect 'Keras'; did you mean 'keras'\?"),
        ("", r"^Unknown dialect ''\. Choose one of: paper"),
        (3, r"^Unknown dialect 3\. Choose"),
        (["torch"], r"^Unknown dialect \['torch'\]"),
    ],
)
def test_unknown_dialect(name, message):
    for call in (
        lambda: dialects.get(name),
        lambda: dialects.settings("nadam", name),
        lambda: minimize(None, START, options={"dialect": name}),
    ):
        with pytest.raises(OptionError, match=message):
            call()


@pytest.mark.parametrize(("method", "name"), [("nadamax", "torch"), ("nag", "optimlib")])
def test_method_that_the_library_does_not_have(method, name):
    message = rf"^The dialect '{name}' has no method '{method}': of .* it has gd, momentum, .*nadam"
    with pytest.raises(OptionError, match=message):
        dialects.settings(method, name)
    with pytest.raises(OptionError, match=message):
        minimize(None, START, method=method, options={"dialect": name})


def test_unknown_method():
    with pytest.raises(ValueError, match="Unknown solver nadm; did you mean 'nadam'"):
        dialects.settings("nadm", "torch")


def solved(method, calls=None, **options):
    def fun(x):
        if calls is not None:
            calls.append(x)
        return rosen(x), rosen_der(x)

    options = {"maxiter": 50, "gtol": None, "return_all": True, **options}
    return minimize(fun, START, jac=True, method=method, options=options)


def stepped(method, name, steps=50, **given):
    rate, hyper = dialects.settings(method, name, given)
    x = np.array(START)
    stepper = Stepper(method, x, learning_rate=rate, **hyper)
    points = [x.copy()]
    for _ in range(steps):
        stepper.step(rosen_der(x))
        points.append(x.copy())
    return points


@pytest.mark.parametrize(
    ("method", "name", "given"),
    [
        ("nadam", "torch", {}),
        ("nadam", "torch", {"learning_rate": 0.01, "mu": 0.8, "weight_decay": 0.1}),
        ("rmsprop", "keras", {"momentum": 0.9, "centered": True}),
        ("adam", "torch", {"amsgrad": True, "nu": 0.5}),
        ("adagrad", "optax", {"learning_rate": 0.1}),
        ("momentum", "keras", {"learning_rate": 1e-4}),
        ("momentum", "torch", {"learning_rate": 1e-4, "dampening": 0.5}),
        ("nadam", "timm-nadamw", {}),
    ],
)
def test_minimize_speaks_a_dialect(method, name, given):
    result = solved(method, dialect=name, **given)
    assert_array_equal(result.allvecs, stepped(method, name, **given))


def test_default_learning_rate_is_a_fixed_rate():
    assert solved("nadam", dialect="torch", maxiter=7).nit == 7
    explicit = solved("nadam", dialect="torch", learning_rate=0.002)
    assert_array_equal(solved("nadam", dialect="torch").x, explicit.x)


@pytest.mark.parametrize("name", ["paper", "optax", "dozat-2016"])
def test_dialect_without_a_learning_rate(name):
    message = rf"^The dialect '{name}' has no default learning rate; pass learning_rate: a number"
    calls = []
    with pytest.raises(OptionError, match=message):
        solved("nadam", calls, dialect=name)
    assert not calls
    assert solved("nadam", dialect=name, learning_rate=0.01).nit == 50


@pytest.mark.parametrize(("method", "name"), [("nadam", "torch"), ("momentum", "keras")])
def test_auto_stays_possible(method, name):
    result = minimize(
        *(rosen, START, (), method, rosen_der), options={"dialect": name, "learning_rate": "auto"}
    )
    assert result.success
    assert result.fun < 1e-8


def test_no_dialect_is_the_default():
    assert_array_equal(solved("adam", dialect=None).x, solved("adam").x)


AUTO_REFUSED = [
    ("momentum", {"dampening": 0.5}),
    ("rmsprop", {"centered": True}),
    ("rmsprop", {"momentum": 0.9}),
    ("adam", {"amsgrad": True}),
]


@pytest.mark.parametrize("rate", ["auto", "race"])
@pytest.mark.parametrize(("method", "given"), AUTO_REFUSED)
def test_auto_refuses_what_it_cannot_measure(method, given, rate):
    (name,) = given
    calls = []
    with pytest.raises(OptionError, match=rf"^{name}=.* changes the step, which learning_rate="):
        solved(method, calls, learning_rate=rate, **given)
    assert not calls


@pytest.mark.parametrize(
    ("method", "given", "allowed"),
    [
        ("momentum", {"dampening": 1.0}, r"a number in \[0, 1\)"),
        ("momentum", {"dampening": "0"}, r"a number in \[0, 1\)"),
        ("momentum", {"lr_inside": "yes"}, "one of False, True"),
        ("nag", {"lr_inside": None}, "one of False, True"),
        ("rmsprop", {"momentum": 1.0}, r"a number in \[0, 1\)"),
        ("rmsprop", {"momentum": np.nan}, r"a number in \[0, 1\)"),
        ("rmsprop", {"centered": 2}, "one of False, True"),
        ("adam", {"amsgrad": "on"}, "one of False, True"),
        ("nadam", {"m_bias": "frozen"}, "one of 't.1', 't', 'none', 'dup', 'frozen1'"),
    ],
)
def test_bad_values(method, given, allowed):
    with pytest.raises(OptionError, match=rf"is not allowed: .* must be {allowed}"):
        solved(method, learning_rate=0.1, **given)
