"""A method is one new file: an invented rule in a copy of the package is found by everything."""

from pathlib import Path

import pytest

from nadamkit import registry
from tests.eleventh import copied, run, said

RULE = '''
r"""Scratch: a sign-like step along a mean of gradients; invented for a test.

.. math::
    m_t &\\leftarrow m_{t-1} + (1-\\mu_t)(g_t - m_{t-1}) \\\\
    n_t &\\leftarrow \\max(n_{t-1}, |m_t|) \\\\
    \\theta_t &\\leftarrow \\theta_{t-1} - \\eta\\, m_t / (n_t + |g_t| + \\varepsilon)
"""

from nadamkit import ops
from nadamkit.rule import Rule


def coefficients(h, s):
    """The share of the new gradient, and epsilon."""
    return {"c": 1 - s.mu_t, "eps": h.eps}


def step(x, g, slots, k):
    """Invented."""
    m, n = slots
    eta, c, eps = k
    m = m + c * (g - m)
    n = ops.maximum(n, ops.absolute(m))
    return x - eta * m / (n + ops.absolute(g) + eps), (m, n)


RULE = Rule(
    name="scratch",
    title="Scratch",
    source="no paper",
    slots=("m", "n"),
    hyperparameters={"mu": 0.5, "eps": 1e-8, "schedule": "constant"},
    coefficients=coefficients,
    step=step,
)
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package and its tests with one file more."""
    folder = copied(tmp_path_factory.mktemp("eleven"))
    (folder / "nadamkit" / "rules" / "scratch.py").write_text(RULE.lstrip(), encoding="utf-8")
    return folder


def test_the_copy_is_what_runs(copy):
    code = "import json, nadamkit; print(json.dumps(nadamkit.__file__))"
    assert Path(said(copy, code)).is_relative_to(copy)


def test_registry_and_minimize_take_it(copy):
    names, results = said(
        copy,
        """
        import json
        import numpy as np
        from scipy import optimize
        from nadamkit import minimize, registry, scipy_method

        def fun(x):
            return float(x @ x), 2 * x

        results = [
            minimize(fun, [1.0, 2.0], jac=True, method="scratch", options=options, backend=backend)
            for options in ({}, {"learning_rate": 0.01, "maxiter": 500, "mu": 0.25})
            for backend in ("numpy", "serial")
        ]
        results.append(
            optimize.minimize(fun, [1.0, 2.0], jac=True, method=scipy_method("scratch"))
        )
        rows = [[bool(r.success), float(r.fun), r.x.tolist()] for r in results]
        print(json.dumps([registry.names(), rows]))
        """,
    )
    assert "scratch" in names
    assert len(names) == len(registry.names()) + 1
    assert results[0][0]
    assert results[0][1] < 1e-8
    assert results[2][1] < 5.0  # the value at the start
    assert results[0] == results[1] == results[4]
    assert results[2] == results[3]


def test_all_backends_give_the_same_bits(copy):
    digests = said(
        copy,
        """
        import json
        from tests.backends.trajectories import digests
        from tests.conftest import BACKENDS
        print(json.dumps({
            name: [digests("scratch", dtype, 33, 60, **options, clip_norm=2.0)
                   for dtype in ("float32", "float64")]
            for name, options in BACKENDS.items()
        }))
        """,
    )
    assert len(digests) == 5
    reference = digests.pop("numpy")
    assert {"x after step 50", "m after step 50", "n after step 50"} <= set(reference[0])
    assert reference[0] != reference[1]
    for name, found in digests.items():
        assert found == reference, name


def test_compiled_loop_takes_it(copy):
    compiled, plain = said(
        copy,
        """
        import json
        from nadamkit import minimize
        from nadamkit.loops.run import Runner
        from tests.loops.njit_problems import START, in_place

        ran, original = [], Runner.compiled
        Runner.compiled = lambda self, *f: (ran.append(1), original(self, *f))[1]
        options = {"learning_rate": 0.01, "maxiter": 200}
        found = [
            minimize(in_place, START, method="scratch", options=options, backend=backend).x.tolist()
            for backend in ("auto", "numpy")
        ]
        assert ran == [1]
        print(json.dumps(found))
        """,
    )
    assert compiled == plain


COLLECTING = [
    "tests/backends/test_identity.py",
    "tests/test_minimize.py",
    "tests/test_minimize_bounds.py",
    "tests/loops/test_compiled.py",
]


def test_the_tests_collect_it(copy):
    out = run(copy, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *COLLECTING)
    for file in COLLECTING:
        assert any(line.startswith(file) and "scratch" in line for line in out.splitlines()), file


def test_a_collected_test_passes(copy):
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/backends/test_identity.py"]
    out = run(copy, *command, "-k", "test_backends_agree and scratch and serial and float64 and 33")
    assert " passed" in out
    assert "failed" not in out
