"""The errors of anyjob: one tree.

    AnyJobError
    ├── BadJob                 the user's fault: every Problem of a job at once          (anyjob.job)
    ├── BadSettings            the operator's fault: every Problem of the settings
    ├── BadInput               what a plugin's command was asked cannot be done as it was asked
    ├── PasteRefused           a placeholder stands for text of somebody else than the job's owner
    ├── UnknownJobType         no plugin offers the type
    ├── EgressRefused          a call to somewhere that the egress policy does not allow
    ├── PluginError            a plugin's fault
    │   ├── PluginConflict     two distributions claim one name
    │   ├── PluginBroken       it could not be loaded; its types cannot run
    │   ├── PluginGone         a stored binding cannot be honoured any more
    │   ├── ContractBroken     an executor answered what the contract forbids
    │   └── RunRefused         a policy refused a run, or failed while it was asked
    └── WorkerError            the machine's or the worker's own
        ├── StateInUse         another worker holds the state folder
        ├── StateUnusable      the state folder cannot be written
        ├── ShimLost           nobody supervises the node's processes any more
        └── SecretMissing      a run asked for a secret that it may not have

Messages are made in the classes: what happened, to which job, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anyjob.nearest import nearest
from anyjob.problem import Problem

__all__ = [
    "AnyJobError",
    "BadInput",
    "BadSettings",
    "ContractBroken",
    "EgressRefused",
    "PasteRefused",
    "PluginBroken",
    "PluginConflict",
    "PluginError",
    "PluginGone",
    "RunRefused",
    "SecretMissing",
    "ShimLost",
    "StateInUse",
    "StateUnusable",
    "UnknownJobType",
    "WorkerError",
]


class AnyJobError(Exception):
    """Root of everything that anyjob raises on purpose. Its text is meant for people."""


class BadSettings(AnyJobError):
    """The settings file holds values that cannot be used. `problems` names all of them."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source, self.problems = source, tuple(problems)
        super().__init__(f"{source} cannot be used:\n" + "\n".join(f"  {problem}" for problem in self.problems))


class BadInput(AnyJobError):
    """For errors of plugins: whoever called wrote something that cannot be done. A command ends with status 2 then."""


class PasteRefused(AnyJobError):
    """A placeholder stands for text that somebody else than the job's owner chose."""

    def __init__(self, job: str, placeholder: str, variable: str) -> None:
        self.job, self.placeholder, self.variable = job, placeholder, variable
        super().__init__(
            f"Job {job!r}: #{{schedulerx.{placeholder}}} would paste text of whoever fired the run into the job's code."
            f" Read it from the environment variable {variable}, or set XAttrs.paste to true."
        )


class UnknownJobType(AnyJobError):
    """No loaded plugin offers the JobType."""

    def __init__(self, job_type: str, installed: Sequence[str], *, package: str | None = None) -> None:
        self.job_type, self.installed, self.package = job_type, tuple(sorted(installed)), package
        close = nearest(job_type, self.installed)
        text = f"JobType {job_type!r}: no installed plugin runs it."
        if close:
            text += f" Did you mean {' or '.join(repr(word) for word in close)}?"
        if package:
            text += f" Install {package}: uv sync in a clone of anyjob, else pip install it from where this anyjob is."
        known = ", ".join(self.installed) or "none"
        super().__init__(f"{text} Installed types: {known}.")


class EgressRefused(AnyJobError):
    """A call would go where the egress policy lets none go. `address` None: refused by its name alone."""

    def __init__(self, host: str, address: str | None, port: int | None, rule: str, remedy: str) -> None:
        self.host, self.address, self.port, self.rule, self.remedy = host, address, port, rule, remedy
        where = host if address in (None, host) else f"{host} ({address})"
        at = "" if port is None else f" port {port}"
        super().__init__(f"A call to {where}{at} is refused: {rule}. {remedy}".rstrip())


class PluginError(AnyJobError):
    """A plugin is at fault, not the job."""


class PluginConflict(PluginError):
    """Two distributions claim one name; neither is used, because taking one silently could run the wrong code."""

    def __init__(self, what: str, name: str, claims: Sequence[str]) -> None:
        self.what, self.name, self.claims = what, name, tuple(claims)
        super().__init__(
            f"{what} {name!r} is claimed by {' and by '.join(self.claims)}. Neither is used."
            " Uninstall one of them, or block it under [plugins] deny in the settings."
        )


class PluginBroken(PluginError):
    """The plugin that would run the type could not be loaded. `cause` is the recorded reason."""

    def __init__(self, job_type: str, plugin: str, distribution: str, cause: str) -> None:
        self.job_type, self.plugin, self.distribution, self.cause = job_type, plugin, distribution, cause
        super().__init__(
            f"JobType {job_type!r} cannot run: plugin {plugin!r} of {distribution} is not usable: {cause}."
            " `anyjob plugins` shows the state of every plugin."
        )


class ServeFailed(PluginError):
    """An executor or launcher could not begin to serve here. It is asked again with the next run."""

    def __init__(self, name: str, cause: str) -> None:
        self.name, self.cause = name, cause
        super().__init__(
            f"{name!r} cannot be served by this worker: {cause}. Mend what it names; the next run tries it again."
        )


class PluginGone(PluginError):
    """A job was bound to a distribution that no longer serves its type here."""

    def __init__(self, job: str, job_type: str, bound: str, now: str | None) -> None:
        self.job, self.job_type, self.bound, self.now = job, job_type, bound, now
        have = f"now {now} claims the type" if now else "it is not installed any more"
        super().__init__(
            f"Job {job!r} was bound to {bound} for JobType {job_type!r}, but {have}."
            " Install that distribution again, or update the job to bind it anew."
        )


class ContractBroken(PluginError):
    """An executor or launcher answered what its contract forbids."""

    def __init__(self, who: str, said: str, remedy: str) -> None:
        self.who, self.said, self.remedy = who, said, remedy
        super().__init__(f"{who} broke the executor contract: {said}. {remedy}")


class RunRefused(PluginError):
    """A policy refused the run, or raised while it was asked, which closes the door too."""

    def __init__(self, job: str, policy: str, why: str) -> None:
        self.job, self.policy, self.why = job, policy, why
        super().__init__(f"Job {job!r} was refused by policy {policy!r}: {why}")


class WorkerError(AnyJobError):
    """The worker or its machine is at fault."""


class StateInUse(WorkerError):
    """Another worker holds the state folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.folder, self.pid = folder, pid
        by = f"worker process {pid}" if pid else "another worker"
        super().__init__(
            f"State folder {folder} is in use by {by}. Give this worker a folder of its own, or stop that one."
        )


class StateUnusable(WorkerError):
    """The state folder cannot be made, read or written."""

    def __init__(self, folder: Path, why: str, remedy: str = "Name a writable folder with --state.") -> None:
        self.folder, self.why = folder, why
        super().__init__(f"State folder {folder} cannot be used: {why}. {remedy}")


class ShimLost(WorkerError):
    """The shim cannot be reached and could not be started again; what its runs do now is not known."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder, self.why = folder, why
        super().__init__(
            f"The shim of {folder} cannot be reached: {why}. Its runs may still be going: start a worker there."
        )


class SecretMissing(WorkerError):
    """A run asked for a secret that its job does not list, or that the worker does not have."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"Secret {name!r}: {why}")
