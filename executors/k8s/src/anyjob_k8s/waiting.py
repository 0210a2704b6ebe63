"""Why a container of a pod waits for its start, by the reason that the kubelet gives.

Sources: Kubernetes API, ContainerStateWaiting; Kubernetes source, the reasons and messages of pkg/kubelet.
"""

from __future__ import annotations

from typing import Final

from anyjob.outcome import Cause
from anyjob_k8s.containerend import not_run
from anyjob_k8s.refusal import Patience, Refusal

__all__ = ["read_event", "read_mount", "read_waiting"]

_USUAL: Final = frozenset({"", "ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
_PULL: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
_RUN: Final = frozenset({"RunContainerError", "CreateContainerError"})

_NO_IMAGE: Final = (": not found", "manifest unknown", "name unknown", "does not exist")
_NO_ACCESS: Final = (
    "authorization failed",
    "unauthorized",
    "authentication required",
    "access denied",
    "403 Forbidden",
    "401 Unauthorized",
    "insufficient_scope",
    "no basic auth credentials",
    "denied:",
)
_PASSING: Final = (
    "500 Internal",
    "502 Bad",
    "503 Service",
    "504 Gateway",
    "429 Too Many",
    "toomanyrequests",
    "dial tcp",
    "i/o timeout",
    "TLS handshake",
    "no such host",
)
_NO_KEY: Final = ("not found", "couldn't find key", "references non-existent")
_NOT_AS_ROOT: Final = ("runAsNonRoot", "will run as root")


def read_waiting(reason: str, message: str, *, ours: bool) -> Refusal | None:
    """What the state means for a container that has never run; None: nothing is wrong.

    A user's manifest waits as long as its run may: somebody may be about to push the image. Scripts name an image of
    their own, and one that is not there ends them at once.
    """
    if reason in _USUAL:
        return None
    at_once = Patience.NONE if ours else Patience.LIMIT
    if reason == "InvalidImageName":
        return Refusal(Cause.BAD_CONFIG, Patience.NONE)
    if reason == "ErrImageNeverPull":
        return Refusal(Cause.BAD_CONFIG, at_once)
    if reason == "SignatureValidationFailed":
        return Refusal(Cause.REJECTED, at_once)
    if reason in _PULL:
        return _pull(message, at_once)
    if reason == "CreateContainerConfigError":
        wrong = any(words in message for words in (*_NO_KEY, *_NOT_AS_ROOT))
        short = Patience.SHORT if ours else Patience.LIMIT
        return Refusal(Cause.BAD_CONFIG, short) if wrong else Refusal(Cause.START_FAILED, Patience.LIMIT)
    if reason in _RUN:
        return Refusal(not_run(message), Patience.LIMIT)
    return Refusal(Cause.START_FAILED, Patience.LIMIT)


def read_mount(message: str, *, ours: bool) -> Refusal:
    """What the words of a `FailedMount` event mean."""
    if any(words in message for words in _NO_KEY) and ("secret" in message or "configmap" in message):
        return Refusal(Cause.BAD_CONFIG, Patience.SHORT if ours else Patience.LIMIT)
    return Refusal(Cause.START_FAILED, Patience.LIMIT)


def read_event(reason: str, message: str) -> Cause | None:
    """The cause that a `Warning` about a pod gives, where the pod's own status has not caught up with it."""
    if reason == "FailedMount":
        return read_mount(message, ours=False).cause
    if reason != "Failed":
        return None
    if message.startswith("Failed to pull image"):
        return _pull(message, Patience.LIMIT).cause
    refusal = read_waiting("CreateContainerConfigError", message, ours=False)
    return None if refusal is None or refusal.cause is Cause.START_FAILED else refusal.cause


def _pull(message: str, at_once: Patience) -> Refusal:
    if any(words in message for words in _PASSING):
        return Refusal(Cause.START_FAILED, Patience.LIMIT)
    if any(words in message for words in (*_NO_IMAGE, *_NO_ACCESS)):
        return Refusal(Cause.BAD_CONFIG, at_once)
    return Refusal(Cause.START_FAILED, Patience.LIMIT)
