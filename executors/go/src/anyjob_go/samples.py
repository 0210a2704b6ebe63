"""The jobs by which the conformance suite proves this executor: names of one program, which is built for it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from anyjob.outcome import Cause, Json
from anyjob.samples import BadSample, Sample, Samples
from anyjob_go.build import build
from anyjob_go.sources import write_sdk

__all__ = ["built_program", "calls", "samples"]


@contextmanager
def samples() -> Generator[Samples]:
    """The samples, each in a process of its own. Raises NoGo where there is no toolchain."""
    with built_program() as program:
        yield calls({"binary": str(program)})


@contextmanager
def built_program() -> Generator[Path]:
    """The program, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="anyjob-go-samples-") as name:
        folder = Path(name)
        write_sdk(folder / "anyjob")
        shutil.copytree(Path(__file__).parent / "sampleprogram", folder / "program")
        yield build(folder / "program", folder / "samples")


def calls(xattrs: Mapping[str, Json]) -> Samples:
    """The samples with these XAttrs: they say where the program is."""

    def call(name: str, **others: Json) -> dict[str, Json]:
        return {"Content": json.dumps({"jobName": name}), "XAttrs": {**xattrs, **others}}

    return Samples(
        succeeds=Sample(call("succeeds"), result="hello"),
        fails=Sample(call("fails"), cause=Cause.FAILED),
        exits=Sample(call("exits")),
        dies=Sample(call("dies")),
        echoes=Sample(call("echoes")),
        sleeps=Sample(call("sleeps")),
        obeys=Sample(call("obeys")),
        ignores=Sample(call("ignores")),
        forks=Sample(call("forks")),
        remembers=Sample(call("remembers")),
        leaves=Sample(call("leaves")),
        counts=Sample(call("counts"), size=300),
        floods=Sample(call("floods"), size=8_000_000),
        long_line=Sample(call("long_line"), size=8_000_000),
        bad_bytes=Sample(call("bad_bytes"), raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
        gbk=Sample(call("gbk", encoding="gbk"), raw="中文\n".encode("gbk"), result="中文"),
        prints_environment=Sample(call("prints_environment")),
        prints_surroundings=Sample(call("prints_surroundings")),
        prints_shard=Sample(call("prints_shard")),
        returns_outputs=Sample(call("returns_outputs"), outputs={"answer": 42, "words": ["a", "b"]}),
        progresses=Sample(call("progresses")),
        shows_secret=Sample(call("shows_secret")),
        missing_dependency=Sample(
            {"Content": '{"jobName": "succeeds"}', "XAttrs": {"binary": "/nowhere/no-such-program"}},
            names="no-such-program",
        ),
        eats_memory=Sample(call("eats_memory")),
        starts_processes=Sample(call("starts_processes")),
        burns=Sample(call("burns")),
        bad_jobs=[
            BadSample({}, "Content.jobName"),
            BadSample({"Content": "HelloWorld"}, "Content"),
            BadSample({"Content": "{}"}, "Content.jobName"),
            BadSample({"Content": '{"jobName": " "}'}, "Content.jobName"),
            BadSample({"Content": '{"jobName": 3}'}, "Content.jobName"),
            BadSample(call("succeeds", binary="bin/program"), "XAttrs.binary"),
            BadSample(call("succeeds", binary="/bin/../x"), "XAttrs.binary"),
            BadSample(call("succeeds", isolation="thread"), "XAttrs.isolation"),
            BadSample(call("succeeds", binray="/x"), "XAttrs.binray"),
        ],
    )
