"""The jobs by which the conformance suite proves an executor. A plugin ships them and names them in its ExecutorType:
`samples="anyjob_sql.samples:SAMPLES"`. Importing this needs no test framework.

    SAMPLES = Samples(
        succeeds=Sample({"Content": "select 1"}, result="1"),
        fails=Sample({"Content": "select"}, cause=Cause.EXIT_CODE, code=1),
        ...
    )

Where the jobs need somebody to talk to (a server, a cluster), `samples` names a function instead, which gives the
samples for as long as they are needed. The suite enters it once a test class, and leaves it at the class's end, also
when a case fails or is interrupted:

    @contextmanager
    def samples() -> Generator[Samples]:
        with Server() as server:
            yield Samples(succeeds=Sample({"Content": f"{server.url}/hello"}, result="hello"), ...)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Protocol, TypeAlias

from anyjob.outcome import Cause, Json

__all__ = ["PLACEHOLDERS", "BadSample", "Sample", "SampleFunction", "SampleSource", "Samples"]

PLACEHOLDERS: Final = (
    "jobParameters",
    "jobId",
    "jobName",
    "instanceId",
    "shardingId",
    "shardingParameters",
    "shardingNum",
    "attempt",
    "triggerType",
    "scheduleTime",
    "dataTime",
    "agentVersion",
)
"""The names behind `#{schedulerx.` that `prints_placeholders` shows."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A job that behaves in one way, and what is expected of it.

    `job` holds its fields by the API's names, without Name and JobType; XAttrs as a mapping, into which the suite puts
    what a case needs (grace, limits, secrets). `result`, `cause`, `code` and `outputs` are those of the outcome, None
    or empty: any. `raw` is its log, `size` the bytes of it, or the numbers that it counts to. `names`: what the outcome
    has to name. `ready`: the word in its log that says that it has come so far; empty: as soon as it is started.
    """

    job: Mapping[str, Json]
    _: KW_ONLY
    result: str | None = None
    cause: Cause | None = None
    code: int | None = None
    size: int | None = None
    raw: bytes | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    names: str = ""
    ready: str = "ready"


@dataclass(frozen=True, slots=True)
class BadSample:
    """A `job` that must be refused when it is created, with a Problem for `field` (`XAttrs.image`, `Content`)."""

    job: Mapping[str, Json]
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The samples of one job type, each optional here.

    One that is missing is a fault where the type promises the thing: `succeeds`, `fails` and `sleeps` always, others
    by the type's Capabilities, and most of them for a type whose runs are commands.
    """

    succeeds: Sample | None = None
    """Ends well at once, with `result`."""
    fails: Sample | None = None
    """Ends badly at once, with `cause` and, if it has one, `code`."""
    exits: Sample | None = None
    """Ends at once with the exit code that its Parameters say, 0 to 255."""
    dies: Sample | None = None
    """Ends itself at once by signal 9."""
    echoes: Sample | None = None
    """Ends well at once; its result is the run's instance parameters, one line of any characters. The suite runs many
    at one time."""
    sleeps: Sample | None = None
    """Goes on for a minute or more unless it is stopped; has the side effects of its start behind it at once."""
    obeys: Sample | None = None
    """Goes on for a minute or more, but ends within a second of being asked. Its log says `ready` when it can obey
    (empty: as soon as it is started)."""
    ignores: Sample | None = None
    """Goes on for a minute or more whatever it is asked. Its log says `ready` when it ignores."""
    forks: Sample | None = None
    """Starts processes that fork twice, leave the session and ignore TERM, one of them with an empty environment, and
    goes on for a minute or more. Each of them has the run's name or Parameters in its environment or its arguments.
    Its log says `ready` when all are there."""
    remembers: Sample | None = None
    """Appends the line `RUN begin` to the file that its Parameters name, RUN being the run's name, goes on for
    some tenths of a second, appends `RUN end`, and ends well. Double starts are counted by it."""
    leaves: Sample | None = None
    """Ends well at once and leaves one process behind, in a session of its own, that holds none of its stdin, stdout
    and stderr. The process has the run's name in its environment or arguments; it ends when the file that the job's
    Parameters name is there, at the latest after a minute."""
    counts: Sample | None = None
    """Writes the numbers from 1 to `size`, some hundreds, a line each, each as soon as it is there, over half a second
    or more, and ends well."""
    floods: Sample | None = None
    """Writes exactly `size` bytes of many lines, some megabytes, and ends well."""
    long_line: Sample | None = None
    """Writes exactly `size` bytes without a line end, some megabytes, and ends well."""
    bad_bytes: Sample | None = None
    """Writes exactly `raw`, which is no text in any encoding, and ends well."""
    gbk: Sample | None = None
    """Its XAttrs say `"encoding": "gbk"`. Writes exactly `raw`; `result` is the same as text."""
    prints_environment: Sample | None = None
    """Writes its environment, a line `NAME=value` for each variable. Where there is none: a line `ANYJOB_NAME=value`
    for each fact of the run that the type hands on, at least RUN, KEY, JOB_ID, INSTANCE_ID and ATTEMPT."""
    prints_surroundings: Sample | None = None
    """Writes, a line each: `stdin=` and the number of bytes that it reads from there to the end, `umask=0022`,
    `cwd=/its/folder`, `fds=0 1 2` with the numbers of its open descriptors, `tty=no` or, when /dev/tty can be opened,
    `yes`, `SigIgn=` and `SigBlk=` with their values in /proc/self/status."""
    prints_placeholders: Sample | None = None
    """Writes a line `name=#{schedulerx.name}`, filled, for each name in PLACEHOLDERS."""
    prints_shard: Sample | None = None
    """Its result is `id parameter total` of its shard, with a space between."""
    returns_outputs: Sample | None = None
    """Ends well and returns `outputs` in structured form."""
    progresses: Sample | None = None
    """Says that 1 of 3, 2 of 3 and 3 of 3 is done, and ends well."""
    shows_secret: Sample | None = None
    """Writes the secret that it knows as TOKEN to its log, in every form it can (plain, base64, URL, JSON, in two
    pieces). Its result is the number of the secret's characters: so it is known that it had it."""
    missing_dependency: Sample | None = None
    """Needs something that is nowhere installed; `names` stands in the result or the evidence. For a command that is
    looked up, `{"XAttrs": {"env": {"PATH": "/nowhere"}}}` does it."""
    eats_memory: Sample | None = None
    """Uses 100 MB of memory and ends well if it gets them."""
    starts_processes: Sample | None = None
    """Has 40 processes at one time; ends well if it gets them, else badly."""
    burns: Sample | None = None
    """Keeps one core busy for about a second. Its result is `cpu wall`: seconds of processor time used, and seconds
    that it took."""
    bad_jobs: Sequence[BadSample] = ()
    """Jobs that must be refused when they are created."""


class SampleFunction(Protocol):
    """A function that gives samples for as long as its block lasts."""

    def __call__(self) -> AbstractContextManager[Samples]: ...


SampleSource: TypeAlias = Samples | SampleFunction
"""What `samples` of an ExecutorType may name."""
