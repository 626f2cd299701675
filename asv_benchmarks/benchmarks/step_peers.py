"""The step of other libraries on one array of float32, one thread each."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .common import part, some

TORCH = {
    "torch NAdam for-loop": ("NAdam", {"foreach": False}),
    "torch NAdam foreach": ("NAdam", {"foreach": True}),
    "torch NAdam compiled": ("NAdam", {"foreach": True}),
    "torch Adam fused": ("Adam", {"fused": True}),
}
OPTAX = "optax nadam, one jit"


class StepPeers:
    """To be read beside `step.Step` with ``nadam`` and float32."""

    params = ((*TORCH, OPTAX), some([10**3, 10**5, 10**7], [1000]))
    param_names = ("peer", "size")
    rounds = 1

    def setup(self, peer: str, size: int) -> None:
        g = np.random.default_rng(0).standard_normal(size).astype(np.float32)
        self.step = _optax(g) if peer == OPTAX else _torch(peer, g)
        for _ in range(3):
            self.step()

    def time_step(self, peer: str, size: int) -> None:
        self.step()


def _torch(peer: str, g: np.ndarray) -> Callable[[], Any]:
    torch = part("torch")
    torch.set_num_threads(1)
    kind, options = TORCH[peer]
    parameter = torch.ones(g.size, requires_grad=True)
    parameter.grad = torch.from_numpy(g)
    step = getattr(torch.optim, kind)([parameter], **options).step
    return torch.compile(step) if peer.endswith("compiled") else step


def _optax(g: np.ndarray) -> Callable[[], Any]:
    """Update and apply in one compiled call that may overwrite what it is given."""
    jax, optax = part("jax"), part("optax")
    rule = optax.nadam(1e-3)

    def update(x: Any, state: Any, g: Any) -> Any:
        updates, state = rule.update(g, state, x)
        return optax.apply_updates(x, updates), state

    compiled = jax.jit(update, donate_argnums=(0, 1))
    x, gradient = jax.numpy.ones(g.size, "float32"), jax.numpy.asarray(g)
    carry = [x, rule.init(x)]

    def step() -> None:
        carry[:] = compiled(*carry, gradient)
        carry[0].block_until_ready()

    return step
