"""Reach the shim of a folder, starting keeper and shim when there is none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from anyjob.errors import ShimLost
from anyjob.worker.local.shimvalues import ShimOptions, options_json
from anyjob.worker.shim.seat import BUSY

_ENTRY = "import sys; sys.path.append(sys.argv[1]); from shim.keeper import start; start()"
_SLOW = 30
"""Seconds that the start of a keeper may take on a busy machine."""
_HOME = Path(__file__).resolve().parent.parent


async def reach(folder: Path, options: ShimOptions) -> socket.socket:
    """A connected socket to the folder's shim. Raises ShimLost when no shim can be started, and OSError when it has
    just ended.
    """
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        return await _connect(folder)
    await asyncio.to_thread(_start, folder, options)
    return await _connect(folder)


def last_words(folder: Path) -> str:
    """What the shim wrote to its standard error last, to be put behind an error; empty when it wrote nothing."""
    try:
        lines = (folder / "shim.err").read_text(errors="replace").split("\n")
    except OSError:
        return ""
    last = next((line for line in reversed(lines) if line.strip()), "")
    return f" (the last line of shim.err: {last[:300]})" if last else ""


async def _connect(folder: Path) -> socket.socket:
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(0)
    try:
        # A socket's path holds 108 bytes; the detour over the folder's descriptor allows any folder.
        await asyncio.get_running_loop().sock_connect(connection, f"/proc/self/fd/{at}/sock")
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(at)
    return connection


def _start(folder: Path, options: ShimOptions) -> None:
    """Returns once the keeper listens, or when another holds the folder. Raises ShimLost."""
    # Isolated and without site packages: the shim stays small, and no package or variable of the worker reaches it.
    argv = [
        sys.executable,
        "-I",
        "-S",
        "-X",
        "utf8",
        "-c",
        _ENTRY,
        str(_HOME),
        json.dumps(options_json(options, str(folder))),
    ]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
            timeout=_SLOW,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ShimLost(folder, f"{sys.executable} could not start it: {error}") from error
    if done.returncode not in (0, BUSY):
        text = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ShimLost(folder, f"its start failed with status {done.returncode}: {text}")
