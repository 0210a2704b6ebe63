"""The jobs by which the conformance suite proves this executor, in whatever cluster the settings name."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from anyjob.outcome import Cause, Json
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples

__all__ = ["samples", "samples_of"]

_COUNTS = """
n=0
while [ $n -lt 300 ]; do
    for step in 1 2 3 4 5 6 7 8 9 10; do n=$((n + 1)); echo $n; done
    sleep 0.02
done
"""

_SHOWS = r"""
token=$(cat "$ANYJOB_SECRETS/TOKEN")
echo "plain $token"
printf '%s' "$token" | base64
printf 'x%s' "$token" | base64
printf '%s' "$token" | head -c 5; sleep 0.1; printf '%s' "$token" | tail -c +6; echo
printf '%s' "$token" | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/'; echo
n=$(printf '%s' "$token" | tr -d '\200-\277' | wc -c)
echo $n
"""

_BURNS = r"""
read -r start _ < /proc/uptime
while :; do
    n=0
    while [ $n -lt 20000 ]; do n=$((n + 1)); done
    read -r now _ < /proc/uptime
    case $(echo "$start $now" | awk '{ print ($2 - $1 >= 1) }') in 1) break ;; esac
done
awk -v from="$start" -v to="$now" '{ print ($14 + $15) / 100, to - from }' /proc/$$/stat
"""

_REMEMBERS = """
echo "$ANYJOB_RUN begin" >> "/node$ANYJOB_PARAMETERS"
sleep 0.3
echo "$ANYJOB_RUN end" >> "/node$ANYJOB_PARAMETERS"
"""


@contextmanager
def samples() -> Generator[Samples]:
    """One job for each behaviour.

    ANYJOB_K8S_IMAGE names another image than busybox; it needs a shell and the usual small programs.
    ANYJOB_K8S_SHARED names a folder that is the same on this machine and on every node, where double starts are counted
    (`host_path` must allow it); without one they are not.
    """
    yield samples_of(os.environ.get("ANYJOB_K8S_IMAGE", "busybox"), os.environ.get("ANYJOB_K8S_SHARED"))


def samples_of(image: str, shared: str | None = None) -> Samples:
    """The samples in this image. `shared`: as ANYJOB_K8S_SHARED."""
    pod: dict[str, Json] = {"resource": "shell", "image": image}

    def script(text: str, **xattrs: Json) -> dict[str, Json]:
        return {"Content": text, "XAttrs": {**pod, **xattrs}}

    def wrong(field: str, content: str = "echo", **xattrs: Json) -> BadSample:
        return BadSample({"Content": content, "XAttrs": {**pod, **xattrs}}, field)

    def manifest(**changes: Any) -> dict[str, Json]:
        return {"Content": json.dumps(_job(image, "echo", **changes)), "XAttrs": {"resource": "job"}}

    return Samples(
        succeeds=Sample(script("echo first\necho hello"), result="hello"),
        fails=Sample(script("echo no\nexit 3"), cause=Cause.EXIT_CODE, code=3),
        echoes=Sample(script('printf "%s\\n" "$ANYJOB_INSTANCE_PARAMETERS"')),
        sleeps=Sample(script("sleep 300")),
        obeys=Sample(script("trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done")),
        ignores=Sample(script("trap '' TERM INT HUP\necho ready\nwhile :; do sleep 1; done")),
        remembers=None if shared is None else Sample(_remembers(image, shared)),
        counts=Sample(script(_COUNTS), size=300),
        floods=Sample(script("yes 0123456789abcde | head -n 500000"), size=8_000_000),
        long_line=Sample(script("head -c 8000000 /dev/zero | tr '\\0' x"), size=8_000_000),
        bad_bytes=Sample(script("printf 'a\\377\\376\\0\\033[31m\\200z\\n'"), raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
        gbk=Sample(
            script("printf '\\326\\320\\316\\304\\n'", encoding="gbk"), raw="中文\n".encode("gbk"), result="中文"
        ),
        prints_environment=Sample(script("env")),
        prints_placeholders=Sample(script("\n".join(f'echo "{name}=#{{schedulerx.{name}}}"' for name in PLACEHOLDERS))),
        prints_shard=Sample(script('echo "$1 $2 $ANYJOB_SHARD_TOTAL"')),
        shows_secret=Sample(script(_SHOWS)),
        eats_memory=Sample(script("x=$(head -c 100000000 /dev/zero | tr '\\0' x)\necho ${#x}")),
        burns=Sample(script(_BURNS)),
        bad_jobs=[
            BadSample({"XAttrs": pod}, "Content"),
            wrong("Content", "  "),
            BadSample({"Content": "echo"}, "XAttrs.resource"),
            wrong("XAttrs.resource", resource="cobol"),
            wrong("XAttrs.image", image=None),
            wrong("XAttrs.nodeselector", nodeselector={}),
            wrong("XAttrs.limits.pids", limits={"pids": 5}),
            wrong("XAttrs.resources.limits.memory", resources={"limits": {"memory": "lots"}}),
            wrong("XAttrs.user", user="nobody"),
            BadSample({"Content": "kind: Deployment\napiVersion: apps/v1", "XAttrs": {"resource": "job"}}, "Content"),
            BadSample(manifest(hostNetwork=True), "Content.spec.template.spec.hostNetwork"),
            BadSample(
                manifest(volumes=[{"name": "v", "hostPath": {"path": "/etc"}}]),
                "Content.spec.template.spec.volumes[0].hostPath.path",
            ),
        ],
    )


def _remembers(image: str, shared: str) -> dict[str, Json]:
    job = _job(
        image,
        _REMEMBERS,
        mounts=[{"name": "node", "mountPath": f"/node{shared}"}],
        volumes=[{"name": "node", "hostPath": {"path": shared}}],
    )
    return {"Content": json.dumps(job), "XAttrs": {"resource": "job"}}


def _job(image: str, text: str, *, mounts: list[Mapping[str, Any]] | None = None, **pod: Any) -> dict[str, Any]:
    container = {"name": "main", "image": image, "command": ["sh", "-c", text], "volumeMounts": mounts or []}
    spec = {"restartPolicy": "Never", "shareProcessNamespace": True, "containers": [container], **pod}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"backoffLimit": 0, "template": {"spec": spec}}}
