"""A command in a pod of ours: what the launcher starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from anyjob.job import BadJob
from anyjob.problem import Problem
from anyjob.run import RUN_FOLDER
from anyjob_k8s.parts import Parts, companions_of, mounted
from anyjob_k8s.pod import OurPod, script_job
from anyjob_k8s.variables import SECRETS, variables_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyjob.executor import Command
    from anyjob.run import RunFacts
    from anyjob_k8s.options import K8sOptions

__all__ = ["command_parts", "unkept"]

_WORK: Final = "run"
_FILES: Final = "files"
_HIDDEN: Final = "hidden-files"


def unkept(stop_signal: str, leftovers: str, user: str | None) -> list[Problem]:
    """What a job asks of its launcher and a pod has no means for."""
    problems: list[Problem] = []
    if stop_signal != "TERM":
        remedy = "is not what a pod is asked to stop by; take it out, and let the command heed TERM"
        problems.append(Problem(field="XAttrs.stopSignal", value=stop_signal, remedy=remedy))
    if leftovers != "kill":
        remedy = "cannot be kept: whatever a command leaves behind ends with its container; write kill"
        problems.append(Problem(field="XAttrs.leftovers", value=leftovers, remedy=remedy))
    if user is not None and not user.isdecimal():
        remedy = "is a name, and only the image knows the names of its users; write the user's number"
        problems.append(Problem(field="XAttrs.user", value=user, remedy=remedy))
    return problems


def command_parts(run: RunFacts, command: Command, options: K8sOptions, namespace: str, remaining: int | None) -> Parts:
    """The Job of a command, with its files in a ConfigMap, or in a Secret where they hold a secret of the run.

    The folder of the run is one of the pod's own: it can be written, and goes with the pod. Raises BadJob,
    SecretMissing.
    """
    common = run.common
    problems = unkept(command.stop_signal or common.stop_signal, command.leftovers or common.leftovers, run.user)
    if problems:
        raise BadJob(problems, run.job.name)
    folder = options.mount_path

    def here(text: str) -> str:
        return text.replace(RUN_FOLDER, folder)

    variables = variables_of(run, run.environment() if command.env is None else command.env, folder)
    secrets = [value.encode() for value in variables.files.values() if value]
    hidden = {name: text for name, text in command.files.items() if any(secret in text for secret in secrets)}
    plain = {name: text for name, text in command.files.items() if name not in hidden}
    keys = {name: f"file-{number}" for number, name in enumerate(command.files)}
    companions = companions_of(
        run,
        namespace,
        variables,
        {keys[name]: text for name, text in plain.items()},
        {keys[name]: text for name, text in hidden.items()},
        field="Content",
        what="a set of files for the command",
    )
    volumes: list[Mapping[str, Any]] = [{"name": _WORK, "emptyDir": {}}]
    mounts: list[Mapping[str, Any]] = [{"name": _WORK, "mountPath": folder}]
    for name, files, kind in ((_FILES, plain, "configMap"), (_HIDDEN, hidden, "secret")):
        if files:
            items = [{"key": keys[file], "path": keys[file]} for file in files]
            volumes.append(mounted(name, folder, [{kind: {"name": run.name, "items": items}}])[0])
            mounts += [
                {"name": name, "mountPath": f"{folder}/{file}", "subPath": keys[file], "readOnly": True}
                for file in files
            ]
    if variables.files:
        items = [{"key": name, "path": name} for name in variables.files]
        volume, mount = mounted(SECRETS, f"{folder}/{SECRETS}", [{"secret": {"name": run.name, "items": items}}])
        volumes.append(volume)
        mounts.append(mount)
    pod = OurPod(
        image=options.image,
        argv=[here(word) for word in command.argv],
        env=variables.entries,
        volumes=volumes,
        mounts=mounts,
        cwd=here(command.cwd or common.cwd or RUN_FOLDER),
        user=None if run.user is None else int(run.user),
    )
    return Parts(main=script_job(run, options, pod, namespace, remaining), companions=companions)
