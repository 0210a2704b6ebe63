"""All jobs of a command are looked at before the first is made."""

from __future__ import annotations

from collections.abc import Sequence

from anyjob.errors import AnyJobError
from anyjob.job import BadJobFile
from anyjob.problem import short
from anyjob_server.client.client import Client
from anyjob_server.client.errors import BadJobs, BadRequest
from anyjob_server.client.jobfile import JobFile
from anyjob_server.client.jobinfo import JobInfo

__all__ = ["refuse", "refuse_bad"]


def refuse_bad(
    client: Client, jobs: Sequence[JobFile], known: Sequence[JobInfo | None], wrong: Sequence[AnyJobError]
) -> None:
    """`known`: what is there of each job, which is then updated; `wrong`: what is known to be wrong already.

    Raises as `refuse`. One job alone is not asked about: making it is the question.
    """
    found = [*wrong, *_twice(client, jobs)]
    if len(jobs) > 1 or found:
        for one, there in zip(jobs, known, strict=True):
            try:
                if there is None:
                    client.check_job(one)
                else:
                    one.refuse_other(there.job_type)
                    one.status()
            except (BadRequest, BadJobFile) as error:
                found.append(error)
    refuse(found)


def refuse(found: Sequence[AnyJobError]) -> None:
    """Raises what is wrong: the error, or BadJobs where there are several."""
    # A --set that is none is wrong with each file alike.
    different = list({str(one): one for one in found}.values())
    if len(different) > 1:
        raise BadJobs(different)
    if different:
        raise different[0]


def _twice(client: Client, jobs: Sequence[JobFile]) -> list[AnyJobError]:
    """The server, asked about each, takes both of a name."""
    first, found = dict[tuple[str, ...], JobFile](), list[AnyJobError]()
    for one in jobs:
        if not one.name:
            continue
        place = (*client.scope_of(one), one.name)
        if (other := first.setdefault(place, one)) is not one:
            found.append(BadJobFile(one.source, f"{short(one.name)!r} is also the name of a job in {other.source}"))
    return found
