"""The very options of a run's container, as the engine gets them.

Source: Docker Engine API, ContainerCreate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.executor import OUTCOME_FILE
from anyjob.outcome import Json
from anyjob.run import RUN_FOLDER
from anyjob.spec import Limits
from anyjob_docker.engine import RUN_LABEL
from anyjob_docker.imagecommand import ImageCommand

if TYPE_CHECKING:
    from anyjob.executor import Command
    from anyjob.run import RunFacts
    from anyjob_docker.options import DockerOptions
    from anyjob_docker.settings import DockerSettings

__all__ = ["CONTROL", "ENTRY", "LEFTOVERS_LABEL", "RETURNS_LABEL", "USUAL_RETURNS", "Plan", "inside", "plan"]

CONTROL: Final = "/anyjob/control"
ENTRY: Final = "/anyjob/entry"
USUAL_RETURNS: Final = frozenset({"result", "map", OUTCOME_FILE})
RETURNS_LABEL: Final = "anyjob.returns"
LEFTOVERS_LABEL: Final = "anyjob.leftovers"
_INIT: Final = 2
"""Processes of ours in each container, which no limit of the job counts."""

_USUAL_QUOTA: Final = 1 << 30
_OWN_LOG: Final = {"max-size": "1m", "max-file": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`config`: the body of the engine's create. `hidden`: variables that must not stand there. `order`: what the entry
    helper is told. `leftovers`: what becomes of processes that a normal end leaves."""

    config: Mapping[str, Json]
    order: bytes
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])
    leftovers: str = "kill"


def inside(name: str) -> str:
    """The run's folder as its command sees it. Of each run its own, so that paths in logs say whose they are."""
    return f"/anyjob/{name}"


def plan(
    run: RunFacts,
    command: Command,
    options: DockerOptions,
    settings: DockerSettings,
    *,
    work: str,
    control: str,
    entry: str | None,
    secrets: Mapping[str, str],
    sources: Sequence[str | None] = (),
    image: Mapping[str, Any] | None = None,
    quota: int | None = None,
) -> Plan:
    """`work`, `control`, `entry`: paths of this machine. `secrets`: values that must not be seen in the container's
    options. `sources`: what is mounted, links followed. `image`: what the engine knows of the image, for a command that
    is the image's own; None: to be shown only. `quota`: bytes of log that are kept, here by the engine."""
    folder, common = inside(run.name), run.common
    own = _config(image)
    argv = [word.replace(RUN_FOLDER, folder) for word in command.argv]
    if isinstance(command, ImageCommand):
        shown = ["[the image's entry point]"] if image is None else _words(own.get("Entrypoint"))
        usual = ["[the image's command]"] if image is None else _words(own.get("Cmd"))
        argv = [*shown, *(argv or usual)] if entry is not None or image is None else argv
    given = run.environment() if command.env is None else command.env
    env = {name: value.replace(RUN_FOLDER, folder) for name, value in given.items()}
    values = [value for value in secrets.values() if value]
    hidden = {name: value for name, value in env.items() if any(secret in value for secret in values)}
    leftovers = command.leftovers or options.leftovers or "kill"
    if leftovers == "allow":
        leftovers = "kill"  # nothing outlives a container
    shown_env: list[Json] = [f"{name}={value}" for name, value in env.items() if entry is None or name not in hidden]
    labels: dict[str, Json] = {**common.labels, **_labels(run), **_kept(command, leftovers)}
    config: dict[str, Json] = {
        "Image": options.image,
        "Env": shown_env,
        "Labels": labels,
        "StopSignal": f"SIG{command.stop_signal or common.stop_signal}",
        "Tty": False,
        "OpenStdin": False,
        "HostConfig": _host(run, options, settings, work, control, entry, sources, quota),
    }
    if entry is not None:
        config["Entrypoint"], config["Cmd"] = [ENTRY, CONTROL], [*argv]
    elif not isinstance(command, ImageCommand):
        config["Entrypoint"], config["Cmd"] = [*argv[:1]], [*argv[1:]]
    elif argv:
        config["Cmd"] = [*argv]
    cwd = command.cwd or options.cwd
    if cwd is None and not (isinstance(command, ImageCommand) and own.get("WorkingDir")):
        cwd = RUN_FOLDER
    if cwd is not None:
        config["WorkingDir"] = cwd.replace(RUN_FOLDER, folder)
    user = run.user or settings.user
    if user is not None:
        config["User"] = user
    # What is hidden goes by the helper; all else is where `docker inspect` and `docker exec` look for it.
    told = [leftovers, *(f"{name}={value}" for name, value in hidden.items())]
    order = "".join(f"{text}\0" for text in told).encode("utf-8", "surrogateescape")
    return Plan(config=config, order=order, hidden=hidden, leftovers=leftovers)


def _host(
    run: RunFacts,
    options: DockerOptions,
    settings: DockerSettings,
    work: str,
    control: str,
    entry: str | None,
    sources: Sequence[str | None],
    quota: int | None,
) -> dict[str, Json]:
    limits = _limits(run.common.limits, settings.limits)
    kind, log = "json-file", _OWN_LOG
    if entry is None:  # this one keeps bytes that are no text
        kind, log = "local", {"max-size": f"{max(quota or _USUAL_QUOTA, 1 << 20)}", "max-file": "2"}
    host: dict[str, Json] = {
        "NetworkMode": options.network or settings.network,
        "Mounts": [
            _bind(work, inside(run.name)),
            *([] if entry is None else [_bind(control, CONTROL), _bind(entry, ENTRY, read_only=True)]),
            *_mounts(options, sources),
        ],
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
        "OomScoreAdj": 500,
        "ReadonlyRootfs": options.read_only_root or settings.read_only_root,
        "Privileged": options.privileged,
        "LogConfig": {"Type": kind, "Config": {**log}},
    }
    if not options.privileged:
        host |= {
            "CapDrop": ["ALL"],
            "CapAdd": [*options.capabilities],
            "SecurityOpt": ["no-new-privileges"],
        }
    if limits.memory is not None:
        host |= {"Memory": limits.memory, "MemorySwap": limits.memory}
    if limits.cpu is not None:
        host["NanoCpus"] = int(limits.cpu * 1_000_000_000)
    if limits.pids is not None:
        host["PidsLimit"] = limits.pids + _INIT
    if options.shm is not None:
        host["ShmSize"] = options.shm
    return host


def _mounts(options: DockerOptions, sources: Sequence[str | None]) -> list[Json]:
    made: list[Json] = []
    for number, mount in enumerate(options.mounts):
        source = sources[number] if number < len(sources) else mount.source
        if source is None:
            size: dict[str, Json] = {} if mount.size is None else {"TmpfsOptions": {"SizeBytes": mount.size}}
            made.append({"Type": "tmpfs", "Target": mount.target, "ReadOnly": mount.readOnly, **size})
        elif source.startswith("/"):
            made.append(_bind(source, mount.target, read_only=mount.readOnly))
        else:
            made.append({"Type": "volume", "Source": source, "Target": mount.target, "ReadOnly": mount.readOnly})
    return made


def _bind(source: str, target: str, *, read_only: bool = False) -> dict[str, Json]:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}


def _limits(own: Limits, usual: Limits) -> Limits:
    return Limits(**{name: getattr(own, name) or getattr(usual, name) for name in ("memory", "cpu", "pids")})


def _labels(run: RunFacts) -> dict[str, Json]:
    return {
        RUN_LABEL: run.name,
        "anyjob.job": run.job.name,
        "anyjob.job-type": run.job.job_type,
        "anyjob.job-id": str(run.job_id),
        "anyjob.group": run.job.group_id,
        "anyjob.instance": str(run.instance),
        "anyjob.task": str(run.task),
        "anyjob.attempt": str(run.attempt),
        "anyjob.fence": str(run.fence),
        "anyjob.key": run.key,
    }


def _kept(command: Command, leftovers: str) -> dict[str, Json]:
    """What a later worker must know of the command."""
    returns = sorted(command.returns - USUAL_RETURNS)
    return {LEFTOVERS_LABEL: leftovers, **({RETURNS_LABEL: "/".join(returns)} if returns else {})}


def _config(image: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", (image or {}).get("Config") or {})


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(word) for word in cast("Sequence[object]", value or ())]
