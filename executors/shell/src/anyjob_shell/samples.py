"""The jobs by which the conformance suite proves this executor. POSIX sh and the usual small programs."""

from __future__ import annotations

from anyjob.outcome import Cause
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples

__all__ = ["SAMPLES"]

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

_LEAVES = r"""
setsid sh -c 'n=0; while [ ! -e "$0" ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done' "$ANYJOB_PARAMETERS" \
    < /dev/null > /dev/null 2>&1 &
"""

_COUNTS = """
n=0
while [ $n -lt 300 ]; do
    for step in 1 2 3 4 5 6 7 8 9 10; do n=$((n + 1)); echo $n; done
    sleep 0.02
done
"""

_SURROUNDINGS = """
echo "stdin=$(wc -c)"
echo "umask=$(umask)"
echo "cwd=$(pwd)"
echo "fds=$(ls /proc/self/fd | tr '\\n' ' ')"
if (: < /dev/tty) 2> /dev/null; then echo tty=yes; else echo tty=no; fi
awk '/^Sig(Ign|Blk):/ { sub(":", "", $1); print $1 "=" $2 }' /proc/self/status
"""

_SHOWS = r"""
token=$(cat "$ANYJOB_SECRETS/TOKEN")
echo "plain $token"
printf '%s' "$token" | base64
printf 'x%s' "$token" | base64
printf '%s' "$token" | head -c 5; sleep 0.1; printf '%s' "$token" | tail -c +6; echo
printf '%s' "$token" | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/'; echo
printf '%s' "$token" | iconv -f utf-8 -t utf-16le | wc -c | awk '{ print $1 / 2 }'
"""

_STARTS_PROCESSES = r"""
n=0
while [ $n -lt 40 ]; do
    sleep 0.7 &
    n=$((n + 1))
done
wait
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
    succeeds=Sample({"Content": "echo first\necho hello"}, result="hello"),
    fails=Sample({"Content": "echo no\nexit 3"}, cause=Cause.EXIT_CODE, code=3),
    exits=Sample({"Content": 'exit "$ANYJOB_PARAMETERS"'}),
    dies=Sample({"Content": "kill -9 $$"}),
    echoes=Sample({"Content": 'printf "%s\\n" "$ANYJOB_INSTANCE_PARAMETERS"'}),
    sleeps=Sample({"Content": "sleep 300"}),
    obeys=Sample({"Content": "trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done"}),
    ignores=Sample({"Content": "trap '' TERM INT HUP\necho ready\nwhile :; do sleep 1; done"}),
    forks=Sample({"Content": _FORKS}),
    remembers=Sample(
        {
            "Content": 'echo "$ANYJOB_RUN begin" >> "$ANYJOB_PARAMETERS"\nsleep 0.3\n'
            'echo "$ANYJOB_RUN end" >> "$ANYJOB_PARAMETERS"'
        }
    ),
    leaves=Sample({"Content": _LEAVES}),
    counts=Sample({"Content": _COUNTS}, size=300),
    floods=Sample({"Content": "yes 0123456789abcde | head -n 500000"}, size=8_000_000),
    long_line=Sample({"Content": "head -c 8000000 /dev/zero | tr '\\0' x"}, size=8_000_000),
    bad_bytes=Sample({"Content": "printf 'a\\377\\376\\0\\033[31m\\200z\\n'"}, raw=b"a\xff\xfe\0\x1b[31m\x80z\n"),
    gbk=Sample(
        {"Content": "printf '\\326\\320\\316\\304\\n'", "XAttrs": {"encoding": "gbk"}},
        raw="中文\n".encode("gbk"),
        result="中文",
    ),
    prints_environment=Sample({"Content": "env"}),
    prints_surroundings=Sample({"Content": _SURROUNDINGS}),
    prints_placeholders=Sample(
        {"Content": "\n".join(f'echo "{name}=#{{schedulerx.{name}}}"' for name in PLACEHOLDERS)}
    ),
    prints_shard=Sample({"Content": 'echo "$1 $2 $ANYJOB_SHARD_TOTAL"'}),
    returns_outputs=Sample(
        {"Content": """echo '{"answer": 42, "words": ["a", "b"]}' > "$ANYJOB_RESULT" """},
        outputs={"answer": 42, "words": ["a", "b"]},
    ),
    progresses=Sample({"Content": 'for n in 1 2 3; do echo "$n 3" >> "$ANYJOB_PROGRESS"; sleep 0.05; done'}),
    shows_secret=Sample({"Content": _SHOWS}),
    missing_dependency=Sample(
        {"Content": "print(1)", "XAttrs": {"command": "no-such-interpreter"}}, names="no-such-interpreter"
    ),
    eats_memory=Sample({"Content": "x=$(head -c 100000000 /dev/zero | tr '\\0' x)\necho ${#x}"}),
    starts_processes=Sample({"Content": _STARTS_PROCESSES}),
    burns=Sample({"Content": _BURNS}),
    bad_jobs=[
        BadSample({}, "Content"),
        BadSample({"Content": "  "}, "Content"),
        BadSample({"Content": "echo", "XAttrs": {"fileFormat": "mac"}}, "XAttrs.fileFormat"),
        BadSample({"Content": "echo", "XAttrs": {"command": ""}}, "XAttrs.command"),
        BadSample({"Content": "echo", "XAttrs": {"commnad": "bash"}}, "XAttrs.commnad"),
        BadSample({"Content": "echo", "XAttrs": {"limits": {"memory": "lots"}}}, "XAttrs.limits.memory"),
        BadSample({"Content": "echo", "XAttrs": {"encoding": "klingon"}}, "XAttrs.encoding"),
    ],
)
"""One job for each behaviour."""
