"""The jobs by which the conformance suite proves this executor, and the practice server that they run on."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from anyjob.outcome import Cause, Json
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples
from anyjob_dataworks.peer import Peer
from anyjob_dataworks.peerflows import FLOWS, PROJECT

__all__ = ["samples", "samples_of"]


@contextmanager
def samples() -> Generator[Samples]:
    """One job for each behaviour, for as long as the server is there."""
    with Peer() as peer:
        yield samples_of(peer, "2020-05-18")


def samples_of(peer: Peer, api: str) -> Samples:
    """The samples on this server, by this version of the API."""

    def job(flow: str, xattrs: Mapping[str, Json] | None = None, /, **parameters: Json) -> dict[str, Json]:
        content: dict[str, Json] = {"projectName": PROJECT, "flowName": flow, "region": peer.region}
        if parameters:
            content["dagParameters"] = parameters
        return {
            "Content": json.dumps(content, ensure_ascii=False),
            "XAttrs": {"api": api, "log": "output", **(xattrs or {})},
        }

    def wrong(field: str, **content: Json) -> BadSample:
        return BadSample({"Content": {"projectName": PROJECT, "flowName": "hello", **content}}, field)

    odd = FLOWS["odd"][0].text({}, 1).encode("utf-8", "surrogatepass")
    placeholders: dict[str, Json] = {name: f"#{{schedulerx.{name}}}" for name in PLACEHOLDERS}
    shard = "#{schedulerx.shardingId} #{schedulerx.shardingParameters} #{schedulerx.shardingNum}"
    return Samples(
        succeeds=Sample(job("hello"), result="hello"),
        fails=Sample(job("fails"), cause=Cause.REMOTE_FAILED),
        echoes=Sample(job("echo", {"paste": True}, text="#{schedulerx.instanceParameters}")),
        sleeps=Sample(job("sleeps")),
        obeys=Sample(job("sleeps")),
        remembers=Sample(job("remembers", file="#{schedulerx.jobParameters}")),
        counts=Sample(job("counts", upto=300), size=300),
        floods=Sample(job("floods", bytes=1 << 22), size=1 << 22),
        long_line=Sample(job("line", bytes=4_000_000), size=4_000_000),
        bad_bytes=Sample(job("odd"), raw=odd),
        prints_placeholders=Sample(job("parameters", None, **placeholders)),
        prints_shard=Sample(job("echo", text=shard)),
        bad_jobs=[
            BadSample({}, "Content.projectName"),
            BadSample({"Content": "RunManualDagNodes"}, "Content"),
            wrong("Content.projectEnv", projectEnv="TEST"),
            wrong("Content.taskIds", taskIds="extract"),
            wrong("Content.bizDate", bizDate="yesterday"),
            wrong("Content.flowType", flowType="SupplementData"),
            wrong("Content.region", region="http://127.0.0.1/"),
            wrong("Content.flowName", flowName=""),
            wrong("Content.flwName", flwName="hello"),
            wrong("Content.excludeTaskIds", excludeTaskIds="700001"),
        ],
    )
