"""Shapes of the parameters of known models, by the rules of their architectures."""

from __future__ import annotations

Shape = tuple[int, ...]


def resnet50() -> list[Shape]:
    """He et al. (2015): 25,557,032 numbers in 161 tensors."""
    shapes = _convolution(3, 64, 7)
    width = 64
    for blocks, inner in ((3, 64), (4, 128), (6, 256), (3, 512)):
        for block in range(blocks):
            shapes += _convolution(width, inner, 1) + _convolution(inner, inner, 3)
            shapes += _convolution(inner, 4 * inner, 1)
            if block == 0:
                shapes += _convolution(width, 4 * inner, 1)
            width = 4 * inner
    return [*shapes, (1000, width), (1000,)]


def _convolution(inputs: int, outputs: int, size: int) -> list[Shape]:
    """Its weights, and those of the normalisation behind it."""
    return [(outputs, inputs, size, size), (outputs,), (outputs,)]


def gpt2() -> list[Shape]:
    """Radford et al. (2019), the small one: 124,439,808 numbers in 148 tensors."""
    n = 768
    norm = [(n,), (n,)]
    attention = [*norm, (n, 3 * n), (3 * n,), (n, n), (n,)]
    feed_forward = [*norm, (n, 4 * n), (4 * n,), (4 * n, n), (n,)]
    return [(50257, n), (1024, n), *(12 * (attention + feed_forward)), *norm]


def mlp() -> list[Shape]:
    """Five layers of 64: 20,800 numbers in 10 tensors."""
    return 5 * [(64, 64), (64,)]
