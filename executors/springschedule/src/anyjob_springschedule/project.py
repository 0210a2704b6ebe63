"""A Maven project of an application: built with our jar in it, and taken as it was built.

`python -m anyjob_springschedule.project PROJECT FOLDER ANYJOB AS` puts the built jar and a Java home for it into a
folder, for `anyjob up`; without one it says what builds it: ANYJOB is that program and AS the project, as the caller
may write them.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from anyjob.errors import AnyJobError, WorkerError
from anyjob_jvm.homes import find_homes
from anyjob_jvm.jars import jar
from anyjob_springschedule.maven import NoMaven, first_error

__all__ = ["NoProject", "NotBuilt", "NotFit", "ProjectRefused", "build", "built"]

_GOAL: Final = "install:install-file"
_JAVA: Final = 17
"""Spring Boot 3's own least."""


class NoProject(WorkerError):
    """There is no pom.xml."""

    def __init__(self, project: Path) -> None:
        self.project = project
        super().__init__(f"{project / 'pom.xml'} is not there. Name the folder of a Maven project.")


class ProjectRefused(WorkerError):
    """Maven did not build it. `said` is its first error."""

    def __init__(self, project: Path, said: str) -> None:
        self.project, self.said = project, said
        super().__init__(f"Maven could not build {project}: {said}. `mvn -f {project / 'pom.xml'} package` says more.")


class NotFit(WorkerError):
    """No Java here can run an application of Spring Boot 3."""

    def __init__(self) -> None:
        super().__init__(f"no Java {_JAVA} or later is on this machine; install one (Debian: openjdk-17-jdk-headless)")


class NotBuilt(WorkerError):
    """Nobody has built it, or not as it is now. `why` is its beginning."""

    def __init__(self, why: str, remedy: str) -> None:
        self.why, self.remedy = why, remedy
        super().__init__(f"its application {why}; {remedy}")


def build(project: Path) -> list[Path]:
    """Put our jar into Maven's repository of this user, package the project, and give the jars in which it lies.

    Blocks: seconds, minutes where Maven has to fetch Spring Boot. Killed in between it has left nothing that the next
    call would mind. Raises NoProject, NoMaven, ProjectRefused, and what building our own jar raises.
    """
    if not (project / "pom.xml").is_file():
        raise NoProject(project)
    mvn = shutil.which("mvn")
    if mvn is None:
        raise NoMaven
    ours = ["-DgroupId=anyjob", "-DartifactId=anyjob-spring", f"-Dversion={version('anyjob-springschedule')}"]
    file = f"-Dfile={jar('anyjob_springschedule', 'spring')}"
    for words in ([_GOAL, file, *ours, "-Dpackaging=jar"], ["-f", str(project / "pom.xml"), "package"]):
        done = subprocess.run(
            [mvn, "-q", "-B", *words], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        if done.returncode:
            raise ProjectRefused(project, first_error(done.stdout))
    return [path for path in _products(project) if _holds(path) is not None]


def built(project: Path, remedy: str) -> Path:
    """The application's jar as Maven has built it. Raises NotBuilt where there is none, or it is not of these sources
    and this version of ours."""
    found = [path for path in _products(project) if _holds(path) is not None]
    if not found:
        raise NotBuilt("is not built", remedy)
    sources = [project / "pom.xml", *(path for path in (project / "src").rglob("*") if path.is_file())]
    if found[0].stat().st_mtime < max(path.stat().st_mtime for path in sources):
        raise NotBuilt("has changed since it was built", remedy)
    if _holds(found[0]) != _contents(jar("anyjob_springschedule", "spring").read_bytes()):
        raise NotBuilt("is built with another anyjob-spring", remedy)
    return found[0]


def _products(project: Path) -> list[Path]:
    return sorted((project / "target").glob("*.jar"), key=lambda path: path.stat().st_mtime, reverse=True)


def _holds(application: Path) -> dict[str, int] | None:
    """Our jar's files and their checksums, as they lie in an executable jar; None: it lies in none."""
    with zipfile.ZipFile(application) as opened:
        names = [name for name in opened.namelist() if Path(name).name.startswith("anyjob-spring-")]
        return _contents(opened.read(names[0])) if names else None


def _contents(archive: bytes) -> dict[str, int]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {one.filename: one.CRC for one in opened.infolist()}


def _main(project: str, folder: str, anyjob: str, shown: str) -> None:
    homes = [home for home in find_homes() if home.feature >= _JAVA]
    if not homes:
        raise NotFit
    command = f"`{anyjob} spring build {shlex.quote(shown)}` builds it"
    maven = "" if shutil.which("mvn") else "with Maven, which is not here (Debian: maven), "
    application = built(Path(project), f"{maven}{command}")
    Path(folder).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(application, Path(folder, application.name))
    os.symlink(homes[0].path, Path(folder, "jdk"))


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except AnyJobError as error:
        sys.exit(" ".join(str(error).split()))
