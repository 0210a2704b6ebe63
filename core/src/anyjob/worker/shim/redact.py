"""Secrets never reach a log: the output of a run that has some goes through a process that replaces them.

The process is forked from the shim, sits in none of the run's groups and survives the shim, so a job's output outlives
everybody.
"""

from __future__ import annotations

import json
import os
import signal

from . import end, kernel, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from .exits import Notes
    from .main import Shim
    from .run import Run

SHOWN = b"[secret]"
_CHUNK = 1 << 16
_SHORTEST = 4
"""Bytes below which a piece of base64 is too likely to be something else."""
_DRAIN = 5.0
"""Seconds that the redactor has after the run's last process is gone; it needs them only if a foreign process holds
the pipe.
"""
_INCOMPLETE = 3


def forms(secret: bytes) -> set[bytes]:
    """The ways in which programs print a secret: raw, in a URL, in JSON and in JSON inside JSON, as Python shows a
    string, in base64 at any place of a longer text.
    """
    import base64  # only in redactors: the shim is to stay small
    from urllib.parse import quote_from_bytes, quote_plus

    found = {secret}
    upper = quote_from_bytes(secret, safe="")
    for url in (upper, quote_from_bytes(secret), quote_plus(os.fsdecode(secret), errors="surrogateescape")):
        found |= {url.encode(), _lower_escapes(url).encode()}
    text = secret.decode("utf-8", "surrogateescape")
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        found |= {once.encode("utf-8", "surrogateescape"), twice.encode("utf-8", "surrogateescape")}
    found |= {repr(text)[1:-1].encode("utf-8", "surrogateescape"), repr(secret)[2:-1].encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(secret)
        found |= {whole, whole.rstrip(b"=")}
        for lead in range(3):
            # Six bits a character: the first and last character also hold bits of the neighbours and tell too little.
            piece = encode(b"\0" * lead + secret)
            piece = piece[-(-lead * 8 // 6) : (lead + len(secret)) * 8 // 6]
            if len(piece) >= _SHORTEST:
                found.add(piece)
    found.discard(b"")
    return found


def _lower_escapes(url: str) -> str:
    parts = url.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


class Sieve:
    """Replaces secrets in a stream, also across the edges of chunks. Holds back only what may be the beginning of
    one.
    """

    __slots__ = ("_held", "_patterns", "_said")

    def __init__(self, secrets: Iterable[bytes]) -> None:
        patterns: set[bytes] = set()
        for secret in secrets:
            if secret:
                patterns |= forms(secret)
        self._patterns = sorted(patterns, key=len, reverse=True)
        self._held = b""
        self._said = 0
        """Bytes of `_held` that belong to a secret which is replaced already, but may be the beginning of a further
        one.
        """

    def feed(self, chunk: bytes, *, last: bool = False) -> bytes:
        """What may be shown now. `last`: nothing comes any more."""
        data = self._held + chunk
        hold = len(data) if last else self._hold(data)
        shown: list[bytes] = []
        at = self._said
        for start, stop in self._spans(data):
            if start < at:
                at = max(at, stop)  # overlaps what is replaced already
            elif start >= hold:
                break
            else:
                shown += (data[at:start], SHOWN)
                at = stop
        if at < hold:
            shown.append(data[at:hold])
            at = hold
        self._held, self._said = data[hold:], at - hold
        return b"".join(shown)

    def _spans(self, data: bytes) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for pattern in self._patterns:
            at = data.find(pattern)
            while at >= 0:
                spans.append((at, at + len(pattern)))
                at = data.find(pattern, at + 1)
        spans.sort()
        return spans

    def _hold(self, data: bytes) -> int:
        """Where the longest end of the data begins that is a beginning of a pattern."""
        hold = len(data)
        for pattern in self._patterns:
            at = max(0, len(data) - len(pattern) + 1)
            while at < hold:
                at = data.find(pattern[:1], at, hold)
                if at < 0:
                    break
                if pattern.startswith(data[at:]):
                    hold = at
                    break
                at += 1
        return hold


class Redactor:
    """The shim's side of a redactor process."""

    __slots__ = ("gone", "pid", "start")

    def __init__(self, pid: int, start: int) -> None:
        self.pid, self.start, self.gone = pid, start, False

    def reaped(self, shim: Shim, run: Run, status: int, _usage: Any) -> None:
        """The shim has reaped it."""
        self.ended(shim, run, status)

    def ended(self, shim: Shim, run: Run, status: int | None) -> None:
        """The process is gone, so the log is complete, or as complete as it will be."""
        self.gone = True
        if status is not None and os.waitstatus_to_exitcode(status) == _INCOMPLETE:
            run.note("redactor", "the log is incomplete: the redactor could not write all of it")
        elif status:
            run.note(
                "redactor", f"the log may be incomplete: the redactor ended with {os.waitstatus_to_exitcode(status)}"
            )
        shim.timers.cancel(("drain", run.name))
        end.drained(shim, run)

    def hurry(self, shim: Shim, run: Run) -> None:
        """The run is over: wait for the rest of the log, but not for ever."""
        shim.timers.set(("drain", run.name), kernel.boottime() + _DRAIN, lambda: self._late(shim, run))

    def _late(self, shim: Shim, run: Run) -> None:
        run.note(
            "redactor", f"a process still holds the run's output {_DRAIN:g} s after its end; more may reach the log"
        )
        end.drained(shim, run)


def fork(secrets: list[bytes], log: int, leave: Callable[[], None], notes: Notes) -> tuple[Redactor, int]:
    """Fork a redactor that writes to `log`. Returns it, and the pipe that the child writes to. Raises OSError.

    `leave` takes the new process out of the group in which the shim sits: it is done before this returns.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    ready, set_ready = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError:
        for fd in (reading, writing, ready, set_ready):
            os.close(fd)
        raise
    if pid == 0:
        _work(secrets, reading, log, set_ready, leave, notes)
    os.close(reading)
    os.close(set_ready)
    said = os.read(ready, 1)
    os.close(ready)
    facts = process.facts(pid)
    if not said or facts is None:
        os.close(writing)
        raise OSError(0, "the redactor did not come up")
    return Redactor(pid, facts.start), writing


def _work(
    secrets: list[bytes], reading: int, log: int, ready: int, leave: Callable[[], None], notes: Notes
) -> NoReturn:
    status = 1
    try:
        leave()
        facts = process.facts(os.getpid())
        if facts is not None:
            notes.leave(facts.pid, facts.start, "")  # its end is not taken for a run's
        os.setsid()  # a session of its own: the keeper writes down how leaders of sessions end
        kernel.set_name("anyjob-redactor")
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.write(ready, b"1")
        process.close_others({reading, log}, process.highest_file())
        status = _pump(Sieve(secrets), reading, log)
    finally:
        os._exit(status)


def _pump(sieve: Sieve, reading: int, log: int) -> int:
    lost = False
    while True:
        chunk = os.read(reading, _CHUNK)
        shown = memoryview(sieve.feed(chunk, last=not chunk))
        try:
            while shown:
                shown = shown[os.write(log, shown) :]
        except OSError:
            lost = True  # a full disk: the job goes on, as it would if it wrote the log itself
        if not chunk:
            return _INCOMPLETE if lost else 0
