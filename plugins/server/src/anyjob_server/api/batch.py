"""The jobs of a call that names many.

Source: SchedulerX API, SDK, BatchDisableJobs, "Message".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anyjob_server.api.errors import BusinessError, WrongParameter
from anyjob_server.api.operation import Call
from anyjob_server.api.scope import group_of, namespace_of
from anyjob_server.store import groups, jobs
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.jobs import JobRow

__all__ = ["MOST_JOBS", "Batch"]

MOST_JOBS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The jobs of JobIdList within the scope of a call, and the ids that are not there."""

    rows: Sequence[JobRow]
    missing: Sequence[int]
    groups: Mapping[int, GroupRow]

    @classmethod
    def of(cls, call: Call) -> Batch:
        """Without GroupId: of all app groups of the namespace. Raises BusinessError where none is there, or
        WrongParameter."""
        ids = list(dict.fromkeys(call.parameters.integers("JobIdList")))
        if len(ids) > MOST_JOBS:
            raise WrongParameter("JobIdList", str(len(ids)), f"are too many jobs; at most {MOST_JOBS} go at one time")
        store = call.server.store
        if call.parameters.text("GroupId"):
            group = group_of(call)
            known = {group.id: group}
        else:
            uid = namespace_of(call).uid
            known = {row.id: row for row in store.read_now(lambda c: groups.find(c, uid))}
        rows = [row for row in store.read_now(lambda c: jobs.many(c, ids)) if row.group in known]
        found = {row.id for row in rows}
        missing = [job for job in ids if job not in found]
        call.said["JobIdList"] = sorted(found)
        if not rows:
            raise BusinessError(404, f"job is not existed, jobId={','.join(map(str, missing))}")
        return cls(rows=rows, missing=missing, groups=known)

    def with_groups(self) -> Iterator[tuple[JobRow, GroupRow]]:
        """Each job and its app group."""
        for row in self.rows:
            yield row, self.groups[row.group]

    def tell(self, call: Call, verb: str) -> None:
        """Say in the reply's Message which jobs were left out, as the vendor does: `disable failed jobs=[99341]`."""
        if self.missing:
            call.message = f"{verb} failed jobs=[{','.join(map(str, self.missing))}]"
