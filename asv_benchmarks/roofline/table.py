"""Rows as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asv_benchmarks.compare.measure import OTHERS
from asv_benchmarks.roofline.shares import Place, Share

HEAD = (
    f"{'':43}{'kernel':>9}{'kernel':>10}{'stream':>10}{'share of':>10}{'share of':>10}\n"
    f"{'method':<10}{'dtype':<9}{'n':>10}  {'backend':<12}"
    f"{'us':>9}{'GB/s':>10}{'GB/s':>10}{'kernel':>10}{'step':>10}"
)


def line(row: Share) -> str:
    """A row of the table."""
    disturbed = f"  others {row.others:.2f} cores" if row.others > OTHERS else ""
    return (
        f"{row.method:<10}{row.dtype:<9}{row.n:>10}  {row.place!s:<12}"
        f"{_number(row.kernel_us):>9}{_number(row.kernel_gbs):>10}{_number(row.stream_gbs):>10}"
        f"{row.kernel_share:>10.2f}{row.step_share:>10.2f}{disturbed}"
    )


def furthest(rows: Sequence[Share], share: str) -> str:
    """The method with the lowest share at each size, for each dtype and place.

    Parameters
    ----------
    rows : sequence of Share
        The table.
    share : {'kernel_share', 'step_share'}
        Which share.
    """
    groups: dict[tuple[str, Place], dict[int, Share]] = {}
    for row in rows:
        lowest = groups.setdefault((row.dtype, row.place), {})
        if row.n not in lowest or getattr(row, share) < getattr(lowest[row.n], share):
            lowest[row.n] = row
    sizes = dict.fromkeys(row.n for row in rows)
    lines = [f"{'':<21}" + "".join(f"{n:>16}" for n in sizes)]
    for (dtype, place), lowest in groups.items():
        cells = (f"{lowest[n].method} {getattr(lowest[n], share):.2f}" for n in sizes)
        lines.append(f"{dtype:<9}{place!s:<12}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def disturbed(rows: Iterable[Share]) -> int:
    """How many rows were measured while others were at work."""
    return sum(row.others > OTHERS for row in rows)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
