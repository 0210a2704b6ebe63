"""What one operation of the API is, and what it gets when it is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from anyjob.outcome import Json
from anyjob_server.api.gateway import COMMON
from anyjob_server.api.key import Key
from anyjob_server.api.parameters import Parameters
from anyjob_server.api.refusals import UnknownParameters

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob_server.api.groupshelf import GroupShelf
    from anyjob_server.server import Server
    from anyjob_server.store.groups import GroupRow

__all__ = ["Call", "Handle", "Operation"]


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of an operation.

    An operation may set `message`, which is the reply's on success, and for the audit log `job`, an id, and `said`:
    names and numbers, never contents.
    """

    operation: Operation
    parameters: Parameters
    key: Key
    server: Server
    groups: GroupShelf
    request_id: str
    remote: str = ""
    host: str = ""
    message: str = field(default="", init=False)
    job: int = field(default=0, init=False)
    said: dict[str, object] = field(default_factory=dict[str, object], init=False)
    asked: bool = field(default=False, init=False)
    """Whether the policy was asked."""
    recorded: bool = field(default=False, init=False)
    """Whether the audit log has its line already: written in the same transaction as the change."""

    @property
    def by(self) -> str:
        """Who calls, for a store."""
        return self.key.access_key_id

    @property
    def sees_all(self) -> bool:
        """Whether the key may see every name that there is."""
        return not (self.key.policy or self.key.namespace or self.key.group_id)

    @property
    def scope(self) -> tuple[str, str]:
        """What the parameters of the operation's scope say; empty where they are not given."""
        namespace, group = self.operation.scope
        return self.parameters.text(namespace), self.parameters.text(group)

    def allow(self, group: GroupRow | None = None, job: Job | None = None) -> None:
        """Ask the policy of the key. `group` None: the scope that the call names. Raises Denied.

        Operations by which code comes to run ask themselves, for each job; the dispatcher asks for all others. One
        whose GroupId may be left out asks again when it knows the group.
        """
        namespace, group_id = self.scope if group is None else (group.namespace, group.group_id)
        guard, key = self.server.guard, self.key
        policy = guard.policy(key.policy, key.namespace, key.group_id)
        guard.allow(key.access_key_id, policy, self.operation.action, namespace, group_id, job)
        self.asked = True


Handle: TypeAlias = Callable[[Call], Awaitable[Mapping[str, Json] | None]]
"""Does the work and gives what stands in the reply beside its envelope. Raises BusinessError or GatewayError; what
core, store and engine raise for a caller's fault becomes a BusinessError by the dispatcher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `api/operations/<name>.py` holds it as OPERATION, which is all that adding one takes.

    `action` is the word of policies and audit, one of `trust.actions`. `needed` are parameters without which the
    gateway refuses the call, in the order in which they are asked for; `takes` are those that may be left out, a list
    as `Name.N`. What is neither is refused by name: who mistypes a filter gets what he did not ask for. None: the
    operation looks at all names itself. `scope`: the parameters that say which namespace and app group it is about.
    """

    name: str
    handle: Handle
    action: str
    needed: Sequence[str] = ()
    takes: Sequence[str] | None = ()
    scope: tuple[str, str] = ("Namespace", "GroupId")
    _known: frozenset[str] = field(init=False, repr=False)
    _lists: Sequence[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        takes = self.takes or ()
        lists = [name.removesuffix(".N") for name in takes if name.endswith(".N")]
        known = frozenset([*self.needed, *takes, *lists, *self.scope, *_EVERYBODYS, *COMMON]) - {""}
        object.__setattr__(self, "_known", known)  # frozen
        object.__setattr__(self, "_lists", lists)

    def check_names(self, given: Collection[str]) -> None:
        """Raises UnknownParameters for those that it does not take; those of the gateway every call may have."""
        if self.takes is None or self._known.issuperset(given):
            return
        unknown = [
            name
            for name in given
            if name not in self._known and not any(name.startswith(f"{one}.") for one in self._lists)
        ]
        if unknown:
            raise UnknownParameters(self.name, unknown, self._known - COMMON)


_EVERYBODYS: Final = ("Namespace", "GroupId", "NamespaceSource", "RegionId")
"""A client may send these with whatever it asks."""
