"""How a JVM is started for jobs.

Sources: java command, options; Java API, java.lang.System.getProperties, "stdout.encoding" and "file.encoding".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["START_FLAGS", "quiet_environment", "start_flags"]

START_FLAGS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-Xshare:auto")
"""For a process that runs one job and ends: 75 ms instead of 80 to its first result on Java 17, 61 instead of 88 on 25,
and 6 MB less. Every JVM since 8 understands them. An archive of our own classes gains nothing beside the JDK's."""

_OPTIONS_OF_OTHERS: Final = frozenset({"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"})


def start_flags(feature: int, *, encoding: str = "utf-8", given: Sequence[str] = ()) -> list[str]:
    """The flags for a JVM of that version, then those that the job or its settings give; the JVM takes the last of two
    that say the same, but refuses two collectors, so ours goes when another is given.

    `encoding` is that of the job's output: otherwise it would hang on the worker's locale. From 9 on, what the JVM
    itself has to say goes to standard error: by default it would stand in the job's output.
    """
    collector = any(flag.startswith("-XX:+Use") and flag.endswith("GC") for flag in given)
    flags = [flag for flag in START_FLAGS if not (collector and flag == "-XX:+UseSerialGC")]
    if feature >= 9 and not any(flag.startswith("-Xlog") for flag in given):
        flags += ["-Xlog:disable", "-Xlog:all=error:stderr"]
    # Until 18 the names begin with sun., and the default charset was the locale's too.
    names = ("stdout.encoding", "stderr.encoding") if feature >= 19 else ("sun.stdout.encoding", "sun.stderr.encoding")
    flags += [f"-D{name}={encoding}" for name in names]
    if feature < 18:
        flags.append("-Dfile.encoding=UTF-8")
    return [*flags, *given]


def quiet_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without what a JVM reads options from, for processes that are ours and no job's: agents and
    properties of somebody else would be loaded into them, and each prints a line."""
    return {name: value for name, value in env.items() if name not in _OPTIONS_OF_OTHERS}
