"""A Spring Boot application from sources, compiled and started: for the conformance suite and for tests."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from anyjob.errors import PluginError
from anyjob_jvm.homes import JavaHome, choose_home, find_homes
from anyjob_jvm.jars import jar

__all__ = ["NotCompiled", "SampleApp", "compile_app", "library"]

_PATIENCE: Final = 120.0


class NotCompiled(PluginError):
    """javac refused the sources of an application."""

    def __init__(self, said: str) -> None:
        super().__init__(f"javac refused the sample application: {said[-2000:]}")


def library() -> list[Path]:
    """Our own jar, as a user's application has it on its class path."""
    return [jar("anyjob_springschedule", "spring")]


def compile_app(sources: Iterable[Path], classpath: Sequence[Path], into: Path, home: JavaHome | None = None) -> None:
    """Compile `sources` (folders) into the folder `into`. Raises NotCompiled."""
    home = home or choose_home([one for one in find_homes() if one.javac is not None])
    files = [str(file) for folder in sources for file in sorted(folder.rglob("*.java"))]
    argv = [str(home.javac), "-parameters", "-proc:none", "-nowarn", "-encoding", "UTF-8", "-d", str(into)]
    argv += ["-cp", os.pathsep.join(map(str, classpath)), *files]
    done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        raise NotCompiled(done.stderr.decode(errors="replace"))


class SampleApp:
    """A process of an application, for the length of a block. What it prints is in `said`.

    Its environment is this process's and `env`, in which ANYJOB_APP and ANYJOB_APP_TOKEN say whom it dials.
    """

    def __init__(
        self,
        main: str,
        classpath: Sequence[Path],
        env: Mapping[str, str],
        *,
        home: JavaHome | None = None,
        arguments: Sequence[str] = (),
        properties: Sequence[str] = (),
    ) -> None:
        self._home = home or choose_home(find_homes())
        # Two of them and a worker share the machine with the suite: small and quick to start.
        flags = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-Xshare:auto"]
        self._argv = [str(self._home.java), *flags, *properties, "-cp", os.pathsep.join(map(str, classpath))]
        self._argv += [main, *arguments]
        self._env = {**os.environ, "SPRING_MAIN_BANNER_MODE": "off", **env}

    def __enter__(self) -> Self:
        self._out: IO[bytes] = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self._argv, env=self._env, stdin=subprocess.PIPE, stdout=self._out, stderr=subprocess.STDOUT
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._out.close()

    @property
    def said(self) -> str:
        """All that it has printed so far."""
        return os.pread(self._out.fileno(), 1 << 24, 0).decode(errors="replace")
