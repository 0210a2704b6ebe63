"""What goes wrong between a command and its server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from anyjob.errors import AnyJobError, BadInput
from anyjob.nearest import did_you_mean
from anyjob.problem import short

__all__ = [
    "BadJobs",
    "BadRequest",
    "CallFailed",
    "HoldUnconfirmed",
    "KeyMissing",
    "NoAnswer",
    "NoServer",
    "NoStateFolder",
    "NotSigned",
    "ServerLost",
    "ServerUnreachable",
    "UnknownInstance",
    "UnknownJob",
]

_BAD_INPUT: Final = range(400, 500)


class NoServer(AnyJobError):
    """Nobody named a server, and none runs on the state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        super().__init__(
            f"No server is known: none runs on the state folder {state}. Start one with `anyjob serve`,"
            " or name one with --server URL or ANYJOB_SERVER."
        )


class NoStateFolder(BadInput):
    """A folder was named, or is the usual one, and no server has ever been in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"No server has been in {folder}: is --state the folder of the server? Nothing was changed.")


class HoldUnconfirmed(AnyJobError):
    """The brake's file is as it should be, and the server does not say that it has seen it."""

    def __init__(self, url: str, folder: Path, *, release: bool) -> None:
        self.url, self.folder = url, folder
        done = "is taken away" if release else "is written"
        super().__init__(
            f"{folder}/hold {done}, and the server at {url} does not say that it has seen it. Is it older than this"
            " command? Restart it, and look with `anyjob status`."
        )


class KeyMissing(BadInput):
    """A server was named, and no access key for it."""

    def __init__(self, url: str, missing: str) -> None:
        self.url, self.missing = url, missing
        super().__init__(
            f"Calls to {url} are signed with an access key, and {missing} is not set. Set ANYJOB_ACCESS_KEY_ID and"
            " ANYJOB_ACCESS_KEY_SECRET; `anyjob key create` on the server's machine makes a key."
        )


class ServerUnreachable(AnyJobError):
    """No connection came about, so nothing was asked."""

    def __init__(self, url: str, why: str, told: str = "") -> None:
        self.url, self.why = url, why
        super().__init__(
            f"The server at {url} cannot be reached: {why}; nothing was asked of it."
            f" {told or 'Is `anyjob serve` running there? Another is named with --server or ANYJOB_SERVER.'}"
        )


class ServerLost(AnyJobError):
    """The request went out and no answer came: it may have been done."""

    def __init__(self, url: str, action: str, why: str) -> None:
        self.url, self.action, self.why = url, action, why
        super().__init__(
            f"{action}: the server at {url} did not answer: {why}. It may have done what was asked; look before you ask"
            " again."
        )


class NoAnswer(AnyJobError):
    """Something answered that is no anyjob server."""

    def __init__(self, url: str, action: str, status: int) -> None:
        self.url, self.action, self.status = url, action, status
        super().__init__(
            f"{action}: {url} answered with HTTP status {status} and no JSON object, so it is no anyjob server, or a"
            " proxy is between. Check --server and ANYJOB_SERVER."
        )


class NotSigned(AnyJobError):
    """The gateway did not let the request in: key, signature, clock or policy. `code` is the API's word."""

    def __init__(self, url: str, action: str, code: str, message: str, request_id: str) -> None:
        self.url, self.action, self.code, self.message, self.request_id = url, action, code, message, request_id
        remedy, stop = _remedy(code), "" if message.endswith((".", "!", "?")) else "."
        told = f"{message}{stop} {remedy}" if remedy else message
        super().__init__(f"{action} was refused by {url}: {code}: {told} (request {request_id})")


class CallFailed(AnyJobError):
    """The server did not do what was asked. Its message says what is wrong; `code` is the API's number."""

    def __init__(self, action: str, code: int, message: str, request_id: str) -> None:
        self.action, self.code, self.message, self.request_id = action, code, message, request_id
        super().__init__(message or f"{action} failed with code {code} (request {request_id})")

    @classmethod
    def of(cls, action: str, code: int, message: str, request_id: str) -> CallFailed:
        """The error of a reply: BadRequest where another request would do better."""
        return (BadRequest if code in _BAD_INPUT else CallFailed)(action, code, message, request_id)


class BadRequest(CallFailed, BadInput):
    """What was asked cannot be done as it was asked."""


class BadJobs(BadInput):
    """Files of jobs of which something cannot be used: all that is wrong with all of them. Nothing was made."""

    def __init__(self, errors: Sequence[AnyJobError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, errors)))


class UnknownJob(BadInput):
    """An app group has no job of this id or name."""

    def __init__(self, word: str, namespace: str, group: str, known: Sequence[str]) -> None:
        self.word = word
        hint = did_you_mean(word, known) or "`anyjob job list` shows those that there are"
        where = f"app group {short(group)!r} of namespace {short(namespace)!r}"
        super().__init__(f"There is no job {short(word)!r} in {where}; {hint}" + ("" if hint.endswith("?") else "."))


class UnknownInstance(BadInput):
    """An app group has no instance of this number."""

    def __init__(self, ident: int, namespace: str, group: str) -> None:
        self.ident = ident
        where = f"app group {short(group)!r} of namespace {short(namespace)!r}"
        super().__init__(
            f"There is no instance {ident} in {where}; `anyjob instance list` shows the newest, and --namespace and"
            " --group choose another. Of a job's ended instances only the newest are kept ([server] history)."
        )


def _remedy(code: str) -> str:
    word = next((word for word in _REMEDIES if code.startswith(word)), "")
    return _REMEDIES.get(word, "")


_REMEDIES: Final = {
    "InvalidAccessKeyId": "Check ANYJOB_ACCESS_KEY_ID, or make a key with `anyjob key create` on the server's machine.",
    "SignatureDoesNotMatch": "Check ANYJOB_ACCESS_KEY_SECRET.",
    "InvalidTimeStamp": "Set the clock of this machine.",
    "InvalidApi": "Is the server older than this command?",
    "Forbidden": "The access key may not do this; use another, or have its policies changed.",
    "Throttling": "Try again later.",
}
