"""Plots show the numbers of the results, on the axes that are given, and nothing by themselves."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize
from scipy.optimize import OptimizeResult, rosen, rosen_der

pytest.importorskip("matplotlib")

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from nadamkit import minimize, plot
from nadamkit.errors import OptionError

X0 = [-1.2, 1.0]
DRAWN = [
    lambda ax: plot.plot_convergence(RESULT, ax=ax),
    lambda ax: plot.plot_params(RESULT, ax=ax),
    lambda ax: plot.plot_path(RESULT, rosen, ax=ax),
    lambda ax: plot.compare({"a": [1, 2]}, ax=ax),
]
RESULT = minimize(rosen, X0, jac=rosen_der, options={"history": 1})
THEIRS = optimize.minimize(rosen, X0, jac=rosen_der, method="CG", options={"return_all": True})


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("draw", DRAWN, ids=["convergence", "params", "path", "compare"])
def test_draws_on_the_axes_that_are_given(draw):
    _, (left, right) = plt.subplots(1, 2)
    assert draw(left) is left
    assert left.has_data()
    assert not right.has_data()
    assert left.get_xlabel()
    assert left.get_ylabel()


@pytest.mark.parametrize("draw", DRAWN, ids=["convergence", "params", "path", "compare"])
def test_makes_axes_and_shows_nothing(draw, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("it was shown"))
    ax = draw(None)
    assert ax.figure in map(plt.figure, plt.get_fignums())


def test_values_over_iterations():
    ax = plot.plot_convergence(RESULT)
    (line,) = ax.get_lines()
    assert_array_equal(line.get_xdata(), RESULT.history.nit)
    assert_array_equal(line.get_ydata(), RESULT.history.fun)
    assert ax.get_yscale() == "log"
    assert ax.get_legend() is None


def test_gradients_over_calls():
    (line,) = plot.plot_convergence(RESULT, y="gnorm", x="nfev").get_lines()
    assert_array_equal(line.get_xdata(), RESULT.history.nfev)
    assert_array_equal(line.get_ydata(), RESULT.history.gnorm)


def test_values_above_the_lowest():
    ax = plot.plot_convergence(RESULT, lowest=RESULT.fun)
    (line,) = ax.get_lines()
    above = RESULT.history.fun - RESULT.fun
    assert_array_equal(line.get_ydata(), np.where(above > 0.0, above, np.nan))
    assert "above" in ax.get_ylabel()


def test_values_that_are_close_have_a_linear_scale():
    result = OptimizeResult(x=X0, fun=1.0, allvecs=[X0, X0, X0])
    ax = plot.plot_convergence(result, fun=lambda x: 1.0)
    assert ax.get_yscale() == "linear"


def test_points_of_scipys_solvers_get_their_values():
    (line,) = plot.plot_convergence(THEIRS, fun=rosen).get_lines()
    assert_array_equal(line.get_ydata(), [rosen(x) for x in THEIRS.allvecs])
    assert len(line.get_xdata()) == THEIRS.nit + 1


def test_function_that_also_returns_its_gradient():
    (line,) = plot.plot_convergence(THEIRS, fun=lambda x: (rosen(x), rosen_der(x))).get_lines()
    assert line.get_ydata()[-1] == pytest.approx(THEIRS.fun)


@pytest.mark.parametrize(
    ("results", "names"),
    [({"ours": RESULT, "CG": RESULT}, ["ours", "CG"]), ([RESULT, RESULT], ["1", "2"])],
)
def test_several_results_have_a_legend(results, names):
    ax = plot.plot_convergence(results)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names


def test_lines_differ_in_colour_and_dashes():
    ax = plot.plot_convergence([RESULT] * 20)
    looks = {(line.get_color(), str(line._dash_pattern)) for line in ax.get_lines()}
    assert len(looks) == 20


def test_lines_take_settings():
    (line,) = plot.plot_convergence(RESULT, linewidth=3.5, color="red").get_lines()
    assert (line.get_linewidth(), line.get_color()) == (3.5, "red")


def test_variables_over_iterations():
    ax = plot.plot_params(RESULT, which=[1], names=["height"])
    (line,) = ax.get_lines()
    assert_array_equal(line.get_ydata(), RESULT.history.x[:, 1])
    assert line.get_label() == "height"


def test_first_ten_variables():
    result = minimize(rosen, np.zeros(12), jac=rosen_der, options={"history": 1, "maxiter": 3})
    assert len(plot.plot_params(result).get_lines()) == 10


def test_path_covers_the_points():
    ax = plot.plot_path(RESULT, rosen)
    path, end = ax.get_lines()
    assert_array_equal(path.get_xydata(), RESULT.history.x)
    assert_array_equal(end.get_xydata()[0], RESULT.history.x[-1])
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x, y = RESULT.history.x.T
    assert left < x.min() < x.max() < right
    assert bottom < y.min() < y.max() < top


def test_contours_are_those_of_the_function():
    ax = plot.plot_path(RESULT, lambda x: x[0], bounds=[(-2, 2), (-2, 2)], levels=[0.5])
    (contour,) = ax.collections
    (segment,) = contour.get_paths()
    assert_allclose(segment.vertices[:, 0], 0.5)


def test_performance_profile():
    """By hand: ratios 1, 2, 1 and 2, 1, inf."""
    costs = {"one": [10, 40, 30], "other": {0: 20, 1: 20, 2: np.inf}}
    one, other = plot.compare(costs).get_lines()
    assert_array_equal(one.get_xydata()[:-1], [(1, 0), (1, 1 / 3), (1, 2 / 3), (2, 1)])
    assert_array_equal(other.get_xydata()[:-1], [(1, 0), (1, 1 / 3), (2, 2 / 3)])


def test_results_that_failed_count_as_unsolved():
    good = OptimizeResult(x=X0, fun=0.0, nfev=10, success=True)
    bad = OptimizeResult(x=X0, fun=0.0, nfev=5, success=False)
    _, line = plot.compare({"a": {"p": good}, "b": {"p": bad}}).get_lines()
    assert line.get_ydata().max() == 0.0


REFUSED = {
    "no history": (lambda: plot.plot_convergence(OptimizeResult(x=X0, fun=1.0)), "no history"),
    "no values": (lambda: plot.plot_convergence(THEIRS), r"no 'fun' .* pass fun=\.\.\."),
    "no calls": (lambda: plot.plot_convergence(THEIRS, fun=rosen, x="nfev"), "no 'nfev'"),
    "y": (lambda: plot.plot_convergence(RESULT, y="f"), "^y='f' is not allowed"),
    "x": (lambda: plot.plot_convergence(RESULT, x="time"), "^x='time' is not allowed"),
    "number": (lambda: plot.plot_convergence(3.0), "is a float"),
    "empty": (lambda: plot.plot_convergence([]), "no results"),
    "list of numbers": (lambda: plot.plot_convergence([RESULT, 2]), "the result '2' is an int, 2,"),
    "lowest": (lambda: plot.plot_convergence(RESULT, lowest="0"), "^lowest='0' is not allowed"),
    "which": (lambda: plot.plot_params(RESULT, which=[2]), r"which=\[2\] is .* from 0 to 1"),
    "one number": (lambda: plot.plot_params(RESULT, which=1), "which=1 is .* a list of whole"),
    "no numbers": (lambda: plot.plot_params(RESULT, which=[]), r"which=\[\] is not allowed"),
    "names": (lambda: plot.plot_params(RESULT, names=["a"]), "length 1, but 2 variables are drawn"),
    "two results": (lambda: plot.plot_params([RESULT, RESULT]), "one result, but there are 2;"),
    "words": (lambda: plot.plot_path(RESULT, rosen, bounds="ab"), "^bounds='ab' is not allowed"),
    "bounds": (lambda: plot.plot_path(RESULT, rosen, bounds=[(1, 0), (0, 1)]), "^bounds="),
    "no solvers": (lambda: plot.compare({}), r"must be a dict .*, but is a dict, \{\}; pass"),
    "one result": (lambda: plot.compare({"a": RESULT}), r"one result for 'a', .* pass \[result\]"),
    "other problems": (lambda: plot.compare({"a": [1, 2], "b": [1]}), "'b' has other problems"),
    "no field": (lambda: plot.compare({"a": [RESULT]}, measure="cpu"), r"has no 'cpu'\. Choose"),
    "mistyped": (lambda: plot.compare({"a": [RESULT]}, measure="nfe"), "; did you mean 'nfev'"),
}


@pytest.mark.parametrize(("draw", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(draw, message):
    with pytest.raises(OptionError, match=message):
        draw()
    assert not plt.get_fignums()


def test_three_variables_have_no_path():
    result = minimize(rosen, [0.0, 0.0, 0.0], jac=rosen_der, options={"history": 1})
    with pytest.raises(OptionError, match="there are 3; plot_params"):
        plot.plot_path(result, rosen)


def test_without_matplotlib_it_says_what_to_do():
    code = (
        "import sys; sys.modules['matplotlib'] = sys.modules['matplotlib.pyplot'] = None\n"
        "import nadamkit\n"
        "try:\n"
        "    nadamkit.plot.compare({'a': [1]})\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'python -m pip install "nadamkit[plot]"' in done.stdout, done.stderr
