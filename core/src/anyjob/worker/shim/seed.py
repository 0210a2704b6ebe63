"""A process that a resident has forked and that waits for its run: a child of the shim, in a group of its own.

Its leash is a socket. Without an order on it the process never begins, and at its end, when the shim dies, it exits. So
a run that no order was sent for has surely not begun.
"""

from __future__ import annotations

import json
import os
import select
import socket

from . import frames, packet, process
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .groups import Slot
    from .run import Run


def check(order: dict[str, Any]) -> None:
    """Raises StartError for what no process can be given."""
    env: dict[str, str] = order["env"]
    names = [name for name in env if not name or "=" in name]
    if names:
        raise StartError("bad_config", ("exec", f"arguments or environment: illegal variable name {names[0]!r}"))
    if "\0" in "".join((*order["argv"], *env, *env.values(), order["cwd"])):
        raise StartError("bad_config", ("exec", "arguments or environment: embedded null byte"))
    if len(order["argv"]) < 2:
        raise StartError("bad_config", ("exec", f"a warm command needs a program and a script: {order['argv']}"))


class Seed:
    """One such process. `run` is what it was given to be, `order` that run's, `failed` what it said instead of
    beginning: cause and evidence.
    """

    __slots__ = ("failed", "leash", "order", "pid", "run", "slot", "start")

    def __init__(self, leash: socket.socket, pid: int, start: int, slot: Slot) -> None:
        self.leash, self.pid, self.start, self.slot = leash, pid, start, slot
        self.run: Run | None = None
        self.order: dict[str, Any] = {}
        self.failed: tuple[str, list[tuple[str, str]]] | None = None

    def give(self, order: dict[str, Any], log: int, memory: int | None, longest: int) -> None:
        """Let it become the order's run, with an rlimit of `memory` bytes, if any. `longest`: bytes of an order that it
        takes as a message. Raises OSError when it is gone.
        """
        argv: list[str] = order["argv"]
        env: dict[str, str] = order["env"]
        mark = f"{process.MARK}={env[process.MARK]}"
        others = [f"{name}={value}" for name, value in env.items() if name != process.MARK]
        limit = "" if memory is None else str(memory)
        parts = "\0".join([limit, order["cwd"], str(len(argv)), *argv, mark, *others, ""])
        data = memoryview(parts.encode("utf-8", "surrogateescape"))
        if len(data) < longest:
            socket.send_fds(self.leash, [data], [log])
            return
        text = os.memfd_create("order", os.MFD_CLOEXEC)
        try:
            while data:
                data = data[os.write(text, data) :]
            socket.send_fds(self.leash, [b"run"], [text, log])
        finally:
            os.close(text)

    def word(self) -> str | None:
        """What it has said since the last call: `begun`, `failed`, `gone` at its end; None when it is silent."""
        data = packet.receive(self.leash)
        if data is None:
            return None
        if not data:
            return "gone"
        said = json.loads(data)
        if said["ev"] == "failed":
            self.failed = said["cause"], [(source, text) for source, text in said["evidence"]]
        return said["ev"]

    def await_word(self, seconds: float) -> None:
        """Wait until it has said something, or has ended, but not longer."""
        poll = select.poll()
        poll.register(self.leash, select.POLLIN)
        poll.poll(seconds * 1000)

    def line(self) -> bytes:
        """The journal's line: from here on the run may begin in this process, and in no other."""
        assert self.run is not None
        said = {"ev": "sown", "run": self.run.name, "pid": self.pid, "start": self.start, "group": self.slot.path}
        return frames.encode(said)
