"""The jobs by which the conformance suite proves this executor, and the executor that has their handlers.

`anyjob check-executor xxljob` needs settings in which the worker listens. The sample executor calls back to what
ANYJOB_XXLJOB_ADMIN names (default http://127.0.0.1:7781; several with commas), with the token in ANYJOB_XXLJOB_TOKEN.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from anyjob.errors import WorkerError
from anyjob.outcome import Cause, Json
from anyjob.samples import BadSample, Sample, Samples
from anyjob_xxljob.fake import FakeExecutor, Handler, Work

__all__ = ["HANDLERS", "NoToken", "jobs", "samples", "serving"]

_ADMIN: Final = "http://127.0.0.1:7781"
_FLOOD: Final = 1 << 22
_LINE: Final = 4_000_000
_BAD_BYTES: Final = b"a\xff\xfe\0\x1b[31m\x80z"


class NoToken(WorkerError):
    """Nobody has said by which token the sample executor is known."""

    def __init__(self) -> None:
        super().__init__(
            "ANYJOB_XXLJOB_TOKEN is not set: the sample executor needs the access token of the settings that you name"
            ' with --config, for example [executors.xxljob] token = {env = "ANYJOB_XXLJOB_TOKEN"}.'
        )


def _succeeds(work: Work) -> str:
    work.write(b"hello\n")
    return "hello"


def _fails(work: Work) -> tuple[int, str]:
    work.write(b"no\n")
    return 500, "said no"


def _echoes(work: Work) -> str:
    work.write(work.parameter.encode() + b"\n")
    return work.parameter


def _sleeps(work: Work) -> None:
    work.write(b"ready\n")
    work.sleep(90)


def _remembers(work: Work) -> None:
    name = work.headers["x-anyjob-run"]
    with Path(work.parameter).open("ab", buffering=0) as file:
        file.write(f"{name} begin\n".encode())
        time.sleep(0.3)
        file.write(f"{name} end\n".encode())


def _counts(work: Work) -> None:
    for number in range(1, 301):
        work.write(f"{number}\n".encode())
        time.sleep(0.003)


def _floods(work: Work) -> None:
    for _ in range(_FLOOD // 4096):
        work.write(b"0123456789abcde\n" * 256)


def _long_line(work: Work) -> None:
    work.write(b"x" * (_LINE - 1))  # the executor ends every line that it reads


def _bad_bytes(work: Work) -> None:
    work.write(_BAD_BYTES)


def _facts(work: Work) -> None:
    for name, value in work.headers.items():
        if name.startswith("x-anyjob-"):
            work.write(f"ANYJOB_{name[9:].upper().replace('-', '_')}={value}\n".encode())


def _shard(work: Work) -> str:
    asked = work.request
    return f"{asked['broadcastIndex']} {work.parameter} {asked['broadcastTotal']}"


def _outputs(work: Work) -> str:
    del work
    return '{"answer": 42, "words": ["a", "b"]}'


HANDLERS: Final[Mapping[str, Handler]] = {
    "succeeds": _succeeds,
    "fails": _fails,
    "echoes": _echoes,
    "sleeps": _sleeps,
    "remembers": _remembers,
    "counts": _counts,
    "floods": _floods,
    "long_line": _long_line,
    "bad_bytes": _bad_bytes,
    "facts": _facts,
    "shard": _shard,
    "outputs": _outputs,
}


@contextmanager
def samples() -> Generator[Samples]:
    """One job for each behaviour, for as long as the executor runs. Raises NoToken when none is set."""
    token = os.environ.get("ANYJOB_XXLJOB_TOKEN")
    if not token:
        raise NoToken
    with serving(os.environ.get("ANYJOB_XXLJOB_ADMIN", _ADMIN).split(","), token) as made:
        yield made


@contextmanager
def serving(admins: list[str], token: str, dialect: str = "3.3") -> Generator[Samples]:
    """The samples, and one executor that calls back to all of the admins."""
    with FakeExecutor(HANDLERS, admins=admins, token=token, dialect=dialect, registers=False) as fake:
        yield jobs(fake.address)


def jobs(address: str) -> Samples:
    """The samples, at one executor."""

    def job(handler: str, **content: Json) -> dict[str, Json]:
        return {"Content": {"jobHandler": handler, "addresses": [address], **content}}

    return Samples(
        succeeds=Sample(job("succeeds"), result="hello"),
        fails=Sample(job("fails"), cause=Cause.FAILED, code=500),
        echoes=Sample(job("echoes")),
        sleeps=Sample(job("sleeps")),
        obeys=Sample(job("sleeps")),
        remembers=Sample(job("remembers")),
        counts=Sample(job("counts"), size=300),
        floods=Sample(job("floods"), size=_FLOOD),
        long_line=Sample(job("long_line"), size=_LINE),
        # The protocol carries the log as text: what is none arrives as U+FFFD, as with a real executor.
        bad_bytes=Sample(job("bad_bytes"), raw=_BAD_BYTES.decode("utf-8", "replace").encode() + b"\n"),
        prints_environment=Sample(job("facts")),
        prints_shard=Sample(job("shard")),
        returns_outputs=Sample(job("outputs"), outputs={"answer": 42, "words": ["a", "b"]}),
        missing_dependency=Sample(job("nowhere"), names="nowhere"),
        bad_jobs=[
            BadSample({}, "Content.jobHandler"),
            BadSample({"Content": {"jobHandler": "a"}}, "Content.addresses"),
            BadSample({"Content": {"jobHandler": "a", "appName": "b", "addresses": ["http://c"]}}, "Content.addresses"),
            BadSample({"Content": {"jobHandler": "a", "addresses": ["file:///etc/passwd"]}}, "Content.addresses[0]"),
            BadSample({"Content": {"jobHandler": "a", "addresses": ["http://u:p@c/"]}}, "Content.addresses[0]"),
            BadSample({**job("a"), "ClassName": "b"}, "Content.jobHandler"),
            BadSample(job("a", routeStrategy="NEAREST"), "Content.routeStrategy"),
            BadSample(job("a", blockStrategy="WAIT"), "Content.blockStrategy"),
            BadSample({"Content": {"addresses": [address], "glueType": "GLUE_SHELL"}}, "Content.glueSource"),
            BadSample(job("a", glueSource="ls"), "Content.glueSource"),
            BadSample(job("a", jobHandlr="b"), "Content.jobHandlr"),
        ],
    )
