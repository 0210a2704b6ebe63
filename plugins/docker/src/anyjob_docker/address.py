"""Where the engine is: the settings, DOCKER_HOST, docker's own contexts, the default socket.

Source: Docker contexts, DOCKER_HOST, DOCKER_CONTEXT and the current context.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from anyjob_docker.settings import DockerSettings

__all__ = ["DEFAULT", "Address", "BadAddress", "find_address"]

DEFAULT: Final = "unix:///var/run/docker.sock"
_SPOKEN: Final = ("unix://", "tcp://", "http://", "https://")


class BadAddress(Exception):
    """What names the engine cannot be used. Its text says what and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An engine's address. `said_by`: what named it. Without `tls` it is spoken to in plain."""

    url: str
    said_by: str
    tls: bool = False
    verify: bool = True
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def socket(self) -> str:
        """The path of the engine's socket; empty when it is no socket of this machine."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""

    def to_json(self) -> str:
        """For a command line: paths, and no secrets."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Address:
        """Of a text that `to_json` made."""
        return cls(**json.loads(text))


def find_address(settings: DockerSettings, environment: Mapping[str, str]) -> Address:
    """The engine of a worker with this environment. Raises BadAddress."""
    if settings.host is not None:
        tls = settings.tls
        said_by = "[launchers.docker] host"
        if tls is None:
            return _spoken(Address(url=settings.host, said_by=said_by, tls=settings.host.startswith("https://")))
        files = {name: str(path) for name in ("ca", "cert", "key") if (path := getattr(tls, name)) is not None}
        return _spoken(Address(url=settings.host, said_by=said_by, tls=True, verify=tls.verify, **files))
    if environment.get("DOCKER_HOST"):
        return _spoken(_of_environment(environment))
    folder = Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or "~").expanduser() / ".docker")
    name = environment.get("DOCKER_CONTEXT") or _current(folder)
    if name and name != "default":
        return _spoken(_of_context(folder, name))
    return Address(url=DEFAULT, said_by="the default socket")


def _spoken(address: Address) -> Address:
    if not address.url.startswith(_SPOKEN):
        raise BadAddress(
            f"{address.said_by} names the engine {address.url}, which is not spoken here: runs need an engine that sees"
            " this worker's files. Name one by [launchers.docker] host, as unix:///var/run/docker.sock."
        )
    return address


def _of_environment(environment: Mapping[str, str]) -> Address:
    url, verify = environment["DOCKER_HOST"], bool(environment.get("DOCKER_TLS_VERIFY"))
    folder = environment.get("DOCKER_CERT_PATH") or ""
    if url.startswith("unix://") or not (verify or folder):
        return Address(url=url, said_by="DOCKER_HOST")
    folder = folder or str(Path(environment.get("HOME") or "~").expanduser() / ".docker")
    return Address(url=url, said_by="DOCKER_HOST", tls=True, verify=verify, **_files(Path(folder)))


def _current(folder: Path) -> str:
    try:
        said: Any = json.loads((folder / "config.json").read_text())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise BadAddress(f"{folder}/config.json cannot be read: {error}. Mend it, or set DOCKER_HOST.") from None
    name = said.get("currentContext") if isinstance(said, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    return name if isinstance(name, str) else ""


def _of_context(folder: Path, name: str) -> Address:
    identity = hashlib.sha256(name.encode()).hexdigest()
    said_by = f"docker's context {name!r}"
    try:
        said: Any = json.loads((folder / "contexts" / "meta" / identity / "meta.json").read_text())
        endpoint = said["Endpoints"]["docker"]
        url, skip = str(endpoint["Host"]), bool(endpoint.get("SkipTLSVerify"))
    except FileNotFoundError:
        raise BadAddress(
            f"{said_by} is not in {folder}/contexts. `docker context use` chooses another, or set DOCKER_HOST."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadAddress(f"{said_by} cannot be read: {error!r}. Mend it, or set DOCKER_HOST.") from None
    files = _files(folder / "contexts" / "tls" / identity / "docker")
    return Address(url=url, said_by=said_by, tls=bool(files) or skip, verify=not skip, **files)


def _files(folder: Path) -> dict[str, str]:
    return {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key") if (folder / f"{name}.pem").is_file()}
