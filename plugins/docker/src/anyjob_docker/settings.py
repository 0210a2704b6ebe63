"""What an operator sets for containers: the table `[launchers.docker]`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from anyjob.spec import Limits
from anyjob_docker.options import PullPolicy

__all__ = ["AllowedMount", "DockerSettings", "Tls"]

_SCHEMES = ("unix://", "tcp://", "http://", "https://")


def _host(text: str) -> str:
    if not text.startswith(_SCHEMES):
        raise ValueError(
            "is no address of an engine that is spoken here; write unix:///run/docker.sock or tcp://HOST:PORT"
        )
    return text


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _mount(text: str) -> str:
    path = text.removesuffix(":ro").removesuffix("/**")
    if text != "*" and (not path or (path.startswith("/") and posixpath.normpath(path) != path)):
        raise ValueError("is no place for mounts; write a path, one with /** behind it, or a volume; :ro for reading")
    return text


_Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_texts)]


class AllowedMount(BaseModel):
    """One entry of `mounts`, taken apart: `below`: what is in the folder, too; `read_only`: not to be written."""

    model_config = ConfigDict(frozen=True)

    source: str
    below: bool
    read_only: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        path = text.removesuffix(":ro")
        if text == "*":
            return cls(source="*", below=True, read_only=False)
        return cls(source=path.removesuffix("/**") or "/", below=path.endswith("/**"), read_only=text.endswith(":ro"))

    def covers(self, source: str, *, read_only: bool) -> bool:
        """Whether a mount of `source` is allowed by this entry."""
        if self.read_only and not read_only:
            return False
        if self.source == "*" or (self.source == source and not self.below):
            return True
        return self.below and source.startswith("/") and source.startswith(f"{self.source.rstrip('/')}/")


class Tls(BaseModel):
    """Files for an engine that is reached by TLS. `verify` false: anybody may call himself the engine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    verify: bool = True

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("needs cert and key, or neither")
        return self


class DockerSettings(BaseModel):
    """`host`: the engine, `unix:///run/docker.sock` or `tcp://HOST:PORT`; without it DOCKER_HOST, docker's current
    context, or the default socket. `tls`: its files.

    What jobs may have, each a pattern or a list of them: `images` (`*` all; else a name in which `*` stands for all but
    `/`, and `**` for all; without a tag, every tag), `mounts` (a path, a path with `/**` for what is in it, or the name
    of a volume; with `:ro` behind it only to be read; `*` all), `networks`, `users` (what XAttrs.user may name, as
    `1000:*`), `capabilities`. `privileged`, `engine_socket` (mounts in which the socket of an engine lies),
    `host_network`: refused unless true. `credentials`: pull also with what `docker login` left to the worker's user.

    What jobs have that do not say: `network`, `user` (else the image's), `pull_policy`. `limits`: of a job that sets
    none, and the most that one may set. `read_only_root`: always.

    `entry`: "off": without the entry helper, so that output goes through the engine. `threads`: calls to the engine at
    one time. `timeout`: seconds for one call. `pull_timeout`: seconds for one pull.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, AfterValidator(_host)] | None = None
    tls: Tls | None = None
    images: _Texts = ("*",)
    mounts: Annotated[tuple[Annotated[str, AfterValidator(_mount)], ...], BeforeValidator(_texts)] = ()
    networks: _Texts = ("none", "bridge")
    users: _Texts = ("*",)
    capabilities: _Texts = ()
    privileged: bool = False
    engine_socket: bool = False
    host_network: bool = False
    credentials: bool = False
    network: str = "none"
    user: Annotated[str, Field(min_length=1)] | None = None
    pull_policy: PullPolicy = "IfNotPresent"
    limits: Limits = Limits()
    read_only_root: bool = False
    entry: Literal["auto", "off"] = "auto"
    threads: Annotated[int, Field(ge=1, le=64)] = 8
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    pull_timeout: Annotated[float, Field(gt=0, le=86400)] = 1800

    @classmethod
    def alone(cls) -> Self:
        """Without a settings file: what the worker's user may do anyway, but for what takes the machine over."""
        return cls(mounts=("*",), networks=("*",), credentials=True)

    @property
    def allowed_mounts(self) -> Sequence[AllowedMount]:
        return [AllowedMount.parse(text) for text in self.mounts]
