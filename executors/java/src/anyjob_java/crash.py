"""What a JVM left that ended without an outcome.

Source: java command, -XX:ErrorFile, -XX:+ExitOnOutOfMemoryError.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from anyjob.executor import Exit
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob_java.launch import CRASH_REPORT

__all__ = ["explained", "with_report"]

_READ = 64 << 10
_FULL = "Terminating due to java.lang.OutOfMemoryError"
_SIGNAL = re.compile(r"SIG[A-Z]+ |EXCEPTION_|Internal Error|Out of Memory")
_REFUSED = re.compile(
    r"Error: (A fatal exception has occurred\. Program will exit\.|Could not create the Java Virtual Machine\.)|"
    r"Error occurred during initialization of VM|Unrecognized (VM )?option.*"
)


def explained(outcome: Outcome, exit_: Exit, arguments: Sequence[str]) -> Outcome:
    """The outcome with what the JVM says of its own end: a crash report, a heap that was full, arguments refused."""
    report = exit_.returned.get(CRASH_REPORT)
    evidence = [*outcome.evidence]
    cause = outcome.cause
    if report is not None:
        evidence.append(Evidence(source="hs_err", text=_crash(report)))
    if cause is Cause.EXIT_CODE and exit_.last_line.startswith(_FULL) and "-XX:+ExitOnOutOfMemoryError" in arguments:
        cause = Cause.OUT_OF_MEMORY
        evidence.append(Evidence(source="JVM", text=exit_.last_line))
    elif cause is Cause.EXIT_CODE and exit_.code == 1 and _REFUSED.fullmatch(exit_.last_line.strip()):
        cause = Cause.BAD_CONFIG
        text = "the JVM could not be started with its arguments, the log says why; correct XAttrs.jvmArgs"
        evidence.append(Evidence(source="JVM", text=text))
    return replace(outcome, cause=cause, evidence=evidence)


def with_report(outcome: Outcome) -> Outcome:
    """The same, where a shared JVM crashed: its report is among the evidence by its name and path."""
    said = [
        # Evidence may be the application's own words: it must not have the worker open any other file.
        Evidence(source="hs_err", text=_crash(Path(item.text)))
        if item.source == CRASH_REPORT and Path(item.text).name == CRASH_REPORT
        else item
        for item in outcome.evidence
    ]
    return replace(outcome, evidence=said)


def _crash(report: Path) -> str:
    """Where the report is, and its first words."""
    lines = [line.lstrip("# ").rstrip() for line in _head(report).splitlines()]
    signal = next((line for line in lines if _SIGNAL.match(line)), "")
    frame = next((lines[at + 1] for at, line in enumerate(lines[:-1]) if line.startswith("Problematic frame")), "")
    said = "; ".join(part for part in (signal, frame) if part)
    return f"the JVM crashed{f' ({said})' if said else ''}; its report is {report}"


def _head(path: Path) -> str:
    # The job owns the place: what lies there may be a link to somebody else's file, or a pipe that never ends.
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(file, "rb") as stream:
        return stream.read(_READ).decode(errors="replace") if stat.S_ISREG(os.fstat(file).st_mode) else ""
