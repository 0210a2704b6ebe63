"""What an operator sets for applications: the part [worker.apps]."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

__all__ = ["Address", "AppsSettings", "Source", "weakness"]

SHORTEST: Final = 8
LONGEST: Final = 512
_WELL_KNOWN: Final = frozenset(
    {
        "access_token",
        "accesstoken",
        "anyjob_token",
        "change-me",
        "change_me",
        "changeit",
        "changeme",
        "default_token",
        "defaulttoken",
        "password",
        "password1",
        "passw0rd",
        "replace-me",
        "secret_token",
        "secrettoken",
        "test_token",
        "testtoken",
        "12345678",
        "123456789",
        "1234567890",
        "your_token",
        "your-token",
        "yourtoken",
    }
)


def weakness(token: str) -> str:
    """Why a token must not be used, as the rest of a sentence; empty: it may be."""
    if not token.strip():
        return "is blank"
    if token != token.strip() or not token.isprintable():
        return "has white space around it, or control characters in it"
    if not SHORTEST <= len(token) <= LONGEST:
        return f"has {len(token)} characters, and {SHORTEST} to {LONGEST} are taken"
    if token.lower() in _WELL_KNOWN or len(set(token)) == 1:
        return "is one that everybody tries first"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the worker listens: `host` and `port` of TCP, or the `path` of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """`tcp:HOST:PORT` or `unix:/PATH`. Raises ValueError."""
        kind, _, rest = text.partition(":")
        if kind == "unix":
            if not rest.startswith("/") or "\0" in rest:
                raise ValueError("is no absolute path; write unix:/PATH")
            if len(rest.encode()) > 107:
                raise ValueError(
                    "is longer than the 107 bytes that the path of a socket may have; choose a shorter one"
                )
            return cls(path=rest)
        host, _, port = rest.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if kind != "tcp" or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError("is no address; write tcp:HOST:PORT or unix:/PATH")
        return cls(host=host, port=int(port))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"tcp:{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def _address(value: str) -> str:
    Address.parse(value)
    return value


def _token(value: SecretStr) -> SecretStr:
    weak = weakness(value.get_secret_value())
    if weak:
        raise ValueError(f"{weak}; write a long random one, or make a key: anyjob key create --app GROUP")
    return value


class Source(BaseModel):
    """Where a secret comes from: exactly one of a file, a variable of the worker's environment, a command's output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = None
    env: str | None = None
    command: Annotated[list[str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.file, self.env, self.command)) != 1:
            raise ValueError("needs exactly one of file, env and command")
        return self


class AppsSettings(BaseModel):
    """The part [worker.apps]: applications that dial in, and processes that many runs share.

    `listen`: addresses, `tcp:HOST:PORT` or `unix:/PATH`; without any no application can dial in. `insecure`: they may
    be reachable from other machines, although what is said there is not encrypted. `reconnect`: seconds in which a lost
    application must be back before its runs are `unknown`. `idle`: seconds without a run after which a shared process
    is ended. `tokens`: app group to its token, or to where it comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: list[Annotated[str, AfterValidator(_address)]] = []
    insecure: bool = False
    reconnect: Annotated[float, Field(gt=0, le=86400)] = 30
    idle: Annotated[float, Field(gt=0)] = 300
    tokens: Mapping[Annotated[str, Field(min_length=1)], Source | Annotated[SecretStr, AfterValidator(_token)]] = {}

    @model_validator(mode="after")
    def _open(self) -> Self:
        reachable = [text for text in self.listen if not Address.parse(text).local]
        if reachable and not self.insecure:
            raise ValueError(
                f"would listen on {', '.join(reachable)}, which other machines can reach, and nothing there is "
                "encrypted; listen on a loopback address or a Unix socket, or write insecure = true"
            )
        return self

    @property
    def addresses(self) -> list[Address]:
        return [Address.parse(text) for text in self.listen]
