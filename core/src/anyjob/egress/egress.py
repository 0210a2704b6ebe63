"""The egress policy of a process."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, TypeAlias

from anyjob.egress.address import RESERVED, Address, read_address, spellings
from anyjob.egress.call import Call, CallStep, Deadlines, current_call
from anyjob.egress.rule import plain_host
from anyjob.egress.settings import EgressSettings
from anyjob.egress.url import Target, read_url
from anyjob.errors import EgressRefused
from anyjob.problem import WrongValue

__all__ = ["Egress", "Found", "Resolve"]

Found: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""Family, type, protocol, canonical name and socket address, as `socket.getaddrinfo` gives them."""

Resolve: TypeAlias = Callable[[str, int], Sequence[Found]]

_SETTINGS: Final = "The settings"


def _resolve(host: str, port: int) -> Sequence[Found]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, f"{host[:80]!r} is no host name: {error}") from None


def _resolve_number(host: str, port: int) -> Sequence[Found]:
    """An address in any spelling that the resolver takes for one (127.1, 2130706433, 0x7f.1); none for a name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return ()


class Egress:
    """Says where calls may go, and makes the connections that go there. Safe to share between threads.

    A host is resolved once, every address that came is checked, and the connection goes to one of these addresses: a
    name that answers otherwise the next moment gains nothing. Redirects are new calls: check each with `check_url` and
    connect anew.
    """

    def __init__(
        self, settings: EgressSettings | None = None, *, resolve: Resolve | None = None, source: str = _SETTINGS
    ) -> None:
        """`settings` None: nothing is refused but link-local and metadata addresses. `source` names the settings in
        messages."""
        self._allow = None if settings is None else settings.allow_rules
        self._deny = () if settings is None else settings.deny_rules
        self._resolve = resolve or _resolve
        self._numbers = resolve is None
        self._source = source
        self._deadlines = Deadlines()

    def call(self, seconds: float | None = None) -> Call:
        """A call that ends itself after `seconds`. Use it as a block, in the thread that calls."""
        return Call(self._deadlines, None if seconds is None else time.monotonic() + seconds)

    def check_url(self, url: str) -> Target:
        """Whom the URL calls. Nothing is resolved yet. Raises EgressRefused."""
        try:
            target = read_url(url)
        except WrongValue as wrong:
            raise EgressRefused("the URL", None, None, f"it {wrong.remedy}", "") from None
        self._check_name(target.host, target.port)
        return target

    def addresses(self, host: str, port: int) -> list[Found]:
        """What the host resolves to, all of it checked. Raises EgressRefused, or OSError where it does not resolve.

        Within a call the end of the call ends this too, as CallEnded.
        """
        host = host.removeprefix("[").removesuffix("]")
        self._check_name(host, port)
        found = list(_resolve_number(host, port)) if self._numbers else []
        if not found:
            call = current_call()
            asked = self._resolve
            found = list(asked(host, port) if call is None else call.aside(lambda: asked(host, port)))
        if not found:
            raise OSError(f"{host} has no address")
        for item in found:
            self._check_address(host, port, read_address(str(item[4][0])))
        return found

    def connect(
        self, host: str, port: int, timeout: float | None = None, options: Sequence[tuple[int, int, int | bytes]] = ()
    ) -> socket.socket:
        """A TCP connection to a checked address of the host. `timeout` seconds for all addresses together.

        Raises EgressRefused, CallEnded, or OSError.
        """
        call = current_call()
        if call is not None:
            call.step = CallStep.RESOLVING
        until = None if timeout is None else time.monotonic() + timeout
        found = self.addresses(host, port)
        if call is not None:
            call.step = CallStep.CONNECTING
        failure: OSError | None = None
        for number, (family, kind, protocol, _, address) in enumerate(found):
            line = socket.socket(family, kind, protocol)
            try:
                for option in options:
                    line.setsockopt(*option)
                # A dead address must not use up the time of those behind it.
                left = None if until is None else max(0.001, until - time.monotonic()) / (len(found) - number)
                line.settimeout(left)
                if call is not None:
                    call.hold(line)
                line.connect(address)
                line.settimeout(timeout)
            except BaseException as error:
                line.close()
                if call is not None:
                    call.check()
                if not isinstance(error, OSError):
                    raise
                failure = error
                continue
            if call is not None:
                call.step = CallStep.CONNECTED
            return line
        assert failure is not None
        raise failure

    # ---------------------------------------------------------------- the rules

    def _check_name(self, host: str, port: int) -> None:
        name = self._name(host)
        for rule in self._deny:
            if rule.names(name, port):
                self._refuse(host, None, port, f"[egress] deny says {rule.text!r}", "Take it out there")

    def _check_address(self, host: str, port: int, address: Address) -> None:
        ends = spellings(address)
        for rule in self._deny:
            if any(rule.covers(end, port) for end in ends):
                self._refuse(host, address, port, f"[egress] deny says {rule.text!r}", "Take it out there")
        for network, why in RESERVED.items():
            for end in ends:
                if end not in network or any(rule.opens(end, port, network) for rule in self._allow or ()):
                    continue
                remedy = f"Write {str(end)!r} under [egress] allow"
                if self._allow is None:
                    remedy += " (and '*', for everything else)"
                self._refuse(host, address, port, f"{network} {why}", remedy)
        if self._allow is not None:
            name = self._name(host)
            if not any(rule.names(name, port) or rule.covers(ends[0], port) for rule in self._allow):
                self._refuse(host, address, port, "[egress] allow does not list it", "Add the host or its network")

    @staticmethod
    def _name(host: str) -> str:
        try:
            return plain_host(host)
        except ValueError:
            return host  # it will not resolve either

    def _refuse(self, host: str, address: Address | None, port: int, rule: str, remedy: str) -> NoReturn:
        said = f"{remedy} in {self._source[:1].lower() + self._source[1:]} if jobs are to call it."
        raise EgressRefused(host, None if address is None else str(address), port, rule, said)
