"""As whom the jobs of each app group run, where the server is root.

Source: Linux man-pages, user_namespaces(7), uid_map.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyjob.job import owner_of
from anyjob.problem import Problem
from anyjob.worker.shim import passage

if TYPE_CHECKING:
    from anyjob.job import Job

__all__ = ["AUTO", "GroupUsers"]

AUTO: Final = "auto"
"""A number of the app group's own, that no user of the machine has."""

_FIRST: Final = 1_900_000_000
_FIRST_OF_FEW: Final = 61_184
_LAST_OF_FEW: Final = 65_519
"""systemd keeps these for users that live as long as a service; they serve where a container has no larger numbers."""


class GroupUsers:
    """The `RunAs` of the server's worker.

    `users` says for `NAMESPACE/GROUP`, `GROUP` (of namespace `default`) or `*` which user, `root`, or `auto`, which is
    the default. `number_of` gives an app group's number in the store, by namespace and group id; it never changes, and
    none is used twice.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        number_of: Callable[[str, str], int | None],
        *,
        root: bool | None = None,
        few: bool | None = None,
    ) -> None:
        """`root` and `few` (not all numbers can be had here) are found out unless they are given."""
        self._users, self._number_of = users, number_of
        self.root = os.getuid() == 0 if root is None else root
        self._few = _few_numbers() if few is None else few

    def problems(self) -> list[Problem]:
        """What of `[server.users]` cannot be kept on this machine."""
        found: list[Problem] = []
        for group, user in self._users.items():
            field = f"server.users.{group}"
            if user == AUTO:
                continue
            try:
                entry = pwd.getpwnam(user)
            except KeyError:
                remedy = "is no user of this machine; create it, or write auto"
                found.append(Problem(field=field, value=user, remedy=remedy))
                continue
            if not self.root and entry.pw_uid != os.getuid():
                remedy = "cannot be: the server is not root, so every job runs as its own user; take it out"
                found.append(Problem(field=field, value=user, remedy=remedy))
        return found

    def __call__(self, job: Job) -> str | None:
        """The user of the job's app group; None: the server's own."""
        if not self.root:
            return None
        said = self.said(job.namespace, job.group_id)
        if said != AUTO:
            return said
        number = self._number_of(job.namespace, job.group_id)
        if number is None:  # the group went away under a job that still runs: nobody else's number
            number = 0
        if not self._few:
            return str(_FIRST + number)
        return str(_FIRST_OF_FEW + number % (_LAST_OF_FEW - _FIRST_OF_FEW + 1))

    def summary(self) -> str:
        """As whom jobs run, for whoever starts the server."""
        if not self.root:
            try:
                name = pwd.getpwuid(os.getuid()).pw_name
            except KeyError:  # a uid without an entry
                name = str(os.getuid())
            return f"jobs run as {name}, this server's user: all app groups are one trust domain"
        others = self.said("", "*")
        words = [f"app group {group} as {user}" for group, user in self._users.items() if group != "*"]
        words.append("others" if words else "all")
        words[-1] += " as users of their own, one an app group" if others == AUTO else f" as {others}"
        return f"jobs run by app group: {', '.join(words)}"

    def warnings(self) -> list[str]:
        """What jobs cannot do as these users, as the machine is at this moment."""
        if not self.root or self.said("", "*") == "root" or not (closed := passage.closed_programs()):
            return []
        return [f"users of app groups cannot pass {passage.behind(closed)}: {passage.REMEDY}"]

    def said(self, namespace: str, group: str) -> str:
        """What the settings say for an app group."""
        for name in (owner_of(namespace, group), "*"):
            if name in self._users:
                return self._users[name]
        return AUTO


def _few_numbers() -> bool:
    """Whether this process is in a user namespace that has no such numbers."""
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return True
    for line in lines:
        first, _, count = (int(word) for word in line.split())
        if first <= _FIRST and first + count > _FIRST + 1_000_000:
            return False
    return True
