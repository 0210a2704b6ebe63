"""The operations that the commands use, typed.

Source: SchedulerX API, SDK, the request and the reply of each operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

from anyjob.job import Job, JobStatus
from anyjob.outcome import Json
from anyjob.status import InstanceStatus
from anyjob_server.client.connection import Connection
from anyjob_server.client.errors import BadRequest, UnknownInstance, UnknownJob
from anyjob_server.client.instanceinfo import InstanceInfo
from anyjob_server.client.jobfile import JobFile
from anyjob_server.client.jobinfo import JobInfo, fields_of
from anyjob_server.client.logpart import LogPart
from anyjob_server.client.target import Target

__all__ = ["Client"]

_LINES: Final = 200
"""The most lines that GetLog gives at one time."""
_PAGE: Final = 100
_NOT_THERE: Final = 404
_LOOKED_AT: Final = 1000
"""Jobs among which the nearest name is looked for."""


class Client:
    """One app group of one server. Every method raises what `Connection.call` raises."""

    def __init__(self, target: Target, connection: Connection | None = None) -> None:
        self.target = target
        self._connection = connection or Connection(target)

    def of_file(self, job: JobFile) -> Client:
        """The same server, in the namespace and app group of a file's job, over the connection of this one."""
        namespace, group = self.scope_of(job)
        chosen = frozenset({"Namespace", "GroupId"})
        return Client(replace(self.target, namespace=namespace, group=group, chosen=chosen), self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def call(self, action: str, fields: Mapping[str, Json]) -> Any:
        """`Data` of the reply to a call within the app group; None where there is none."""
        return self.told(action, fields)[0]

    def told(self, action: str, fields: Mapping[str, Json]) -> tuple[Any, str]:
        """`Data` and `Message` of the reply. A scope's parameter that `fields` have as None is left out."""
        scope: dict[str, Json] = {"Namespace": self.target.namespace, "GroupId": self.target.group}
        reply = self._connection.call(action, {**scope, **fields})
        return reply.get("Data"), str(reply.get("Message") or "")

    # ---------------------------------------------------------------- jobs

    def create_job(self, job: Job | JobFile) -> int:
        """Make a job, in the group of its file unless an option chose another; its id."""
        return int(self._sent("CreateJob", job, {})["JobId"])

    def check_job(self, job: JobFile) -> None:
        """Have everything looked at that `create_job` would refuse, and make nothing."""
        self._sent("CreateJob", job, {"CheckOnly": True})

    def update_job(self, there: JobInfo, job: JobFile) -> None:
        """Set what a file says, last its Status. Raises BadJobFile for another type than the job's: it keeps that for
        good."""
        job.refuse_other(there.job_type)
        status = job.status()
        self._sent("UpdateJob", job, {"JobId": there.id})
        if status is None or status is there.status:
            return
        try:
            self.enable(there.id) if status is JobStatus.ENABLED else self.disable(there.id)
        except BadRequest as error:
            why = f"{job.source}: the job is updated, and still {there.status.name.lower()}: {error.message}"
            raise BadRequest("UpdateJob", error.code, why, error.request_id) from None

    def _sent(self, action: str, job: Job | JobFile, further: Mapping[str, Json]) -> Any:
        if isinstance(job, Job):
            return self.call(action, {**self._in_scope(fields_of(job)), **further})
        fields = job.to_update() if action == "UpdateJob" else job.to_create()
        try:
            return self.call(action, {**self._in_scope(fields), **further})
        except BadRequest as error:
            raise BadRequest(action, error.code, f"{job.source}: {error.message}", error.request_id) from None

    def job(self, word: str, *, removed: bool = False) -> JobInfo:
        """By id, else by name; `removed`: also one that was deleted, or is over. Raises UnknownJob."""
        ways: list[dict[str, Json]] = [{"JobId": int(word)}] if word.isdecimal() else []
        for by in (*ways, {"JobName": word}):
            try:
                return JobInfo.of(self.call("GetJobInfo", {**by, "Removed": removed or None})["JobConfigInfo"])
            except BadRequest as unknown:
                if not unknown.message.lower().startswith("job"):
                    raise  # its app group is not there, say
        known = [one.name for one in islice(self.jobs(), _LOOKED_AT)]
        raise UnknownJob(word, self.target.namespace, self.target.group, known)

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

    def scope_of(self, job: JobFile) -> tuple[str, str]:
        """Namespace and app group in which `create_job` makes it."""
        said = self._in_scope(job.fields)
        return str(said["Namespace"]), str(said["GroupId"])

    def _in_scope(self, fields: Mapping[str, Json]) -> dict[str, Json]:
        own, target = dict(fields), self.target
        for name, value in (("Namespace", target.namespace), ("GroupId", target.group)):
            if name in target.chosen or not own.get(name):
                own[name] = value
        return own

    # ---------------------------------------------------------------- alerts

    def alerts(self, job: int | None, most: int, *, all_groups: bool) -> list[dict[str, Any]]:
        """The newest `most`, sent or not: ListAlerts, an operation of anyjob's own. `all_groups`: for a key that may
        see everything."""
        fields: dict[str, Json] = {"JobId": job, "AllGroups": all_groups or None}
        found, page, size = list[dict[str, Any]](), 0, min(most, _PAGE)
        while len(found) < most:
            page += 1
            rows: list[dict[str, Any]] = self.call("ListAlerts", {**fields, "PageNum": page, "PageSize": size})[
                "Alerts"
            ]
            found += rows
            if len(rows) < size:
                break
        return found[:most]

    # ---------------------------------------------------------------- instances

    def instance(self, ident: int) -> InstanceInfo:
        """One instance of the app group."""
        return InstanceInfo.of(self._about(ident, "GetJobInstance")["JobInstanceDetail"])

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
        self._about(ident, "StopInstance", {"InstanceId": ident})

    def retry(self, ident: int) -> int:
        """Have a failed instance run again; the number of the new one."""
        return int(self._about(ident, "RetryJobInstance")["JobInstanceId"])

    def set_success(self, ident: int) -> None:
        """Call a failed instance a success; its cause stays."""
        self._about(ident, "SetJobInstanceSuccess")

    def log(self, ident: int, cursor: str) -> LogPart:
        """What comes after a cursor in an instance's log; an empty one is its start."""
        fields: dict[str, Json] = {"JobInstanceId": str(ident), "Cursor": cursor, "Line": _LINES}
        return LogPart.of(self._about(ident, "GetLog", fields))

    def _about(self, ident: int, action: str, fields: Mapping[str, Json] | None = None) -> Any:
        """A call about one instance. Raises UnknownInstance besides."""
        try:
            return self.call(action, fields or {"JobInstanceId": ident})
        except BadRequest as error:
            if error.code == _NOT_THERE and error.message.startswith("jobInstanceId="):
                raise UnknownInstance(ident, self.target.namespace, self.target.group) from None
            raise
