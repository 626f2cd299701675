"""The command line: demo, warmup, and what it says to bad arguments."""

import sys

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.optimize import rosen, rosen_der
from scipy.special import logsumexp

from nadamkit import _demo, _demo_problems, minimize, registry, warmup
from nadamkit.__main__ import COMMANDS, main
from nadamkit.errors import OptionError

HEADER = ["method", "loss", "iterations", "calls", "time"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without(monkeypatch, *packages):
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


def table(text):
    """Rows of the printed tables by method: one list of columns for each problem."""
    rows = [line.split() for line in text.splitlines()]
    solvers = (*registry.names(), _demo.BASELINE)
    return {name: [row[1:] for row in rows if row[:1] == [name]] for name in solvers}


def assert_is_picture(path):
    image = imread(path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n")
    assert min(image.shape[:2]) > 500
    assert len(np.unique(image[..., :3].reshape(-1, 3), axis=0)) > 50


class TestDemo:
    def test_digits(self, folder, capsys):
        assert main(["demo", "--methods", "gd", "nadam", "--maxiter", "30"]) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        assert "1347 images" in shown.out
        for word in (*HEADER, "test accuracy"):
            assert word in shown.out
        rows = table(shown.out)
        assert {name for name, found in rows.items() if found} == {"gd", "nadam", "L-BFGS-B"}
        for ((loss, accuracy, slope, iterations, calls, seconds, unit),) in (
            rows["gd"],
            rows["nadam"],
            rows["L-BFGS-B"],
        ):
            assert 0.2 < float(loss) < np.log(10)
            assert 0.5 < float(accuracy) <= 1
            assert float(slope) < 0.2
            assert 0 < int(iterations) <= 30
            assert int(calls) >= int(iterations)
            assert float(seconds) < 60
            assert unit == "s"
        assert "nadamkit-digits.png" in shown.out
        assert_is_picture(folder / "nadamkit-digits.png")

    def test_rosenbrock_without_scikit_learn(self, folder, capsys, monkeypatch):
        without(monkeypatch, "sklearn", "sklearn.datasets")
        assert main(["demo", "--methods", "adam", "--maxiter", "50", "--output", "r.png"]) == 0
        out = capsys.readouterr().out
        assert 'python -m pip install "nadamkit[examples]"' in out
        assert "Rosenbrock's function of 2 variables" in out
        assert "Rosenbrock's function of 100 variables" in out
        rows = table(out)
        assert len(rows["adam"]) == len(rows["L-BFGS-B"]) == 2
        assert float(rows["L-BFGS-B"][0][0]) < 1e-9
        assert_is_picture(folder / "r.png")

    def test_without_matplotlib_only_the_plot_is_missing(self, folder, capsys, monkeypatch):
        without(monkeypatch, "sklearn", "sklearn.datasets", "matplotlib", "matplotlib.figure")
        assert main(["demo", "--methods", "adam", "--maxiter", "5"]) == 0
        out = capsys.readouterr().out
        assert len(table(out)["adam"]) == 2
        assert 'python -m pip install "nadamkit[plot]"' in out
        assert list(folder.iterdir()) == []

    def test_progress_on_a_terminal_without_tqdm(self, capsys, monkeypatch):
        without(monkeypatch, "tqdm")
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        _demo.compare(_demo_problems.valley(2), ["nadam", "L-BFGS-B"], 3)
        assert "L-BFGS-B (2 of 2)" in capsys.readouterr().err

    def test_calls_are_those_the_solver_reports(self):
        problem = _demo_problems.valley(2)
        done = _demo.solve(problem, "nadam", 40)
        options = {"maxiter": 40}
        result = minimize(problem.fun, problem.x0, jac=True, method="nadam", options=options)
        assert (done.nit, len(done.losses)) == (result.nit, result.nfev)
        assert done.loss == result.fun == done.losses.min()

    def test_every_method_is_the_default(self, folder, capsys, monkeypatch):
        without(monkeypatch, "sklearn", "sklearn.datasets", "matplotlib", "matplotlib.figure")
        _demo.demo(maxiter=2)
        assert all(len(rows) == 2 for rows in table(capsys.readouterr().out).values())


class TestProblems:
    def softmax(self):
        rng = np.random.default_rng(3)
        features = np.hstack([rng.random((40, 6)), np.ones((40, 1))])
        labels = rng.integers(0, 4, 40)
        return _demo_problems.SoftmaxRegression(features, labels, 4, 0.05), rng.normal(size=28)

    def test_softmax_loss(self):
        loss, x = self.softmax()
        scores = loss.features @ x.reshape(4, 7).T
        entropy = np.mean(logsumexp(scores, axis=1) - scores[np.arange(40), loss.labels])
        penalty = 0.025 * np.sum(x.reshape(4, 7)[:, :6] ** 2)
        assert loss(x)[0] == pytest.approx(entropy + penalty, rel=1e-14)

    def test_softmax_gradient(self):
        loss, x = self.softmax()
        h = 1e-6
        differences = [(loss(x + h * e)[0] - loss(x - h * e)[0]) / (2 * h) for e in np.eye(28)]
        np.testing.assert_allclose(loss(x)[1], differences, rtol=0, atol=1e-9)

    def test_softmax_of_large_scores(self):
        loss, x = self.softmax()
        value, gradient = loss(1e5 * x)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()

    def test_digits_are_split_without_overlap(self):
        problem = _demo_problems.digits()
        assert problem.x0.shape == (650,)
        assert problem.fun(problem.x0)[0] == pytest.approx(np.log(10))
        again = _demo_problems.digits()
        np.testing.assert_array_equal(problem.fun.labels, again.fun.labels)
        assert problem.fun.features.shape == (1347, 65)
        assert problem.score.__self__.features.shape == (450, 65)
        assert problem.fun.features.min() == 0
        assert problem.fun.features.max() == 1

    @pytest.mark.parametrize("n", [2, 3, 100])
    def test_rosenbrock(self, n):
        x = np.random.default_rng(n).normal(size=n)
        value, gradient = _demo_problems.rosenbrock(x)
        assert value == pytest.approx(rosen(x), rel=1e-13)
        np.testing.assert_allclose(gradient, rosen_der(x), rtol=1e-12, atol=1e-10)


class TestWarmup:
    def test_one_method(self, capsys):
        command = ["warmup", "--methods", "GD", "--dtypes", "float64", "--backends", "serial"]
        assert main(command) == 0
        kernel, loop, total = capsys.readouterr().out.splitlines()
        assert kernel.split()[:3] == ["gd", "float64", "serial"]
        assert loop.split()[:3] == ["gd", "float64", "loop"]
        assert total.startswith("2 kernels and loops ready in ")

    def test_returns_count_and_seconds(self, capsys):
        done = warmup("nadam", "float32", ("serial", "parallel"), loops=False, disp=False)
        assert done.prepared == 2
        assert done.seconds > 0
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"methods": "nadm"}, "Unknown solver nadm; did you mean 'nadam'?"),
            ({"dtypes": ["float46"]}, "Unknown dtype 'float46'; did you mean 'float64'?"),
            ({"backends": ["numpy"]}, "Unknown backend 'numpy'.*serial, parallel, cuda"),
        ],
    )
    def test_unknown_names(self, arguments, message, capsys):
        with pytest.raises(ValueError, match=message):
            warmup(**arguments)
        assert capsys.readouterr().out == ""

    def test_unknown_dtype_is_an_option_error(self):
        with pytest.raises(OptionError):
            warmup(dtypes="int8")


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["demo", "--methods", "adm"], "Unknown solver adm; did you mean 'adam'?"),
            (["demo", "--maxiter", "0"], "'0' is not a whole number above 0"),
            (["demo", "--maxiter", "many"], "'many' is not a whole number above 0"),
            (["demo", "--output", "plot.jpg"], "must end in .png, .pdf or .svg"),
            (["demo", "--output", "no/such/plot.png"], "there is no folder 'no/such'; make it"),
            (["warmup", "--dtypes", "float16"], "Choose from: float32, float64"),
            (["warmup", "--backends", "gpu"], "Choose from: serial, parallel, cuda"),
            (["inform"], "there is no command 'inform'; did you mean 'info'? Choose one of: demo"),
            (["--maxiter", "3"], "choose from"),
            (["demo", "--metods", "gd"], "unrecognized arguments: --metods gd"),
            (["info", "all"], "unrecognized arguments: all"),
        ],
    )
    def test_bad_ones(self, arguments, message, capsys):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
        shown = capsys.readouterr()
        assert message in shown.err
        assert shown.out == ""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], (*COMMANDS, "python -m nadamkit info")),
            (["demo"], ("handwritten digits", "--methods", "--maxiter", "--output", "nadamax")),
            (["info"], ("report", "only path")),
            (["warmup"], ("--methods", "--dtypes", "--backends", "parallel")),
        ],
    )
    def test_help(self, arguments, words, capsys):
        with pytest.raises(SystemExit) as caught:
            main([*arguments, "--help"])
        assert caught.value.code == 0
        out = capsys.readouterr().out
        for word in words:
            assert word in out

    @pytest.mark.parametrize(
        "arguments", [["demo", "--metods", "gd"], ["warmup", "--backends", "gpu"]]
    )
    def test_the_usage_shown_is_that_of_the_command(self, arguments, capsys):
        with pytest.raises(SystemExit):
            main(arguments)
        assert (
            f"usage: python -m nadamkit {arguments[0]} [-h] [--methods" in capsys.readouterr().err
        )

    def test_no_arguments_run_the_demo(self, monkeypatch):
        calls = []
        monkeypatch.setattr(_demo, "demo", lambda **options: calls.append(options))
        assert main([]) == 0
        assert calls == [{}]

    def test_interrupt(self, monkeypatch, capsys):
        def interrupted():
            raise KeyboardInterrupt

        monkeypatch.setattr(_demo, "demo", interrupted)
        assert main([]) == 130
        assert "Stopped" in capsys.readouterr().err
