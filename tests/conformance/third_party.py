from dataclasses import replace
from importlib.util import find_spec

import pytest

from conformance import adapter as contract
from conformance import case as cases
from conformance import dialects, expected
from conformance.adapter import Unsupported
from conformance.runner import run_case, run_of

CASES = {c.id: c for c in cases.stored()}
ADAPTERS = ("torch", "torch-float64", "keras", "optax")
DTYPES = ("float32", "float64")
METHODS = ("gd", "momentum", "nag", "adagrad", "rmsprop", "adam", "adamax", "nadam")


@pytest.fixture(scope="module")
def made():
    """Adapters by name, each made once; the test is skipped where the library is missing."""
    known = {}

    def get(name):
        library = name.partition("-")[0]
        if not find_spec(library):  # not importorskip, which would choose a backend for Keras
            pytest.skip(f"{library} is not installed")
        if name not in known:
            known[name] = contract.load(name)
        return known[name]

    return get


def families(method, *but):
    """The paper's cases of a method, without those of 25 sizes, which take longer."""
    of = [c for c in CASES.values() if c.method == method and c.dialect == dialects.PAPER]
    return [c for c in of if c.family not in ("sizes", *but)]


def verdicts(adapter, wanted):
    """Status by case and dtype."""
    return {(c.id, d): run_case(adapter, c, d).status for c in wanted for d in c.dtypes}


def ratio(adapter, case, dtype):
    return run_case(adapter, CASES[case], dtype).worst["standard"].ratio


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ADAPTERS)
def test_each_method_speaks_its_librarys_dialect(made, name, method, dtype):
    adapter = made(name)
    case = CASES[f"dialects/{adapter.dialect}/{method}"]
    result = run_case(adapter, case, dtype)
    if (name, method, dtype) == ("torch", "nadam", "float64"):
        assert result.status == "fail"
    else:
        assert result.status == "pass", result
    assert tuple(adapter.methods) == METHODS


def test_torch_nadam_in_float64_is_as_exact_as_the_default_dtype(made):
    case = "dialects/torch/nadam"
    # About u(float32) / u(float64) of the product, that is 5e8, over the bound of everything else.
    assert 1e4 < ratio(made("torch"), case, "float64") < 1e7
    assert ratio(made("torch-float64"), case, "float64") < 1
    assert ratio(made("torch"), case, "float32") < 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_torchs_two_loops_differ_in_roundings_at_most(made, method, dtype):
    made("torch")
    from conformance.adapters.torch import Torch

    case = CASES[f"dialects/torch/{method}"]
    loop, foreach = (
        run_case(Torch("float64", kind), case, dtype) for kind in ("for-loop", "foreach")
    )
    assert (loop.status, foreach.status) == ("pass", "pass")
    # Nadam's divide by the root of n-hat, and by the root of n over that of 1 - nu^t.
    same = [name for name in loop.digests if loop.digests[name] == foreach.digests[name]]
    assert set(loop.digests) - set(same) == ({"theta"} if method == "nadam" else set())


def test_one_librarys_nadam_is_anothers_with_another_psi(made):
    torch = made("torch-float64")
    assert ratio(torch, "dialects/keras/nadam", "float64") < 1  # psi = 1
    assert ratio(torch, "dialects/optax/nadam", "float64") < 1  # an infinite psi
    assert ratio(made("optax"), "dialects/keras/nadam", "float64") > 1e9


def test_keras_nadam_has_a_schedule_of_its_own(made):
    keras = made("keras")
    # legacy tf.keras: the same algebra and epsilon, and the paper's schedule.
    assert ratio(keras, "dialects/tf-keras-legacy/nadam", "float64") > 1e9
    assert ratio(made("torch-float64"), "dialects/tf-keras-legacy/nadam", "float64") < 1


def test_optax_nadam_has_a_constant_momentum(made):
    optax = made("optax")
    assert ratio(optax, "dialects/optax/nadam", "float64") < 1
    assert ratio(optax, "nadam/paper-defaults", "float64") > 1e9
    # With epsilon inside the root and a constant momentum it is Algorithm 8.
    assert ratio(optax, "nadam/late", "float64") < 1


@pytest.mark.parametrize("method", ["adagrad", "adam", "rmsprop"])
def test_optax_is_the_papers_where_epsilon_can_be_put_inside_the_root(made, method):
    found = verdicts(made("optax"), families(method, "subnormal-f32", "subnormal-f64"))
    assert "pass" in found.values()
    skipped = {case for (case, _), status in found.items() if status != "pass"}
    only = {f"{method}/maximize", f"{method}/combined"} | (
        {f"{method}/decay-decoupled"} - {"adam/decay-decoupled"}
    )
    assert skipped == only
    assert set(found.values()) == {"pass", "skip"}


@pytest.mark.parametrize("method", ["rmsprop", "adamax"])
def test_keras_is_the_papers_in_rmsprop_and_adamax(made, method):
    found = verdicts(made("keras"), families(method, "subnormal-f32", "subnormal-f64"))
    skipped = {case for (case, _), status in found.items() if status != "pass"}
    assert skipped == {f"{method}/{f}" for f in ("maximize", "decay-l2", "combined")}
    assert set(found.values()) == {"pass", "skip"}


@pytest.mark.parametrize("method", ["gd", "momentum"])
def test_torch_is_the_papers_but_for_the_norm_it_clips(made, method):
    found = verdicts(made("torch"), families(method))
    failed = {case for (case, _), status in found.items() if status == "fail"}
    skipped = {case for (case, _), status in found.items() if status == "skip"}
    assert (failed, skipped) == (
        {f"{method}/clip-norm", f"{method}/combined"},
        {f"{method}/decay-decoupled"},
    )
    # A divisor with 1e-6 more than a norm of about 1: 1e-6 of the gradient, over the bound of it.
    assert ratio(made("torch"), f"{method}/clip-norm", "float64") < 1e-5 / 2.0**-53


@pytest.mark.parametrize("name", ["keras", "optax"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_xla_flushes_subnormal_numbers(made, name, dtype):
    case = CASES[f"gd/subnormal-{dtype.replace('loat', '')}"]
    adapter = made(name)
    assert run_case(adapter, case, dtype).status == "fail"
    session = adapter.start(run_of(case, dtype, len(case.theta0)))
    assert all(case.gradients[0])
    assert session.step(list(case.gradients[0]))["theta"] == [0.0] * len(case.theta0)


def test_torch_keeps_subnormal_numbers(made):
    assert ratio(made("torch"), "gd/subnormal-f32", "float32") <= 1
    assert ratio(made("torch"), "gd/subnormal-f64", "float64") <= 1


def test_keras_has_the_learning_rate_inside_the_velocity(made):
    keras, torch = made("keras"), made("torch")
    assert ratio(keras, "momentum/rates", "float64") > 1e9
    assert ratio(torch, "momentum/rates", "float64") <= 1
    # Hence the velocity of a given m, at any rate.
    late = CASES["momentum/late"]
    run = replace(run_of(late, "float64", 3), eta=0.5, eta_t=[0.5] * late.steps)
    steps = [adapter.start(run).step(list(late.gradients[0])) for adapter in (keras, torch)]
    assert steps[0]["theta"] == pytest.approx(steps[1]["theta"], rel=4 * 2.0**-52)


def test_what_a_library_cannot_be_told_is_refused(made):
    run = run_of(CASES["nadam/paper-defaults"], "float64", 5)
    torch, keras, optax = made("torch"), made("keras"), made("optax")
    with pytest.raises(Unsupported, match="takes no momenta"):
        torch.start(replace(run, schedule="table"))
    with pytest.raises(Unsupported, match="schedule mu"):
        torch.start(replace(run, schedule={"kappa": "0.4", "base": "0.96", "psi": "1"}))
    with pytest.raises(Unsupported, match="no constant mu"):
        keras.start(replace(run, schedule="constant"))
    decoupled = replace(run, method="rmsprop", around={"weight_decay": 0.1, "wd_kind": "decoupled"})
    for adapter in (torch, optax):
        with pytest.raises(Unsupported, match="no rmsprop with decoupled"):
            adapter.start(decoupled)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_run_leaves_global_settings_alone(made, name):
    adapter = made(name)

    def settings():
        if name.startswith("torch"):
            import torch

            return torch.get_default_dtype()
        import jax

        if name == "optax":
            return jax.config.jax_enable_x64
        import keras

        return jax.config.jax_enable_x64, keras.config.floatx()

    before = settings()
    assert run_case(adapter, CASES["adam/resume"], "float64").status in ("pass", "fail")
    assert settings() == before


@pytest.mark.parametrize("name", ADAPTERS)
def test_expected_failures_speak_of_cases_and_dtypes_that_exist(name):
    entries = expected.of(name)
    dialect = name.partition("-")[0]
    ids = [f"{c.id}@{dialect}" for c in CASES.values() if c.dialect == dialects.PAPER] + [*CASES]
    assert entries
    for entry in entries:
        assert any(entry.matches(case, dtype) for case in ids for dtype in DTYPES), entry
        assert not entry.matches("gd/paper-defaults@" + dialect, "float32")
        assert entry.link.startswith("https://")
        assert entry.reason
        assert entry.dtype in ("", *DTYPES)
