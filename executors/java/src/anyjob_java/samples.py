"""The jobs by which the conformance suite proves this executor. Their classes: java/samples."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

from anyjob.outcome import Cause, Json
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples
from anyjob_java.words import SAMPLES as ENTRY

__all__ = ["SAMPLES", "SHARED"]

_FILLED: Final[list[Json]] = [f"-Dseen.{name}=#{{schedulerx.{name}}}" for name in PLACEHOLDERS]


def _job(name: str, of: str = "Suite", **xattrs: Json) -> dict[str, Json]:
    return {"ClassName": f"anyjob.samples.{of}${name}", "XAttrs": {"classpath": [ENTRY], **xattrs}}


def _bad(field: str, **xattrs: Json) -> BadSample:
    return BadSample(_job("Succeeds", **xattrs), field)


SAMPLES = Samples(
    succeeds=Sample(_job("Succeeds"), result="hello"),
    fails=Sample(_job("Fails"), cause=Cause.FAILED),
    exits=Sample(_job("Exits")),
    dies=Sample(_job("Dies")),
    echoes=Sample(_job("Echoes")),
    sleeps=Sample(_job("Sleeps")),
    obeys=Sample(_job("Obeys")),
    ignores=Sample(_job("Ignores")),
    forks=Sample(_job("Forks")),
    remembers=Sample(_job("Remembers")),
    leaves=Sample(_job("Leaves")),
    counts=Sample(_job("Counts"), size=300),
    floods=Sample(_job("Floods"), size=8_000_000),
    long_line=Sample(_job("LongLine"), size=8_000_000),
    bad_bytes=Sample(_job("BadBytes"), raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
    gbk=Sample(_job("Gbk", encoding="gbk"), raw="中文\n".encode("gbk"), result="中文"),
    prints_environment=Sample(_job("Environment", "Prints")),
    prints_surroundings=Sample(_job("Surroundings", "Prints")),
    prints_placeholders=Sample(_job("Placeholders", "Prints", jvmArgs=_FILLED)),
    prints_shard=Sample(_job("Shard", "Prints")),
    returns_outputs=Sample(_job("ReturnsOutputs"), outputs={"answer": 42, "words": ["a", "b"]}),
    progresses=Sample(_job("Progresses")),
    shows_secret=Sample(_job("ShowsSecret")),
    missing_dependency=Sample(_job("NoSuchClass"), names="NoSuchClass"),
    eats_memory=Sample(_job("EatsMemory")),
    starts_processes=Sample(_job("StartsProcesses")),
    burns=Sample(_job("Burns")),
    bad_jobs=[
        BadSample({}, "ClassName"),
        BadSample({"ClassName": "com/example/Report"}, "ClassName"),
        BadSample({"ClassName": "com.example.Report; ls"}, "ClassName"),
        BadSample({"ClassName": "a.B", "Content": '{"className": "a.C"}'}, "ClassName"),
        BadSample({"Content": '{"className": "a.B", "jarUrl": "http://example/a.jar"}'}, "Content.jarUrl"),
        BadSample({"ClassName": "a.B", "Content": "echo hello"}, "Content"),
        _bad("XAttrs.classpath[0]", classpath=["lib/app.jar"]),
        _bad("XAttrs.classpath[0]", classpath=["/opt/*/app.jar"]),
        _bad("XAttrs.classpath", classpath="/opt/app.jar"),
        _bad("XAttrs.clsspath", clsspath=[]),
        _bad("XAttrs.javaHome", javaHome="jdk-17"),
        _bad("XAttrs.jvmArgs[0]", jvmArgs=["@/etc/passwd"]),
        _bad("XAttrs.jvmArgs[0]", jvmArgs=["-cp"]),
        _bad("XAttrs.jvmArgs[0]", jvmArgs=["Main"]),
        _bad("XAttrs.isolation", isolation="thread"),
        _bad("XAttrs.overlay", overlay="perhaps"),
        _bad("XAttrs.env", env={"JAVA_TOOL_OPTIONS": "-javaagent:/tmp/x.jar"}),
        _bad("XAttrs.stopSignal", stopSignal="USR1"),
    ],
)
"""One job for each behaviour."""


def _shared(sample: Sample | None) -> Sample | None:
    if sample is None:
        return None
    xattrs = sample.job["XAttrs"]
    assert isinstance(xattrs, dict)
    return replace(sample, job={**sample.job, "XAttrs": {**xattrs, "isolation": "shared"}})


_OF_PROCESSES: Final = frozenset(
    {"exits", "dies", "forks", "leaves", "prints_surroundings", "prints_placeholders", "eats_memory"}
    | {"starts_processes", "burns"}
)

SHARED = Samples(
    bad_jobs=[
        BadSample(_job("Succeeds", isolation="shared", cwd="/tmp"), "XAttrs.cwd"),  # noqa: S108 - refused
        BadSample(_job("Succeeds", isolation="shared", env={"A": "b"}), "XAttrs.env"),
        BadSample(_job("Succeeds", jvmArgs=["-Da=#{schedulerx.jobId}"], isolation="shared"), "XAttrs.isolation"),
    ],
    **{
        field.name: _shared(getattr(SAMPLES, field.name))
        for field in fields(Samples)
        if field.name != "bad_jobs" and field.name not in _OF_PROCESSES
    },
)
"""The same in one JVM for all, but for what only a process can."""
