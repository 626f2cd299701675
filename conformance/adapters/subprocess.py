"""Programs in any language, over the line protocol of PROTOCOL.md."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn

from conformance.adapter import AdapterError, Run, Unsupported
from conformance.adapters._child import TIMEOUT, Child
from conformance.case import PROFILES

PROTOCOL = 1
#: Gradients come with the steps, so that a program in a closed loop is no different.
_NOT_SENT = ("gradients", "problem")
_WORDS = ("nan", "-nan", "inf", "-inf")


class Program:
    """An implementation in another process.

    It is started when the object is made, and again for the next run when it has died.

    Parameters
    ----------
    command : str
        The program and its arguments, as in a shell; there is no shell.
    timeout : float
        Seconds that it may take for one answer.

    Raises
    ------
    AdapterError
        If it cannot be started, dies, is late, or does not keep the protocol.
    """

    def __init__(self, command: str, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self._command = command
        self._child: Child | None = None
        hello = self._open()
        self.name: str = hello["name"]
        self.version: str = hello["version"]
        self.methods: list[str] = hello["methods"]
        self.dtypes: list[str] = hello["dtypes"]
        self.dialect: str = hello.get("dialect", "paper")
        self.profile: str = hello.get("profile", "standard")
        self.features: list[str] = hello.get("features", [])

    def start(self, run: Run) -> Session:
        """Begin a run. It ends the one before."""
        if self._child is None:
            self._open()
        sent = {f.name: getattr(run, f.name) for f in fields(run) if f.name not in _NOT_SENT}
        answer = self.ask({"cmd": "start", "run": sent})
        if "unsupported" in answer:
            raise Unsupported(str(answer["unsupported"]))
        if answer.get("ok") is not True:
            self.fail(f'answered "start" neither with ok nor with unsupported: {answer!r:.200}')
        return Session(self, run)

    def close(self) -> None:
        """Ask the program to stop, and end it if it does not."""
        if self._child is not None:
            self._child.close(_line({"cmd": "stop"}))
            self._child = None

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command and return its answer."""
        if self._child is None:
            raise AdapterError(f"program {self._command!r} has ended")
        try:
            text = self._child.ask(_line(message), self.timeout)
        except AdapterError as error:
            self.fail(f'{error} (at the command "{message["cmd"]}")')
        try:
            answer = json.loads(text, parse_constant=_no_constant)
        except ValueError as error:
            self.fail(f'answered "{message["cmd"]}" with {text!r:.200}, which is no JSON: {error}')
        if not isinstance(answer, dict):
            self.fail(f'answered "{message["cmd"]}" with {text!r:.200}, which is no object')
        return answer

    def fail(self, what: str) -> NoReturn:
        """End the program, which cannot be trusted any more.

        Raises
        ------
        AdapterError
            Always.
        """
        last = ""
        if self._child is not None:
            last = self._child.kill()
            self._child = None
        raise AdapterError(f"program {self._command!r} {what}" + (last and f"\n{last}")) from None

    def _open(self) -> dict[str, Any]:
        self._child = Child(self._command)
        hello = self.ask({"cmd": "hello", "protocol": PROTOCOL})
        proper = {
            "name": isinstance(hello.get("name"), str),
            "version": isinstance(hello.get("version"), str),
            "methods": _are_words(hello.get("methods")),
            "dtypes": _are_words(hello.get("dtypes")),
            "dialect": isinstance(hello.get("dialect", ""), str),
            "profile": hello.get("profile", "standard") in PROFILES,
            "features": _are_words(hello.get("features", [])),
        }
        wrong = [key for key, good in proper.items() if not good]
        if wrong:
            self.fail(f'answered "hello" without a proper {", ".join(wrong)}: {hello!r:.200}')
        return hello


class Session:
    """A run in progress in the program."""

    def __init__(self, program: Program, run: Run) -> None:
        self._program, self._size, self._dtype = program, len(run.theta), run.dtype

    def step(self, g: list[float]) -> dict[str, list[float]]:
        """Apply one gradient."""
        answer = self._program.ask({"cmd": "step", "g": g})
        return {name: self._numbers(name, row) for name, row in answer.items()}

    def state(self) -> dict[str, Any]:
        """Everything that has to be saved; all but theta is left as it is."""
        answer = self._program.ask({"cmd": "state"})
        if not isinstance(answer.get("t"), int):
            self._program.fail(f'answered "state" without a whole number t: {answer!r:.200}')
        return answer | {"theta": self._numbers("theta", answer.get("theta"))}

    def _numbers(self, name: str, row: Any) -> list[float]:
        if not isinstance(row, list) or len(row) != self._size:
            given = f"{len(row)} of them" if isinstance(row, list) else repr(row)[:80]
            self._program.fail(f"gave as {name} not a list of {self._size} numbers but {given}")
        try:
            numbers = [_number(x) for x in row]
        except (ValueError, OverflowError) as error:
            self._program.fail(f"gave in {name} {error}")
        # The few decimals that tell float32 numbers apart are enough: the nearest one is meant.
        return array("f", numbers).tolist() if self._dtype == "float32" else numbers


def _number(x: Any) -> float:
    """Read a number of an answer."""
    if isinstance(x, float) or type(x) is int:
        return float(x)
    if isinstance(x, str):
        if x in _WORDS:
            return float(x)
        if x.lstrip("-")[:2].lower() == "0x":
            return float.fromhex(x)
    raise ValueError(f'{x!r:.80}; it has to be a number, "nan", "inf", "-inf" or a "0x..." of C99')


def _line(message: Mapping[str, Any]) -> str:
    """Write a message, without spaces so that small programs need no JSON library."""
    return json.dumps(_plain(message), separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    """Turn NaN and infinities, which JSON does not have, into strings."""
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {key: _plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    return value


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(x, str) for x in value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f'{name} has to be the string "nan", "inf" or "-inf"')
