"""The fixtures `java` and `demo`: classes of both APIs, on each Java."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.executors.java.build import compiled, packed, user_sources
from tests.executors.java.runs import Java
from tests.executors.java.vendor import worker_jars

from anyjob_java.ours import ours
from anyjob_jvm.homes import JavaHome, choose_home, find_homes

JAVAS = [pytest.param("17", marks=pytest.mark.needs("jdk17")), pytest.param("25", marks=pytest.mark.needs("jdk25"))]


@pytest.fixture(scope="session")
def jdk() -> JavaHome:
    """What compiles."""
    return choose_home(find_homes(), "17")


@pytest.fixture(scope="session")
def jdk25() -> JavaHome:
    return choose_home(find_homes(), "25")


@pytest.fixture(params=JAVAS)
def feature(request: pytest.FixtureRequest) -> str:
    """The Java on which a test runs."""
    return request.param


@pytest.fixture(scope="session")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """SchedulerX's worker jar, then what it needs."""
    return worker_jars(tmp_path_factory.getbasetemp() / "schedulerx")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, jdk: JavaHome) -> Path:
    """The classes of the tests, written for anyjob.job."""
    folder = tmp_path_factory.mktemp("anyjob")
    return packed(folder / "demo.jar", compiled(folder, jdk, user_sources("anyjob"), [ours().api]))


@pytest.fixture(scope="session")
def vendor_demo(tmp_path_factory: pytest.TempPathFactory, jdk: JavaHome, vendor: list[Path]) -> Path:
    """The same, written for SchedulerX."""
    folder = tmp_path_factory.mktemp("vendor")
    return packed(folder / "demo.jar", compiled(folder, jdk, user_sources("schedulerx"), vendor))


DIALECTS = [
    "anyjob",
    pytest.param("schedulerx", marks=pytest.mark.needs("maven")),
    pytest.param("schedulerx without spring", marks=pytest.mark.needs("maven")),
]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """For which API the classes are written, and whether Spring is beside them."""
    return request.param


@pytest.fixture
def class_path(dialect: str, request: pytest.FixtureRequest) -> list[Path]:
    """The classes of the tests and what they need."""
    if dialect == "anyjob":
        return [request.getfixturevalue("demo")]
    jars: list[Path] = request.getfixturevalue("vendor")
    if dialect.endswith("without spring"):
        jars = [jar for jar in jars if not jar.name.startswith("spring-")]
    return [request.getfixturevalue("vendor_demo"), *jars]


@pytest.fixture
def java(tmp_path: Path, feature: str, class_path: list[Path]) -> Iterator[Java]:
    """Runs classes of each API on each Java."""
    made = Java(tmp_path / "rig", feature, class_path)
    with made.rig:
        yield made


@pytest.fixture
def own(tmp_path: Path, feature: str, demo: Path) -> Iterator[Java]:
    """Runs classes of anyjob.job on each Java."""
    made = Java(tmp_path / "rig", feature, [demo])
    with made.rig:
        yield made


@pytest.fixture
def plain(tmp_path: Path, demo: Path) -> Iterator[Callable[..., Java]]:
    """Runs classes of anyjob.job on Java 17, with settings."""
    rigs: list[Java] = []

    def make(**settings: object) -> Java:
        made = Java(tmp_path / f"rig{len(rigs)}", "17", [demo], **settings)
        made.rig.__enter__()
        rigs.append(made)
        return made

    yield make
    for made in rigs:
        made.rig.__exit__(None, None, None)
