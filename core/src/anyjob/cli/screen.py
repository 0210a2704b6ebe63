"""What is shown while runs are going: their logs on standard output; notes and a status line on standard error."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
from typing import Final

from anyjob.cli.logtext import Plain, Prefixed, Raw, Shown
from anyjob.cli.statusline import StatusLine
from anyjob.cli.streams import silence, write
from anyjob.problem import plain
from anyjob.worker.log import read_log

__all__ = ["Screen"]

_SHORTEST, _LONGEST = 0.01, 0.2
"""Seconds between two looks at logs that do not grow."""
_QUIET: Final = 0.5
"""Seconds without output after which the status line is drawn, and drawn anew."""


class Screen(Thread):
    """A thread of its own, because whoever reads standard output may be slow, and supervision must not wait for him.

    When nobody reads any more (`| head`), showing ends and everything else goes on.
    """

    def __init__(self, state: Callable[[], str], done: Callable[[], object], *, logs: bool, notes: bool) -> None:
        """`state` gives the text of the status line. Both it and `done`, the last thing, are called in this thread."""
        super().__init__(name="anyjob-screen", daemon=True)
        self._state, self._done, self._logs, self._says = state, done, logs, notes
        self._terminal = sys.stdout.isatty()
        self._status = StatusLine() if sys.stderr.isatty() and logs else None
        self._changed = Condition()
        self._tails: list[_Tail] = []
        self._notes: list[str] = []
        self._closing = False
        self._line_begun = False
        self._wrote = time.monotonic()

    # ---------------------------------------------------------------- from the loop's thread

    def begin(self, name: str, log: Path, encoding: str, prefix: str = "") -> None:
        """Show the log of a run from its start. Lines get `prefix` where there is one."""
        if not self._logs:
            return
        shown: Shown = Plain(encoding, sys.stdout.encoding or "utf-8") if self._terminal else Raw()
        tail = _Tail(name, log, Prefixed(prefix, shown) if prefix else shown)
        with self._changed:
            self._tails.append(tail)
            self._changed.notify()

    def end(self, name: str) -> None:
        """Nothing more comes to the log of the run."""
        with self._changed:
            for tail in self._tails:
                if tail.name == name:
                    tail.over = True
            self._changed.notify()

    def note(self, text: str) -> None:
        """A line on standard error, once the logs of ended runs are out."""
        with self._changed:
            self._notes.append(text)
            self._changed.notify()

    def close(self) -> None:
        """Show what is left, then call `done`."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    # ---------------------------------------------------------------- the thread

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with what is shown, the runs go on
            self._clear()
            write(sys.stderr, f"anyjob: the log is not shown any further: {plain(repr(error))}\n")
        finally:
            self._done()

    def _run(self) -> None:
        pause = _SHORTEST
        while True:
            with self._changed:
                tails, closing = list(self._tails), self._closing
            moved = [tail for tail in tails if self._show(tail)]
            self._drop([tail for tail in tails if tail.done])
            with self._changed:
                waits = any(tail.over for tail in self._tails)
                notes, self._notes = ([], self._notes) if waits else (self._notes, [])
                finished = closing and not self._tails and not self._notes
            for text in notes:
                self._say(text)
            if finished:
                break
            if moved or notes:
                pause = _SHORTEST
                continue
            self._draw()
            with self._changed:
                if self._closing is closing and not any(tail.over for tail in self._tails) and not self._notes:
                    self._changed.wait(pause)
            pause = min(_LONGEST, pause * 1.5)
        self._clear()
        if self._terminal and self._line_begun:
            self._write(b"\n")

    def _show(self, tail: _Tail) -> bool:
        """Show what has come. True: there may be more at once."""
        missing, data, more = tail.read()
        if missing:
            self._say(f"{missing} bytes of the log of {tail.name} are left out: they are beyond the log quota")
        if data:
            self._write(data)
        return more

    def _drop(self, done: list[_Tail]) -> None:
        with self._changed:
            self._tails = [tail for tail in self._tails if tail not in done]

    def _say(self, text: str) -> None:
        if not self._says:
            return
        self._clear()
        if self._terminal and self._line_begun and sys.stderr.isatty():
            self._write(b"\n")
        write(sys.stderr, f"anyjob: {plain(text)}\n")

    def _write(self, data: bytes) -> None:
        self._clear()
        self._line_begun = not data.endswith(b"\n")
        view = memoryview(data)
        try:
            while view:
                try:
                    view = view[os.write(1, view) :]
                except BlockingIOError:  # somebody made the pipe non-blocking
                    select.select([], [1], [])
        except OSError as error:
            self._logs = False
            with self._changed:
                self._tails.clear()
            silence(1)
            if not isinstance(error, BrokenPipeError):
                self._say(
                    f"standard output cannot be written ({error.strerror}); the job goes on, its log is not shown"
                )
        self._wrote = time.monotonic()

    def _draw(self) -> None:
        now = time.monotonic()
        on_its_own_line = not (self._terminal and self._line_begun)
        if self._status is not None and on_its_own_line and now - self._wrote >= _QUIET:
            self._status.draw(self._state())
            self._wrote = now

    def _clear(self) -> None:
        if self._status is not None:
            self._status.clear()


class _Tail:
    """One log that is being shown."""

    def __init__(self, name: str, log: Path, shown: Shown) -> None:
        self.name, self._log, self._shown = name, log, shown
        self.over = self.done = False
        self._offset = 0

    def read(self) -> tuple[int, bytes, bool]:
        """(bytes that the quota took, bytes to show, whether to look again at once)."""
        over = self.over  # before reading: what was written until then is seen
        try:
            missing, data = read_log(self._log, self._offset)
        except FileNotFoundError:
            missing, data = 0, b""
        self._offset += missing + len(data)
        if data:
            return missing, self._shown.feed(data), True
        if over:
            self.done = True
            return missing, self._shown.finish(), False
        return missing, b"", False
