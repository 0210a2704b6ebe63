"""The jobs that prove this executor, one for each behaviour: `anyjob.samples.Samples` says what each has to do."""

from __future__ import annotations

import shlex

from anyjob.outcome import Cause
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples

__all__ = ["SAMPLES"]


def _sh(script: str) -> str:
    """A Content whose program is a shell, for what takes more than one step."""
    return shlex.join(["sh", "-c", script])


_FORKS = r"""
trap '' TERM
for n in 1 2 3; do
    (setsid sh -c 'trap "" TERM; (sleep 300 & : > up.$1; wait) & sleep 300' sh $n > /dev/null 2>&1 &)
done
(env -i "$(command -v setsid)" sh -c 'trap "" TERM; : > up.4; sleep 300; :' "$ANYJOB_PARAMETERS" > /dev/null 2>&1 &)
for n in 1 2 3 4; do
    while [ ! -e up.$n ]; do sleep 0.02; done
done
echo ready
sleep 300
"""

_REMEMBERS = r"""
echo "$ANYJOB_RUN begin" >> "$ANYJOB_PARAMETERS"
sleep 0.3
echo "$ANYJOB_RUN end" >> "$ANYJOB_PARAMETERS"
"""

_LEAVES = r"""
setsid sh -c 'n=0; while [ ! -e "$0" ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done' "$ANYJOB_PARAMETERS" \
    < /dev/null > /dev/null 2>&1 &
"""

_COUNTS = r"""
n=0
while [ $n -lt 300 ]; do
    for step in 1 2 3 4 5 6 7 8 9 10; do n=$((n + 1)); echo $n; done
    sleep 0.02
done
"""

_SURROUNDINGS = r"""
echo "stdin=$(wc -c)"
echo "umask=$(umask)"
echo "cwd=$(pwd)"
echo "fds=$(ls /proc/self/fd | tr '\n' ' ')"
if (: < /dev/tty) 2> /dev/null; then echo tty=yes; else echo tty=no; fi
awk '/^Sig(Ign|Blk):/ { sub(":", "", $1); print $1 "=" $2 }' /proc/self/status
"""

_SHOWS_SECRET = r"""
token=$(cat "$ANYJOB_SECRETS/TOKEN")
echo "plain $token"
printf '%s' "$token" | base64
printf 'x%s' "$token" | base64
printf '%s' "$token" | head -c 5; sleep 0.1; printf '%s' "$token" | tail -c +6; echo
printf '%s' "$token" | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/'; echo
printf '%s' "$token" | iconv -f utf-8 -t utf-16le | wc -c | awk '{ print $1 / 2 }'
"""

_BURNS = r"""
read -r start _ < /proc/uptime
while :; do
    n=0
    while [ $n -lt 20000 ]; do n=$((n + 1)); done
    read -r now _ < /proc/uptime
    case $(echo "$start $now" | awk '{ print ($2 - $1 >= 1) }') in 1) break ;; esac
done
hz=$(getconf CLK_TCK)
awk -v hz="$hz" -v from="$start" -v to="$now" '{ print ($14 + $15) / hz, to - from }' /proc/$$/stat
"""

SAMPLES = Samples(
    succeeds=Sample({"Content": "echo hello"}, result="hello"),
    fails=Sample({"Content": _sh("exit 3"), "XAttrs": {"okCodes": [4]}}, cause=Cause.EXIT_CODE, code=3),
    exits=Sample({"Content": _sh('exit "$ANYJOB_PARAMETERS"')}),
    dies=Sample({"Content": _sh("kill -9 $$")}),
    echoes=Sample({"Content": _sh('printf "%s\\n" "$ANYJOB_INSTANCE_PARAMETERS"')}),
    sleeps=Sample({"Content": "sleep 300"}),
    obeys=Sample({"Content": _sh("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done")}),
    ignores=Sample({"Content": _sh("trap '' TERM INT HUP; echo ready; while :; do sleep 1; done")}),
    forks=Sample({"Content": _sh(_FORKS)}),
    remembers=Sample({"Content": _sh(_REMEMBERS)}),
    leaves=Sample({"Content": _sh(_LEAVES)}),
    counts=Sample({"Content": _sh(_COUNTS)}, size=300),
    floods=Sample({"Content": _sh("yes 0123456789abcde | head -n 500000")}, size=8_000_000),
    long_line=Sample({"Content": _sh("head -c 8000000 /dev/zero | tr '\\0' x")}, size=8_000_000),
    bad_bytes=Sample({"Content": r"printf 'a\377\376\0\033[31m\200z\n'"}, raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
    gbk=Sample(
        {"Content": r"printf '\326\320\316\304\n'", "XAttrs": {"encoding": "gbk"}},
        raw="中文\n".encode("gbk"),
        result="中文",
    ),
    prints_environment=Sample({"Content": "env"}),
    prints_surroundings=Sample({"Content": _sh(_SURROUNDINGS)}),
    prints_placeholders=Sample(
        {"Content": shlex.join(["printf", r"%s\n", *(f"{name}=#{{schedulerx.{name}}}" for name in PLACEHOLDERS)])}
    ),
    prints_shard=Sample({"Content": _sh('echo "$ANYJOB_SHARD_ID $ANYJOB_SHARD_PARAMETER $ANYJOB_SHARD_TOTAL"')}),
    returns_outputs=Sample({"Content": _sh("""echo '{"answer": 42}' > "$ANYJOB_RESULT" """)}, outputs={"answer": 42}),
    progresses=Sample({"Content": _sh('for n in 1 2 3; do echo "$n 3" >> "$ANYJOB_PROGRESS"; sleep 0.05; done')}),
    shows_secret=Sample({"Content": _sh(_SHOWS_SECRET)}),
    missing_dependency=Sample({"Content": "no-such-program --now"}, names="no-such-program"),
    eats_memory=Sample({"Content": _sh("x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ${#x}")}),
    starts_processes=Sample({"Content": _sh("n=0; while [ $n -lt 40 ]; do sleep 0.7 & n=$((n + 1)); done; wait")}),
    burns=Sample({"Content": _sh(_BURNS)}),
    bad_jobs=[
        BadSample({}, "Content"),
        BadSample({"Content": "echo 'hi"}, "Content"),
        BadSample({"Content": '"" hi'}, "Content"),
        BadSample({"Content": "true", "XAttrs": {"okCodes": [300]}}, "XAttrs.okCodes[0]"),
        BadSample({"Content": "true", "XAttrs": {"okcodes": [1]}}, "XAttrs.okcodes"),
    ],
)
