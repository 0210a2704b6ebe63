"""The jobs by which the conformance suite proves the type `docker`: one image with a POSIX shell, busybox.

`anyjob check-executor docker` takes the image that ANYJOB_DOCKER_IMAGE names (default busybox:latest); the engine must
have it, or may pull it. What a sample writes for the suite needs a mount: the settings that are given with --config
must have `[launchers.docker] mounts = "*"`, and the samples mount the folder for temporary files.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from anyjob.outcome import Cause, Json
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples

__all__ = ["SHOWS", "jobs", "samples"]

_FORKS: Final = r"""
trap '' TERM
for n in 1 2 3; do
    (setsid sh -c 'trap "" TERM; (sleep 300 & : > up.$1; wait) & sleep 300' sh $n > /dev/null 2>&1 &)
done
(env -i /bin/setsid /bin/sh -c 'trap "" TERM; : > up.4; /bin/sleep 300; :' "$ANYJOB_PARAMETERS" > /dev/null 2>&1 &)
for n in 1 2 3 4; do
    while [ ! -e up.$n ]; do sleep 0.02; done
done
echo ready
sleep 300
"""

_COUNTS: Final = """
n=0
while [ $n -lt 300 ]; do
    for step in 1 2 3 4 5 6 7 8 9 10; do n=$((n + 1)); echo $n; done
    sleep 0.02
done
"""

_SURROUNDINGS: Final = """
echo "stdin=$(wc -c)"
echo "umask=$(umask)"
echo "cwd=$(pwd)"
echo "fds=$(ls /proc/self/fd | tr '\\n' ' ')"
if (: < /dev/tty) 2> /dev/null; then echo tty=yes; else echo tty=no; fi
awk '/^Sig(Ign|Blk):/ { sub(":", "", $1); print $1 "=" $2 }' /proc/self/status
"""

SHOWS: Final = r"""
token=$(cat "$ANYJOB_SECRETS/TOKEN")
echo "plain $token"
printf '%s' "$token" | base64
printf 'x%s' "$token" | base64
printf '%s' "$token" | head -c 5; sleep 0.1; printf '%s' "$token" | tail -c +6; echo
printf '%s' "$token" | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/'; echo
printf '%s' "$token" | tr -d '\200-\277' | wc -c
"""

_STARTS_PROCESSES: Final = r"""
n=0
while [ $n -lt 40 ]; do
    sleep 0.7 &
    n=$((n + 1))
done
wait
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

_REMEMBERS: Final = (
    'echo "$ANYJOB_RUN begin" >> "$ANYJOB_PARAMETERS"\nsleep 0.3\necho "$ANYJOB_RUN end" >> "$ANYJOB_PARAMETERS"'
)


@contextmanager
def samples() -> Generator[Samples]:
    """One job for each behaviour, in the image that ANYJOB_DOCKER_IMAGE names."""
    scratch = tempfile.gettempdir()
    mounts: list[Json] = [{"source": scratch, "target": scratch}]
    yield jobs(os.environ.get("ANYJOB_DOCKER_IMAGE", "busybox:latest"), {"mounts": mounts})


def jobs(image: str, xattrs: Mapping[str, Json] | None = None) -> Samples:
    """The samples, in one image; `xattrs` are added to each."""

    def job(*words: str, **more: Json) -> dict[str, Json]:
        return {"Content": [*words], "XAttrs": {"image": image, **(xattrs or {}), **more}}

    def script(text: str, **more: Json) -> dict[str, Json]:
        return job("sh", "-c", text, **more)

    def bad(field: str, **more: Json) -> BadSample:
        return BadSample(job("true", **more), field)

    return Samples(
        succeeds=Sample(script("echo first\necho hello"), result="hello"),
        fails=Sample(script("echo no\nexit 3"), cause=Cause.EXIT_CODE, code=3),
        exits=Sample(script('exit "$ANYJOB_PARAMETERS"')),
        dies=Sample(script("kill -9 $$")),
        echoes=Sample(script('printf "%s\\n" "$ANYJOB_INSTANCE_PARAMETERS"')),
        sleeps=Sample(script("sleep 300")),
        obeys=Sample(script("trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done")),
        ignores=Sample(script("trap '' TERM INT HUP\necho ready\nwhile :; do sleep 1; done")),
        forks=Sample(script(_FORKS)),
        remembers=Sample(script(_REMEMBERS)),
        counts=Sample(script(_COUNTS), size=300),
        floods=Sample(script("yes 0123456789abcde | head -n 500000"), size=8_000_000),
        long_line=Sample(script("head -c 8000000 /dev/zero | tr '\\0' x"), size=8_000_000),
        bad_bytes=Sample(script("printf 'a\\377\\376\\0\\033[31m\\200z\\n'"), raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
        gbk=Sample(
            script("printf '\\326\\320\\316\\304\\n'", encoding="gbk"), raw="中文\n".encode("gbk"), result="中文"
        ),
        prints_environment=Sample(script("env")),
        prints_surroundings=Sample(script(_SURROUNDINGS)),
        prints_placeholders=Sample(
            job("printf", "%s\n", *(f"{name}=#{{schedulerx.{name}}}" for name in PLACEHOLDERS)),
        ),
        prints_shard=Sample(script('echo "$ANYJOB_SHARD_ID $ANYJOB_SHARD_PARAMETER $ANYJOB_SHARD_TOTAL"')),
        returns_outputs=Sample(
            script("""echo '{"answer": 42, "words": ["a", "b"]}' > "$ANYJOB_RESULT" """),
            outputs={"answer": 42, "words": ["a", "b"]},
        ),
        progresses=Sample(script('for n in 1 2 3; do echo "$n 3" >> "$ANYJOB_PROGRESS"; sleep 0.05; done')),
        shows_secret=Sample(script(SHOWS)),
        missing_dependency=Sample(job("no-such-command"), names="no-such-command"),
        eats_memory=Sample(job("dd", "if=/dev/zero", "of=/dev/null", "bs=100000000", "count=1")),
        starts_processes=Sample(script(_STARTS_PROCESSES)),
        burns=Sample(script(_BURNS)),
        bad_jobs=[
            BadSample({}, "XAttrs.image"),
            BadSample({"XAttrs": {"image": "UPPER/case"}}, "XAttrs.image"),
            BadSample({"Content": "ls -l", "XAttrs": {"image": image}}, "Content"),
            BadSample({"Content": {"a": 1}, "XAttrs": {"image": image}}, "Content"),
            BadSample({"Content": [1], "XAttrs": {"image": image}}, "Content"),
            bad("XAttrs.pullPolicy", pullPolicy="Sometimes"),
            bad("XAttrs.launcher", launcher="local"),
            bad("XAttrs.leftovers", leftovers="allow"),
            bad("XAttrs.cwd", cwd="relative"),
            bad("XAttrs.privileged", privileged=True),
            bad("XAttrs.network", network="host"),
            bad("XAttrs.capabilities[0]", capabilities=["lots of"]),
            bad("XAttrs.capabilities[0]", capabilities=["SYS_ADMIN"]),
            bad("XAttrs.registrySecret", registrySecret="unlisted"),
            bad("XAttrs.mounts[0].target", mounts=[{"source": "/data", "target": "data"}]),
            bad("XAttrs.mounts[0].target", mounts=[{"source": "/data", "target": "/anyjob/run"}]),
            bad("XAttrs.mounts[0].source", mounts=[{"source": "/run/docker.sock", "target": "/s"}]),
            bad("XAttrs.imgae", imgae="busybox"),
        ],
    )
