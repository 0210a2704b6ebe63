"""From a signed request to the operation that answers it: policy before, audit behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from anyjob.errors import AnyJobError
from anyjob_server.api.audit import audit_row
from anyjob_server.api.errors import BusinessError, NoPermission, UnknownApi
from anyjob_server.api.gateway import Signed
from anyjob_server.api.groupshelf import GroupShelf
from anyjob_server.api.operation import Call
from anyjob_server.api.registry import VERSION, all_operations
from anyjob_server.api.reply import business_error, success
from anyjob_server.api.verdict import as_business_error
from anyjob_server.store import audit
from anyjob_server.trust.actions import RUNS_CODE
from anyjob_server.trust.guard import Denied

if TYPE_CHECKING:
    from anyjob_server.server import Server

__all__ = ["Dispatcher"]


class Dispatcher:
    """Carries out signed requests. One a server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._operations = all_operations()
        self._groups = GroupShelf(server.store, time.monotonic)

    async def answer(self, signed: Signed, request_id: str, remote: str) -> tuple[int, bytes]:
        """HTTP status and body. Raises GatewayError."""
        operation = self._operations.get(signed.action) if signed.version == VERSION else None
        if operation is None:
            raise UnknownApi(signed.action, signed.version)
        for name in operation.needed:
            signed.parameters.needed(name)
        call = Call(
            operation=operation,
            parameters=signed.parameters,
            key=signed.key,
            server=self._server,
            groups=self._groups,
            request_id=request_id,
            remote=remote,
            host=signed.host,
        )
        try:
            if operation.action not in RUNS_CODE:
                call.allow()
            operation.check_names(signed.parameters)
            told = await operation.handle(call)
            if not call.asked:
                raise RuntimeError(f"{operation.name} ran somebody's code without asking the policy")
            await self._record(call, allowed=True)
        except Denied as denied:
            await self._record(call, allowed=False)
            raise NoPermission(
                str(denied), key=denied.key, action=denied.wanted.action, explicit=denied.explicit
            ) from denied
        except BusinessError as error:
            return 200, business_error(request_id, error)
        except AnyJobError as error:
            known = as_business_error(error)
            if known is None:
                raise
            return 200, business_error(request_id, known)
        return 200, success(request_id, told, call.message)

    async def _record(self, call: Call, *, allowed: bool) -> None:
        action = call.operation.action
        if allowed and (call.recorded or action.endswith(".read") or action == "instance.log"):
            return
        row = audit_row(call, allowed=allowed)
        await self._server.store.write(lambda c: audit.add(c, [row]))
