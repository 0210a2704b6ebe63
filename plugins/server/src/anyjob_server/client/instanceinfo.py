"""An instance as the server has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from anyjob.outcome import Cause, Json, Outcome, StopReport
from anyjob.status import InstanceStatus, TriggerType

__all__ = ["InstanceInfo"]

_STAMPS: Final = {
    "schedule_time": "ScheduleTimestamp",
    "data_time": "DataTimestamp",
    "start_time": "StartTimestamp",
    "end_time": "EndTimestamp",
    "stop": "StopTimestamp",
    "force": "ForceTimestamp",
    "next_attempt": "NextAttemptTimestamp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfo:
    """One firing. Times are the API's texts in the server's zone, empty where there is none yet."""

    id: int
    job: str
    job_id: int
    status: InstanceStatus
    trigger: TriggerType
    schedule_time: str
    data_time: str
    start_time: str
    end_time: str
    seconds: float | None
    """From its start to its end."""
    stamps: Mapping[str, int]
    """The same times in epoch ms, by their names here, as far as there are any; `stop`: when it was asked to stop,
    `force`: when that becomes force; `next_attempt`: when it is tried again."""
    stopped_by: str
    """Who had it stopped, while it goes on; empty: nobody."""
    attempt: tuple[int, int] | None
    """Which attempt goes on, or was the newest, and of how many; None: it is over, or has one only."""
    work_addr: str
    progress: str
    outcome: Outcome | None
    """None while it goes on, and for an end that was no run's."""
    result: str

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> InstanceInfo:
        """From a JobInstanceDetail, or a row of GetJobInstanceList, which has no name and perhaps no outcome."""
        status = InstanceStatus(said["Status"])
        return cls(
            id=int(said["InstanceId"]),
            job=_text(said, "JobName"),
            job_id=int(said["JobId"]),
            status=status,
            trigger=TriggerType(said.get("TriggerType") or TriggerType.API),
            schedule_time=_text(said, "ScheduleTime"),
            data_time=_text(said, "DataTime"),
            start_time=_text(said, "StartTime"),
            end_time=_text(said, "EndTime"),
            seconds=_seconds(said.get("StartTimestamp"), said.get("EndTimestamp")),
            stamps={name: at for name, key in _STAMPS.items() if isinstance(at := said.get(key), int)},
            stopped_by=_text(said, "StoppedBy"),
            attempt=(int(said["Attempt"]), int(said["Attempts"])) if said.get("Attempt") else None,
            work_addr=_text(said, "WorkAddr"),
            progress=_text(said, "Progress"),
            outcome=_outcome(said) if status.finished and said.get("Cause") else None,
            result=_text(said, "Result"),
        )

    @property
    def ended(self) -> Outcome:
        """The outcome to show of an instance that is over, also where the server kept no cause."""
        if self.outcome is not None:
            return self.outcome
        cause = Cause.SUCCEEDED if self.status is InstanceStatus.SUCCESS else Cause.FAILED
        return Outcome(cause=cause, result=self.result)

    def _seconds(self, name: str) -> float | None:
        at = self.stamps.get(name)
        return None if at is None else at / 1000

    def to_json(self) -> dict[str, Json]:
        """For `--json`."""
        over = self.outcome
        return {
            "instance": self.id,
            "job": self.job,
            "job_id": self.job_id,
            "status": self.status.label,
            "trigger": self.trigger.label,
            "schedule_time": self.schedule_time,
            "data_time": self.data_time,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "seconds": self.seconds,
            "worker": self.work_addr,
            "progress": self.progress,
            "stopped_by": self.stopped_by or None,
            "stopped_at": self._seconds("stop"),
            "force_at": self._seconds("force"),
            "attempt": None if self.attempt is None else self.attempt[0],
            "attempts": None if self.attempt is None else self.attempt[1],
            "next_attempt_at": self._seconds("next_attempt"),
            "ok": self.status is InstanceStatus.SUCCESS if self.status.finished else None,
            "cause": None if over is None else over.cause.value,
            "code": None if over is None else over.code,
            "result": self.result,
            "evidence": [] if over is None else [item.to_json() for item in over.evidence],
            "stop": None if over is None or over.stop is None else over.stop.to_json(),
        }


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return "" if value is None else str(value)


def _seconds(start: object, end: object) -> float | None:
    if isinstance(start, int) and isinstance(end, int):
        return max(0, end - start) / 1000
    return None


def _outcome(said: Mapping[str, Any]) -> Outcome:
    code, stop = said.get("Code"), said.get("StopReport")
    read = Outcome.from_json({"cause": said["Cause"], "evidence": said.get("Evidence") or []})
    return replace(
        read,
        code=code if isinstance(code, int) else None,
        result=_text(said, "Result"),
        stop=None if not stop else StopReport.from_json(stop),
    )
