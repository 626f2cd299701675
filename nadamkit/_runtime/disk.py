"""Names of the files in Numba's disk cache: by what is in them, not by a number.

Numba numbers the files of a function in the order in which its versions are compiled. Processes
that compile two versions at the same moment take the same number, and then the index of one leads
to the code of the other: to another method, or to another dtype.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any


def named_by_content(dispatcher: Any) -> None:
    """Name the files of a dispatcher by their keys in the cache, which say what is in them.

    Parameters
    ----------
    dispatcher : numba dispatcher
        One that is cached; nothing is done to another.
    """
    file = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if file is None:
        return
    save, name, digest = file.save, file._data_name, 0

    def save_under_digest(key: Any, data: Any) -> None:
        nonlocal digest
        digest = int(sha256(repr(key).encode()).hexdigest()[:15], 16)
        save(key, data)

    file.save = save_under_digest
    file._data_name = lambda number: name(digest + number)
