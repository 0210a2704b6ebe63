"""The operations that the commands use, typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from anyjob.job import Job, JobStatus
from anyjob.outcome import Json
from anyjob.status import InstanceStatus
from anyjob_server.client.connection import Connection
from anyjob_server.client.errors import BadRequest
from anyjob_server.client.instanceinfo import InstanceInfo
from anyjob_server.client.jobinfo import JobInfo, fields_of
from anyjob_server.client.logpart import LogPart
from anyjob_server.client.target import Target

__all__ = ["Client"]

_LINES: Final = 200
"""The most lines that GetLog gives at one time."""
_PAGE: Final = 100


class Client:
    """One app group of one server. Every method raises what `Connection.call` raises."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._connection = Connection(target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def call(self, action: str, fields: Mapping[str, Json]) -> Any:
        """`Data` of the reply to a call within the app group; None where there is none."""
        scope: dict[str, Json] = {"Namespace": self.target.namespace, "GroupId": self.target.group}
        return self._connection.call(action, {**scope, **fields}).get("Data")

    # ---------------------------------------------------------------- jobs

    def create_job(self, job: Job) -> int:
        """Make a job, in the group of its file unless an option chose another; its id."""
        return int(self.call("CreateJob", self._in_scope(job))["JobId"])

    def update_job(self, ident: int, job: Job) -> None:
        """Make a job what a file says, but for its type."""
        fields = {name: value for name, value in self._in_scope(job).items() if name not in ("JobType", "Status")}
        self.call("UpdateJob", {**fields, "JobId": ident})

    def job(self, word: str) -> JobInfo:
        """By id, else by name. Raises BadRequest for one that is not there."""
        if word.isdecimal():
            try:
                return self._job({"JobId": int(word)})
            except BadRequest as unknown:
                try:
                    return self._job({"JobName": word})
                except BadRequest:
                    raise unknown from None
        return self._job({"JobName": word})

    def _job(self, by: Mapping[str, Json]) -> JobInfo:
        return JobInfo.of(self.call("GetJobInfo", by)["JobConfigInfo"])

    def jobs(self, name: str = "", status: JobStatus | None = None) -> Iterator[JobInfo]:
        """Those that have `name` in theirs, all pages."""
        fields: dict[str, Json] = {"JobName": name or None, "Status": None if status is None else str(status.value)}
        page = seen = 0
        while True:
            page += 1
            data = self.call("ListJobs", {**fields, "PageNum": page, "PageSize": _PAGE})
            rows: list[dict[str, Any]] = data.get("Jobs") or []
            yield from (JobInfo.of(row) for row in rows)
            seen += len(rows)
            if not rows or seen >= int(data.get("Total") or 0):
                return

    def enable(self, ident: int) -> None:
        """Time fires it again."""
        self.call("EnableJob", {"JobId": ident})

    def disable(self, ident: int) -> None:
        """Time fires it no more; what goes on, goes on."""
        self.call("DisableJob", {"JobId": ident})

    def delete(self, ident: int) -> None:
        """Take a job away."""
        self.call("DeleteJob", {"JobId": ident})

    def execute(self, ident: int, parameters: str = "") -> int:
        """Fire a job now; the number of its instance."""
        return int(self.call("ExecuteJob", {"JobId": ident, "InstanceParameters": parameters or None})["JobInstanceId"])

    def why(self, ident: int) -> dict[str, Any]:
        """What is due and what was not fired: GetJobWhy, an operation of anyjob's own."""
        return dict(self.call("GetJobWhy", {"JobId": ident}))

    def _in_scope(self, job: Job) -> dict[str, Json]:
        own = fields_of(job)
        chosen: dict[str, Json] = {"Namespace": self.target.namespace, "GroupId": self.target.group}
        return {
            **own,
            **{name: value for name, value in chosen.items() if name in self.target.chosen or not own.get(name)},
        }

    # ---------------------------------------------------------------- instances

    def instance(self, ident: int) -> InstanceInfo:
        """One instance of the app group."""
        return InstanceInfo.of(self.call("GetJobInstance", {"JobInstanceId": ident})["JobInstanceDetail"])

    def instances(self, job: int | None, status: InstanceStatus | None, most: int) -> list[InstanceInfo]:
        """The newest `most`."""
        fields: dict[str, Json] = {"JobId": job, "Status": None if status is None else status.value}
        found, page = list[InstanceInfo](), 0
        while len(found) < most:
            page += 1
            data = self.call("GetJobInstanceList", {**fields, "PageNum": page, "PageSize": min(most, _PAGE)})
            rows: list[dict[str, Any]] = data.get("JobInstanceDetails") or []
            found += [InstanceInfo.of(row) for row in rows]
            if len(rows) < min(most, _PAGE):
                break
        return found[:most]

    def stop(self, ident: int) -> None:
        """Have an instance stopped."""
        self.call("StopInstance", {"InstanceId": ident})

    def retry(self, ident: int) -> int:
        """Have a failed instance run again; the number of the new one."""
        return int(self.call("RetryJobInstance", {"JobInstanceId": ident})["JobInstanceId"])

    def log(self, ident: int, cursor: str) -> LogPart:
        """What comes after a cursor in an instance's log; an empty one is its start."""
        fields: dict[str, Json] = {"JobInstanceId": str(ident), "Cursor": cursor, "Line": _LINES}
        return LogPart.of(self.call("GetLog", fields))
