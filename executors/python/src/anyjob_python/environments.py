"""Environments with the requirements of jobs: one for each interpreter and list, shared by all workers of a user."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from anyjob.problem import Problem
from anyjob_python.interpreter import Interpreter, find
from anyjob_python.prepare import MARKER, whole
from anyjob_python.settings import PythonSettings

__all__ = ["Environment", "Environments"]

_FORMAT = 1
"""Part of every key: raised when environments are made otherwise than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An environment by its key. `folder` None: it is in the cache of another user, where the worker does not look."""

    key: str
    requirements: Sequence[str]
    folder: str | None

    def made(self) -> Interpreter | None:
        """Its interpreter, if it is there and whole; from now on it counts as used."""
        if self.folder is None or not whole(self.folder):
            return None
        try:
            os.utime(f"{self.folder}/{MARKER}")
        except OSError:  # pruned in this moment
            return None
        return find(self.folder, None)


class Environments:
    """Says where environments are, and how they are made. Makes none: that is the run's own work."""

    def __init__(self, settings: PythonSettings) -> None:
        self._settings = settings
        self._cache = str(settings.cache or _user_cache())

    def of(self, interpreter: Interpreter, requirements: Sequence[str], *, own: bool) -> Environment:
        """The environment for a list. `own`: the run has the worker's own user."""
        wanted = sorted(set(requirements))
        set_by = self._settings
        index = None if set_by.index_url is None else set_by.index_url.get_secret_value()
        places = [str(place) for place in set_by.find_links]
        said = json.dumps([_FORMAT, interpreter.base(), wanted, index, places, set_by.no_index, set_by.build])
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        return Environment(key=key, requirements=wanted, folder=f"{self._cache}/envs/{key}" if own else None)

    def order(self, environment: Environment, *, shown: bool) -> bytes:
        """What `prepare.py` needs to make it. `shown`: it is for people to read, without the password of the index."""
        set_by = self._settings
        index = None if set_by.index_url is None else set_by.index_url.get_secret_value()
        order = {
            "uv": self.uv() or "uv",
            "cache": None if environment.folder is None else self._cache,
            "key": environment.key,
            "requirements": environment.requirements,
            "index_url": _without_password(index) if shown and index is not None else index,
            "find_links": [str(place) for place in set_by.find_links],
            "no_index": set_by.no_index,
            "build": set_by.build,
            "timeout": set_by.timeout,
            "keep_days": set_by.keep_days,
            "keep_size": set_by.keep_size,
        }
        return json.dumps(order, indent=1).encode()

    def uv(self) -> str | None:
        """The program uv: the one set, the one beside this Python, the one on the worker's PATH."""
        if self._settings.uv is not None:
            path = str(self._settings.uv)
            return path if os.access(path, os.X_OK) and not os.path.isdir(path) else None
        beside = os.path.join(sysconfig.get_path("scripts"), "uv")
        return beside if os.access(beside, os.X_OK) else shutil.which("uv")

    def missing(self) -> Problem | None:
        """What is wrong where requirements cannot be installed at all."""
        if self.uv() is not None:
            return None
        if self._settings.uv is not None:
            remedy = "cannot be executed; correct it, or take it out to use the uv on the worker's PATH"
            return Problem(field="executors.python.uv", value=str(self._settings.uv), remedy=remedy)
        remedy = "needs the program uv, which is not on this worker; pip install 'uv>=0.8' beside anyjob"
        return Problem(field="XAttrs.requirements", value="", remedy=remedy)


def _user_cache() -> Path:
    """By the XDG base directory specification, which wants an absolute path."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "anyjob" / "python"


def _without_password(url: str) -> str:
    there = urlsplit(url)
    return urlunsplit(there._replace(netloc=there.netloc.rpartition("@")[2]))
