"""The jar that a user's Spring application takes."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Final

from anyjob.errors import WorkerError
from anyjob_jvm.jars import jar

__all__ = ["JAR_NAME", "NotPut", "put"]

JAR_NAME: Final = f"anyjob-spring-{version('anyjob-springschedule')}.jar"


class NotPut(WorkerError):
    """The jar could not be copied."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"{path} could not be written: {why}. Name a folder that can be.")


def put(folder: Path, name: str = JAR_NAME) -> Path:
    """Copy it into the folder, which is made. Raises NotPut, and what building it raises."""
    built = jar("anyjob_springschedule", "spring")
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built, path)
    except OSError as error:
        raise NotPut(path, error.strerror or str(error)) from error
    return path
