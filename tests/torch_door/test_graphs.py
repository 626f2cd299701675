"""CUDA graphs, in the simulator: what a replay launches, and what it cannot.

The simulator's device is the host, so tensors in the host's memory stand for those on a GPU. What a
graph captures is the launch; here it is noted instead of captured.
"""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

import nadamkit.torch  # noqa: E402
from nadamkit._runtime import cuda as runtime  # noqa: E402
from nadamkit.backends.sweep_cuda import Sweep  # noqa: E402
from nadamkit.torch._part import Part  # noqa: E402

pytestmark = pytest.mark.skipif(not runtime.simulated(), reason="a GPU has graphs of its own")


class Graph:
    """Notes launches while it captures, and makes them when it is replayed."""

    def __init__(self, monkeypatch):
        self.capturing, self.launches = False, []
        launch = Sweep.launch

        def noted(sweep, stream=None):
            if self.capturing:
                self.launches.append(lambda: launch(sweep, stream))
            else:
                launch(sweep, stream)

        monkeypatch.setattr(Sweep, "launch", noted)
        monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: self.capturing)

    def capture(self, step):
        self.capturing = True
        step()
        self.capturing = False

    def replay(self):
        for launch in self.launches:
            launch()


@pytest.fixture
def graph(monkeypatch):
    def backend(part):
        part._threads = 0
        return "cuda"

    monkeypatch.setattr(Part, "_backend", backend)
    stream = SimpleNamespace(cuda_stream=0)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream)
    return Graph(monkeypatch)


def tensors():
    generator = torch.Generator().manual_seed(0)
    found = [torch.randn(shape, generator=generator).requires_grad_() for shape in ((3, 5), (7,))]
    for p in found:
        p.grad = torch.zeros(p.shape)
    return found


def fill(params, seed):
    generator = torch.Generator().manual_seed(seed)
    for p in params:
        p.grad.copy_(torch.randn(p.shape, generator=generator))


def test_replays_are_the_steps(graph):
    ours, expected = tensors(), tensors()
    optimizer = nadamkit.torch.NAdam(ours, lr=0.1)
    plain = nadamkit.torch.NAdam(expected, lr=0.1)
    for seed in range(5):
        fill(ours, seed)
        fill(expected, seed)
        if seed == 3:
            optimizer.param_groups[0]["lr"] = plain.param_groups[0]["lr"] = 0.01
        plain.step()
        if seed == 0:
            optimizer.step()
            graph.capture(optimizer.step)
        else:
            optimizer.before_replay()
            graph.replay()
    assert [p.tolist() for p in ours] == [p.tolist() for p in expected]
    assert len(graph.launches) == 1
    for a, b in zip(ours, expected, strict=True):
        assert {k: v.tolist() for k, v in optimizer.state[a].items()} == {
            k: v.tolist() for k, v in plain.state[b].items()
        }


def test_first_step_is_not_captured(graph):
    params = tensors()
    optimizer = nadamkit.torch.NAdam(params)
    with pytest.raises(RuntimeError, match="make one step before"):
        graph.capture(optimizer.step)


def test_changed_settings_need_another_capture(graph):
    params = tensors()
    optimizer = nadamkit.torch.NAdam(params)
    with pytest.raises(RuntimeError, match=r"^no step was made .*; make one, and then capture"):
        optimizer.before_replay()
    optimizer.step()
    graph.capture(optimizer.step)
    optimizer.param_groups[0]["weight_decay"] = 0.5
    with pytest.raises(RuntimeError, match="capture the graph again"):
        optimizer.before_replay()
