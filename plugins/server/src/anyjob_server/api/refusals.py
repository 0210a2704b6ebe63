"""What an operation says when what it is about is not there. The texts begin as SchedulerX's own, spelling too.

Source: SchedulerX API, SDK, the messages of its sample replies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from anyjob.nearest import did_you_mean
from anyjob.problem import short
from anyjob_server.api.errors import BusinessError

__all__ = [
    "AppNotExisted",
    "InstanceNotExisted",
    "JobNotExisted",
    "JobOfAnotherGroup",
    "NamespaceNotFound",
    "UnknownParameters",
]


class NamespaceNotFound(BusinessError):
    """No namespace has this uid."""

    def __init__(self, namespace: str, known: Sequence[str] = ()) -> None:
        told = f"namespace can not find namespace: {short(namespace)}, namespaceSource:null"
        super().__init__(404, told + _instead("Namespace", namespace, known))


class AppNotExisted(BusinessError):
    """The namespace has no app group of this id."""

    def __init__(self, group_id: str, namespace: str, known: Sequence[str] = ()) -> None:
        told = f"app is not existed, groupId={short(group_id)}, namesapce={short(namespace)}"
        super().__init__(404, told + _instead("GroupId", group_id, known))


class JobNotExisted(BusinessError):
    """No job has this id, or this name in its app group."""

    def __init__(self, job: int | str, known: Sequence[str] = ()) -> None:
        told = f"jobId={job}" if isinstance(job, int) else f"jobName={short(job)}"
        super().__init__(404, f"{told} is not existed" + _instead("JobName", str(job), known))


class JobOfAnotherGroup(BusinessError):
    """The job is there, in another app group."""

    def __init__(self, job: int, group_id: str) -> None:
        super().__init__(400, f"jobid: {job} not match groupId: {short(group_id)}")


class InstanceNotExisted(BusinessError):
    """The app group, or the job that the call names, has no instance of this id."""

    def __init__(self, instance: int) -> None:
        super().__init__(404, f"jobInstanceId={instance} is not existed")


class UnknownParameters(BusinessError):
    """The operation has no parameters of these names. `known`: those that it has."""

    def __init__(self, operation: str, names: Sequence[str], known: Iterable[str]) -> None:
        legal = sorted(known)
        instead = f"it has {', '.join(legal)}"
        told = [
            f"{short(name)} is no parameter of {operation}; {did_you_mean(name, legal) or instead}"
            for name in names[:_TOLD]
        ]
        rest = [f"and {len(names) - _TOLD} more"] if len(names) > _TOLD else []
        super().__init__(400, "\n".join([*told, *rest]))


_TOLD: Final = 5


def _instead(parameter: str, word: str, known: Sequence[str]) -> str:
    """Ours, behind the vendor's words: the nearest that there is, or what there is."""
    if not known:
        return ""
    hint = did_you_mean(word, known)
    if not hint:
        rest = f" and {len(known) - _TOLD} more" if len(known) > _TOLD else ""
        hint = f"there is {', '.join(map(short, sorted(known)[:_TOLD]))}{rest}"
    return f". {parameter}: {hint}"
