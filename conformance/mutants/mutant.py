"""What a mutant is, and how it is made of `conformance.adapters.plain`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import ModuleType
from typing import Any

from conformance.adapter import AdapterError, Run
from conformance.adapters import plain

#: Old and new text in the function of the method, or the name of another piece before them.
Edit = tuple[str, str] | tuple[str, str, str]
#: Reasons why a mutant is no mistake in float32 under the profile "standard".
SINGLE = "in float32 every scalar may be a float32 number"


class MutantError(AdapterError):
    """A mutant cannot be made or run: the self-test says nothing then."""


@dataclass(frozen=True)
class Mutant:
    """A wrong optimiser.

    Parameters
    ----------
    method, name : str
        The method it gets wrong, and a name for the mistake.
    about : str
        The mistake.
    flags : sequence of str
        The classes of bugs it belongs to, of `families.FLAGS`.
    edits : sequence of Edit
        How it is made: each text occurs exactly once.
    make : callable, optional
        Gives the adapter where no edit does.
    theta_only : bool
        Whether its slots are no concern of the paper's, so that it shows theta alone.
    equivalent : mapping
        By dtype, why it is not wrong there.
    link : str
        Where the mistake was made in the wild.
    """

    method: str
    name: str
    about: str
    flags: Sequence[str]
    edits: Sequence[Edit] = ()
    make: Callable[[], Any] | None = None
    theta_only: bool = False
    equivalent: Mapping[str, str] = field(default_factory=dict)
    link: str = ""

    @property
    def id(self) -> str:
        """Method and name."""
        return f"{self.method}/{self.name}"

    def adapter(self) -> Any:
        """The wrong optimiser."""
        made = self.make() if self.make else self._edited().Plain()
        made.name = self.id
        return ThetaOnly(made) if self.theta_only else made

    def _edited(self) -> ModuleType:
        pieces: dict[str, str] = {}
        for edit in self.edits:
            where, old, new = edit if len(edit) == 3 else (self.method, *edit)
            text = pieces.get(where) or inspect.getsource(attrgetter(where)(plain))
            if text.count(old) != 1:
                raise MutantError(f"{self.id}: {old!r} occurs {text.count(old)} times in {where}")
            pieces[where] = text.replace(old, new)
        source = inspect.getsource(plain)
        for where, text in pieces.items():
            source = source.replace(inspect.getsource(attrgetter(where)(plain)), text)
        module = ModuleType(plain.__name__)
        exec(compile(source, f"<{self.id}>", "exec"), vars(module))
        return module


class ThetaOnly:
    """An adapter that shows theta and no slots.

    Parameters
    ----------
    adapter : Adapter
        The one that shows more.
    """

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter
        self.name, self.version = adapter.name, adapter.version
        self.methods, self.dtypes = adapter.methods, adapter.dtypes
        self.features = adapter.features

    def start(self, run: Run) -> Any:
        """Begin a run."""
        return _Blind(self._adapter.start(run))


class _Blind:
    def __init__(self, session: Any) -> None:
        self._session = session
        self.state = session.state

    def step(self, g: list[float]) -> dict[str, list[float]]:
        return {"theta": self._session.step(g)["theta"]}
