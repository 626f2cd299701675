"""What `import nadamkit` loads, what works without numba, and what the public names document."""

import doctest
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

import nadamkit

ROOT = Path(__file__).parents[1]
#: The door for CUDA starts a device, and the command line a program.
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(nadamkit.__path__, "nadamkit.")
    if info.name != "nadamkit.__main__"
    and (find_spec("torch") or not info.name.startswith("nadamkit.torch"))
)


def run(code, *options):
    """What a fresh process prints as JSON in its last line."""
    process = subprocess.run(
        [sys.executable, "-W", "error", *options, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


HEAVY = ["numba", "llvmlite", "scipy", "torch", "matplotlib", "sklearn", "dask", "jax", "tqdm"]


def test_import_is_light():
    loaded = run(
        """
        import json, sys
        import nadamkit
        nadamkit.__version__, dir(nadamkit)
        print(json.dumps(sorted(sys.modules)))
        """
    )
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]
    assert "multiprocessing" not in loaded


def test_rules_schedules_and_numpy_backend_are_light():
    loaded = run(
        """
        import json, sys
        from nadamkit import registry, schedules
        import nadamkit.coefficients, nadamkit.backends.numpy
        [registry.get(name) for name in registry.names()]
        print(json.dumps(sorted(sys.modules)))
        """
    )
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


def test_minimize_loads_no_extra():
    loaded = run(
        """
        import json, sys
        from nadamkit import minimize
        minimize(lambda x: (x @ x, 2 * x), [1.0], jac=True)
        print(json.dumps(sorted(sys.modules)))
        """
    )
    extras = set(HEAVY) - {"numba", "llvmlite", "scipy"}
    assert not [name for name in loaded if name.split(".")[0] in extras]


BLOCKED = """
    import json, sys
    sys.modules["numba"] = None  # from now on it cannot be imported
    import numpy as np
    from nadamkit import minimize, registry, schedules, scipy_method
    from nadamkit.backends import choose
    from nadamkit.errors import BackendUnavailable
    from nadamkit.loops.stepper import Stepper
"""


def test_without_numba_everything_runs_on_numpy():
    found = run(
        BLOCKED
        + """
    found = {}
    for name in registry.names():
        for backend in ("numpy", "auto"):
            for options in ({}, {"learning_rate": 0.1, "maxiter": 20, "clip_norm": 1.0}):
                result = minimize(
                    lambda x: (x @ x, 2 * x), [1.0, 2.0], jac=True,
                    method=name, options=options, backend=backend, bounds=[(0.5, None)],
                )
                found[f"{name} {backend} {len(options)}"] = result.fun
        x = np.ones(3)
        Stepper(name, x).step(np.ones(3))
    print(json.dumps([choose("auto", 10**7), found]))
    """
    )
    assert found[0] == "numpy"
    assert len(found[1]) == 4 * len(nadamkit.registry.names())
    assert max(found[1].values()) < 5.0


def test_without_numba_compiled_backends_say_what_to_install():
    messages = run(
        BLOCKED
        + """
    messages = []
    for backend in ("serial", "parallel", "cuda"):
        try:
            minimize(lambda x: x @ x, [1.0], backend=backend)
        except BackendUnavailable as error:
            messages.append(str(error))
    print(json.dumps(messages))
    """
    )
    assert len(messages) == 3
    assert all("pip install" in message and "numba" in message for message in messages)


def test_public_names_load():
    assert dir(nadamkit) == sorted(nadamkit.__all__)
    for name in nadamkit.__all__:
        assert getattr(nadamkit, name) is not None
    with pytest.raises(AttributeError, match=r"^module 'nadamkit' has no attribute 'nadm'$") as no:
        nadamkit.nadm  # noqa: B018
    assert (no.value.name, no.value.obj) == ("nadm", nadamkit)  # Python says what was meant
    namespace = {}
    exec("from nadamkit import *", namespace)
    assert set(nadamkit.__all__) <= set(namespace) | {"__version__"}


def test_a_module_that_has_to_be_imported():
    code = "import nadamkit; nadamkit.torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "no attribute 'torch'; write `import nadamkit.torch` first" in done.stderr


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def public():
    """The functions and classes a user meets, by their full names."""
    for name in sorted({*nadamkit.__all__} - {"__version__"}):
        value = getattr(nadamkit, name)
        if not inspect.ismodule(value):
            yield f"nadamkit.{name}", value
            continue
        for inner in getattr(value, "__all__", dir(value)):
            member = getattr(value, inner)
            if callable(member) and not inner.startswith("_"):
                own = getattr(member, "__module__", "") == value.__name__
                if own and inner != "FromCallable":  # what a callable is wrapped in
                    yield f"{value.__name__}.{inner}", member


def test_examples_of_public_names_are_run():
    with_examples = [
        test
        for name in MODULES
        for test in doctest.DocTestFinder().find(importlib.import_module(name))
        if test.examples
    ]
    assert len(with_examples) >= len(list(public()))
