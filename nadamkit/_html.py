"""How a result looks in a notebook: a table of its fields in plain HTML.

There are no scripts and nothing is loaded; text and lines have the colour of the page's text, so
that they can be read on a light and on a dark ground.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.errors import OptionError
from nadamkit.loops.stopping import WORDS
from nadamkit.loops.task import History
from nadamkit.objectives import foreign

#: Arrays of more elements are shortened to the first and last few, and other values to so many
#: characters.
ELEMENTS, EDGE, CHARACTERS = 12, 3, 300
#: The curve's points at most, its size in pixels, and from what ratio of values on it is log scale.
POINTS, WIDTH, HEIGHT, WIDE = 120, 180, 36, 100.0

_CELL = "text-align:left;vertical-align:top;padding:.1em 1em .1em 0"
_VALUE = f"{_CELL};font-family:monospace;white-space:pre-wrap"
_NOTE = f"{_CELL};opacity:.7"


def page(result: Mapping[str, Any]) -> str:
    """A result as HTML.

    Parameters
    ----------
    result : mapping
        Fields by name, as `scipy.optimize.OptimizeResult` has them; any may be missing.

    Returns
    -------
    str
        The message after a mark, and a table of the other fields: name, value, and what there is to
        be said of it (the dtype and shape of an array). All text of the fields is escaped.

    Examples
    --------
    >>> page({"message": "f < 1", "success": True}).splitlines()[1]
    '<div><strong>&#10003;</strong> f &lt; 1</div>'
    """
    mark = "&#10003;" if result.get("success") else "&#10007;"  # check mark and ballot x
    rows = [_row(name, value) for name, value in result.items() if name != "message"]
    return "\n".join(
        (
            "<div>",
            f"<div><strong>{mark}</strong> {escape(str(result.get('message', '')))}</div>",
            '<table style="border-collapse:collapse;margin:.4em 0"><tbody>',
            *rows,
            "</tbody></table>",
            "</div>",
        )
    )


def _row(name: str, value: Any) -> str:
    text, note, picture = _shown(name, value)
    return (
        f'<tr><th scope="row" style="{_CELL}">{escape(name)}</th>'
        f'<td style="{_VALUE}">{escape(text)}{picture}</td>'
        f'<td style="{_NOTE}">{escape(note)}</td></tr>'
    )


def _shown(name: str, value: Any) -> tuple[str, str, str]:
    """The text of a value, a note on it, and a picture."""
    if isinstance(value, History):
        return _recorded(value)
    if name == "status" and isinstance(value, int):
        return str(value), WORDS.get(value, ""), ""
    if name == "allvecs" and isinstance(value, list):
        return f"{len(value)} points", "", ""
    try:
        kind, array = foreign.unpacked(value)
    except OptionError:  # of a foreign kind, and not one of floats or not to be had
        kind, array = foreign.Kind(), value
    if isinstance(array, np.ndarray) and array.ndim:
        library = "" if kind.name == "numpy" else f"{kind.name} "
        return _shortened(array), f"{library}{array.dtype} {array.shape}", ""
    return _brief(value), "", ""


def _shortened(array: NDArray[Any]) -> str:
    return np.array2string(
        array,
        max_line_width=80,
        threshold=ELEMENTS,
        edgeitems=EDGE,
        formatter={"float_kind": "{:.5g}".format},  # five digits of small numbers too
    )


def _brief(value: Any) -> str:
    plain = isinstance(value, str | bool | int | float | np.generic | np.ndarray)
    text = str(value) if plain else reprlib.repr(value)
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"


def _recorded(history: History) -> tuple[str, str, str]:
    count = len(history.nit)
    text = f"{count} iterations recorded"
    if count > 1:
        text += f", {history.nit[0]} to {history.nit[-1]}"
    good = np.isfinite(history.fun)
    nit, fun = history.nit[good], history.fun[good]
    if len(fun) < 2 or fun.min() == fun.max():
        return text, "", ""
    wide = fun.min() > 0.0 and fun.max() / WIDE > fun.min()
    scale = "log scale" if wide else "linear scale"
    return text, f"fun, {scale}", _curve(nit, np.log(fun) if wide else fun)


def _curve(nit: NDArray[np.int64], height: NDArray[np.float64]) -> str:
    """The heights over the iterations, as a line in SVG."""
    some = np.linspace(0, len(nit) - 1, min(POINTS, len(nit))).astype(np.int64)
    share = height / np.abs(height).max()  # else the range of large numbers could overflow
    across = WIDTH * (nit - nit[0]) / max(nit[-1] - nit[0], 1)
    down = HEIGHT * (share.max() - share) / (share.max() - share.min())
    line = " ".join(f"{across[i]:.1f},{down[i]:.1f}" for i in some)
    return (
        f'<svg width="{WIDTH + 4}" height="{HEIGHT + 4}" viewBox="-2 -2 {WIDTH + 4} {HEIGHT + 4}" '
        'style="display:block" role="img" aria-label="fun over the iterations">'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )
