"""Whether a class can be run, told from its files before a JVM is started.

Source: SchedulerX worker for Java, the package com.alibaba.schedulerx.worker.processor.
"""

from __future__ import annotations

from collections.abc import Sequence

from anyjob.problem import Problem
from anyjob_java.classfile import ClassFile
from anyjob_java.classpath import ClassPath
from anyjob_jvm.homes import JavaHome

__all__ = ["inspect", "maps"]

_OURS = ("JobProcessor", "JobProcessorEx", "JavaProcessor", "MapJobProcessor", "MapReduceJobProcessor")
_PROCESSORS = frozenset(
    {"com/alibaba/schedulerx/worker/processor/JobProcessor", *(f"anyjob/job/{name}" for name in _OURS)}
)
_VENDOR = "com/alibaba/schedulerx/worker/processor/"
_MAPS = frozenset(
    f"{package}{name}" for package in (_VENDOR, "anyjob/job/") for name in ("MapJobProcessor", "MapReduceJobProcessor")
)
_JODA = "org.joda.time.DateTime"
_JDK = ("java/", "javax/", "jdk/", "sun/", "com/sun/", "org/w3c/", "org/xml/", "org/ietf/", "org/omg/", "netscape/")
_BEYOND = ("-Xbootclasspath", "-javaagent", "-agent", "--module-path", "--upgrade-module-path", "--patch-module")
"""Arguments by which classes come from elsewhere: then what the class path lacks proves nothing."""


def inspect(name: str, class_path: ClassPath, home: JavaHome, arguments: Sequence[str]) -> list[Problem]:
    """What keeps the class from being run. What cannot be told from files is no Problem: the JVM will say it."""
    remedy = _remedy(name, class_path, home, arguments)
    return [Problem(field="ClassName", value=name, remedy=remedy)] if remedy else []


def _remedy(name: str, class_path: ClassPath, home: JavaHome, arguments: Sequence[str]) -> str:
    if any(word.startswith(_BEYOND) for word in arguments):
        return ""
    seen = class_path.find(name)
    if seen is None:
        if not class_path.entries:
            return (
                "is on no class path, as neither XAttrs.classpath nor the settings' classpath of the app group"
                " ([executors.java]) has an entry; add its jar to one of them"
            )
        hint = class_path.like(name) or f"looked in {_shown(class_path)}"
        return f"is not on the class path; add its jar to XAttrs.classpath, or correct the name ({hint})"
    file = seen.file
    if file.java > home.feature:
        compiled = f"in {seen.entry} was compiled for Java {file.java} (class files of version {file.major})"
        return f"{compiled}, and the JVM is Java {home.feature}; {_newer(home)}"
    if file.name != name.replace(".", "/"):
        return ""  # the JVM says that better
    ancestry = _Ancestry(class_path, home)
    is_processor = ancestry.walk(file)
    if ancestry.missing:
        return f"needs {ancestry.missing[0]}, which is not on the class path; add the jar that holds it"
    if ancestry.newer:
        return f"needs {ancestry.newer[0]}, and the JVM is Java {home.feature}; {_newer(home)}"
    if not is_processor:
        return "is no processor; let it extend SchedulerX's JavaProcessor, or implement anyjob.job.JobProcessor"
    if file.abstract:
        return "is abstract, so no object can be made of it; name one that is not"
    if ancestry.schedulerx and class_path.find(_JODA) is None:
        needs = f"needs joda-time ({_JODA}), of which SchedulerX's JobContext is made"
        return f"{needs} and which is not on the class path; add its jar to XAttrs.classpath"
    return ""


def maps(name: str, class_path: ClassPath) -> bool:
    """Whether the class is one that maps tasks, as far as the files tell."""
    seen = class_path.find(name)
    for _ in range(100):  # nobody's classes have more above them
        if seen is None:
            return False
        if seen.file.superclass in _MAPS:
            return True
        seen = class_path.find(seen.file.superclass.replace("/", "."))
    return False


def _newer(home: JavaHome) -> str:
    return f"name a newer one in XAttrs.javaHome, or compile with javac --release {home.feature}"


class _Ancestry:
    """Walks up superclasses and interfaces."""

    def __init__(self, class_path: ClassPath, home: JavaHome) -> None:
        self._class_path, self._home = class_path, home
        self._seen: set[str] = set()
        self.missing: list[str] = []
        self.newer: list[str] = []
        self.schedulerx = False

    def walk(self, file: ClassFile) -> bool:
        """Whether it comes to a processor."""
        found = False
        for parent in (file.superclass, *file.interfaces):
            found |= self._is(parent)
        return found

    def _is(self, name: str) -> bool:
        if name in _PROCESSORS:
            self.schedulerx |= name.startswith(_VENDOR)
            return True
        if not name or name in self._seen or name.startswith(_JDK):
            return False
        self._seen.add(name)
        seen = self._class_path.find(name.replace("/", "."))
        if seen is None:
            self.missing.append(name.replace("/", "."))
            return False
        if seen.file.java > self._home.feature:
            self.newer.append(f"{name.replace('/', '.')} in {seen.entry}, which was compiled for Java {seen.file.java}")
        return self.walk(seen.file)


def _shown(class_path: ClassPath) -> str:
    files = class_path.files
    return ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
