"""What the engine refuses, and what to do then."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from anyjob.errors import AnyJobError, WorkerError
from anyjob.status import InstanceStatus

__all__ = [
    "AlreadyOver",
    "DatabaseOlder",
    "EngineError",
    "NoRoom",
    "NotFired",
    "OtherDatabase",
    "Reason",
    "StillGoing",
    "TooManyDays",
    "TooManyJobs",
]


class Reason(StrEnum):
    """Why a firing did not become a run."""

    MAX_CONCURRENCY = "max_concurrency"
    CALENDAR = "calendar"
    MISFIRE = "misfire"
    NO_WORKER = "no_worker"
    DISABLED = "disabled"
    END_TIME = "end_time"
    FULL = "full"
    HELD = "held"
    REFUSED = "refused"


class EngineError(AnyJobError):
    """What was asked of a job or an instance cannot be done. `code`: the API's number for it."""

    code: int = 409


class NotFired(EngineError):
    """A job was not started. `text` says why, without the job's name."""

    def __init__(self, job: str, reason: Reason, text: str) -> None:
        self.job, self.reason, self.text = job, reason, text
        self.code = 503 if reason in (Reason.FULL, Reason.HELD, Reason.NO_WORKER) else 409
        super().__init__(f"Job {job!r} was not started: {text}")


class NoRoom(EngineError):
    """A disk has no room for a new job, or for a longer one."""

    code = 503

    def __init__(self, job: str, text: str) -> None:
        self.job, self.text = job, text
        super().__init__(f"Job {job!r} was not kept: {text}")


class AlreadyOver(EngineError):
    """An instance has ended, so it cannot be stopped."""

    def __init__(self, instance: int, status: InstanceStatus) -> None:
        self.instance, self.status = instance, status
        super().__init__(f"Instance {instance} is over ({status.label}); only one that waits or runs can be stopped.")


class StillGoing(EngineError):
    """An instance has not ended, which it must have for what was asked."""

    def __init__(self, instance: int, status: InstanceStatus, what: str) -> None:
        self.instance, self.status = instance, status
        super().__init__(f"Instance {instance} is not over ({status.label}), so {what}. Stop it first, or wait.")


class TooManyDays(EngineError):
    """RerunJob would make more instances than one call may."""

    code = 400

    def __init__(self, job: str, days: int, most: int) -> None:
        self.job, self.days, self.most = job, days, most
        if days < 1:
            said = "the end date is before the start date; swap them"
        else:
            said = f"that is {days} days, and one call may rerun {most} at most; ask for fewer"
        super().__init__(f"Job {job!r} was not rerun: {said}")


class TooManyJobs(EngineError):
    """An app group has as many jobs as it may have."""

    def __init__(self, group: str, most: int) -> None:
        self.group, self.most = group, most
        super().__init__(
            f"App group {group!r} may have {most} jobs (MaxJobs) and has them."
            " Delete some, or make the job in another app group."
        )


class OtherDatabase(WorkerError):
    """The worker's state folder holds runs of another database."""

    def __init__(self, folder: Path, ident: str) -> None:
        self.folder, self.ident = folder, ident
        super().__init__(
            f"State folder {folder} belongs to another database (ident {ident}), and its runs would be lost."
            " Start the server with that database, or give this one a state folder of its own."
        )


class DatabaseOlder(WorkerError):
    """The worker's folder has runs that the database has not come to: it was put back without `anyjob restore`."""

    def __init__(self, where: str, folder: Path, instance: int) -> None:
        self.where, self.folder, self.instance = where, folder, instance
        super().__init__(
            f"The database {where} is older than the worker's folder {folder}: that has runs of instance {instance}, to"
            " which the database has not come. It was put back to an earlier state, and numbers would be given twice."
            f" Tell it so: anyjob restore --state {folder.parent}. Then start the server again."
        )
