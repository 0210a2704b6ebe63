"""From an engine's refusal to a cause that names a field.

Source: Docker source, the messages of the daemon.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from anyjob.executor import Exit
from anyjob.outcome import Cause, Evidence
from anyjob.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from anyjob_docker.asked import AskedLimit
    from anyjob_docker.options import DockerOptions
    from anyjob_docker.trouble import EngineRefused

__all__ = ["image_exit", "missing_command", "problems_exit", "refused_exit"]

_UNREACHABLE: Final = re.compile(
    r"no such host|timeout|connection refused|network is unreachable|no route to host|temporary failure|TLS handshake"
    r"|status: (?:5\d\d|429)|toomanyrequests|deadline exceeded|server misbehaving|connection reset|EOF$|lookup ",
    re.IGNORECASE,
)
_NO_COMMAND: Final = re.compile(r"exec: \\?\"(?P<command>[^\"\\]*)\\?\": (?P<why>.*?)(?:: unknown)?$")

_LEAST_MEMORY: Final = re.compile(r"Minimum memory limit allowed is (\d+)MB")
"""The engine's MB are of 1024 kB of 1024 bytes."""
_CORES: Final = re.compile(r"Range of CPUs is from ([\d.]+\d) to ([\d.]+\d)")


def problems_exit(cause: Cause, problems: Iterable[Problem]) -> Exit:
    """Nothing was started: each problem is evidence."""
    said = [str(problem) for problem in problems]
    return _exit(cause, said[0], [Evidence(source="docker", text=text) for text in said])


def image_exit(refused: EngineRefused, options: DockerOptions) -> Exit:
    """An image that was not pulled."""
    said = refused.said
    if _UNREACHABLE.search(said):
        remedy = f"cannot be pulled, its registry is out of reach: {said}"
        return _one(Cause.DEPENDENCY_MISSING, "XAttrs.image", options.image, remedy)
    remedy = f"cannot be pulled: {said}. Correct the name, or name the registry's credentials by XAttrs.registrySecret"
    return _one(Cause.BAD_CONFIG, "XAttrs.image", options.image, remedy)


def missing_command(command: str, image: str, error: int) -> Exit:
    """The entry helper could not start the command: the system's error says why."""
    if error in (2, 20):
        text = f"{command!r} is not in {_image(image)}, or what its first line names is not; install it there"
        return _exit(Cause.DEPENDENCY_MISSING, text, [Evidence(source="entry", text=text)])
    why = {13: "it may not be executed", 8: "it is no program for this machine", 7: "its arguments are too long"}
    text = f"{command!r} of {_image(image)} cannot be started: {why.get(error, f'error {error}')}"
    return _exit(Cause.BAD_CONFIG, text, [Evidence(source="entry", text=text)])


def _image(name: str) -> str:
    return f"image {name}" if name else "the image"


def refused_exit(
    status: int,
    said: str,
    options: DockerOptions,
    user: str | None,
    folder: str,
    config: Mapping[str, object],
    limits: Mapping[str, AskedLimit],
) -> Exit:
    """The engine did not create or start the container. `folder`: the run's own, on this machine."""
    source = "docker"
    command = _NO_COMMAND.search(said)
    if command is not None and "OCI runtime" in said:
        what, why = command["command"], command["why"]
        if "no such file" in why or "not found" in why:
            text = f"{what!r} is not in image {options.image}; install it there"
            return _exit(Cause.DEPENDENCY_MISSING, text, [Evidence(source=source, text=said)])
        if "permission denied" in why or "is a directory" in why or "exec format" in why:
            text = f"{what!r} of image {options.image} cannot be started: {why}"
            return _exit(Cause.BAD_CONFIG, text, [Evidence(source=source, text=said)])
    if "bind source path does not exist" in said and folder in said:
        text = (
            f"The engine does not see the run's folder {folder}: it is on another machine or in another container."
            " Name an engine of this machine by [launchers.docker] host, or share the state folder with it."
        )
        return _exit(Cause.BAD_CONFIG, text, [Evidence(source=source, text=said)])
    if "bind source path does not exist" in said or "invalid mount" in said:
        return _one(Cause.BAD_CONFIG, "XAttrs.mounts", "", f"cannot be made: {said}")
    if "network" in said and "not found" in said:
        value = options.network or ""
        return _one(Cause.BAD_CONFIG, "XAttrs.network", value, f"is no network of the engine: {said}")
    if "unable to find user" in said or "unable to find group" in said or "no matching entries" in said:
        return _one(Cause.BAD_CONFIG, "XAttrs.user", user or "", f"is not in image {options.image}: {said}")
    if "chdir to cwd" in said or "working directory" in said or ("mkdir" in said and "not a directory" in said):
        return _one(Cause.BAD_CONFIG, "XAttrs.cwd", str(config.get("WorkingDir", "")), f"cannot be used: {said}")
    limit = _limit(said, limits)
    if limit is not None:
        return problems_exit(Cause.BAD_CONFIG, [limit])
    if status == 400:
        text = f"The engine refuses the container: {said}"
        return _exit(Cause.BAD_CONFIG, text, [Evidence(source=source, text=said)])
    return _exit(Cause.START_FAILED, f"The engine answered {status}: {said}", [Evidence(source=source, text=said)])


def _limit(said: str, limits: Mapping[str, AskedLimit]) -> Problem | None:
    """The limit that the engine does not take."""
    least, cores = _LEAST_MEMORY.search(said), _CORES.search(said)
    if least is not None or "memory limit too low" in said:
        name, wanted = "memory", f"{least[1]}Mi or more" if least is not None else "more"
    elif cores is not None:
        name, wanted = "cpu", f"a number from {float(cores[1]):g} to {float(cores[2]):g}"
    else:
        return None
    own = limits.get(name)
    if own is None:
        return None
    return Problem(field=own.field, value=own.value, remedy=f"is refused by the engine: {said}; write {wanted}")


def _one(cause: Cause, field: str, value: str, remedy: str) -> Exit:
    return problems_exit(cause, [Problem(field=field, value=value, remedy=remedy)])


def _exit(cause: Cause, text: str, evidence: list[Evidence]) -> Exit:
    return Exit(code=None, cause=cause, last_line=text, evidence=evidence)
