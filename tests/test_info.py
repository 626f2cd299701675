"""`show_config`: what a report of a bug needs, in words and as dictionaries."""

import json
import os
import platform
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nadamkit import _info, show_config
from nadamkit.__main__ import main
from nadamkit._runtime import numba
from nadamkit.errors import OptionError

ROOT = Path(__file__).parent.parent
SECTIONS = ["versions", "system", "backends", "GPUs", "threads", "environment", "cache", "missing"]


@pytest.fixture
def no_environment(monkeypatch):
    """Without the variables that are shown, but for the folder of compiled code."""
    for name in os.environ:
        if name.startswith(_info.VARIABLES) and name != "NUMBA_CACHE_DIR":
            monkeypatch.delenv(name)


def test_every_section_is_printed(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    for section in SECTIONS:
        assert f"{section[0].upper()}{section[1:]}\n" in out
    for name in ("nadamkit", "numpy", "platform", "serial", "cuda", "CPUs", "folder"):
        assert f"\n  {name} " in out


def test_a_reader_that_has_seen_enough():
    command = [sys.executable, "-m", "nadamkit", "info"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_dicts(capsys):
    config = show_config("dicts")
    assert capsys.readouterr().out == ""
    assert list(config) == SECTIONS
    assert config["versions"]["numpy"] == np.__version__
    assert config["versions"]["python"].startswith(platform.python_version())
    assert list(config["backends"]) == ["numpy", "serial", "parallel", "cuda"]
    assert int(config["threads"]["numba threads"]) >= 1
    assert all(isinstance(v, str) for entries in config.values() for v in entries.values())


def test_mode():
    with pytest.raises(OptionError, match=r"^mode='json' is not allowed: it must be 'stdout' or"):
        show_config("json")


# The CPU -----------------------------------------------------------------------------------------


def test_cpu_is_what_llvm_says():
    import llvmlite.binding as llvm

    system = show_config("dicts")["system"]
    assert system["CPU for Numba"] == llvm.get_host_cpu_name()
    assert system["CPU features"].split() == sorted(
        name for name, there in llvm.get_host_cpu_features().items() if there
    )
    assert system["CPU"]


def test_cpu_that_numba_is_told(monkeypatch):
    config = numba.numba().config
    monkeypatch.setattr(config, "CPU_NAME", "generic")
    monkeypatch.setattr(config, "CPU_FEATURES", "+sse2,-avx,+fma")
    system = show_config("dicts")["system"]
    assert (system["CPU for Numba"], system["CPU features"]) == ("generic", "sse2 fma")


def test_cpu_of_a_system_without_proc(monkeypatch):
    def missing(*args, **kwargs):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert _info._processor() == platform.machine()


def test_blas_threads():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    pools = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    told = show_config("dicts")["threads"]["BLAS threads"]
    assert all(f"{pool['num_threads']} ({pool['internal_api']} " in told for pool in pools)
    assert pools or "unknown" in told


def test_blas_threads_without_threadpoolctl(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert "threadpoolctl is not installed" in show_config("dicts")["threads"]["BLAS threads"]


# GPUs --------------------------------------------------------------------------------------------


def answering(monkeypatch, returncode, stdout, stderr=""):
    def run(command, **kwargs):
        assert command[0] == "nvidia-smi"
        return SimpleNamespace(returncode=returncode, stdout=stdout, stderr=stderr)

    monkeypatch.setattr(_info.subprocess, "run", run)
    return show_config("dicts")["GPUs"]


def test_gpus(monkeypatch):
    lines = ["NVIDIA H200, 570.86.15, 143771 MiB", "NVIDIA L4, 570.86.15, 23034 MiB"]
    assert answering(monkeypatch, 0, "\n".join(lines) + "\n") == {"0": lines[0], "1": lines[1]}


def test_a_driver_that_does_not_answer(monkeypatch):
    told = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    assert answering(monkeypatch, 9, told + "\nMake sure.") == {"none": f"nvidia-smi: {told}"}
    assert answering(monkeypatch, 0, "", "\n") == {"none": "nvidia-smi: no device"}


@pytest.mark.parametrize(
    ("error", "entry"),
    [
        (
            FileNotFoundError(),
            {"none": "nvidia-smi, which comes with NVIDIA's driver, was not found"},
        ),
        (PermissionError(), {"unknown": "nvidia-smi did not run (PermissionError)"}),
        (
            subprocess.TimeoutExpired("nvidia-smi", 20),
            {"unknown": "nvidia-smi did not run (TimeoutExpired)"},
        ),
    ],
    ids=repr,
)
def test_no_driver(monkeypatch, error, entry):
    def run(*args, **kwargs):
        raise error

    monkeypatch.setattr(_info.subprocess, "run", run)
    assert show_config("dicts")["GPUs"] == entry


# The environment and the folder ------------------------------------------------------------------


def test_variables(monkeypatch, no_environment):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert show_config("dicts")["environment"] == {}
    given = {"OMP_NUM_THREADS": "3", "NUMBA_OPT": "2", "CUDA_VISIBLE_DEVICES": "0,1"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NUMBA_CUDA_DRIVER", os.path.join("home", "me", "libcuda.so"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    wanted = given | {"NUMBA_CUDA_DRIVER": "(a path)"}
    assert show_config("dicts")["environment"] == wanted


COMMAND = "import nadamkit, json; print(json.dumps(nadamkit.show_config('dicts')['cache']))"


def cache_of(folder):
    """What another process says, since Numba reads its variables once."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", COMMAND]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_folder_of_compiled_code(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "kernel.nbc").write_bytes(bytes(2_000_000))
    (tmp_path / "sub" / "kernel.nbi").write_bytes(bytes(500_000))
    (tmp_path / "other.txt").write_bytes(bytes(9_000_000))
    cache = cache_of(tmp_path)
    assert cache == {
        "folder": str(tmp_path),
        "writable": "yes",
        "compiled code": "2.5 MB in 2 files",
    }


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    cache = cache_of(tmp_path / "file" / "folder")
    assert cache["folder"] != str(tmp_path / "file" / "folder")
    assert cache["NUMBA_CACHE_DIR"] == "not used, because it is not writable"


def test_no_folder_can_be_written(monkeypatch):
    monkeypatch.setattr(numba, "cache_directory", lambda: "")
    assert "every process compiles anew" in show_config("dicts")["cache"]["folder"]


# What is missing ---------------------------------------------------------------------------------


def test_missing_extras(monkeypatch):
    monkeypatch.setattr(_info, "_installed", lambda *distributions: None)
    config = show_config("dicts")
    assert set(config["missing"]) == set(_info.EXTRAS)
    assert config["versions"]["torch"] == config["versions"]["cupy"] == "not installed"
    assert 'python -m pip install "nadamkit[plot]"' in config["missing"]["plot"]


def test_without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    config = show_config("dicts")
    assert config["backends"]["numpy"] == "available"
    assert "python -m pip install numba" in config["backends"]["serial"]
    assert "threading layer" not in config["threads"]
    assert config["cache"] == {"folder": "none, for numba is missing"}


def test_extras_are_those_for_users():
    """Those of the project file above the developers', one with all of them aside."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    above, _, below = text.partition("# For developers.")
    assert "[tool." in below
    extras = tomllib.loads(above)["project"]["optional-dependencies"]
    assert set(extras) - {"all"} == set(_info.EXTRAS)
    assert extras["all"] == [f"nadamkit[{','.join(sorted(set(_info.EXTRAS) - {'cuda'}))}]"]
    for extra, (distribution, _) in _info.EXTRAS.items():
        assert any(requirement.startswith(distribution) for requirement in extras[extra])


def test_optional_packages_are_not_imported():
    code = (
        "import sys, nadamkit; nadamkit.show_config();"
        "assert not {'torch', 'jax', 'cupy', 'matplotlib', 'dask', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
