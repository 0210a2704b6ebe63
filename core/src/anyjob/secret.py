"""Secrets in settings: where one comes from, how it is read, and which are too weak to be tokens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anyjob.errors import SecretMissing

__all__ = ["Source", "read_source", "weakness"]

_COMMAND_SECONDS: Final = 30
_LOOK: Final = 0.1
"""Seconds between two looks at whether anybody still waits."""
_SHORTEST: Final = 8
_LONGEST: Final = 512
_WELL_KNOWN: Final = frozenset(
    {
        "access_token",
        "accesstoken",
        "anyjob_token",
        "change-me",
        "change_me",
        "changeit",
        "changeme",
        "default_token",
        "defaulttoken",
        "password",
        "password1",
        "passw0rd",
        "replace-me",
        "secret_token",
        "secrettoken",
        "test_token",
        "testtoken",
        "12345678",
        "123456789",
        "1234567890",
        "your_token",
        "your-token",
        "yourtoken",
    }
)


def weakness(token: str) -> str:
    """Why a token must not be used, as the rest of a sentence; empty: it may be."""
    if not token.strip():
        return "is blank"
    if token != token.strip() or not token.isprintable():
        return "has white space around it, or control characters in it"
    if not _SHORTEST <= len(token) <= _LONGEST:
        return f"has {len(token)} characters, and {_SHORTEST} to {_LONGEST} are taken"
    if token.lower() in _WELL_KNOWN or len(set(token)) == 1:
        return "is one that everybody tries first"
    return ""


class Source(BaseModel):
    """Where a secret comes from: exactly one of a `file`, a variable of the worker's environment (`env`), and the
    output of a `command`, which has 30 seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    file: Path | None = None
    env: str | None = None
    command: Annotated[list[str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.file, self.env, self.command)) != 1:
            raise ValueError("needs exactly one of file, env and command")
        return self


def read_source(name: str, setting: str, source: Source, given_up: Event | None = None) -> str:
    """What the source of `[setting]` holds. Blocks while a command is asked. Raises SecretMissing."""
    try:
        if source.file is not None:
            return source.file.read_text().rstrip("\r\n")
        if source.env is not None:
            return os.environ[source.env]
        assert source.command is not None
        return _asked(source.command, given_up or Event()).rstrip("\r\n")
    except KeyError:
        raise SecretMissing(
            name, f"[{setting}] names the variable {source.env}, which the worker does not have."
        ) from None
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError) as error:
        # The error's own text may quote what the command printed.
        raise SecretMissing(name, f"[{setting}] cannot be read: {type(error).__name__}.") from None


def _asked(command: Sequence[str], given_up: Event) -> str:
    """What it prints. Raises OSError, UnicodeDecodeError or subprocess.SubprocessError; nothing is left."""
    until = time.monotonic() + _COMMAND_SECONDS
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while True:
            try:
                out, _ = process.communicate(timeout=_LOOK)
            except subprocess.TimeoutExpired:
                if given_up.is_set() or time.monotonic() >= until:
                    # Not reaped yet, so the number is still its own; what it has started may hold the pipe open.
                    os.killpg(process.pid, signal.SIGKILL)
                    raise
            else:
                break
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return out.decode()
