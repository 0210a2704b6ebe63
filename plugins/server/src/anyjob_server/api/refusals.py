"""What an operation says when what it is about is not there. The texts are SchedulerX's own, their spelling too."""

from __future__ import annotations

from anyjob.problem import short
from anyjob_server.api.errors import BusinessError

__all__ = [
    "AppNotExisted",
    "InstanceNotExisted",
    "JobNotExisted",
    "JobOfAnotherGroup",
    "NamespaceNotFound",
]


class NamespaceNotFound(BusinessError):
    """No namespace has this uid."""

    def __init__(self, namespace: str) -> None:
        super().__init__(404, f"namespace can not find namespace: {short(namespace)}, namespaceSource:null")


class AppNotExisted(BusinessError):
    """The namespace has no app group of this id."""

    def __init__(self, group_id: str, namespace: str) -> None:
        super().__init__(404, f"app is not existed, groupId={short(group_id)}, namesapce={short(namespace)}")


class JobNotExisted(BusinessError):
    """No job has this id, or this name in its app group."""

    def __init__(self, job: int | str) -> None:
        told = f"jobId={job}" if isinstance(job, int) else f"jobName={short(job)}"
        super().__init__(404, f"{told} is not existed")


class JobOfAnotherGroup(BusinessError):
    """The job is there, in another app group."""

    def __init__(self, job: int, group_id: str) -> None:
        super().__init__(400, f"jobid: {job} not match groupId: {short(group_id)}")


class InstanceNotExisted(BusinessError):
    """The app group, or the job that the call names, has no instance of this id."""

    def __init__(self, instance: int) -> None:
        super().__init__(404, f"jobInstanceId={instance} is not existed")
