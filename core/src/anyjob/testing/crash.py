"""A worker in a process of its own that is killed: `kill -9`, at an exact moment or from outside.

The process is a fork of the test's, so that a plugin that is only an object of the test is there too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Never

from anyjob.testing.fault import Fault

__all__ = ["Doomed", "doomed"]


class Doomed:
    """The process of a worker that is going to die."""

    def __init__(self, pid: int, patience: float) -> None:
        """`patience`: seconds in which it must have come to the moment of the crash."""
        self.pid, self._patience = pid, patience
        self._status: int | None = None

    def gone(self) -> bool:
        """Whether it has ended."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    def kill(self) -> None:
        """Kill it now, and wait until it is gone."""
        if not self.gone():
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self) -> bool:
        """Wait for its end. True: it was killed; False: it came to its own end before.

        Raises Fault when it failed or does not end.
        """
        until = time.monotonic() + self._patience
        while not self.gone():
            if time.monotonic() > until:
                raise Fault(f"The run has not come to the moment of the crash within {self._patience:g} s.")
            time.sleep(0.005)
        if self._status not in (0, -signal.SIGKILL):
            raise Fault(f"The worker that was to be killed failed (status {self._status}); its traceback is in stderr.")
        return self._status != 0


@contextmanager
def doomed(work: Callable[[], Awaitable[object]], patience: float) -> Generator[Doomed]:
    """Do `work` in a fork of this process. Nothing of it outlives the block, except what it left to others. `patience`:
    seconds in which it must have come to its end. Raises Fault when it has not."""
    with warnings.catch_warnings():
        # Threads of earlier cases may still sleep; the fork uses nothing that they can hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
    if pid == 0:
        _live(work)
    process = Doomed(pid, patience)
    try:
        yield process
    finally:
        process.kill()


def _outlive(number: int, frame: FrameType | None) -> None:
    del number, frame


def _live(work: Callable[[], Awaitable[object]]) -> Never:
    status = 1
    # Ctrl-C reaches the whole process group, and only the test decides when this process dies. They are caught, as
    # runs would ignore them too if they were ignored here.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _outlive)

    async def main() -> None:
        await work()

    try:
        asyncio.run(main())
        status = 0
    except BaseException:  # noqa: BLE001 - the fork must not return into the test
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
