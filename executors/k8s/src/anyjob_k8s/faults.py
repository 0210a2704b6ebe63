"""Calls of the Kubernetes API that came to nothing, told apart by what they say of the request.

Sources: Kubernetes API, Status; RFC 9110, 15 (status codes) and 10.2.3 (Retry-After).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.problem import short

__all__ = ["WHOLE_ROLE", "ApiFault", "Trouble", "trouble_of"]

WHOLE_ROLE: Final = "all that the worker needs is the Role in anyjob-k8s's README, under Rights"


class Trouble(StrEnum):
    """What kind of end it was. `UNREACHED` and `BUSY` pass by themselves; after all but `BROKEN` the API surely did
    nothing."""

    UNREACHED = "cannot be reached"
    """No connection: nothing was sent."""
    BROKEN = "gave no answer"
    """The request may have been done: the connection broke, or the answer was late or a 5xx."""
    BUSY = "is too busy"
    """429, or a 503 that says when to come again."""
    CREDENTIALS = "does not accept the credentials"
    FORBIDDEN = "forbids it"
    MISSING = "has no such object"
    CONFLICT = "has it already, or in another version"
    EXPIRED = "no longer holds that version"
    INVALID = "does not take the object"
    """400, 422: the message names the field."""
    REFUSED = "refuses it"


_BY_STATUS: Final = {
    400: Trouble.INVALID,
    401: Trouble.CREDENTIALS,
    403: Trouble.FORBIDDEN,
    404: Trouble.MISSING,
    409: Trouble.CONFLICT,
    410: Trouble.EXPIRED,
    413: Trouble.INVALID,
    415: Trouble.INVALID,
    422: Trouble.INVALID,
    429: Trouble.BUSY,
}


def trouble_of(status: int, *, after: float | None) -> Trouble:
    """Of an answer that says no. `after`: the seconds of its Retry-After; None: it has none."""
    if status >= 500:
        return Trouble.BUSY if status == 503 and after is not None else Trouble.BROKEN
    return _BY_STATUS.get(status, Trouble.REFUSED)


class ApiFault(AnyJobError):
    """A call that came to nothing.

    `verb`, `resource` and `namespace` are what a Role would name: create, jobs, default. `group` is the resource's API
    group ("" core, "batch"). `status` is the HTTP status, 0 where there was no answer; `said` the API's own message,
    `reason` its reason in one word; `field` the first field that it names, for INVALID. `after`: seconds after which to
    try again, by the API's word.
    """

    def __init__(
        self,
        trouble: Trouble,
        said: str,
        *,
        verb: str,
        resource: str,
        namespace: str,
        group: str = "",
        name: str = "",
        status: int = 0,
        reason: str = "",
        field: str = "",
        after: float | None = None,
        server: str = "",
    ) -> None:
        self.trouble, self.said = trouble, said
        self.verb, self.resource, self.namespace, self.group, self.name = verb, resource, namespace, group, name
        self.status, self.reason, self.field, self.after, self.server = status, reason, field, after, server
        super().__init__(f"{self._what()}: {short(said, 600)}{self._remedy()}")

    @property
    def untouched(self) -> bool:
        """Whether the API surely did nothing of what was asked."""
        return self.trouble is not Trouble.BROKEN

    @property
    def passing(self) -> bool:
        """Whether it may be gone when the same is asked again, without anybody's doing."""
        return self.trouble in (Trouble.UNREACHED, Trouble.BROKEN, Trouble.BUSY)

    @property
    def rule(self) -> str:
        """The line of a Role that allows the call."""
        return f'{{apiGroups: ["{self.group}"], resources: ["{self.resource}"], verbs: ["{self.verb}"]}}'

    def _what(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        named = f" {self.name}" if self.name else ""
        status = f" ({self.status})" if self.status else ""
        server = f" at {self.server}" if self.server and self.trouble is Trouble.UNREACHED else ""
        return f"{self.verb} {self.resource}{named}{where}: the Kubernetes API{server} {self.trouble}{status}"

    def _remedy(self) -> str:
        match self.trouble:
            case Trouble.FORBIDDEN if self.reason == "Forbidden" and "forbidden: User" not in self.said:
                return ""  # an admission plugin: quota, PodSecurity, a webhook
            case Trouble.FORBIDDEN:
                kind = "Role" if self.namespace else "ClusterRole"
                where = f" of namespace {self.namespace}" if self.namespace else ""
                return f". Add to a {kind}{where} that is bound to the worker's user: {self.rule}; {WHOLE_ROLE}"
            case Trouble.CREDENTIALS:
                return ". Renew the token or certificate of the kubeconfig's user, or of the pod's service account."
            case Trouble.UNREACHED:
                return ". Check the server of the kubeconfig's context, and that the API server is up."
            case _:
                return ""
