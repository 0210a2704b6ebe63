"""From the names of a call to the rows of the store."""

from __future__ import annotations

from anyjob_server.api.operation import Call
from anyjob_server.api.refusals import (
    AppNotExisted,
    InstanceNotExisted,
    JobNotExisted,
    JobOfAnotherGroup,
    NamespaceNotFound,
)
from anyjob_server.store import groups, instances, jobs, namespaces
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.namespaces import NamespaceRow

__all__ = ["group_of", "instance_of", "job_of", "job_with_group", "namespace_of"]


def namespace_of(call: Call) -> NamespaceRow:
    """The namespace of parameter Namespace. Raises NamespaceNotFound."""
    uid = call.parameters.needed("Namespace")
    found = call.server.store.read_now(lambda c: namespaces.get(c, uid))
    if found is None:
        known = call.server.store.read_now(namespaces.find) if call.sees_all else []
        raise NamespaceNotFound(uid, [row.uid for row in known])
    return found


def group_of(call: Call) -> GroupRow:
    """The app group of parameters Namespace and GroupId. Raises AppNotExisted."""
    uid, group_id = call.parameters.needed("Namespace"), call.parameters.needed("GroupId")
    found = call.groups.find(uid, group_id)
    if found is None:
        namespace_of(call)
        known = call.server.store.read_now(lambda c: groups.find(c, uid)) if call.sees_all else []
        raise AppNotExisted(group_id, uid, [row.group_id for row in known])
    return found


def job_of(call: Call, group: GroupRow, *, to_run: bool = False, removed: bool = False) -> JobRow:
    """The job of parameter JobId, which must be in the app group. `to_run`: as the engine would run it, which is
    quicker; its `next_fire` may be an older one. `removed`: also one that was deleted, or is over.

    Raises JobNotExisted or JobOfAnotherGroup.
    """
    job = call.parameters.needed_integer("JobId")
    found = call.server.engine.known(job) if to_run else None
    found = found or call.server.store.read_now(lambda c: jobs.get(c, job, removed=removed))
    if found is None:
        raise JobNotExisted(job)
    if found.group != group.id:
        raise JobOfAnotherGroup(job, group.group_id)
    call.job, call.said["Name"] = job, found.name
    return found


def job_with_group(call: Call) -> tuple[JobRow, GroupRow]:
    """The job of parameter JobId and its app group, where GroupId may be left out. Raises JobNotExisted."""
    if call.parameters.text("GroupId"):
        group = group_of(call)
        return job_of(call, group), group
    uid, job = namespace_of(call).uid, call.parameters.needed_integer("JobId")
    store = call.server.store
    found = store.read_now(lambda c: jobs.get(c, job))
    group = None if found is None else store.read_now(lambda c: groups.by_id(c, found.group))
    if found is None or group is None or group.namespace != uid:
        raise JobNotExisted(job)
    call.job, call.said["Name"] = job, found.name
    return found, group


def instance_of(call: Call, group: GroupRow, name: str = "JobInstanceId") -> InstanceRow:
    """The instance of that parameter, which must be in the app group, and of JobId where that is given.

    Raises InstanceNotExisted.
    """
    instance, job = call.parameters.needed_integer(name), call.parameters.integer("JobId")
    store = call.server.store
    found = store.recent.get(instance) or store.read_now(lambda c: instances.get(c, instance))
    if found is None or found.group != group.id or job not in (None, 0, found.job):
        raise InstanceNotExisted(instance)
    call.job, call.said["JobInstanceId"] = found.job, instance
    return found
