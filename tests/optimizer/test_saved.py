"""States and files of them: copied, whole, without pickle, and refused where they do not belong."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nadamkit import Optimizer
from tests.backends.trajectories import numbers
from tests.optimizer.common import bits, refused


def begun(method="nadam", steps=2, **options):
    """An optimizer of two arrays that made some steps, and they."""
    params = {"a": numbers("float64", 12, 0).reshape(3, 4).copy(), "b": np.ones(3, "float32")}
    optimizer = Optimizer(method, 0.1, **options).init(params)
    for t in range(steps):
        grads = {"a": numbers("float64", 12, t).reshape(3, 4), "b": numbers("float32", 3, t)}
        optimizer.step(params, grads)
    return optimizer, params


def test_what_is_in_it():
    optimizer, _ = begun(average=0.5)
    state = optimizer.state_dict()
    assert (state["format"], state["method"]) == (1, "nadam")
    wanted = {"t": ((), "int64"), "m": (3, 4), "n": (3, 4), "average": (3, 4)}
    assert set(state) == {"format", "method"} | {f"{k}/{p}" for k in wanted for p in "ab"}
    assert state["t/a"].dtype == np.int64
    assert all(state[f"{k}/a"].shape == (3, 4) for k in ("m", "n", "average"))
    assert {state[f"{k}/b"].dtype.name for k in ("m", "n", "average")} == {"float32"}


def test_loading_and_saving_copy():
    optimizer, params = begun(average=0.5)
    state = optimizer.state_dict()
    other, _ = begun(average=0.5, steps=0)
    kept = {key: np.array(value) for key, value in state.items()}
    other.load_state_dict(state)
    for key, value in state.items():
        assert_array_equal(value, kept[key])
        if isinstance(value, np.ndarray):
            value[...] = 77
    for o in (optimizer, other):
        for key, value in o.state_dict().items():
            assert_array_equal(value, kept[key])
    optimizer.step(params, params)
    assert other.t == 2


def test_a_state_may_be_of_another_memory_order():
    optimizer, params = begun()
    turned = {"a": np.asfortranarray(params["a"]), "b": params["b"]}
    other = Optimizer("nadam", 0.1).init(turned)
    other.load_state_dict(optimizer.state_dict())
    grads = {"a": numbers("float64", 12, 9).reshape(3, 4), "b": numbers("float32", 3, 9)}
    optimizer.step(params, grads)
    other.step(turned, grads)
    assert bits(turned["a"]) == bits(params["a"])


def test_t_may_be_large():
    optimizer, params = begun("adam")
    state = optimizer.state_dict() | {"t/a": np.int64(2**40), "t/b": np.int64(2**40)}
    optimizer.load_state_dict(state)
    optimizer.step(params, params)
    assert optimizer.t == 2**40 + 1


CHANGES = {
    "another method": (lambda s: s | {"method": "adam"}, r"^this is a state of method 'adam'"),
    "no method": (lambda s: without(s, "method"), r"^this is no state .* it has no 'method'"),
    "another format": (lambda s: s | {"format": 2}, r"^this state has format 2, but this version"),
    "a strange format": (lambda s: s | {"format": "new"}, r"^this state has format new"),
    "no format": (lambda s: without(s, "format"), r"^this is no state .* it has no 'format'; pass"),
    "an entry too few": (lambda s: without(s, "m/b"), r"^the state has no 'm/b', which"),
    "an entry too many": (
        lambda s: s | {"m/c": 1.0},
        r"^the state has 'm/c', which .* not have; make",
    ),
    "strange entries": (lambda s: s | {3: 1, None: 2}, r"^the state has 3, which this optimizer"),
    "another shape": (lambda s: s | {"m/a": s["m/a"].T}, r"^'m/a' in the state has shape \(4, 3\)"),
    "one number": (lambda s: s | {"n/a": 1.0}, r"^'n/a' in the state has shape \(\) and dtype"),
    "another dtype": (
        lambda s: s | {"m/b": np.zeros(3)},
        r"^'m/b' .* float64, but must .* float32",
    ),
    "steps as floats": (lambda s: s | {"t/a": 3.0}, r"^'t/a' .* float64, but must .* int64"),
    "steps below zero": (lambda s: s | {"t/b": -1}, r"^'t/b' in the state is -1"),
    "objects": (lambda s: s | {"m/a": np.full((3, 4), None)}, r"^'m/a' .* dtype object"),
    "no dict": (lambda s: list(s), r"^a state must be a dict, but is a list"),
}


def without(state, key):
    return {k: v for k, v in state.items() if k != key}


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_belong_is_refused_and_nothing_changed(change):
    optimizer, params = begun(average=0.5)
    state, _ = begun(average=0.5, steps=1)[0].state_dict(), None
    changed, message = CHANGES[change]
    with refused(optimizer, message, *params.values()):
        optimizer.load_state_dict(changed(state))


@pytest.mark.parametrize("options", [{"average": 0.5}, {}], ids=repr)
def test_with_and_without_an_average_are_two_things(options):
    state = begun(**options)[0].state_dict()
    optimizer, params = begun(**({} if options else {"average": 0.5}))
    with refused(optimizer, r"^the state has .*'average/a'", *params.values()):
        optimizer.load_state_dict(state)


def test_without_parameters_there_is_no_state(tmp_path):
    message = r"^the optimizer has no parameters yet; call init\(params\) first"
    state = begun()[0].state_dict()
    optimizer = Optimizer("nadam")
    for call in (
        optimizer.state_dict,
        lambda: optimizer.load_state_dict(state),
        lambda: optimizer.save(tmp_path / "x.npz"),
    ):
        with refused(optimizer, message):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["Path", "str", "bytes"])
def test_files(kind, tmp_path):
    path = tmp_path / "state"
    given = {"Path": path, "str": str(path), "bytes": bytes(path)}[kind]
    optimizer, _ = begun(average=0.5)
    optimizer.save(given)
    optimizer.save(given)
    assert [p.name for p in tmp_path.iterdir()] == ["state"]
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == set(optimizer.state_dict())
        assert not any(file[key].dtype.hasobject for key in file.files)
    other, _ = begun(average=0.5, steps=0)
    other.load(given)
    assert {k: bits(v) for k, v in other.state_dict().items()} == {
        k: bits(v) for k, v in optimizer.state_dict().items()
    }


@pytest.mark.parametrize("failing", ["savez", "replace"])
@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()], ids=repr)
def test_a_file_is_whole_or_not_there(failing, error, tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    optimizer, params = begun()
    optimizer.save(path)
    before = path.read_bytes()
    optimizer.step(params, params)

    def broken(file, *rest, **arrays):
        if failing == "savez":
            file.write(b"half")
        raise error

    where = {"savez": "numpy.savez", "replace": "os.replace"}[failing]
    with monkeypatch.context() as patched:
        patched.setattr(where, broken)
        for name in ("state.npz", "new.npz"):
            with pytest.raises(type(error)):
                optimizer.save(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]
    assert path.read_bytes() == before


def wrong_file(kind, good):
    """The bytes of a file that is none of ours."""
    if kind in ("cut short", "cut in the middle"):
        return good[: -10 if kind == "cut short" else len(good) // 2]
    if kind == "damaged":
        at = good.index(b"m/a.npy") + 200
        return good[:at] + bytes(8) + good[at + 8 :]
    file = io.BytesIO()
    if kind == "one array":
        np.save(file, np.ones(3))
    if kind == "pickle":
        pickle.dump({"format": 1}, file)
    if kind == "objects":
        np.savez(file, format=1, method="nadam", **{"m/a": np.array([{}], object)})
    if kind == "a zip of something":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme.txt", "text")
    return file.getvalue()


WRONG = ("cut short", "cut in the middle", "damaged", "one array", "pickle", "objects", "nothing")


@pytest.mark.parametrize("kind", [*WRONG, "a zip of something"])
def test_other_files_are_refused_and_nothing_changed(kind, tmp_path):
    optimizer, params = begun()
    optimizer.save(tmp_path / "good.npz")
    path = tmp_path / "wrong.npz"
    path.write_bytes(wrong_file(kind, (tmp_path / "good.npz").read_bytes()))
    message = r"no file that Optimizer\.save wrote|^this is no state of an Optimizer"
    with refused(optimizer, message, *params.values()):
        optimizer.load(path)


def test_a_file_that_is_not_there(tmp_path):
    optimizer, params = begun()
    with refused(optimizer, "nowhere", *params.values(), error=FileNotFoundError):
        optimizer.load(tmp_path / "nowhere.npz")


def test_a_state_of_an_array_without_a_name():
    x = np.ones(3)
    optimizer = Optimizer("nadam", 0.1)
    optimizer.step(x, x)
    assert set(optimizer.state_dict()) == {"format", "method", "t/", "m/", "n/"}


def test_keys_that_look_like_names_of_files(tmp_path):
    """NumPy's own reading takes one for the other."""
    params = {name: np.ones(2) for name in ("w", "w.npy", "w.npy.npy", "..", "ü €", "a b\n")}
    optimizer = Optimizer("nadam", 0.1)
    optimizer.step(params, {name: np.full(2, 1.0 + i) for i, name in enumerate(params)})
    optimizer.save(tmp_path / "state.npz")
    other = Optimizer("nadam", 0.1).init(params)
    other.load(tmp_path / "state.npz")
    for name in params:
        assert_array_equal(other.state_dict()[f"m/{name}"], optimizer.state_dict()[f"m/{name}"])
    assert len({bits(other.state_dict()[f"m/{name}"]) for name in params}) == len(params)
