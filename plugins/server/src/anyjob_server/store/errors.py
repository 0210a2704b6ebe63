"""What the store refuses, and what to do then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.problem import short
from anyjob.status import InstanceStatus

__all__ = [
    "FREE_SOME",
    "GroupGone",
    "GroupNotEmpty",
    "GroupTaken",
    "JobGone",
    "KeyTaken",
    "NameTaken",
    "NamespaceGone",
    "NamespaceNotEmpty",
    "NamespaceTaken",
    "NeverAllowed",
    "SealUnusable",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "StoreLost",
    "StoreNewer",
    "StoreNotEmpty",
    "StoreOlder",
    "StoreUnusable",
    "lost",
]


FREE_SOME: Final = "Free some space; no restart is needed."


def lost(where: str, why: str) -> str:
    """That a database does not answer, in one line: drivers say it in several."""
    return f"The database {where} is lost: {' '.join(why.split())}. The server goes on when it is back."


class StoreError(AnyJobError):
    """The database, or what was asked of it, is at fault."""


class StoreUnusable(StoreError):
    """The database cannot be opened."""

    def __init__(self, where: str, why: str) -> None:
        self.where, self.why = where, why
        super().__init__(f"The database {where} cannot be used: {why}.")


class StoreInUse(StoreError):
    """Another server has the database."""

    def __init__(self, where: str, holder: str) -> None:
        self.where, self.holder = where, holder
        super().__init__(
            f"The database {where} is in use by {holder}. Stop that server, or give this one a database of its own."
        )


class StoreNewer(StoreError):
    """A later version of anyjob-server has changed the tables."""

    def __init__(self, where: str, revision: str, known: str) -> None:
        self.where, self.revision, self.known = where, revision, known
        super().__init__(
            f"The database {where} was written by a later version of anyjob-server: its tables are at"
            f" {short(revision)}, this version knows them up to {known}. Install that version again, or restore the"
            " backup made before it."
        )


class StoreOlder(StoreError):
    """An earlier version of anyjob-server has left the tables, and they cannot be read row by row."""

    def __init__(self, where: str, revision: str, known: str) -> None:
        self.where, self.revision, self.known = where, revision, known
        super().__init__(
            f"The database {where} has the tables of an earlier version of anyjob-server: they are at"
            f" {short(revision)}, and this version reads {known}. Start the server once, which brings them up to date,"
            " or use that version."
        )


class StoreNotEmpty(StoreError):
    """A backup goes into an empty database only."""

    def __init__(self, where: str, table: str) -> None:
        self.where, self.table = where, table
        super().__init__(
            f"The database {where} is not empty: there are rows in {table}. Nothing was changed. Create another"
            " database (createdb anyjob2) and name that one under [server] database."
        )


class StoreFull(StoreError):
    """There is no room for a change. Nothing of it is kept."""

    def __init__(self, where: str, why: str) -> None:
        self.where, self.why = where, why
        super().__init__(f"The database {where} has no room: {why}. Nothing of this change is kept. {FREE_SOME}")


class StoreLost(StoreError):
    """The database did not carry out a change, or did not say whether it did.

    `unknown`: the connection ended while the database committed, and it has not been back since to tell. Else nothing
    of the change is kept.
    """

    def __init__(self, where: str, why: str, *, unknown: bool = False) -> None:
        self.where, self.why, self.unknown = where, why, unknown
        kept = (
            "Whether this change is kept is not known: read it back when the database answers."
            if unknown
            else "Nothing of this change is kept."
        )
        super().__init__(f"{lost(where, why)} {kept}")


class SealUnusable(StoreError):
    """The file that opens the sealed secrets is missing, open to others, or belongs to another database."""

    def __init__(self, file: str, why: str, remedy: str) -> None:
        self.file, self.why = file, why
        super().__init__(f"The key file {file} {why}. {remedy}")


class NamespaceTaken(StoreError):
    """A namespace with this uid exists."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        super().__init__(f"Namespace {short(uid)!r} exists already. Choose another uid, or update that namespace.")


class NamespaceGone(StoreError):
    """The namespace has been deleted, or was never there."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        super().__init__(f"Namespace {short(uid)!r} does not exist, or has been deleted.")


class GroupGone(StoreError):
    """The app group has been deleted, or was never there."""

    def __init__(self, group: int) -> None:
        self.group = group
        super().__init__(f"App group {group} does not exist, or has been deleted.")


class NamespaceNotEmpty(StoreError):
    """A namespace still has app groups."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        super().__init__(f"Namespace {short(uid)!r} still has app groups. Delete them first.")


class GroupTaken(StoreError):
    """The namespace has an app group of this id."""

    def __init__(self, namespace: str, group_id: str) -> None:
        self.namespace, self.group_id = namespace, group_id
        super().__init__(
            f"App group {short(group_id)!r} exists already in namespace {short(namespace)!r}. Choose another id."
        )


class GroupNotEmpty(StoreError):
    """An app group still has jobs."""

    def __init__(self, group_id: str, jobs: int) -> None:
        self.group_id, self.jobs = group_id, jobs
        left = "1 job. Delete it" if jobs == 1 else f"{jobs} jobs. Delete them"
        super().__init__(f"App group {short(group_id)!r} still has {left} first.")


class NameTaken(StoreError):
    """The app group has a job of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"A job with the name {short(name)!r} exists already in this app group. Choose another name, or update"
            " that job (UpdateJob; `anyjob job create --replace`)."
        )


class JobGone(StoreError):
    """The job has been deleted, or was never there."""

    def __init__(self, job: int) -> None:
        self.job = job
        super().__init__(f"Job {job} does not exist, or has been deleted.")


class KeyTaken(StoreError):
    """An access key with this id exists."""

    def __init__(self, access_key_id: str) -> None:
        self.access_key_id = access_key_id
        super().__init__(f"Access key {short(access_key_id)!r} exists already. Choose another id, or revoke that key.")


class NeverAllowed(StoreError):
    """A change of an instance that no state allows. The caller is at fault, not the instance."""

    def __init__(self, to: InstanceStatus, expect: Iterable[InstanceStatus]) -> None:
        self.to, self.expect = to, tuple(expect)
        words = ", ".join(status.label for status in self.expect) or "nothing"
        super().__init__(f"An instance never goes from {words} to {to.label}. See anyjob_server/store/transitions.py.")
