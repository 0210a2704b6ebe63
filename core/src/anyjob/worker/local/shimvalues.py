"""What crosses between a worker and its shim, as values."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic_core import PydanticSerializationError, to_json

from anyjob.worker.shim import frames
from anyjob.worker.shim.seat import FLOOR, IDLE, RESIDENT_IDLE, SPAWNERS

__all__ = [
    "Ended",
    "LogState",
    "Proof",
    "RunAs",
    "RunLimits",
    "ShimOptions",
    "Stage",
    "StartOrder",
    "Started",
    "WarmStart",
]

Stage = Literal["ASK", "FORCE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShimOptions:
    """How a shim is started; a shim that is there already keeps its own.

    `cgroup="off"` holds runs without cgroups; `spawners`: how many runs get a subreaper of their own then; `idle`:
    seconds without worker and run after which the shim ends; `floor`: bytes of free disk below which no run starts;
    `resident_idle`: seconds without a run after which a resident of warm runs ends.
    """

    cgroup: Literal["auto", "off"] = "auto"
    spawners: int = SPAWNERS
    idle: float = IDLE
    floor: int = FLOOR
    resident_idle: float = RESIDENT_IDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAs:
    """The user of a run, in numbers."""

    uid: int
    gid: int
    groups: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """`memory` in bytes, `cpu` in cores, `pids` in processes and threads; None is no limit."""

    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStart:
    """The resident that forks a run: `argv` starts it, runs of one `key`, argv, user and environment share it."""

    key: str
    argv: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOrder:
    """One run to start. `run` names it for good: a name that the shim knows is never started twice.

    `log` is the file that the child writes, absolute or below `folder`; `deadline` is in seconds of CLOCK_BOOTTIME;
    `grace` in seconds; `quota` in bytes of log; `redact` are secret values that must not reach the log. Where there are
    no groups, `warm` is ignored and `argv` executed.
    """

    run: str
    folder: str
    log: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    user: RunAs | None = None
    limits: RunLimits | None = None
    deadline: float | None = None
    grace: float = 10.0
    stop_signal: int = 15
    leftovers: str = "kill"
    quota: int | None = None
    redact: Sequence[bytes] = ()
    warm: WarmStart | None = None

    def encode(self) -> bytes:
        """The message for the shim."""
        said: dict[str, Any] = {
            "do": "start",
            "run": self.run,
            "folder": self.folder,
            "log": self.log,
            "argv": list(self.argv),
            "env": dict(self.env),
            "cwd": self.cwd,
            "grace": self.grace,
            "stop_signal": self.stop_signal,
            "leftovers": self.leftovers,
            "deadline": self.deadline,
            "quota": self.quota,
        }
        # Left out where there is nothing to say: most runs, and the shim reads every word.
        if self.user is not None:
            said["user"] = {"uid": self.user.uid, "gid": self.user.gid, "groups": list(self.user.groups)}
        if self.limits is not None:
            said["limits"] = {"memory": self.limits.memory, "cpu": self.limits.cpu, "pids": self.limits.pids}
        if self.warm is not None:
            said["warm"] = {"key": self.warm.key, "argv": list(self.warm.argv)}
        if self.redact:
            said["redact"] = [b64encode(value).decode() for value in self.redact]
        try:
            quick = to_json(said)
        except PydanticSerializationError:
            return frames.encode(said)
        return quick if quick.isascii() else frames.encode(said)  # the wire is ASCII


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How surely a run is over. `evidence` are (source, text) pairs; `survivors` what may still be alive."""

    strength: Literal["PROVEN", "REPORTED", "ASKED"]
    by: str
    evidence: tuple[tuple[str, str], ...] = ()
    survivors: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Proof:
        """Of the shim's message."""
        return cls(
            strength=said["strength"],
            by=said["by"],
            evidence=_pairs(said["evidence"]),
            survivors=tuple(said["survivors"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run that is going. `start` is the leader's start time in clock ticks, `group` its cgroup's folder, `at`
    epoch seconds.
    """

    run: str
    pid: int
    start: int
    group: str | None
    at: float

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Started:
        """Of the shim's message."""
        return cls(run=said["run"], pid=said["pid"], start=said["start"], group=said["group"], at=said["at"])


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """`size` in bytes; `gap`: the bytes between which the quota emptied the log."""

    size: int
    gap: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended.

    `status` is the raw wait status, None when nobody knows it; `cause` is set where the shim knows more than the status
    says. `started` and `ended` are epoch seconds, `cpu` seconds, `maxrss` bytes (never less than the shim's own size:
    the kernel counts from before exec). `limits_by` says what enforced the limits, `stop_asked` the strongest stage of
    a stop that a worker asked for.
    """

    run: str
    pid: int | None
    status: int | None
    cause: str | None
    evidence: tuple[tuple[str, str], ...]
    proof: Proof
    started: float | None
    ended: float
    cpu: float | None
    maxrss: int | None
    log: LogState
    limits_by: str | None
    stop_asked: Stage | None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Ended:
        """Of the shim's message. What was spent is None where the kernel did not say."""
        spent: Mapping[str, Any] = said["rusage"] or {}
        log = said["log"]
        gap = log["gap"]
        return cls(
            run=said["run"],
            pid=said["pid"],
            status=said["status"],
            cause=said["cause"],
            evidence=_pairs(said["evidence"]),
            proof=Proof.from_json(said["proof"]),
            started=said["started"],
            ended=said["ended"],
            cpu=spent.get("cpu"),
            maxrss=spent.get("maxrss"),
            log=LogState(size=log["size"], gap=(gap[0], gap[1]) if gap else None),
            limits_by=said["limits_by"],
            stop_asked=said["stop_asked"],
        )


def options_json(options: ShimOptions, folder: str) -> dict[str, Any]:
    """What the keeper is started with."""
    return {"folder": folder, **asdict(options)}


def _pairs(said: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((source, text) for source, text in said)
