"""`Optimizer` on trees of arrays, and `nadamkit.torch` on lists of tensors beside torch.optim."""

import numpy as np

from .common import part, some

TREES = ("array of 1000", "MLP, 10 arrays", "ResNet-50, 161 arrays")


class OptimizerStep:
    """Time of one step, gradients already there."""

    params = (some(TREES, TREES[:2]), ("raise", "propagate"))
    param_names = ("tree", "nonfinite")

    def setup(self, tree: str, nonfinite: str) -> None:
        create = part("nadamkit", "Optimizer")
        shapes = part("asv_benchmarks.compare.shapes")
        kinds = ([(1000,)], shapes.mlp(), shapes.resnet50())
        rng = np.random.default_rng(0)
        found = dict(enumerate(kinds[TREES.index(tree)]))
        self.params_ = {str(i): np.ones(shape, np.float32) for i, shape in found.items()}
        self.grads = {str(i): rng.standard_normal(s).astype("f4") for i, s in found.items()}
        self.optimizer = create("nadam", backend="serial", nonfinite=nonfinite)
        self.optimizer.step(self.params_, self.grads)

    def time_step(self, tree: str, nonfinite: str) -> None:
        self.optimizer.step(self.params_, self.grads)


class TorchStep:
    """One thread; ``python -m asv_benchmarks.compare --only torch_step`` also has two."""

    models = ("n = 1e5", "MLP, 10 tensors", "ResNet-50, 161 tensors")
    kinds = (
        *("nadamkit NAdam", "nadamkit Adam"),
        *("torch NAdam for-loop", "torch NAdam foreach", "torch Adam fused"),
    )
    params = (some(models, models[:2]), kinds)
    param_names = ("model", "optimizer")
    rounds = 1

    def setup(self, model: str, optimizer: str) -> None:
        torch = part("torch")
        part("nadamkit.torch", "NAdam")
        measured = part("asv_benchmarks.compare.torch_step")
        torch.set_num_threads(1)
        self.step = measured.steps(measured.parameters(model), thorough=False)[optimizer]
        self.step()

    def time_step(self, model: str, optimizer: str) -> None:
        self.step()
