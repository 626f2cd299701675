"""Prescribed gradients: deterministic, and exact in float32, so that they serve both dtypes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Row = list[float]
#: Scales where each place of epsilon shows: well above it, near its root, below it.
SCALES = (1.0, 2.0**-13, 2.0**-24)


def splitmix64(seed: int) -> Iterator[int]:
    """Yield 64-bit numbers (Steele, Lea and Flood, 2014), the same in every language."""
    mask, state = 2**64 - 1, seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        yield z ^ (z >> 31)


def numbers(seed: int, bits: int = 24) -> Iterator[float]:
    """Yield numbers in [-1, -1/8) and (1/8, 1] with `bits` bits after the point."""
    for z in splitmix64(seed):
        size = (z >> 8) % 2**bits / 2**bits
        if size > 0.125:
            yield size if z & 1 else -size


def mixed(seed: int, steps: int, bits: int = 24) -> list[Row]:
    """Return gradients of the three scales, of a scale that jumps, and of one sign."""
    source, jumps = numbers(seed, bits), splitmix64(seed + 1)
    rows = []
    for _ in range(steps):
        row = [next(source) * scale for scale in SCALES]
        jump = 2.0 ** (next(jumps) % 22 - 16.0)
        rows.append([*row, next(source) * jump, abs(next(source))])
    return rows


def ordinary(seed: int, steps: int, columns: int, scales: Sequence[float] = (1.0,)) -> list[Row]:
    """Return gradients of given scales, column after column, the last column of one sign."""
    source = numbers(seed)
    rows = []
    for _ in range(steps):
        row = [next(source) * scales[i % len(scales)] for i in range(columns)]
        rows.append([*row[:-1], abs(row[-1])])
    return rows


def spikes(steps: int, at: Sequence[int]) -> list[Row]:
    """Return zeros but for a few steps, in the three scales, and nothing but zeros beside them."""
    heights = ((1.0, -2.0, 3.0), (5.0, 1.0, -7.0))
    rows = [[0.0] * 4 for _ in range(steps)]
    for t, sizes in zip(at, heights, strict=True):
        rows[t - 1][:3] = [size * scale for size, scale in zip(sizes, SCALES, strict=True)]
    return rows


def small_integers(seed: int, steps: int, scale: float) -> list[Row]:
    """Return integers from 1 to 7 times `scale`, three columns."""
    source = splitmix64(seed)
    return [[(next(source) % 7 + 1) * scale for _ in range(3)] for _ in range(steps)]
