"""Runs Java classes."""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.executor import AppExecutor, Attached, Command, Exit, Health, Own, Shared
from anyjob.job import BadJob, Job
from anyjob.outcome import Cause, Json, Outcome
from anyjob.problem import Problem
from anyjob.run import RUN_FOLDER, Run, RunFacts
from anyjob_java.classpath import ClassPath
from anyjob_java.crash import explained, with_report
from anyjob_java.inspection import inspect, maps
from anyjob_java.launch import CRASH_REPORT, environment, java_command, shared_key
from anyjob_java.ours import OVERLAID, ours, overlaid, samples
from anyjob_java.permission import forbidden, refused
from anyjob_java.settings import JavaSettings
from anyjob_java.spec import LOCAL, JavaSpec
from anyjob_java.words import SAMPLES
from anyjob_jvm.errors import NoCompiler, NoJava
from anyjob_jvm.homes import JavaHome, choose_home, find_homes, probe_home

__all__ = ["JavaExecutor"]

_OLDEST = 8
"""The Java for whose arguments a command is made that runs where the worker does not see it."""
_ABSENT = "is not there; put it there, or take it out"
_RETURNS = frozenset({CRASH_REPORT})
_LASTING = ("-XX:TieredStopAtLevel=4", "-Xss1m")
"""The JVM's own defaults: what makes a start fast makes long work slow."""
_GROUPS = "executors.java.classpath"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How the JVM of a run is started."""

    argv: list[str]
    class_path: ClassPath
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


_NO_JDK: Final = (
    "no JDK: none was found on this machine; install one (Debian: openjdk-17-jdk-headless), or name its folder in"
    " [executors.java] homes"
)


class JavaExecutor(AppExecutor[JavaSpec]):
    """A run is a call of its class: in a JVM of its own, or in one that serves many runs."""

    def __init__(self, settings: JavaSettings) -> None:
        self._settings = settings
        self._homes: list[JavaHome] = []

    def kind(self, spec: JavaSpec) -> type[Own | Shared | Attached]:
        return Shared if spec.isolation == "shared" else Own

    def check(self, job: Job, spec: JavaSpec) -> Iterable[Problem]:
        del job
        return forbidden(spec, self._settings)

    def target(self, run: Run, spec: JavaSpec) -> Own | Shared:
        if spec.isolation == "process":
            spec = spec.model_copy(update={"jvm_args": [run.fill(word) for word in spec.jvm_args]})
        problems = refused(spec, self._settings)
        if problems:
            raise BadJob(problems, run.job.name)
        if spec.isolation == "shared":
            # Of the worker, not of the run: one JVM serves them all.
            launch = self.launch(spec, _encoding(run))
            env = environment(self.environment)
            key = shared_key(spec.group, launch.argv, launch.class_path)
            return Shared(
                key=key, command=Command(argv=launch.argv, env=env, returns=_RETURNS), runs=self._settings.runs
            )
        launch = self.launch(spec, _encoding(run))
        env = environment(run.environment())
        return Own(command=Command(argv=launch.argv, env=env, files=launch.files, returns=_RETURNS))

    def request(self, run: Run, spec: JavaSpec) -> Mapping[str, Json]:
        said: dict[str, Json] = {"className": spec.class_name, "strict": spec.strict}
        # For the getters of a context that the facts do not fill.
        said["XAttrs"] = json.dumps(dict(run.job.xattrs), ensure_ascii=False)
        if run.job.template:
            said["Template"] = run.job.template
        if run.user:
            said["User"] = run.user
        if self.served:
            said["WorkerAddr"] = self.services.node
        return said

    def preview(self, run: RunFacts, spec: JavaSpec) -> Mapping[str, Sequence[str]]:
        """Where the class was found, and what stands before SchedulerX's own classes."""
        if spec.launcher != LOCAL or refused(spec, self._settings):
            return {}
        class_path = self._class_path(spec)
        seen = class_path.find(spec.class_name)
        if seen is None:
            return {"Class": [f"{spec.class_name} is not on the class path"]}
        lines = [f"{spec.class_name} in {seen.entry}, compiled for Java {seen.file.java}"]
        mode = run.job.execute_mode
        if not mode.maps and maps(spec.class_name, class_path):
            text = f"{spec.class_name} maps tasks, and ExecuteMode {mode.value} takes none"
            lines.append(f"{text}: it is called as a plain job (isRootTask is false)")
        used, why = overlaid(class_path, ours().overlay, strict=spec.strict) if spec.overlay else ([], [])
        lines += [f"anyjob's {name.rpartition('.')[2]} stands before SchedulerX's" for name in used]
        return {"Class": [*lines, *why]}

    # ---------------------------------------------------------------- how it ended

    def outcome(self, run: Run, spec: JavaSpec, outcome: Outcome) -> Outcome:
        sources = {item.source for item in outcome.evidence}
        if outcome.cause is Cause.FAILED and outcome.code and "exit" in sources:
            return replace(outcome, cause=Cause.EXIT_CODE)
        if outcome.ok and "threads" in sources and run.job.xattrs.get("leftovers") == "fail":
            return replace(outcome, cause=Cause.LEFTOVERS)
        return with_report(outcome) if CRASH_REPORT in sources else outcome

    def died(self, run: Run, spec: JavaSpec, exit: Exit) -> Outcome:  # noqa: A002 - the word of the trade
        return explained(super().died(run, spec, exit), exit, [*self._settings.always, *spec.jvm_args])

    # ---------------------------------------------------------------- what is here

    async def health(self) -> Health:
        """Whether there is a Java, and the jars for it."""
        return await asyncio.to_thread(self._health)

    async def preflight(self, spec: JavaSpec) -> Iterable[Problem]:
        return await asyncio.to_thread(self._missing, spec)

    # ---------------------------------------------------------------- within

    def _health(self) -> Health:
        homes = self._look()
        if not homes:
            return Health(state="undetected", why=_NO_JDK)
        try:
            default = choose_home(homes, self._settings.java)
            jars = ours()
        except NoCompiler as error:
            return Health(state="undetected", why=str(error))
        except AnyJobError as error:
            return Health(state="unhealthy", why=str(error))
        said = [f"Java {default}"]
        others = [str(home) for home in homes if home != default]
        said += [f"others: {', '.join(others)}"] if others else []
        for group in self._settings.classpath:
            class_path = ClassPath(self._settings.of_group(group))
            said += [f"classpath.{group}: {entry} is not there" for entry in class_path.missing]
            said += overlaid(class_path, jars.overlay, strict=False)[1]
        return Health(state="healthy", why="; ".join(dict.fromkeys(said)))

    def _look(self) -> list[JavaHome]:
        self._homes = find_homes(self._settings.homes)
        return self._homes

    def _home(self, spec: JavaSpec) -> JavaHome:
        """Raises NoJava."""
        wanted = spec.java_home or self._settings.java
        try:
            home = choose_home(self._homes or self._look(), wanted)
        except NoJava:
            return choose_home(self._look(), wanted)
        return home if probe_home(home.path) is not None else choose_home(self._look(), wanted)

    def _missing(self, spec: JavaSpec) -> list[Problem]:
        if spec.launcher != LOCAL or refused(spec, self._settings):
            return []  # what is elsewhere is not seen here, and what a job may not name is not looked at
        try:
            home = self._home(spec)
        except NoJava as error:
            field = "XAttrs.javaHome" if spec.java_home else "executors.java.java"
            return [Problem(field=field, value=error.wanted, remedy=error.remedy)]
        try:
            ours()
        except AnyJobError as error:
            return [Problem(field="JobType", value="java", remedy=f"cannot be run here: {error}")]
        entries = self._settings.of_group(spec.group)
        problems = [
            Problem(field=f"{name}[{number}]", value=entry, remedy=_ABSENT)
            for name, part in (("XAttrs.classpath", spec.class_path), (_GROUPS, entries))
            for number, entry in enumerate(part)
            if entry != SAMPLES and ClassPath([entry]).missing
        ]
        class_path = self._class_path(spec)
        arguments = [*self._settings.always, *spec.jvm_args]
        return problems or inspect(spec.class_name, class_path, home, arguments)

    def _class_path(self, spec: JavaSpec) -> ClassPath:
        entries = [*spec.class_path, *self._settings.of_group(spec.group)]
        return ClassPath([str(samples()) if entry == SAMPLES else entry for entry in entries])

    def launch(self, spec: JavaSpec, encoding: str) -> Launch:
        """How the JVM of a run is started. Raises NoJava, NoCompiler, JarBroken, CacheUnsafe."""
        arguments = [*self._settings.always, *spec.jvm_args]
        if spec.isolation == "shared":
            arguments = [*_LASTING, f"-Danyjob.encoding={encoding}", *arguments]
        class_path = self._class_path(spec)
        jars = ours()
        if spec.launcher != LOCAL:
            # What is there is not seen from here; so the host looks itself, and its jars come along.
            java = f"{spec.java_home}/bin/java" if spec.java_home and spec.java_home.startswith("/") else "java"
            there = jars.inside(RUN_FOLDER)
            overlay = OVERLAID[: 1 if spec.strict else None] if spec.overlay else ()
            argv = java_command(java, _OLDEST, arguments, encoding, there, overlay, class_path.entries)
            return Launch(argv=argv, class_path=class_path, files=jars.files())
        home = self._home(spec)
        overlay = overlaid(class_path, jars.overlay, strict=spec.strict)[0] if spec.overlay else []
        argv = java_command(str(home.java), home.feature, arguments, encoding, jars, overlay, class_path.files)
        return Launch(argv=argv, class_path=class_path)


def _encoding(run: Run) -> str:
    named = run.job.xattrs.get("encoding")
    return codecs.lookup(named).name if isinstance(named, str) else "utf-8"
