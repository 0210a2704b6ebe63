"""The keeper: the parent of the shim, which reaps what a dead shim leaves, after writing down how it ended.

Small and dull on purpose, so that it does not die. It starts a new shim when one died, and ends when a shim ended by
itself.

Source: Linux man-pages, prctl(2), PR_SET_CHILD_SUBREAPER, and unix(7), the length of a path.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import signal
import socket
import sys
import time

from . import exits, kernel, main, process
from .complaint import complain
from .seat import BUSY, Seat

_QUICK = 5.0
"""Seconds: a shim that lived shorter may be one that cannot live at all."""
_AT_ONCE = 3
"""So many short lives in a row are followed by the next at once, further ones after a growing pause."""
_HOPELESS = 8
"""After so many that ended by a fault of their own, a keeper without anything to reap gives up."""


def start() -> None:
    """Entry of the process that a worker starts: argv[2] is the options as JSON. Returns to the worker once the
    socket listens.
    """
    options = json.loads(sys.argv[2])
    folder: str = options["folder"]
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.stat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SystemExit(f"{folder} must belong to uid {os.geteuid()} and to nobody else: chmod 700 it")
    lock = os.open(folder + "/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # The lock lives as long as any process has this open file: keeper and shims inherit it.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(BUSY)
    seat = Seat(options, _listen(folder))
    if os.fork():
        os._exit(0)
    _detach(folder)
    try:
        _keep(seat)
    finally:
        os._exit(1)


def _listen(folder: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # The kernel allows 108 bytes for a socket's path; this detour allows any folder.
        path = f"/proc/self/fd/{at}/sock"
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        listener.bind(path)
    finally:
        os.close(at)
    listener.listen(64)
    return listener


def _detach(folder: str) -> None:
    os.setsid()
    os.chdir("/")
    kernel.set_name("anyjob-keeper")
    kernel.become_subreaper()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        # Runs are to outlive whoever signals a whole service; a shim ends by itself when it has nothing to do.
        signal.signal(number, signal.SIG_IGN)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    said = os.open(folder + "/shim.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(said, 2)
    os.close(null)
    os.close(said)
    gc.freeze()  # the collector must not write to pages that keeper and shim share


def _keep(seat: Seat) -> None:
    seat.keeper = os.getpid()
    seat.exits = exits.new_file(seat.folder)
    shim, born, quick, faults = _fork(seat), time.monotonic(), 0, 0
    while True:
        gone = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if gone is None:
            continue
        if gone.si_pid != shim:
            exits.note(seat.exits, gone.si_pid, exits.raw_status(gone.si_code, gone.si_status))
            os.waitpid(gone.si_pid, 0)
            continue
        _, status = os.waitpid(shim, 0)
        if status == 0:
            os._exit(0)
        quick = quick + 1 if time.monotonic() - born < _QUICK else 0
        faults = faults + 1 if quick and os.WIFEXITED(status) else 0
        hopeless = faults > _HOPELESS or not os.path.exists(seat.folder)
        if hopeless and not process.children(os.getpid()):
            os._exit(1)  # whoever comes next starts anew, and is told why it fails
        if quick > _AT_ONCE:
            time.sleep(min(5.0, 0.05 * 2 ** (quick - _AT_ONCE)))
        shim, born = _fork(seat), time.monotonic()


def _fork(seat: Seat) -> int:
    while True:
        try:
            pid = os.fork()
        except OSError as error:
            complain(f"no new shim: {error}")
            time.sleep(1.0)
            continue
        if pid == 0:
            main.run(seat)
        return pid
