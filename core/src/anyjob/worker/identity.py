"""As whom a run's processes run."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anyjob.problem import Problem

if TYPE_CHECKING:
    from anyjob.job import Job

__all__ = ["Identity", "RunAs", "assigned", "no_own", "own_name", "reachable", "resolve_user"]

RunAs = Callable[["Job"], str | None]
"""The user of a job's app group, for jobs that name none: a name, or a number that has no name. None: the worker's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user of this node: `groups` are the supplementary ones. `home` empty: it has none."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def own_name() -> str:
    """The name of the worker's own user; its number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def no_own(job: Job) -> None:
    """The RunAs of a worker whose app groups have no users of their own."""
    del job


def assigned(user: str) -> Identity | Problem | None:
    """The identity of the user that the operator gave an app group; None: it is the worker's own.

    A number needs no entry among the node's users. Nobody's allow-list is asked.
    """
    try:
        entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        if not user.isdigit():
            remedy = "is no user of this node; create it, or give the app group another"
            return Problem(field="The app group's user", value=user, remedy=remedy)
        return Identity(name=user, uid=int(user), gid=int(user), groups=(), home="")
    if entry.pw_uid == os.getuid():
        return None
    if os.getuid() != 0:
        remedy = "the worker is not root, so it can only run jobs as itself; give the app group no user"
        return Problem(field="The app group's user", value=user, remedy=remedy)
    return _identity(entry)


def resolve_user(user: str, owner: str, allowed: Mapping[str, Sequence[str]]) -> Identity | Problem | None:
    """The identity for XAttrs.user of a job of `owner`, a Problem when it may not be, None when it is the worker's own
    user.

    Only root can become somebody else, only users on the app group's list, and never uid 0 unless it is named there:
    also a worker that is root itself runs no job as root that asks for it and is not allowed to.
    """
    field = "XAttrs.user"
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return Problem(field=field, value=user, remedy="is no user of this node; create it, or name one that exists")
    own = entry.pw_uid == os.getuid()
    if own and os.getuid() != 0:
        return None
    if os.getuid() != 0:
        return Problem(
            field=field,
            value=user,
            remedy="the worker is not root, so it can only run jobs as itself; leave the field out",
        )
    names = {*allowed.get(owner, ()), *allowed.get("*", ())}
    if user not in names and ("*" not in names or entry.pw_uid == 0):
        have = ", ".join(sorted(names)) or "none"
        return Problem(
            field=field,
            value=user,
            remedy=f"not allowed for app group {owner!r}; allowed: {have}. The operator adds it to [worker.users]",
        )
    return None if own else _identity(entry)


def _identity(entry: pwd.struct_passwd) -> Identity:
    groups = tuple(item.gr_gid for item in grp.getgrall() if entry.pw_name in item.gr_mem)
    return Identity(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, groups=groups, home=entry.pw_dir)


def reachable(user: Identity, folder: str) -> Identity | Problem:
    """The identity, or a Problem when a folder above `folder` is closed to it."""
    for above in reversed(Path(folder).parents):
        entry = above.stat()
        mine = 0o100 if entry.st_uid == user.uid else 0o010 if entry.st_gid in (user.gid, *user.groups) else 0o001
        if not entry.st_mode & mine:
            remedy = f"cannot pass through {above} to the run's folder; put the state folder elsewhere (--state)"
            return Problem(field="XAttrs.user", value=user.name, remedy=remedy)
    return user
