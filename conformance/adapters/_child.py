"""A child process that answers lines, and is never left behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from typing import IO

from conformance.adapter import AdapterError

#: Seconds that a program may take for one answer; time to compile is in the first.
TIMEOUT = 60.0
#: Seconds that it may take to end after it was asked to.
GRACE = 5.0
#: Lines of its stderr that an error shows.
LAST = 10


class Child:
    """A program with pipes to its input and output; its stderr is passed on.

    Parameters
    ----------
    command : str
        The program and its arguments, split as a shell does.

    Raises
    ------
    AdapterError
        If it cannot be started.
    """

    def __init__(self, command: str) -> None:
        try:
            self._process = subprocess.Popen(
                shlex.split(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="backslashreplace",
                start_new_session=True,  # a group of its own, to end what it starts too
            )
        except (OSError, ValueError, IndexError) as error:
            raise AdapterError(f"program {command!r} cannot be started: {error}") from error
        self._last: deque[str] = deque(maxlen=LAST)
        self._errors = threading.Thread(
            target=_pass_on, args=(self._process.stderr, self._last), daemon=True
        )
        self._errors.start()
        # Also when the suite itself ends with an exception.
        self._end = weakref.finalize(self, _end, self._process, self._errors)

    def ask(self, line: str, timeout: float) -> str:
        """Write a line and return the one that comes back.

        Raises
        ------
        AdapterError
            If none comes in time.
        """
        late = threading.Event()
        # Killing it ends the wait at the other end of either pipe.
        timer = threading.Timer(timeout, _expire, (self._process, late))
        timer.daemon = True
        timer.start()
        try:
            answer = self._exchange(line)
        finally:
            timer.cancel()
        if late.is_set():
            raise AdapterError(f"did not answer within {timeout:g} s")
        if not answer.endswith("\n"):
            raise AdapterError(self._death())
        return answer

    def close(self, line: str) -> None:
        """Write a last line and end the program, by force if it does not end by itself."""
        with contextlib.suppress(OSError):
            _send(self._process, line)
        self._end()

    def kill(self) -> str:
        """End the program by force, and return the last lines of its stderr."""
        _kill(self._process)
        self._end()
        return "\n".join(["its last words on stderr:", *self._last]) if self._last else ""

    def _exchange(self, line: str) -> str:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):  # it has closed its input; it may still have answered
            _send(self._process, line)
        return self._process.stdout.readline()

    def _death(self) -> str:
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return "closed its output"
        if code < 0:
            return f"was ended by signal {-code} ({signal.strsignal(-code)})"
        return f"ended with exit code {code}"


def _send(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _pass_on(stream: IO[str], last: deque[str]) -> None:
    with stream:
        for line in stream:
            last.append(line.rstrip("\n"))
            sys.stderr.write(line)


def _expire(process: subprocess.Popen[str], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a program, and where there are process groups, what it has started."""
    if process.returncode is not None:  # its number may belong to another one by now
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _end(process: subprocess.Popen[str], errors: threading.Thread) -> None:
    """End the input of a program, wait for it, kill it if need be, and close what is open."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):  # what it did not read cannot be flushed
        process.stdin.close()
    process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    _kill(process)
    process.wait()
    errors.join(GRACE)
