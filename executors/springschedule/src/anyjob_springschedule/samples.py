"""The jobs by which the conformance suite proves this executor, and the Spring Boot application that they call.

`anyjob check-executor springschedule` needs Maven and a JDK; settings in which the worker listens; and, as any
application does, its address and token in ANYJOB_APP and ANYJOB_APP_TOKEN.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from anyjob.errors import WorkerError
from anyjob.outcome import Cause, Json
from anyjob.samples import BadSample, Sample, Samples
from anyjob_springschedule.maven import classpaths
from anyjob_springschedule.sampleapp import SampleApp, compile_app, library

__all__ = ["NoAddress", "samples", "serving"]

_SOURCES: Final = Path(__file__).parent / "java" / "samples"
_CLASS: Final = "anyjob.samples.Samples"
_BAD_BYTES: Final = b"a\xff\xfe\0\x1b[31m\x80z\n"
_GBK: Final = "中文\n".encode("gbk")


class NoAddress(WorkerError):
    """Nobody has said whom the sample application is to dial."""

    def __init__(self) -> None:
        super().__init__(
            "ANYJOB_APP and ANYJOB_APP_TOKEN are not set: the sample application dials the worker as yours would. Set"
            " them to what [worker.apps] listen and tokens say in the settings that you name with --config."
        )


@contextmanager
def samples() -> Generator[Samples]:
    """One job for each behaviour, for as long as the application runs. Raises NoAddress when it has none."""
    address, token = os.environ.get("ANYJOB_APP"), os.environ.get("ANYJOB_APP_TOKEN")
    if not address or not token:
        raise NoAddress
    with serving([address], token) as made:
        yield made


@contextmanager
def serving(addresses: Iterable[str], token: str) -> Generator[Samples]:
    """The samples, and one application for each address."""
    jars = [*library(), *classpaths(_SOURCES)["."]]
    with ExitStack() as stack:
        classes = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="anyjob-spring-samples-")))
        compile_app([_SOURCES], jars, classes)
        for address in addresses:
            env = {"ANYJOB_APP": address, "ANYJOB_APP_TOKEN": token, "SPRING_MAIN_KEEP_ALIVE": "true"}
            stack.enter_context(SampleApp(_CLASS, [classes, *jars], env))
        yield _jobs()


def _jobs() -> Samples:
    def job(method: str, xattrs: dict[str, Json] | None = None, **fields: Json) -> dict[str, Json]:
        content: dict[str, Json] = {"className": _CLASS, "method": method}
        return {"Content": content, **({"XAttrs": xattrs} if xattrs else {}), **fields}

    def raw(body: bytes) -> str:
        return base64.b64encode(body).decode()

    return Samples(
        succeeds=Sample(job("succeeds"), result="hello"),
        fails=Sample(job("fails"), cause=Cause.FAILED),
        echoes=Sample(job("echoes")),
        sleeps=Sample(job("sleeps")),
        obeys=Sample(job("obeys")),
        remembers=Sample(job("remembers")),
        counts=Sample(job("counts"), size=300),
        floods=Sample(job("floods"), size=1 << 22),
        long_line=Sample(job("longLine"), size=4_000_000),
        bad_bytes=Sample(job("bytes", Parameters=raw(_BAD_BYTES)), raw=_BAD_BYTES),
        gbk=Sample(job("gbk", {"encoding": "gbk"}, Parameters=raw(_GBK)), raw=_GBK, result="中文"),
        prints_environment=Sample(job("facts")),
        prints_shard=Sample(job("shard")),
        returns_outputs=Sample(job("outputs"), outputs={"answer": 42, "words": ["a", "b"]}),
        progresses=Sample(job("progresses")),
        shows_secret=Sample(job("secret")),
        missing_dependency=Sample(
            {"Content": {"className": "anyjob.samples.Nowhere", "method": "nothing"}}, names="anyjob.samples.Nowhere"
        ),
        bad_jobs=[
            BadSample({}, "Content.className"),
            BadSample({"Content": "demo.Reports"}, "Content"),
            BadSample({"Content": {"className": "demo.Reports"}}, "Content.method"),
            BadSample({"Content": {"className": "demo/Reports", "method": "send"}}, "Content.className"),
            BadSample({"Content": {"className": "demo.Reports", "method": "send()"}}, "Content.method"),
            BadSample({"Content": {"className": "demo.Reports", "method": "send", "beam": "a"}}, "Content.beam"),
            BadSample(job("succeeds", {"async": "later"}), "XAttrs.async"),
            BadSample(job("succeeds", {"jar": "app.jar"}), "XAttrs.jar"),
            BadSample(job("succeeds", {"jvmArgs": ["-Xmx1g"]}), "XAttrs.jvmArgs"),
        ],
    )
