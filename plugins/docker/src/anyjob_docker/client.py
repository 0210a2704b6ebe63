"""The engine's client: the one module that touches the untyped `docker` package. Every call blocks."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

import requests
import urllib3
from docker import APIClient
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import APIError, DockerException
from docker.tls import TLSConfig
from docker.transport import unixconn

from anyjob_docker.address import Address
from anyjob_docker.trouble import EngineAway, EngineRefused

__all__ = ["EngineClient", "Frames"]

Frames = Iterator[bytes]

_HEADER: Final = 8
_LOST: Final = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)
_OLDEST: Final = "1.24"
_NONE: Final[Mapping[str, str]] = {}


class _Connection(unixconn.UnixHTTPConnection):
    """docker's own leaves its socket open when nobody listens."""

    def connect(self) -> None:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            end.settimeout(cast("Any", self.timeout))
            end.connect(self.unix_socket)
        except BaseException:
            end.close()
            raise
        self.sock = end


class _Pool(unixconn.UnixHTTPConnectionPool):
    def _new_conn(self) -> Any:
        return _Connection(self.base_url, self.socket_path, cast("Any", self.timeout))


class _Adapter(unixconn.UnixHTTPAdapter):
    def get_connection(self, url: str | bytes, proxies: Any = None) -> Any:
        del proxies
        pools: Any = self.pools
        with pools.lock:
            if url not in pools.keys():  # noqa: SIM118 - urllib3's container is no mapping of names
                pools[url] = _Pool(str(url), self.socket_path, cast("Any", self.timeout), maxsize=self.max_pool_size)
            return pools[url]


class EngineClient:
    """One engine, for any number of threads: each has a client of its own, because docker's are for one.

    Every method raises EngineAway and EngineRefused.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        """`timeout`: seconds for one call."""
        self.address, self._timeout = address, timeout
        self._version: str | None = None
        self._own = threading.local()
        self._made: list[APIClient] = []
        self._stream: Any = None
        self._lock = threading.Lock()

    # ---------------------------------------------------------------- containers

    def create(self, name: str, config: Mapping[str, Any], platform: str | None) -> dict[str, Any]:
        """The engine's answer: Id and Warnings."""
        with self._calls() as api:
            return api.create_container_from_config(dict(config), name, platform)

    def start(self, container: str) -> None:
        """Start a container that was created. Nothing happens to one that runs."""
        with self._calls() as api:
            api.start(container)

    def inspect(self, container: str) -> dict[str, Any] | None:
        """None: there is no such container."""
        with self._calls() as api:
            return _or_none(api.inspect_container, container)

    def kill(self, container: str, signal: str) -> bool:
        """Send a signal. False: the container is gone, or does not run."""
        with self._calls() as api:
            return _done(lambda: api.kill(container, signal))

    def stop(self, container: str, grace: int) -> bool:
        """Ask, wait the `grace` (seconds), and kill: the engine does all of it, also when nobody waits for its
        answer."""
        with self._calls() as api:
            return _done(lambda: api.stop(container, timeout=grace))

    def remove(self, container: str) -> bool:
        """Kill and remove it with its anonymous volumes. False: it was gone."""
        with self._calls() as api:
            return _done(lambda: api.remove_container(container, v=True, force=True))

    def states(self, label: str) -> dict[str, tuple[str, str]]:
        """Of all containers with the label: name to id and state."""
        with self._calls() as api:
            found = api.containers(all=True, filters={"label": label})
        return {one["Names"][0].lstrip("/"): (one["Id"], one["State"]) for one in found if one["Names"]}

    @contextmanager
    def events(self, label: str) -> Generator[Iterator[dict[str, Any]]]:
        """What happens to containers with the label from now on, until the engine or `interrupt` ends it.

        From a client of its own, as it blocks for as long as nothing happens.
        """
        api = self._new(timeout=None)
        try:
            with _told(self.address):
                filters = {"type": ["container"], "label": [label]}
                stream = api.events(decode=True, filters=filters)
                self._stream = stream
            yield _each(self.address, stream)
        finally:
            self._stream = None
            api.close()

    def interrupt(self) -> None:
        """End the stream of events that another thread reads."""
        stream = self._stream
        if stream is not None:
            try:
                stream.close()
            except (DockerException, *_LOST):
                pass

    def logs(self, container: str, since: float) -> Frames:
        """What the engine has kept of the container's output since `since` (epoch seconds), a message each, its time
        before it."""
        with self._calls() as api:
            raw: Any = api
            query = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": 0, "since": f"{since:.9f}"}
            answer = raw._get(raw._url("/containers/{0}/logs", container), params=query, stream=True)
            raw._raise_for_status(answer)
            with answer:
                yield from _frames(answer.raw)

    # ---------------------------------------------------------------- images

    def image(self, name: str) -> dict[str, Any] | None:
        """What is known of an image; None: it is not there."""
        with self._calls() as api:
            return _or_none(api.inspect_image, name)

    def pull(
        self,
        repository: str,
        tag: str,
        platform: str | None,
        credentials: Mapping[str, str] | None,
        given_up: Callable[[], bool],
    ) -> None:
        """Pull an image. `credentials` None: those that `docker login` left; empty: none. Ends early when it is given
        up. Raises EngineRefused."""
        api = self._new()
        try:
            with _told(self.address):
                auth = None if credentials is None else dict(credentials) or cast("Any", dict(_NONE))
                for line in api.pull(
                    repository, tag=tag, stream=True, decode=True, platform=platform, auth_config=auth
                ):
                    if "error" in line:
                        raise EngineRefused(500, str(line["error"]))
                    if given_up():
                        return
        finally:
            api.close()

    # ---------------------------------------------------------------- the engine

    def ping(self) -> None:
        """Nothing, if the engine answers."""
        with self._calls() as api:
            api.ping()

    def info(self) -> dict[str, Any]:
        """What the engine says of itself and its machine, in its own words."""
        with self._calls() as api:
            return api.info()

    def close(self) -> None:
        """Let go of every connection."""
        self.interrupt()
        with self._lock:
            made, self._made = self._made, []
        for api in made:
            api.close()

    @contextmanager
    def _calls(self) -> Generator[APIClient]:
        with _told(self.address):
            api = getattr(self._own, "api", None)
            if api is None:
                api = self._own.api = self._new()
                with self._lock:
                    self._made.append(api)
            yield api

    def _new(self, timeout: float | None = -1) -> APIClient:
        with _told(self.address):
            tls = self._tls() if self.address.tls else False
            wait = cast("Any", self._timeout if timeout == -1 else timeout)
            # Given: "auto" would ask in the constructor, before it can be told how to connect.
            api = APIClient(self.address.url, version=self._version or _OLDEST, timeout=wait, tls=tls)
            if self.address.socket:
                api.mount("http+docker://", _Adapter(f"http+unix://{self.address.socket}", timeout=wait))
            api.trust_env = False  # neither proxies nor .netrc: an engine is where it is said to be
            if self._version is None:
                # The newest that both know. An engine that knows no older than newer ones says so, too.
                said = str(api.version(api_version=False)["ApiVersion"])
                self._version = min(said, DEFAULT_DOCKER_API_VERSION, key=_number)
                cast("Any", api)._version = self._version
            return api

    def _tls(self) -> TLSConfig:
        at = self.address
        pair = (at.cert, at.key) if at.cert else None
        return TLSConfig(client_cert=cast("Any", pair), ca_cert=at.ca or None, verify=at.verify)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@contextmanager
def _told(address: Address) -> Generator[None]:
    """Turn what the package raises into EngineAway and EngineRefused."""
    try:
        yield
    except APIError as error:
        status = getattr(error.response, "status_code", 0) or 0
        raise EngineRefused(status, " ".join(str(error.explanation or error).split())) from None
    except (DockerException, json.JSONDecodeError, *_LOST) as error:
        raise _away(address, error) from None


def _away(address: Address, error: BaseException) -> EngineAway:
    found = _first(error)
    path = address.socket
    if isinstance(found, FileNotFoundError):
        return EngineAway(
            address,
            "is not there: no such socket",
            "Start the engine (systemctl start docker), or say where it is by DOCKER_HOST or [launchers.docker] host.",
            sent=False,
            missing=True,
        )
    if isinstance(found, PermissionError):
        return EngineAway(
            address,
            f"may not be used by the worker's user {_user()}",
            f"Add it to the group of {path or 'the socket'} (usually: usermod -aG docker {_user()}) and start the"
            " worker anew.",
            sent=False,
        )
    if isinstance(found, ConnectionRefusedError):
        return EngineAway(
            address,
            "does not listen",
            "Start the engine (systemctl start docker), or say where it is by DOCKER_HOST or [launchers.docker] host.",
            sent=False,
        )
    if isinstance(error, requests.exceptions.Timeout):
        why = "has not answered in time"
    else:
        why = f"cannot be reached: {' '.join(str(found or error).split())[:300]}"
    return EngineAway(address, why, "Look at the engine's own log (journalctl -u docker).", sent=True)


def _first(error: BaseException) -> BaseException | None:
    """The operating system's own error behind what urllib3, requests and docker made of it."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, OSError) and one.errno and not isinstance(one, requests.exceptions.RequestException):
            return one
        todo += [*one.args, one.__cause__, one.__context__]
        reason = getattr(one, "reason", None)
        todo.append(reason)
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without an entry
        return str(os.getuid())


def _or_none(call: Callable[[str], Any], name: str) -> dict[str, Any] | None:
    try:
        return call(name)
    except APIError as error:
        if error.response is not None and error.response.status_code == 404:
            return None
        raise


def _done(call: Callable[[], object]) -> bool:
    """False for 404 (no such container), 304 and 409 (it does not run, or is being removed)."""
    try:
        call()
    except APIError as error:
        if error.response is not None and error.response.status_code in (304, 404, 409):
            return False
        raise
    return True


def _each(address: Address, stream: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    with _told(address):
        yield from stream


def _frames(raw: Any) -> Frames:
    while True:
        header = _exactly(raw, _HEADER)
        if len(header) < _HEADER:
            return
        size = int.from_bytes(header[4:], "big")
        body = _exactly(raw, size)
        yield body
        if len(body) < size:
            return


def _exactly(raw: Any, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        part = raw.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
