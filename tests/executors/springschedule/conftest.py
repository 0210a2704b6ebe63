"""Spring Boot of three generations, and an application of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.executors.springschedule.town import Boot

from anyjob.errors import WorkerError
from anyjob_springschedule.maven import classpaths
from anyjob_springschedule.sampleapp import compile_app, library

HERE = Path(__file__).parent


class Boots:
    """Resolved and compiled once a session, and only those that a test asks for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jars: dict[str, list[Path]] | None = None
        self._made: dict[str, Boot] = {}

    def __call__(self, name: str) -> Boot:
        if name not in self._made:
            jars = self.jars(name)
            classes = self._folder / name
            classes.mkdir()
            compile_app([HERE / "demo"], [*library(), *jars], classes)
            self._made[name] = Boot(name=name, classpath=(classes, *library(), *jars))
        return self._made[name]

    def jars(self, name: str) -> list[Path]:
        if self._jars is None:
            try:
                self._jars = classpaths(HERE / "boots")
            except WorkerError as error:
                pytest.skip(str(error))
        return self._jars[name]


@pytest.fixture(scope="session")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Boots:
    return Boots(tmp_path_factory.mktemp("boots"))
