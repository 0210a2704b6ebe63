"""The signed client: one request, one answer, through the egress policy.

Sources: DataWorks API 2024-05-18, where each parameter travels; Alibaba Cloud API, signature V3, the headers.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias

from requests import PreparedRequest, Request
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from anyjob.egress import Call, CallEnded, CallStep, read_url
from anyjob.egress.transport import open_session
from anyjob.errors import EgressRefused
from anyjob.outcome import Json
from anyjob.problem import short
from anyjob.version import VERSION
from anyjob_dataworks.answer import Answer, read_answer
from anyjob_dataworks.faults import CallFault, Trouble
from anyjob_dataworks.signature import canonical_query, form, signed_headers

if TYPE_CHECKING:
    from requests import Response

    from anyjob.egress import Egress
    from anyjob_dataworks.credentials import Credentials
    from anyjob_dataworks.settings import DataworksSettings

__all__ = ["Account", "Client", "Operation", "Said"]

Said: TypeAlias = Mapping[str, Json]

_UNSENT: Final = (CallStep.RESOLVING, CallStep.CONNECTING, CallStep.CONNECTED)
_ROOM: Final = 1 << 20
"""Bytes of an answer beside the text of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the API with its parameters, as the vendor places them. `starts`: it must not be sent twice."""

    name: str
    version: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Mapping[str, str] | None = None
    text: str = ""
    """The key of the answer that holds a text of any length: what is too long of it is cut off."""
    starts: bool = False

    @property
    def method(self) -> str:
        """The HTTP method: POST where it has a body."""
        return "GET" if self.body is None else "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where requests go, and as whom."""

    endpoint: str
    key: Credentials

    @property
    def host(self) -> str:
        """Of the endpoint, for people."""
        return read_url(self.endpoint).host


class Client:
    """Shared by all runs and threads."""

    def __init__(self, settings: DataworksSettings, egress: Egress) -> None:
        self._settings, self._egress = settings, egress
        self._session = open_session(egress, kept=settings.threads)
        self._lock = Lock()
        self._calls: set[Call] = set()
        self._closed = False
        self.skews: dict[str, float] = {}
        """By endpoint: seconds by which its clock was ahead of this machine's when it last answered."""

    def ask(self, account: Account, operation: Operation) -> Answer:
        """The answer. Blocks. Raises CallFault."""
        body = b"" if operation.body is None else form(operation.body)
        host = account.endpoint.partition("://")[2].partition("/")[0]
        now = time.time()
        headers = signed_headers(
            operation.method,
            host,
            (operation.name, operation.version),
            operation.query,
            body,
            account.key,
            at=now,
            nonce=token_hex(16),
        )
        url = f"{account.endpoint}/"
        if operation.query:
            url += f"?{canonical_query(operation.query)}"
        headers["user-agent"] = f"anyjob-dataworks/{VERSION}"
        headers["accept-encoding"] = "identity"
        prepared = Request(operation.method, url, headers=headers, data=body or None).prepare()
        with self._egress.call(self._settings.timeout) as call:
            self._began(call)
            call.fresh = operation.starts  # over a kept line nobody could tell whether a lost request was taken
            try:
                self._egress.check_url(url)
                with self._send(prepared, call) as response:
                    self._see_clock(account.endpoint, response, now)
                    answer = read_answer(response, operation.text, self._most(operation))
            except EgressRefused as error:
                raise CallFault(Trouble.EGRESS, operation.name, str(error)) from error
            except (CallEnded, RequestException, HTTPError, OSError) as error:
                raise self._broken(error, call, account, operation) from error
            finally:
                with self._lock:
                    self._calls.discard(call)
        fault = answer.fault(operation.name, account.key.hide, self.skews.get(account.endpoint))
        if fault is not None:
            raise fault
        return answer

    def look_at_clock(self, endpoint: str) -> float | None:
        """Seconds that the service's clock is ahead of this machine's, from an unsigned request; None when nobody
        answers, or says no time. Blocks."""
        with self._egress.call(min(10.0, self._settings.timeout)) as call:
            self._began(call)
            try:
                prepared = Request("GET", f"{endpoint}/", headers={"user-agent": f"anyjob-dataworks/{VERSION}"})
                with self._send(prepared.prepare(), call) as response:
                    self._see_clock(endpoint, response, time.time())
            except (CallEnded, EgressRefused, RequestException, HTTPError, OSError):
                return None
            finally:
                with self._lock:
                    self._calls.discard(call)
        return self.skews.get(endpoint)

    def close(self) -> None:
        """End what is going; the next worker asks again."""
        with self._lock:
            self._closed = True
            calls = list(self._calls)
        for call in calls:
            call.end("stop")
        self._session.close()

    # ---------------------------------------------------------------- one exchange

    def _began(self, call: Call) -> None:
        with self._lock:
            self._calls.add(call)
            if self._closed:
                call.end("stop")

    def _send(self, prepared: PreparedRequest, call: Call) -> Response:
        verify = str(self._settings.ca) if self._settings.ca else True
        adapter = self._session.get_adapter(prepared.url or "")
        return adapter.send(prepared, stream=True, timeout=call.left, verify=verify)

    def _most(self, operation: Operation) -> int:
        return _ROOM * 16 if not operation.text else self._settings.log + _ROOM

    def _see_clock(self, endpoint: str, response: Response, sent: float) -> None:
        try:
            there = parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return
        # It may have been written at any moment of the exchange, and has whole seconds.
        here = time.time()
        self.skews[endpoint] = there - here if there > here else min(0.0, there + 1 - sent)

    def _broken(self, error: Exception, call: Call, account: Account, operation: Operation) -> CallFault:
        """Nothing came of it: either it was never sent, or nobody knows."""
        where = f"{account.host}, while {call.step}"
        if call.ended == "deadline":
            what = f"no answer within {self._settings.timeout:g} s from {where}"
        elif call.ended:
            what = f"the worker let go, at {where}"
        else:
            what = f"{short(_plain(error), 300)} ({where})"
        trouble = Trouble.UNREACHED if call.step in _UNSENT else Trouble.BROKEN
        return CallFault(trouble, operation.name, what)


def _plain(error: BaseException) -> str:
    """The innermost words of an error that libraries have wrapped."""
    inner: BaseException = error
    while True:
        parts = [part for part in (inner.__cause__, *inner.args) if isinstance(part, BaseException)]
        reason = getattr(inner, "reason", None)
        if isinstance(reason, BaseException):
            parts.insert(0, reason)
        if not parts:
            break
        inner = parts[0]
    text = str(inner) or type(inner).__name__
    return f"TLS: {text}" if isinstance(inner, ssl.SSLError) else text
