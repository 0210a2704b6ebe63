"""The jobs by which the conformance suite proves this executor, and the server that they call."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager

from anyjob.outcome import Cause, Json
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples
from anyjob_http.peer import Peer

__all__ = ["samples"]

_BAD_BYTES = b"a\xff\xfe\0\x1b[31m\x80z\n"
_SHARD = "#{schedulerx.shardingId} #{schedulerx.shardingParameters} #{schedulerx.shardingNum}"


@contextmanager
def samples() -> Generator[Samples]:
    """One job for each behaviour, for as long as the server is there."""
    with Peer() as peer:

        def job(path: str, xattrs: dict[str, Json] | None = None, **content: Json) -> dict[str, Json]:
            said = json.dumps({"url": f"{peer.url}/{path}", "timeout": 120, **content}, ensure_ascii=False)
            return {"Content": said} if xattrs is None else {"Content": said, "XAttrs": xattrs}

        yield Samples(
            succeeds=Sample(job("hello"), result="hello"),
            fails=Sample(job("fails"), cause=Cause.FAILED, code=500),
            echoes=Sample(job("echo", {"paste": True}, method="POST", body="#{schedulerx.instanceParameters}")),
            sleeps=Sample(job("sleeps")),
            obeys=Sample(job("sleeps")),
            remembers=Sample(job("remembers", method="POST")),
            counts=Sample(job("counts?300"), size=300),
            floods=Sample(job(f"floods?{1 << 23}"), size=1 << 23),
            long_line=Sample(job("line?8000000"), size=8_000_000),
            bad_bytes=Sample(job(f"bytes?{_BAD_BYTES.hex()}"), raw=_BAD_BYTES),
            gbk=Sample(
                job(f"bytes?{'中文'.encode('gbk').hex()}", {"encoding": "gbk"}), raw="中文".encode("gbk"), result="中文"
            ),
            prints_environment=Sample(job("facts")),
            prints_placeholders=Sample(
                job("echo", method="POST", body="\n".join(f"{name}=#{{schedulerx.{name}}}" for name in PLACEHOLDERS))
            ),
            prints_shard=Sample(job("echo", method="POST", body=_SHARD)),
            returns_outputs=Sample(
                job("echo", method="POST", json={"answer": 42, "words": ["a", "b"]}),
                outputs={"answer": 42, "words": ["a", "b"]},
            ),
            shows_secret=Sample(job("secret", headers={"X-Token": "#{secret.TOKEN}"}, resultKey="length")),
            bad_jobs=[
                BadSample({}, "Content.url"),
                BadSample({"Content": "http://127.0.0.1/"}, "Content"),
                BadSample({"Content": {"url": "ftp://127.0.0.1/"}}, "Content.url"),
                BadSample({"Content": {"url": "http://a:b@127.0.0.1/"}}, "Content.url"),
                BadSample(job("hello", headers={"X-A": "a\r\nX-B: b"}), "Content.headers"),
                BadSample(job("hello", respParseMode=2), "Content.respParseMode"),
                BadSample(job("hello", method="POST", repeatable=True), "Content.repeatable"),
                BadSample(job("hello", methd="POST"), "Content.methd"),
            ],
        )
