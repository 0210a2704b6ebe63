"""The egress policy under `requests`. Needs the extra `anyjob[egress]`.

session = open_session(services.egress)
with services.egress.call(seconds=30) as call:      # call.end("stop") from another thread ends it at once
    response = session.get(url, stream=True, allow_redirects=False)
"""

from __future__ import annotations

import io
import re
import socket
from http.client import HTTPException, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, ClassVar, Final

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from anyjob.egress.call import CallStep, current_call
from anyjob.problem import short

if TYPE_CHECKING:
    from anyjob.egress.egress import Egress

__all__ = ["EgressAdapter", "open_session"]

_LENGTH: Final = re.compile(r"[0-9]+([ \t]*,[ \t]*[0-9]+)*")


class EgressAdapter(HTTPAdapter):
    """Connects to checked addresses only. Host header, SNI and the certificate's name stay the URL's.

    Connections are kept and shared between threads, at most `kept` for a host. Nothing is ever sent twice.
    """

    def __init__(self, egress: Egress, *, kept: int = 10, hosts: int = 64) -> None:
        self._egress = egress
        super().__init__(pool_connections=hosts, pool_maxsize=kept, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002 - requests calls it so
        super().init_poolmanager(connections, maxsize, block=block, **kwargs)
        own: dict[str, Any] = {"egress": self._egress}
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("_PoolOfOne", (_Pool,), {"ConnectionCls": type("_LineOfOne", (_Line,), own)}),
            "https": type("_TlsPoolOfOne", (_TlsPool,), {"ConnectionCls": type("_TlsLineOfOne", (_TlsLine,), own)}),
        }

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """As the base class does, without its search for cookies, which nobody keeps: it takes a tenth of the call."""
        response = Response()
        response.status_code, response.reason, response.raw = resp.status, resp.reason, resp
        response.headers = CaseInsensitiveDict(resp.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.url, response.request = req.url or "", req
        return response


class _Reader(io.BufferedReader):
    """Knows whether the other side has hung up in the middle of a line, or between two."""

    ended = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.ended = self.ended or not line
        return line


class _Response(HTTPResponse):
    """Refuses answers of which nobody can tell whether they are whole, and which the standard library takes for whole
    ones: one that breaks off in its headers, one whose length is no number, or two (RFC 9112, 6.3)."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = self._lines = _Reader(self.fp.detach())

    def begin(self) -> None:
        super().begin()
        if self._lines.ended:
            self.close()
            raise HTTPException("the answer breaks off in its headers")
        lengths = self.headers.get_all("Content-Length")
        if lengths is None or self.chunked:
            return
        said = ", ".join(lengths)
        if _LENGTH.fullmatch(said) is None or len({one.strip() for one in said.split(",")}) > 1:
            self.close()
            raise HTTPException(f"the answer's Content-Length is {short(said)!r}, so its end cannot be known")


class _Checked(HTTPConnection):
    """A connection that asks the policy, and tells the thread's call how far it is."""

    response_class = _Response
    egress: ClassVar[Egress]
    _fresh = False

    def _new_conn(self) -> socket.socket:
        self._fresh = True
        timeout = self.timeout if isinstance(self.timeout, int | float) else None
        try:
            return self.egress.connect(self._dns_host, self.port, timeout, self.socket_options or ())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in {timeout} s") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error

    def request(self, *args: Any, **kwargs: Any) -> None:
        call = current_call()
        if call is None:
            return super().request(*args, **kwargs)
        if call.fresh and not self._fresh:
            self.close()
        if self.sock is None:
            self.connect()
        call.reused = not self._fresh
        self._fresh = False
        if call.reused and self.sock is not None:
            call.hold(self.sock)
        call.step = CallStep.SENDING
        super().request(*args, **kwargs)
        call.step = CallStep.SENT
        return None


class _Line(_Checked):
    pass


class _TlsLine(_Checked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    pass


class _TlsPool(HTTPSConnectionPool):
    def _validate_conn(self, conn: Any) -> None:
        # urllib3 would warn of every connection that is not verified; whoever asked for it knows.
        if conn.is_closed:
            conn.connect()


def open_session(egress: Egress, *, kept: int = 10) -> Session:
    """A session that keeps to the policy, and may be shared between threads.

    It keeps no cookies, reads no `.netrc`, takes no proxy or CA bundle from the environment, and sends nothing twice.
    At most `kept` connections are kept for a host. Redirects are the caller's: pass `allow_redirects=False` and check
    each hop, as a new call of its own.
    """
    session = Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = EgressAdapter(egress, kept=kept)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
