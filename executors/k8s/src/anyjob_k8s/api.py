"""Calls of one cluster's API: JSON in, JSON out, tried again while the API does not answer.

Source: Kubernetes, API concepts, resource URIs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from anyjob_k8s.client import Access, Login
from anyjob_k8s.faults import ApiFault, Trouble, trouble_of
from anyjob_k8s.objects import K8sObject, part, parts, text
from anyjob_k8s.wire import Answer, Broken, Unreached, Wire

__all__ = ["Api", "Call"]

_log = logging.getLogger(__name__)
_LIMIT: Final = 64 << 20
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0
_FRESH: Final = 20.0
"""Seconds for which credentials are used without asking for newer ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, in the words of a Role. `part` is a subresource (`log`)."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    group: str = ""
    part: str = ""
    query: Mapping[str, str | int] | None = None
    body: K8sObject | None = None
    path: str = ""
    """In place of the resource's own."""

    @property
    def method(self) -> str:
        """The HTTP method of the verb."""
        return {"create": "POST", "delete": "DELETE", "patch": "PATCH"}.get(self.verb, "GET")

    @property
    def said_resource(self) -> str:
        """The resource as a Role names it: a subresource behind a slash."""
        return f"{self.resource}/{self.part}" if self.part else self.resource

    @property
    def target(self) -> str:
        """The path and query of the request."""
        if self.path:
            return self.path
        root = f"/apis/{self.group}/v1" if self.group else "/api/v1"
        words = [root, *(["namespaces", self.namespace] if self.namespace else []), self.resource]
        words += [word for word in (self.name, self.part) if word]
        path = "/".join([words[0], *(quote(word, safe="") for word in words[1:])])
        return f"{path}?{urlencode(self.query)}" if self.query else path


class Api:
    """One login at one cluster. Used on one loop."""

    def __init__(self, login: Login, *, timeout: float = 30.0, at_once: int = 8) -> None:
        """`timeout`: seconds for one call. `at_once`: calls at one time, each with a connection; streams are not
        counted."""
        self.login, self._timeout = login, timeout
        self.sent: Counter[tuple[str, str]] = Counter()
        """Requests that left, by verb and resource."""
        self._access: Access | None = None
        self._headers: Mapping[str, str] = {}
        self._until = 0.0
        self._loading = asyncio.Lock()
        self._free = asyncio.Semaphore(at_once)
        self._idle: list[Wire] = []

    async def access(self) -> Access:
        """How the cluster is reached. Raises NoCluster."""
        await self._known()
        assert self._access is not None
        return self._access

    async def call(self, call: Call, *, patience: float = 0.0) -> dict[str, Any]:
        """The answer's object. While the API does not answer, or says that it is too busy, the same is asked again, for
        `patience` seconds: so a call must be one that may be repeated. Raises ApiFault."""
        until, wait = monotonic() + patience, _FIRST_WAIT
        while True:
            try:
                return await self._once(call)
            except ApiFault as fault:
                if not fault.passing or monotonic() >= until:
                    raise
                _log.debug("%s", fault)
                pause = fault.after if fault.after is not None else wait * random.uniform(0.75, 1.25)  # noqa: S311
            await asyncio.sleep(min(pause, _LONGEST_WAIT * 6))
            wait = min(wait * 2, _LONGEST_WAIT)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[bytes]]:
        """The answer's body as it comes; there may be any number of streams. Raises ApiFault, also from within the
        body."""
        access, headers = await self._known()
        wire = self._waiting() or await self._dial(call, access)
        kept = False
        try:
            answer = await self._ask(call, wire, access, headers)
            if answer.status >= 300:
                said = await self._told(call, answer)
                if answer.status == 401:
                    await self._renew(headers)
                raise self._refused(call, answer, said)
            yield self._chunks(call, answer)
            kept = answer.reusable
        finally:
            if kept:
                self._idle.append(wire)
            else:
                wire.close()

    async def version(self) -> str:
        """Of the API server. Raises ApiFault, NoCluster."""
        return text(await self.call(Call(verb="get", resource="version", path="/version")), "gitVersion")

    def close(self) -> None:
        """The connections that wait for a next call are closed; calls that are going are not."""
        while self._idle:
            self._idle.pop().close()

    # ---------------------------------------------------------------- one request

    async def _once(self, call: Call) -> dict[str, Any]:
        async with self._free:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._exchange(call)
            except TimeoutError:
                raise self._fault(call, Trouble.BROKEN, f"no answer within {self._timeout:.0f} s") from None

    async def _exchange(self, call: Call) -> dict[str, Any]:
        access, headers = await self._known()
        for again in (True, False):
            wire = self._waiting() or await self._dial(call, access)
            used, kept = wire.used, False
            try:
                answer = await self._ask(call, wire, access, headers)
                data = await self._told(call, answer)
                kept = answer.reusable
            except ApiFault as fault:
                if fault.trouble is Trouble.BROKEN and used and again:
                    continue  # ended by the server while it lay idle
                raise
            finally:
                if kept:
                    self._idle.append(wire)
                else:
                    wire.close()
            if answer.status == 401 and again:
                await self._renew(headers)
                access, headers = await self._known()
                continue
            if answer.status >= 300:
                raise self._refused(call, answer, data)
            return data
        raise AssertionError("the second turn returns or raises")

    def _waiting(self) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()
            if not wire.stale:
                return wire
            wire.close()
        return None

    async def _dial(self, call: Call, access: Access) -> Wire:
        try:
            return await Wire.dial(access)
        except Unreached as error:
            raise self._fault(call, Trouble.UNREACHED, str(error)) from error

    async def _ask(self, call: Call, wire: Wire, access: Access, headers: Mapping[str, str]) -> Answer:
        body = None if call.body is None else json.dumps(call.body, separators=(",", ":")).encode()
        whole = {
            "Host": f"{access.host}:{access.port}",
            "Accept": "application/json",
            "User-Agent": "anyjob",
            **headers,
        }
        if body is not None:
            whole["Content-Type"] = "application/merge-patch+json" if call.verb == "patch" else "application/json"
        if call.part == "log":
            whole["Accept"] = "*/*"
        self.sent[call.verb, call.said_resource] += 1
        try:
            return await wire.ask(call.method, access.prefix + call.target, whole, body)
        except Broken as error:
            raise self._fault(call, Trouble.BROKEN, str(error)) from error

    async def _chunks(self, call: Call, answer: Answer) -> AsyncIterator[bytes]:
        try:
            async for data in answer.chunks():
                yield data
        except Broken as error:
            raise self._fault(call, Trouble.BROKEN, str(error)) from error

    async def _told(self, call: Call, answer: Answer) -> dict[str, Any]:
        try:
            data = await answer.body(_LIMIT)
        except Broken as error:
            raise self._fault(call, Trouble.BROKEN, str(error)) from error
        found: object = None
        try:
            found = json.loads(data) if data else {}
        except ValueError:
            pass
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
        if answer.status >= 300:
            return {"message": data[:1000].decode("utf-8", "replace")}
        raise self._fault(call, Trouble.BROKEN, f"the answer is no JSON object: {data[:200]!r}")

    # ---------------------------------------------------------------- credentials

    async def _known(self) -> tuple[Access, Mapping[str, str]]:
        if self._access is None or monotonic() >= self._until:
            async with self._loading:
                if self._access is None:
                    self._access = await asyncio.to_thread(self.login.load)
                    self._until = 0.0
                if monotonic() >= self._until:
                    self._headers = await asyncio.to_thread(self.login.headers)
                    self._until = monotonic() + _FRESH
        assert self._access is not None
        return self._access, self._headers

    async def _renew(self, refused: Mapping[str, str]) -> None:
        """Read everything anew, unless somebody has done so since."""
        async with self._loading:
            if self._headers is refused:
                self._access, self._until = None, 0.0

    # ---------------------------------------------------------------- faults

    def _refused(self, call: Call, answer: Answer, said: K8sObject) -> ApiFault:
        causes = parts(said, "details", "causes")
        fields = [text(cause, "field") for cause in causes if text(cause, "field")]
        after = str(answer.headers.get("retry-after") or part(said, "details").get("retryAfterSeconds") or "")
        seconds = float(after) if after.isdigit() else None
        return self._fault(
            call,
            trouble_of(answer.status, after=seconds),
            text(said, "message") or f"HTTP {answer.status}",
            status=answer.status,
            reason=text(said, "reason"),
            field=fields[0] if fields else "",
            after=seconds,
        )

    def _fault(self, call: Call, trouble: Trouble, said: str, **more: Any) -> ApiFault:
        return ApiFault(
            trouble,
            said,
            verb=call.verb,
            resource=call.said_resource,
            namespace=call.namespace,
            group=call.group,
            name=call.name,
            server=self._access.server if self._access else "",
            **more,
        )
