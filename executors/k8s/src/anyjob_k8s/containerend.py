"""How one container ended, or why it could not be started.

Sources: Kubernetes API, ContainerStateTerminated; Kubernetes source, the reasons that pkg/kubelet gives a container.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.fact import fact, joined
from anyjob_k8s.objects import K8sObject, container_statuses, epoch, part, parts, text
from anyjob_k8s.sight import Verdict

__all__ = ["container_end", "deciding", "not_run", "number", "others", "terminated"]

_NO_COMMAND: Final = ("no such file or directory", "executable file not found", "file does not exist")
_NO_PROGRAM: Final = ("permission denied", "is a directory", "exec format error", "no command specified")
_START: Final = frozenset({"StartError", "ContainerCannotRun"})
_SIGNALS: Final = range(1, 65)
_NOBODY_SAW: Final = "ContainerStatusUnknown"


def number(where: K8sObject, key: str) -> int | None:
    """The whole number at `key`; None where there is none."""
    found = where.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def terminated(status: K8sObject) -> K8sObject:
    """How the container ended; empty while it has not."""
    return part(status, "state", "terminated")


def deciding(pod: K8sObject, container: str | None) -> K8sObject | None:
    """The status of the container whose end is the pod's.

    An init container that failed: nothing came after it. Else the one that `container` names, if it failed or nobody
    else did; else of those that failed the one that ended first, as the others may have been ended because of it.
    """
    restarting = {text(one, "name") for one in parts(pod, "spec", "initContainers") if text(one, "restartPolicy")}
    for status in parts(pod, "status", "initContainerStatuses"):
        if text(status, "name") not in restarting and _failed(status):
            return status
    statuses = parts(pod, "status", "containerStatuses")
    wanted = _named(statuses, container, parts(pod, "spec", "containers"))
    failed = [status for status in statuses if _failed(status)]
    if not failed or (wanted is not None and _failed(wanted)):
        return wanted
    return min(failed, key=lambda status: epoch(terminated(status).get("finishedAt")) or 0)


def others(pod: K8sObject, but: K8sObject | None) -> Iterable[Evidence]:
    """What the pod's other containers say of themselves, where one of them did not end well."""
    for status in container_statuses(pod):
        if status is not but and (_failed(status) or text(terminated(status), "reason") == "OOMKilled"):
            yield fact(_source(status), _ended(terminated(status)))


def container_end(status: K8sObject) -> Verdict | None:
    """How the container ended; None: it has not.

    A runtime gives the kubelet a number alone (CRI v1, `ContainerStatus.exit_code`): 137 may be a signal 9 or a
    program's own `exit 137`. So a signal is told only where its field is there, which a kubelet of v1.34 never sets.
    Memory ran out where the runtime says so and the container failed: a child that was
    killed for it may leave its parent well.
    """
    end = terminated(status)
    if not end:
        return None
    code, signal, reason = number(end, "exitCode"), number(end, "signal"), text(end, "reason")
    evidence = [fact(_source(status), _ended(end))]
    if message := text(end, "message"):
        evidence.append(fact(_source(status), message))
    verdict = Verdict(cause=Cause.UNKNOWN, code=code, evidence=evidence, ended=epoch(end.get("finishedAt")))
    if reason in _START:
        return replace(verdict, cause=not_run(text(end, "message")), code=None)
    if reason == _NOBODY_SAW:
        return replace(verdict, code=None, ended=None)
    if code == 0 and not signal:
        return replace(verdict, cause=Cause.SUCCEEDED)
    if reason == "OOMKilled":
        return replace(verdict, cause=Cause.OUT_OF_MEMORY)
    if signal:
        return replace(verdict, cause=Cause.SIGNAL, signal=signal)
    return verdict if code is None else replace(verdict, cause=Cause.EXIT_CODE)


def not_run(message: str) -> Cause:
    """What the runtime's words mean for a container that it could not start."""
    if any(words in message for words in _NO_COMMAND):
        return Cause.DEPENDENCY_MISSING
    return Cause.BAD_CONFIG if any(words in message for words in _NO_PROGRAM) else Cause.START_FAILED


def _failed(status: K8sObject) -> bool:
    end = terminated(status)
    return bool(end) and (number(end, "exitCode") != 0 or bool(number(end, "signal")))


def _named(statuses: Iterable[K8sObject], container: str | None, wanted: Iterable[K8sObject]) -> K8sObject | None:
    """The kubelet sorts statuses as it likes; the manifest says which is the first."""
    found = {text(status, "name"): status for status in statuses}
    if container is not None and container in found:
        return found[container]
    first = next((text(one, "name") for one in wanted), "")
    return found.get(first) or next(iter(found.values()), None)


def _source(status: K8sObject) -> str:
    return f"container {text(status, 'name')}"


def _ended(end: K8sObject) -> str:
    code, signal = number(end, "exitCode"), number(end, "signal")
    told = [] if code is None else [f"exit code {code}"]
    if signal:
        told.append(f"signal {signal}")
    elif code is not None and code - 128 in _SIGNALS and text(end, "reason") == "Error":
        told.append(f"which is 128 + {code - 128}: the container runtime does not tell whether a signal ended it")
    return joined(text(end, "reason") or "terminated", ", ".join(told))
