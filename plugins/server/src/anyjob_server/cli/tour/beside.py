"""`beside.toml`: what a folder of jobs has beside them, for whoever runs the whole folder."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from anyjob.errors import BadSettings
from anyjob.job.owner import written
from anyjob.outcome import Cause
from anyjob.problem import Problem
from anyjob.settings import Found, Settings, read_settings
from anyjob.spec.wording import explain
from anyjob_server.cli.tour.ports import free_ports, with_ports

__all__ = ["FILE", "MADE", "Beside", "Dials", "Made", "Peer", "read_beside", "with_settings"]

FILE: Final = "beside.toml"
MADE: Final = "{made}"
"""Stands for the folder of what is made."""

_Words = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dials(_Part):
    """As what an application dials in: for jobs of which type, and in which app group."""

    type: Annotated[str, Field(min_length=1)]
    group: Annotated[str, AfterValidator(written)]


class Peer(_Part):
    """A process that goes on while the jobs of the folder run. `python` as its first word is the one that runs this.
    One with `{made}` in its command begins when all is made that the folder has to make."""

    command: _Words
    address: str = ""
    """HOST:PORT that it listens on: free before, and answering before the jobs begin. Empty: nobody waits for it."""
    dials: Dials | None = None
    """It is an application: it gets address and token of this command's worker as ANYJOB_APP and ANYJOB_APP_TOKEN, and
    its jobs begin when it has dialled in."""
    files: tuple[str, ...] = ()
    """Whose jobs need it; empty: all of the folder."""


class Made(_Part):
    """What is made before the jobs of some files, in the folder of `beside.toml`. `{made}` in the command and in `set`
    is a folder for the time of the command. An exit status that is not 0: the last line of its standard error says what
    is missing; `{anyjob}` and `{folder}` in the command are this program and the folder as the caller may write them.
    """

    command: _Words
    files: _Words
    set: tuple[str, ...] = ()
    """`FIELD=VALUE` of these jobs, as --set has it."""


class Beside(_Part):
    """All of one folder."""

    folder: Path = Path()
    """Where the file lies; nobody writes it."""
    settings: str = ""
    """A settings file: its tables of job types and launchers hold where the caller has none of the same name."""
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    """Ports of 127.0.0.1 that its peers, its settings and its jobs name. `read_beside` may put free ones in their
    place."""
    random: tuple[str, ...] = ()
    """Variables that get a random text, unless the caller has set them: tokens that peers and settings share."""
    peers: tuple[Peer, ...] = ()
    made: tuple[Made, ...] = ()
    ends: dict[str, Cause] = {}
    """By file: the cause with which its jobs are meant to end. Else they are meant to succeed."""
    moved: dict[int, int] = {}
    """What stands in for `ports`; nobody writes it. Empty: they stand as they are written."""


def read_beside(folder: Path, *, lasting: bool) -> Beside:
    """Of a folder; empty where it has no such file. `lasting`: its jobs stay after the command, so its ports stay as
    they are written; else free ones stand in for them. Raises BadSettings with every Problem at once, and OSError where
    no port is free.
    """
    path = folder / FILE
    try:
        said: dict[str, Any] = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return Beside(folder=folder)
    except OSError as error:
        raise BadSettings(str(path), [Problem(field="The file", value="", remedy=f"cannot be read: {error}")]) from None
    except ValueError as error:  # no UTF-8, no TOML
        raise BadSettings(str(path), [Problem(field="The file", value="", remedy=f"is not TOML: {error}")]) from None
    try:
        read = Beside.model_validate({**said, "folder": folder, "moved": {}})
    except ValidationError as error:
        raise BadSettings(str(path), explain(error, Beside, said, lambda name: name or "The file")) from None
    named = [*read.ends, *(name for part in (*read.made, *read.peers) for name in part.files)]
    if lost := [name for name in named if not (folder / name).is_file()]:
        raise BadSettings(str(path), [Problem(field="files", value=name, remedy="is not beside it") for name in lost])
    if lasting or not read.ports:
        return read
    moved = free_ports(read.ports)
    peers = tuple(
        peer.model_copy(update={"command": with_ports(peer.command, moved), "address": with_ports(peer.address, moved)})
        for peer in read.peers
    )
    return read.model_copy(update={"peers": peers, "moved": moved})


def with_settings(settings: Settings, besides: Iterable[Beside]) -> Settings:
    """The caller's settings, and where they say nothing of a type or launcher, what the folders say of it.

    Sets the random variables in this process's environment. Raises BadSettings.
    """
    executors, launchers = dict(settings.executors), dict(settings.launchers)
    for beside in besides:
        for name in beside.random:
            os.environ.setdefault(name, secrets.token_urlsafe(24))
        if beside.settings:
            file = (beside.folder / beside.settings).absolute()
            read = read_settings(Found(file=file, by=str(beside.folder / FILE)))
            executors = {**with_ports(read.executors, beside.moved), **executors}
            launchers = {**with_ports(read.launchers, beside.moved), **launchers}
    return replace(settings, executors=executors, launchers=launchers)
