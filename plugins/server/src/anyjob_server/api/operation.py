"""What one operation of the API is, and what it gets when it is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from anyjob.outcome import Json
from anyjob_server.api.key import Key
from anyjob_server.api.parameters import Parameters

if TYPE_CHECKING:
    from anyjob_server.server import Server

__all__ = ["Call", "Handle", "Operation"]


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of an operation. An operation may set `message`, which is the reply's on success."""

    action: str
    parameters: Parameters
    key: Key
    server: Server
    request_id: str
    remote: str = ""
    message: str = field(default="", init=False)


Handle: TypeAlias = Callable[[Call], Awaitable[Mapping[str, Json] | None]]
"""Does the work and gives what stands in the reply beside its envelope. Raises BusinessError or GatewayError; what
core, store and engine raise for a caller's fault becomes a BusinessError by the dispatcher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `api/operations/<name>.py` holds it as OPERATION, which is all that adding one takes.

    `action` is the word of policies and audit, `job.create`; `needed` are parameters without which the gateway refuses
    the call, in the order in which they are asked for.
    """

    name: str
    handle: Handle
    action: str
    needed: Sequence[str] = ()
