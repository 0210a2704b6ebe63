"""The keys of XAttrs that the docker launcher owns."""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from anyjob.executor import Options
from anyjob.spec import At, Size, Text
from anyjob_docker.image import Image

__all__ = ["DockerOptions", "Mount", "PullPolicy"]

PullPolicy = Literal["IfNotPresent", "Always", "Never"]

_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*\Z")
_CAPABILITY = re.compile(r"[A-Z][A-Z_]*\Z")
_PLATFORM = re.compile(r"[a-z0-9]+(/[a-z0-9_]+){0,2}\Z")


def _image(text: str) -> str:
    Image.parse(text)
    return text


def _network(text: str) -> str:
    if not _NETWORK.match(text):
        raise ValueError("is no network; write none, bridge, or the name of a network of the engine")
    return text


def _target(path: str) -> str:
    if not path.startswith("/") or posixpath.normpath(path) in ("/", "//"):
        raise ValueError("is no place for a mount; write an absolute path inside the container")
    clean = posixpath.normpath(path)
    if clean == "/anyjob" or clean.startswith("/anyjob/"):
        raise ValueError("belongs to anyjob itself; write another path inside the container")
    return clean


def _source(path: str) -> str:
    if path.startswith("/"):
        return posixpath.normpath(path)
    if not _VOLUME.match(path):
        raise ValueError("is neither an absolute path nor the name of a volume; write one of them")
    return path


def _capability(value: object) -> object:
    if not isinstance(value, str):
        return value
    name = value.upper().removeprefix("CAP_")
    if not _CAPABILITY.match(name):
        raise ValueError("is no capability; write one like NET_BIND_SERVICE")
    return name


def _platform(text: str) -> str:
    if not _PLATFORM.match(text):
        raise ValueError("is no platform; write one like linux/arm64")
    return text


def _leftovers(value: object) -> object:
    if value == "allow":
        raise ValueError("cannot be kept: a container's processes end with its first one; write kill, wait or fail")
    return value


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("is no absolute path; write one inside the container")
    return path


class Mount(BaseModel):
    """One mount. `source`: a folder or file of the engine's machine, or the name of a volume; without it the mount is a
    file system in memory, of at most `size`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    target: Annotated[Text, AfterValidator(_target), Field(description="its path inside the container")]
    source: Annotated[
        Annotated[Text, AfterValidator(_source)] | None,
        Field(description="a path of the engine's machine, or a volume; nothing: memory"),
    ] = None
    readOnly: Annotated[bool, Field(description="whether the container may only read there")] = False  # noqa: N815
    size: Annotated[Size | None, Field(description="bytes of a mount in memory")] = None

    @model_validator(mode="after")
    def _sized(self) -> Mount:
        if self.size is not None and self.source is not None:
            raise ValueError("has source and size; only a mount in memory has a size, so take one of them out")
        return self


class DockerOptions(Options):
    """Which image, and what its container may have. The common keys `limits user cwd env secrets labels grace
    stopSignal leftovers` hold too."""

    image: Annotated[
        Text, AfterValidator(_image), Field(description="the image, as docker run has it"), At("XAttrs.$.image")
    ]
    pull_policy: Annotated[
        PullPolicy | None,
        Field(description="when the image is pulled; default: the settings', IfNotPresent"),
        At("XAttrs.$.pullPolicy", ("XAttrs.$.imagePullPolicy",)),
    ] = None
    registry_secret: Annotated[
        str | None,
        Field(
            min_length=1,
            description='a name in XAttrs.secrets whose value is USER:PASSWORD, {"username": ..., '
            '"password": ...} or a config.json with auths; the container never gets it',
        ),
        At("XAttrs.$.registrySecret"),
    ] = None
    network: Annotated[
        Annotated[Text, AfterValidator(_network)] | None,
        Field(
            description="none, bridge, or one of the engine's; default: the settings', none, so a container "
            "has no network unless job or settings name one"
        ),
        At("XAttrs.$.network"),
    ] = None
    mounts: Annotated[
        tuple[Mount, ...],
        Field(max_length=50, description="folders, volumes and memory inside the container"),
        At("XAttrs.$.mounts"),
    ] = ()
    read_only_root: Annotated[
        bool, Field(description="whether the image's files are read-only"), At("XAttrs.$.readOnlyRoot")
    ] = False
    shm: Annotated[Size | None, Field(description="bytes of /dev/shm"), At("XAttrs.$.shm")] = None
    platform: Annotated[
        Annotated[Text, AfterValidator(_platform)] | None,
        Field(description="the image's platform, as linux/arm64"),
        At("XAttrs.$.platform"),
    ] = None
    capabilities: Annotated[
        tuple[Annotated[str, BeforeValidator(_capability)], ...],
        Field(max_length=50, description="capabilities beyond none; refused unless the settings allow them"),
        At("XAttrs.$.capabilities"),
    ] = ()
    privileged: Annotated[
        bool,
        Field(description="all rights of the machine; refused unless the settings allow that"),
        At("XAttrs.$.privileged"),
    ] = False
    leftovers: Annotated[
        Annotated[Literal["kill", "wait", "fail"] | None, BeforeValidator(_leftovers)],
        Field(description="what becomes of processes that a normal end leaves behind; none outlive a container"),
        At("XAttrs.$.leftovers"),
    ] = None
    cwd: Annotated[
        Annotated[Text, AfterValidator(_absolute)] | None,
        Field(description="the working folder, a path inside the container; the engine makes it if it is not there"),
        At("XAttrs.$.cwd"),
    ] = None

    @property
    def named(self) -> Image:
        """The image, taken apart."""
        return Image.parse(self.image)
