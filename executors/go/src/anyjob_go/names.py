"""Which names a program serves: it is asked, once for each build of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from anyjob_go.program import Program, Stamp, has_mark

__all__ = ["Asked", "Names"]

_PATIENCE: Final = 15.0
"""Seconds for an answer. The drop-in waits ten for a name that is registered late."""
_LARGEST: Final = 4 << 20
_KEPT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a program said. `names` None: it was not asked, or gave no answer, and `why` says which."""

    names: frozenset[str] | None
    why: str = ""


class Names:
    """Asks programs, and keeps their answers until they are built anew; not that a name is missing, which may depend on
    more than the file. Blocking; for threads."""

    def __init__(self) -> None:
        self._answers: dict[_Key, Asked] = {}

    def known(self, program: Program, argv: tuple[str, ...], wanted: str, env: Mapping[str, str]) -> bool:
        """Whether the program has told that it serves `wanted`. Asks nobody, so it does not block."""
        return _key(program, argv, wanted, env) in self._answers

    def of(self, program: Program, argv: tuple[str, ...], wanted: str, env: Mapping[str, str]) -> Asked:
        """The names, `wanted` among them if it is registered within the program's own patience.

        The program is executed, with ANYJOB_APP=names:FOLDER, only if the SDK is in it: that answers and ends where
        others would begin to work. A worker that is root asks as the owner of the file.
        """
        key = _key(program, argv, wanted, env)
        known = self._answers.get(key)
        if known is None:
            known = _ask(program, argv, wanted, env) if has_mark(program.path) else _NO_MARK
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            if known.names is not None and wanted in known.names:
                self._answers[key] = known
        return known


_Key: TypeAlias = tuple[Stamp, tuple[str, ...], str, tuple[tuple[str, str], ...]]


def _key(program: Program, argv: tuple[str, ...], wanted: str, env: Mapping[str, str]) -> _Key:
    return program.stamp, argv, wanted, tuple(sorted(env.items()))


_NO_MARK: Final = Asked(names=None, why="the SDK is not in it, so it was not asked")


def _ask(program: Program, argv: tuple[str, ...], wanted: str, env: Mapping[str, str]) -> Asked:
    with tempfile.TemporaryDirectory(prefix="anyjob-go-") as folder:
        other: dict[str, Any] = {}
        if os.geteuid() == 0 and program.owner != 0:
            os.chown(folder, program.owner, program.group)
            other = {"user": program.owner, "group": program.group, "extra_groups": []}
        told = {**env, "ANYJOB_APP": f"names:{folder}", "ANYJOB_APP_WANTS": wanted}
        try:
            process = subprocess.Popen(
                argv,
                env=told,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                **other,
            )
        except (OSError, ValueError) as error:
            return Asked(names=None, why=f"it could not be asked: {error}")
        try:
            code = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Asked(names=None, why=f"it gave no answer within {_PATIENCE:g} s")
        try:
            return Asked(names=_read(Path(folder) / "names.json"))
        except (OSError, ValueError) as error:
            return Asked(names=None, why=f"it ended with {code} and gave no answer: {error}")


def _read(path: Path) -> frozenset[str]:
    # Another user may have written it: it may be a link to somebody else's file, or a pipe that never ends.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError("names.json is no regular file")
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"names.json has over {_LARGEST} bytes")
    said = json.loads(data)
    names = cast("dict[str, object]", said).get("names") if isinstance(said, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in cast("list[object]", names)):
        raise ValueError("names.json holds no list of names")
    return frozenset(cast("list[str]", names))
