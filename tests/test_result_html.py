"""Results in notebooks: the table, and that the class is otherwise SciPy's."""

import copy
import importlib.util
import pickle
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import OptimizeResult, rosen, rosen_der

from nadamkit import minimize
from nadamkit.loops.stopping import MESSAGES, WORDS
from nadamkit.loops.task import History
from tests.problems import START, X0, bowl, bowl_jac

CHECK, CROSS = "✓", "✗"


class Page(HTMLParser):
    """The heading, the cells of each row, the elements, and whether each is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.heading, self.rows = [], [], "", {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.row = []
        elif tag in ("th", "td"):
            self.row.append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "tr":
            name, *cells = self.row
            assert name not in self.rows
            self.rows[name] = cells

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.row[-1] += data
        elif "table" not in self.open:
            self.heading += data.strip("\n")


def shown(result):
    return Page(result._repr_html_())


def plain(**options):
    return minimize(bowl, START, jac=bowl_jac, options=options)


def noisy():
    t = np.linspace(0.0, 1.0, 256)

    def loss(x, t):
        return np.mean((x - t) ** 2), 2.0 * np.mean(x - t, keepdims=True)

    return minimize(
        *(loss, [3.0], (t,)),
        **{"jac": True, "batch_size": 16, "rng": 1, "options": {"maxiter": 300}},
        validation=lambda x: loss(x, t)[0],
    )


def test_heading_and_fields_in_order():
    result = plain()
    page = shown(result)
    assert page.heading == f"{CHECK} {result.message}"
    assert list(page.rows) == [name for name in result if name != "message"]
    assert page.rows["success"] == ["True", ""]
    assert page.rows["status"] == ["0", "gtol"]
    assert float(page.rows["fun"][0]) == result.fun
    assert page.rows["x"][1] == page.rows["jac"][1] == "float64 (3,)"
    assert int(page.rows["nfev"][0]) == result.nfev
    assert_allclose(np.fromstring(page.rows["x"][0][1:-1], sep=" "), result.x, rtol=5e-5)


def test_failure_and_recorded_points():
    result = plain(maxiter=1, return_all=True)
    page = shown(result)
    assert page.heading == f"{CROSS} {result.message}"
    assert page.rows["success"] == ["False", ""]
    assert page.rows["status"] == ["1", "maxiter"]
    assert page.rows["allvecs"] == ["2 points", ""]


def test_noisy_fields():
    result = noisy()
    page = shown(result)
    assert list(page.rows)[-3:] == ["stochastic", "fun_error", "validation"]
    assert page.rows["stochastic"][0] == "True"
    assert float(page.rows["fun_error"][0]) == result.fun_error
    assert float(page.rows["validation"][0]) == result.validation


def test_each_status_has_words():
    assert WORDS.keys() == MESSAGES.keys()
    assert len(set(WORDS.values())) == len(WORDS)


def test_everything_is_escaped():
    result = plain()
    result.message = "f <b>fell</b> & </div><script>alert(1)</script>"
    result["<i>"] = "</td><img src=x onerror=alert(1)>"
    result.nested = {"<u>": ["</table>"]}
    page = shown(result)
    assert page.heading == f"{CHECK} {result.message}"
    assert page.rows["<i>"] == [result["<i>"], ""]
    assert page.rows["nested"] == ["{'<u>': ['</table>']}", ""]
    assert {tag for tag, _ in page.elements} == {
        "div",
        "strong",
        "table",
        "tbody",
        "tr",
        "th",
        "td",
    }


def test_no_colours_and_nothing_loaded():
    page = shown(plain(history=1))
    assert {tag for tag, _ in page.elements} >= {"svg", "polyline"}
    for _, attributes in page.elements:
        assert not attributes.keys() & {"src", "href", "class", "id"}
        assert "color" not in attributes.get("style", "")
        assert "background" not in attributes.get("style", "")
        assert "url" not in attributes.get("style", "")
        assert attributes.get("stroke", "currentColor") == "currentColor"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_million_variables(dtype):
    n = 1_000_000
    x0 = np.ones(n, dtype)
    result = minimize(lambda x: (float(x @ x), 2.0 * x), x0, jac=True, options={"history": 1})
    result.values = list(range(n))
    text = result._repr_html_()
    assert len(text) < 6000
    cells = Page(text).rows["x"]
    assert "..." in cells[0]
    assert len(cells[0].strip("[]").split()) == 7
    assert cells[1] == f"{np.dtype(dtype)} (1000000,)"


def test_other_fields():
    result = plain()
    result.scalar, result.number = np.float64(0.5), np.array(7)
    result.matrix, result.text = np.eye(2), "a" * 10_000
    del result.message, result.status, result.success
    page = shown(result)
    assert page.heading.strip() == CROSS
    assert (page.rows["scalar"], page.rows["number"]) == (["0.5", ""], ["7", ""])
    assert page.rows["matrix"] == ["[[1 0]\n [0 1]]", "float64 (2, 2)"]
    assert page.rows["text"][0].startswith("aaa")
    assert len(page.rows["text"][0]) == 300


def curve(fun, nit=None):
    """The note on a recorded history, and the points of its curve in a unit square."""
    count = len(fun)
    nit = np.arange(count) if nit is None else nit
    none = np.zeros(count)
    result = plain()
    result.history = History(nit, nit, np.asarray(fun), none, np.zeros((count, 1)))
    page = shown(result)
    lines = [attributes["points"] for tag, attributes in page.elements if tag == "polyline"]
    assert len(lines) < 2
    points = np.array([p.split(",") for line in lines for p in line.split()], float)
    if len(points):
        points /= points.max(axis=0)
    return page.rows["history"], points


def test_curve_is_in_log_scale_where_the_range_is_wide():
    (text, note), points = curve(10.0 ** -np.arange(7))
    assert (text, note) == ("7 iterations recorded, 0 to 6", "fun, log scale")
    expected = np.linspace(0.0, 1.0, 7)
    # Coordinates have one digit after the point, of 36 and more.
    assert_allclose(points, np.column_stack([expected, expected]), atol=0.1 / 36)


def test_curve_is_linear_elsewhere():
    (_, note), points = curve([3.0, 1.0, -1.0, np.nan], np.array([0, 10, 40, 50]))
    assert note == "fun, linear scale"
    assert_allclose(points, [[0.0, 0.0], [0.25, 0.5], [1.0, 1.0]], atol=0.1 / 36)


@pytest.mark.parametrize("fun", [[], [1.0], [2.0, 2.0], [np.nan, np.inf, 1.0]])
def test_no_curve_of_too_little(fun):
    (text, note), points = curve(fun)
    assert text.startswith(f"{len(fun)} iterations recorded")
    assert note == ""
    assert len(points) == 0


def test_curve_of_a_long_run_and_of_huge_values_is_short():
    (_, _), points = curve(1.7e308 * np.linspace(1.0, -1.0, 100_000))
    assert len(points) <= 120
    assert_allclose(points[:, 0], points[:, 1], atol=0.1 / 36)
    assert_array_equal(points[[0, -1]], [[0.0, 0.0], [1.0, 1.0]])


def test_tensors_of_torch():
    torch = pytest.importorskip("torch")
    result = minimize(lambda x: (x**2).sum(), torch.ones(40, dtype=torch.float32), jac="torch")
    result.count = torch.ones(3, dtype=torch.int64)
    page = shown(result)
    assert page.rows["x"][1] == "torch float32 (40,)"
    assert len(page.rows["x"][0].strip("[]").split()) == 7
    assert page.rows["count"][0] == "tensor([1, 1, 1])"


WITH_JAX = """
import jax.numpy as jnp
from nadamkit import minimize
print(minimize(lambda x: (x**2).sum(), jnp.ones(40), jac="jax")._repr_html_())
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_arrays_of_jax():
    process = subprocess.run([sys.executable, "-c", WITH_JAX], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    page = Page(process.stdout)
    assert page.rows["x"][1] == "jax float32 (40,)"
    assert "..." in page.rows["x"][0]


@pytest.mark.parametrize("make", [plain, noisy])
def test_otherwise_it_is_scipys(make):
    result = make()
    assert isinstance(result, OptimizeResult)
    assert repr(result) == str(result) == repr(OptimizeResult(result))
    assert dir(result) == dir(OptimizeResult(result))
    assert repr(type(result)()) == repr(OptimizeResult())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_it_is_plain_data(protocol):
    result = minimize(rosen, X0, jac=rosen_der, options={"maxiter": 3})
    sent = pickle.dumps(result, protocol)
    received = pickle.loads(sent)
    assert type(received) is OptimizeResult
    assert repr(received) == repr(result)
    assert_array_equal(received.x, result.x)
    code = (
        "import pickle, sys; sys.modules['nadamkit'] = None; "
        "print(pickle.load(sys.stdin.buffer).message)"
    )
    if protocol == pickle.HIGHEST_PROTOCOL:
        elsewhere = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True)
        assert elsewhere.stdout.decode().strip() == result.message, elsewhere.stderr


def test_copies_are_alike_and_independent():
    result = plain()
    shallow, deep = copy.copy(result), copy.deepcopy(result)
    for other in (shallow, deep):
        assert type(other) is type(result)
        assert repr(other) == repr(result)
        assert other._repr_html_() == result._repr_html_()
    assert shallow.x is result.x
    deep.x[0] = shallow.fun = 7.0
    assert result.x[0] != 7.0
    assert result.fun != 7.0
