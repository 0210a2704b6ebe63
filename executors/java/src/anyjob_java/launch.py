"""The command line of a JVM for jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from anyjob.run import RUN_FOLDER
from anyjob_java.classpath import ClassPath
from anyjob_java.ours import Ours
from anyjob_jvm.flags import start_flags

__all__ = ["CRASH_REPORT", "environment", "java_command", "shared_key"]

CRASH_REPORT = "hs_err.log"
"""What a JVM that crashes writes into the folder of its process."""

_MAIN = "anyjob.host.Main"
_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")


def java_command(
    java: str,
    feature: int,
    arguments: Sequence[str],
    encoding: str,
    ours: Ours,
    overlaid: Sequence[str],
    entries: Sequence[str],
) -> list[str]:
    """argv of the host with a job's class path. Paths stand alone as words: no shell, and no separator, reads them."""
    return [
        java,
        *start_flags(feature, encoding=encoding, given=(f"-XX:ErrorFile={RUN_FOLDER}/{CRASH_REPORT}", *arguments)),
        "-cp",
        f"{ours.app}:{ours.host}",
        _MAIN,
        str(ours.api),
        str(ours.overlay),
        ",".join(overlaid) or "-",
        *entries,
    ]


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """With a locale in which a JVM can read arguments, variables and file names that are not ASCII."""
    made = dict(env)
    if not any(made.get(name) for name in _LOCALES):
        made["LC_ALL"] = "C.UTF-8"
    return made


def shared_key(group: str, argv: Sequence[str], class_path: ClassPath) -> str:
    """What tells shared JVMs apart: how they are started, and the files as they are now, so that a new jar gets a new
    JVM. Groups never share one."""
    said = json.dumps([group, list(argv), class_path.state])
    return f"java-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
