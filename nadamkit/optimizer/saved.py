"""The state of an optimizer as plain arrays and numbers, and files of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

from nadamkit.errors import OptionError, described
from nadamkit.optimizer.trees import SEPARATOR

#: Version of the format.
FORMAT = 1
MEAN = "average"
STEPS = "t"
_LIKE_IT = "make the optimizer with the settings and parameters of the one that was saved"


def packed(method: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    """A state as it is given away: copied, and with what `check` asks for."""
    return {"format": FORMAT, "method": method, **{k: np.array(a) for k, a in entries.items()}}


def check(state: Any, method: str, entries: Mapping[str, Any]) -> None:
    """Refuse a state that does not belong to this optimizer.

    Parameters
    ----------
    state : object
        What was given.
    method : str
        The optimizer's method.
    entries : mapping of str to ndarray or int
        What it needs, by name.

    Raises
    ------
    OptionError
        Saying what differs.
    """
    if not isinstance(state, Mapping):
        raise OptionError(
            f"a state must be a dict, but is {described(state)}; pass what state_dict() returned."
        )
    for key in ("format", "method"):
        if state.get(key) is None:
            raise OptionError(
                f"this is no state of an Optimizer: it has no {key!r}; pass what state_dict() "
                "returned."
            )
    version, whose = str(state["format"]), str(state["method"])
    if version != str(FORMAT):
        raise OptionError(
            f"this state has format {version}, but this version of nadamkit reads format {FORMAT}; "
            "load it with the version that saved it."
        )
    if whose != method:
        raise OptionError(
            f"this is a state of method {whose!r}, but the optimizer has method {method!r}; make "
            f"one with Optimizer({whose!r})."
        )
    given = {key for key in state if key not in ("format", "method")}
    for key in sorted(set(entries) - given, key=str):
        raise OptionError(f"the state has no {key!r}, which this optimizer needs; {_LIKE_IT}.")
    for key in sorted(given - set(entries), key=str):
        raise OptionError(f"the state has {key!r}, which this optimizer does not have; {_LIKE_IT}.")
    for key, own in entries.items():
        a, (shape, dtype) = np.asarray(state[key]), (own.shape, own.dtype)
        if a.shape != shape or a.dtype != dtype:
            raise OptionError(
                f"{key!r} in the state has shape {a.shape} and dtype {a.dtype}, but must have "
                f"shape {shape} and dtype {dtype}; {_LIKE_IT}."
            )
        if key.startswith(f"{STEPS}{SEPARATOR}") and a < 0:
            raise OptionError(
                f"{key!r} in the state is {a}, but a number of steps is at least 0; the state is "
                "damaged."
            )


def save(path: Any, state: Mapping[str, Any]) -> None:
    """Write a state to a file, whole or not at all."""
    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in state.items()}
    partial = f"{os.fsdecode(path)}.partial"
    try:
        with open(partial, "wb") as file:
            np.savez(file, **arrays)
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(partial)
        raise


def load(path: Any) -> dict[str, Any]:
    """Read a state from a file; nothing in it is executed."""
    with open(path, "rb") as file:
        try:
            with NpzFile(file, allow_pickle=False) as arrays:
                # With the ending, or a key "w.npy" would find what "w" has.
                return {key: arrays[f"{key}.npy"] for key in arrays.files}
        except (BadZipFile, EOFError, KeyError, NotImplementedError, ValueError) as error:
            raise OptionError(
                f"{os.fsdecode(path)!r} is damaged, or no file that Optimizer.save wrote "
                f"({error}); load another one."
            ) from None
