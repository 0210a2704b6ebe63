"""What the operator's settings forbid a job, field by field."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from anyjob.problem import Problem, short
from anyjob_docker.asked import asked_limits, in_units
from anyjob_docker.image import allowed_image

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob.spec import CommonXAttrs, Limits
    from anyjob_docker.options import DockerOptions, Mount
    from anyjob_docker.settings import DockerSettings

__all__ = ["ENGINE_SOCKETS", "beyond_ordinary", "refusals", "secret_problem"]

ENGINE_SOCKETS: Final = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
)
_SETTINGS: Final = "[launchers.docker]"


def refusals(
    options: DockerOptions,
    limits: Limits,
    user: str | None,
    settings: DockerSettings,
    *,
    sockets: Sequence[str] = (),
    look: bool = False,
    xattrs: Mapping[str, Json] | None = None,
) -> list[Problem]:
    """Every field that the settings forbid. `sockets`: of the engine, beside the usual ones. `look`: follow links of
    this machine on the way to what is mounted, which a check at bind must not. `xattrs`: as they were written."""
    return [
        *_image(options, settings),
        *_network(options, settings),
        *_rights(options, settings),
        *_user(user, settings),
        *_limits(limits, settings, xattrs or {}),
        *(
            problem
            for number, mount in enumerate(options.mounts)
            for problem in _mount(number, mount, settings, (*ENGINE_SOCKETS, *sockets), look=look)
        ),
    ]


def beyond_ordinary(
    options: DockerOptions, common: CommonXAttrs, settings: DockerSettings, xattrs: Mapping[str, Json]
) -> list[str]:
    """What the settings let a job have that only an operator's word allows: the machine's folders and network."""
    none = {"mounts": (), "capabilities": (), "privileged": False, "engine_socket": False, "host_network": False}
    ordinary = settings.model_copy(update=none)
    anyway = [*refusals(options, common.limits, common.user, settings, xattrs=xattrs)]
    beyond = refusals(options, common.limits, common.user, ordinary, xattrs=xattrs)
    return [f"{one.field}: {one.value}" for one in beyond if one not in anyway]


def secret_problem(options: DockerOptions, common: CommonXAttrs) -> list[Problem]:
    """Whether `registrySecret` names a secret that the job lists."""
    name = options.registry_secret
    if name is None or name in common.secrets:
        return []
    remedy = f'is none of the job\'s secrets; write "secrets": {{"{name}": NAME IN THE SETTINGS}} beside it'
    return [Problem(field="XAttrs.registrySecret", value=name, remedy=remedy)]


def _image(options: DockerOptions, settings: DockerSettings) -> Iterator[Problem]:
    if not any(allowed_image(options.named, pattern) for pattern in settings.images):
        remedy = _not_among("images", settings.images)
        yield Problem(field="XAttrs.image", value=options.image, remedy=remedy)


def _network(options: DockerOptions, settings: DockerSettings) -> Iterator[Problem]:
    name = options.network
    if name is None:
        return
    if name == "host" or name.startswith("container:"):
        if not (settings.host_network and name == "host"):
            whose, other = "another container's", f"one of the networks of {_SETTINGS}"
            if name == "host":
                whose, other = "the machine's", _ask("host_network")
            remedy = f"is {whose} own network; write none, or {other}"
            yield Problem(field="XAttrs.network", value=name, remedy=remedy)
    elif name != settings.network and not _any(name, settings.networks):
        remedy = _not_among("networks", settings.networks)
        yield Problem(field="XAttrs.network", value=name, remedy=remedy)


def _rights(options: DockerOptions, settings: DockerSettings) -> Iterator[Problem]:
    if options.privileged and not settings.privileged:
        remedy = f"is refused: such a container owns the machine; take it out, or {_ask('privileged')}"
        yield Problem(field="XAttrs.privileged", value="true", remedy=remedy)
    for number, name in enumerate(options.capabilities):
        if not _any(name, settings.capabilities):
            remedy = _not_among("capabilities", settings.capabilities)
            yield Problem(field=f"XAttrs.capabilities[{number}]", value=name, remedy=remedy)


def _user(user: str | None, settings: DockerSettings) -> Iterator[Problem]:
    if user is not None and user != settings.user and not _any(user, settings.users):
        remedy = _not_among("users", settings.users)
        yield Problem(field="XAttrs.user", value=user, remedy=remedy)


def _limits(limits: Limits, settings: DockerSettings, xattrs: Mapping[str, Json]) -> Iterator[Problem]:
    written = asked_limits(xattrs, limits, settings.limits)
    for name, most in settings.limits:
        asked = getattr(limits, name)
        if most is not None and asked is not None and asked > most:
            own = written[name]
            remedy = f"is more than {_SETTINGS} limits.{name} allows; write {in_units(name, most, own.value)} or less"
            yield Problem(field=own.field, value=own.value, remedy=remedy)


def _mount(
    number: int, mount: Mount, settings: DockerSettings, sockets: Sequence[str], *, look: bool
) -> Iterator[Problem]:
    if mount.source is None:
        return
    field = f"XAttrs.mounts[{number}].source"
    # A link on the way would lead elsewhere: where it ends is what counts, and what is mounted.
    source = os.path.realpath(mount.source) if look and mount.source.startswith("/") else mount.source
    leads = "" if source == mount.source else f"leads to {short(source)}, which "
    if not any(entry.covers(source, read_only=mount.readOnly) for entry in settings.allowed_mounts):
        remedy = f"{leads}{_not_among('mounts', settings.mounts)}"
        yield Problem(field=field, value=mount.source, remedy=remedy)
    elif source.startswith("/") and not settings.engine_socket:
        inside = next((one for one in sockets if _within(one, source, look=look)), None)
        if inside is not None:
            remedy = (
                f"{leads}holds the socket of an engine ({inside}), by which a job would own the machine; mount less"
            )
            yield Problem(field=field, value=mount.source, remedy=f"{remedy}, or {_ask('engine_socket')}")


def _within(socket: str, source: str, *, look: bool) -> bool:
    paths = {socket, os.path.realpath(socket)} if look else {socket}
    return any(path == source or source == "/" or path.startswith(f"{source.rstrip('/')}/") for path in paths)


def _any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _not_among(key: str, patterns: Sequence[str]) -> str:
    if not patterns:
        return f"is refused: {_SETTINGS} allows no {key}; take it out, or ask your operator to add it to `{key}`"
    listed = ", ".join(patterns)
    return f"is not among the {key} of {_SETTINGS}: {listed}; write one of them, or ask your operator to add it there"


def _ask(key: str) -> str:
    return f"ask your operator for `{key} = true` in {_SETTINGS}"
