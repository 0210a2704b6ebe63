"""A process that has nothing to do with any run and counts the signals it gets: FILE [LOG].

It appends the number of each signal to FILE, and ends after its parent. With LOG it waits for that log and holds it
open for reading, as `tail -f` would.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def main(file: str, logs: list[str]) -> None:
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD):
            signal.signal(number, lambda got, _: os.write(out, b"%d\n" % got) and None)
    os.write(out, b"ready\n")
    held: list[int] = []
    parent = os.getppid()
    while os.getppid() == parent:
        while logs:
            try:
                held.append(os.open(logs[0], os.O_RDONLY))
            except FileNotFoundError:
                break
            del logs[0]
        time.sleep(0.02 if logs else 0.5)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
