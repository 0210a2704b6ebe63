"""The jobs by which the conformance suite proves this executor: scripts in the image `busybox`.

`floods` stays below the size at which a kubelet rotates a log: then what is written too fast for it is lost.
`remembers` writes into a folder of the node, so it is for a cluster whose one node is this machine, and for settings
with `allowed.host_path = ["/"]`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from anyjob.outcome import Cause
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples

__all__ = ["SAMPLES"]

_IMAGE: Final = "busybox:latest"


def _sh(text: str, **more: Any) -> dict[str, Any]:
    return {"Content": text, "XAttrs": {"resource": "shell", "image": _IMAGE, **more}}


_COUNTS: Final = """
n=0
while [ $n -lt 300 ]; do
    for step in 1 2 3 4 5 6 7 8 9 10; do n=$((n + 1)); echo $n; done
    sleep 0.1
done
"""

_BURNS: Final = r"""
read -r start _ < /proc/uptime
while :; do
    n=0
    while [ $n -lt 20000 ]; do n=$((n + 1)); done
    read -r now _ < /proc/uptime
    case $(echo "$start $now" | awk '{ print ($2 - $1 >= 1) }') in 1) break ;; esac
done
awk -v from="$start" -v to="$now" '{ print ($14 + $15) / 100, to - from }' /proc/$$/stat
"""

_SHOWS: Final = r"""
token=$(cat "$ANYJOB_SECRETS/TOKEN")
echo "plain $token"
printf '%s' "$token" | base64
printf 'x%s' "$token" | base64
printf '%s' "$token" | head -c 5; sleep 0.1; printf '%s' "$token" | tail -c +6; echo
printf '%s' "$token" | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/'; echo
printf '%s' "$token" | tr -d '\200-\277' | wc -c
"""

_REMEMBERS: Final = 'echo "$RUN begin" >> "$FILE"; sleep 0.3; echo "$RUN end" >> "$FILE"'


def _remembers() -> dict[str, Any]:
    """A user's own manifest, as only that one may mount a folder of the node."""
    container: dict[str, Any] = {
        "name": "main",
        "image": _IMAGE,
        "command": ["sh", "-c", _REMEMBERS],
        "env": [{"name": "FILE", "value": "/host#{schedulerx.jobParameters}"}],
        "volumeMounts": [{"name": "host", "mountPath": "/host"}],
    }
    container["env"].append(
        {"name": "RUN", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['anyjob.dev/run']"}}}
    )
    pod = {
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [{"name": "host", "hostPath": {"path": "/"}}],
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "remembers"}}
    spec = {"backoffLimit": 0, "template": {"spec": pod}}
    return {"Content": json.dumps({**job, "spec": spec}), "XAttrs": {"resource": "job"}}


SAMPLES: Final = Samples(
    succeeds=Sample(_sh("echo first\necho hello"), result="hello"),
    fails=Sample(_sh("echo no\nexit 3"), cause=Cause.EXIT_CODE, code=3),
    exits=Sample(_sh('exit "$ANYJOB_PARAMETERS"')),
    echoes=Sample(_sh('printf "%s\\n" "$ANYJOB_INSTANCE_PARAMETERS"')),
    sleeps=Sample(_sh("sleep 300")),
    obeys=Sample(_sh("trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done")),
    remembers=Sample(_remembers()),
    counts=Sample(_sh(_COUNTS), size=300),
    floods=Sample(_sh(f"yes {'0123456789' * 10} | head -n 50000"), size=5_050_000),
    long_line=Sample(_sh("head -c 8000000 /dev/zero | tr '\\0' x"), size=8_000_000),
    bad_bytes=Sample(_sh("printf 'a\\377\\376\\0\\033[31m\\200z\\n'"), raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
    gbk=Sample(_sh("printf '\\326\\320\\316\\304\\n'", encoding="gbk"), raw="中文\n".encode("gbk"), result="中文"),
    # containerd takes the \r of each \r\n out of what a container writes: so there are two.
    prints_environment=Sample(_sh("cr=$(printf '\\r'); env | sed \"s/$cr\\$/$cr$cr/\"")),
    prints_placeholders=Sample(_sh("\n".join(f'echo "{name}=#{{schedulerx.{name}}}"' for name in PLACEHOLDERS))),
    shows_secret=Sample(_sh(_SHOWS)),
    eats_memory=Sample(_sh("x=$(head -c 100000000 /dev/zero | tr '\\0' x)\necho ${#x}")),
    burns=Sample(_sh(_BURNS)),
    bad_jobs=[
        BadSample({"XAttrs": {"resource": "shell", "image": _IMAGE}}, "Content"),
        BadSample({"Content": "true", "XAttrs": {"image": _IMAGE}}, "XAttrs.resource"),
        BadSample({"Content": "true", "XAttrs": {"resource": "shell"}}, "XAttrs.image"),
        BadSample(_sh("true", resource="perl"), "XAttrs.resource"),
        BadSample(_sh("true", imagePullPolicy="Sometimes"), "XAttrs.imagePullPolicy"),
        BadSample(_sh("true", iamge=_IMAGE), "XAttrs.iamge"),
        BadSample({"Content": "kind: Deployment\napiVersion: apps/v1", "XAttrs": {"resource": "job"}}, "Content"),
    ],
)
"""One job for each behaviour."""
