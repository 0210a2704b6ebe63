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
        """Take an entry apart that was checked."""
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
    """Files for an engine that is reached by TLS."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    ca: Annotated[Path | None, Field(description="the file of CA certificates")] = None
    cert: Annotated[Path | None, Field(description="the client's certificate")] = None
    key: Annotated[Path | None, Field(description="its key")] = None
    verify: Annotated[bool, Field(description="false: anybody may call himself the engine")] = True

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("needs cert and key, or neither")
        return self


class DockerSettings(BaseModel):
    """What jobs may have of an engine, and what they have that do not say."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    host: Annotated[
        Annotated[str, AfterValidator(_host)] | None,
        Field(
            description="the engine, `unix:///run/docker.sock` or `tcp://HOST:PORT`; default: DOCKER_HOST, "
            "docker's current context, the default socket"
        ),
    ] = None
    tls: Annotated[Tls | None, Field(description="files for an engine that is reached by TLS")] = None
    images: Annotated[
        _Texts,
        Field(
            description="patterns of images: `*` all; else a name in which `*` stands for all but `/`, and `**` "
            "for all; without a tag, every tag"
        ),
    ] = ("*",)
    mounts: Annotated[
        tuple[Annotated[str, AfterValidator(_mount)], ...],
        BeforeValidator(_texts),
        Field(
            description="what may be mounted: a path, a path with `/**` for what is in it, or the name of a "
            "volume; with `:ro` behind it only to be read; `*` all"
        ),
    ] = ()
    networks: Annotated[_Texts, Field(description="networks that jobs may name")] = ("none", "bridge")
    users: Annotated[_Texts, Field(description="what XAttrs.user may name, as `1000:*`")] = ("*",)
    capabilities: Annotated[_Texts, Field(description="capabilities that jobs may add")] = ()
    privileged: Annotated[bool, Field(description="privileged containers")] = False
    engine_socket: Annotated[bool, Field(description="mounts in which the socket of an engine lies")] = False
    host_network: Annotated[bool, Field(description="the network of the engine's machine")] = False
    credentials: Annotated[bool, Field(description="pull also with what `docker login` left to the worker's user")] = (
        False
    )
    network: Annotated[str, Field(description="the network of jobs that name none")] = "none"
    user: Annotated[
        Annotated[str, Field(min_length=1)] | None,
        Field(description="the user of jobs that name none; default: the image's"),
    ] = None
    pull_policy: Annotated[PullPolicy, Field(description="when images are pulled for jobs that do not say")] = (
        "IfNotPresent"
    )
    limits: Annotated[Limits, Field(description="limits of jobs that set none, and the most that a job may set")] = (
        Limits()
    )
    read_only_root: Annotated[bool, Field(description="true: the image's files can never be written")] = False
    entry: Annotated[
        Literal["auto", "off"],
        Field(description="off: without the entry helper, so that output goes through the engine"),
    ] = "auto"
    threads: Annotated[int, Field(ge=1, le=64), Field(description="calls to the engine at one time")] = 8
    timeout: Annotated[float, Field(gt=0, le=3600), Field(description="seconds for one call")] = 120
    pull_timeout: Annotated[float, Field(gt=0, le=86400), Field(description="seconds for one pull")] = 1800

    @classmethod
    def alone(cls) -> Self:
        """Without a settings file: what the worker's user may do anyway, but for what takes the machine over."""
        return cls(mounts=("*",), networks=("*",), credentials=True)

    @property
    def allowed_mounts(self) -> Sequence[AllowedMount]:
        """Those of `mounts`, taken apart."""
        return [AllowedMount.parse(text) for text in self.mounts]
